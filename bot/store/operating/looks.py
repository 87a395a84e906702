"""What the operator looks at: counts and lists over all servers; nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, union

from bot.models import OPEN_STATES, JobState
from bot.models.operating import DaySpend, LedgerEntry, ServerSpend
from bot.store.jobs.rows import from_row
from bot.store.tables import jobs, ledger, log_entries, rounds, spend

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job
    from bot.models.operating import JobFilter


async def count_open(connection: AsyncConnection) -> dict[JobState, int]:
    """Count the unfinished jobs by state."""
    statement = select(jobs.c.state, func.count()).where(jobs.c.state.in_(OPEN_STATES)).group_by(jobs.c.state)
    counted = {JobState(state): count for state, count in await connection.execute(statement)}
    return {state: counted[state] for state in JobState if state in counted}


async def list_lease_owners(connection: AsyncConnection, now: datetime) -> list[str]:
    """Return the names of the processes that hold something."""
    held = (select(table.c.lease_owner).where(table.c.lease_until > now) for table in (jobs, rounds, log_entries))
    owners = (await connection.execute(union(*held))).scalars()
    return sorted(owner for owner in owners if owner is not None)


async def last_clip_at(connection: AsyncConnection) -> datetime | None:
    """Return when the last clip arrived, of those that are kept whole."""
    is_recent = jobs.c.finished_at.is_not(None) & jobs.c.archived_at.is_(None)  # as the index has it
    statement = select(jobs.c.finished_at).where(is_recent, jobs.c.state == JobState.DELIVERED)
    return (await connection.execute(statement.order_by(jobs.c.finished_at.desc()).limit(1))).scalar_one_or_none()


async def count_failures(connection: AsyncConnection, since: datetime) -> dict[str, int]:
    """Count the jobs that have failed since a moment, by reason, most first."""
    count = func.count()
    statement = (
        select(jobs.c.error_code, count)
        .where(jobs.c.finished_at > since, jobs.c.archived_at.is_(None), jobs.c.state == JobState.FAILED)
        .group_by(jobs.c.error_code)
        .order_by(count.desc(), jobs.c.error_code)
    )
    return {code or "": number for code, number in await connection.execute(statement)}


async def list_jobs(connection: AsyncConnection, wanted: JobFilter) -> list[Job]:
    """Return some jobs, newest first."""
    statement = select(jobs).order_by(jobs.c.id.desc()).limit(wanted.limit)
    if wanted.states:
        statement = statement.where(jobs.c.state.in_(wanted.states))
    if wanted.guild_id is not None:
        statement = statement.where(jobs.c.guild_id == wanted.guild_id)
    if wanted.member_id is not None:
        statement = statement.where(jobs.c.member_id == wanted.member_id)
    if wanted.since is not None:
        statement = statement.where(jobs.c.created_at >= wanted.since)
    if wanted.before_id is not None:
        statement = statement.where(jobs.c.id < wanted.before_id)
    return [from_row(row) for row in await connection.execute(statement)]


async def list_adopting(connection: AsyncConnection, job_id: str) -> list[Job]:
    """Return the jobs that post a failed one's clip, or have tried, oldest first."""
    statement = select(jobs).where(jobs.c.adopted_id == job_id).order_by(jobs.c.id)
    return [from_row(row) for row in await connection.execute(statement)]


async def list_entries(connection: AsyncConnection, job_id: str) -> list[LedgerEntry]:
    """Return a job's charge and refund."""
    statement = select(ledger).where(ledger.c.job_id == job_id).order_by(ledger.c.id)
    return [
        LedgerEntry(kind=row.kind, seconds=row.seconds, made_at=row.made_at, made_by_id=row.made_by_id)
        for row in await connection.execute(statement)
    ]


async def list_spend_by_day(connection: AsyncConnection, first: date, last: date) -> list[DaySpend]:
    """Return what the whole bot spent on each day on which it spent something, first to last."""
    statement = select(spend).where(spend.c.scope == "all", spend.c.day.between(first, last)).order_by(spend.c.day)
    return [DaySpend(day=row.day, seconds=row.seconds) for row in await connection.execute(statement) if row.seconds]


async def list_spend_by_server(connection: AsyncConnection, first: date, last: date) -> list[ServerSpend]:
    """Return what each server spent in some days, most first."""
    seconds = func.sum(spend.c.seconds)
    statement = (
        select(spend.c.subject_id, seconds)
        .where(spend.c.scope == "server", spend.c.day.between(first, last))
        .group_by(spend.c.subject_id)
        .having(seconds > 0)
        .order_by(seconds.desc(), spend.c.subject_id)
    )
    return [ServerSpend(guild_id=guild_id, seconds=sum_) for guild_id, sum_ in await connection.execute(statement)]
