"""Jobs: every statement that reads or changes one.

Who may change a job's row:

* ``insert``: the ``/video`` command, in the transaction of its charge; it may hold the job by a lease;
* ``free``: the same command, once its answer was heard, or may have been: it gives up that lease;
* ``withdraw``: the member, while it is ``queued``, or the same command when nobody heard its answer;
* ``call_off``: a moderator, before it is on its way to the channel; whoever holds it finds out at the next write;
* ``note_removed``: a moderator, once, when it is ``delivered``; it touches nothing that any other does;
* ``start_next``: any worker; it moves ``queued`` to ``submitting`` and takes the lease in one statement;
* ``claim_due``, ``renew_leases``, ``release_leases``: any worker, and only the lease;
* ``update``: the worker that holds the lease, out of the state it read; the row count answers "was it mine?";
* ``attach_status``: the ``/video`` command, which touches nothing but the card's message, and the lease of a job
  that has ended.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, func, or_, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from bot.models import (
    OPEN_STATES,
    RENDER_STATES,
    Aspect,
    EffectiveQuota,
    Job,
    JobError,
    JobState,
    Period,
    Quota,
    QuotaSource,
    VideoSpec,
)
from bot.store import submits
from bot.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection


async def insert(connection: AsyncConnection, job: Job) -> None:
    """Add a new job."""
    await connection.execute(sql_insert(jobs), _to_row(job))


async def get(connection: AsyncConnection, job_id: str) -> Job | None:
    """Return a job, or None."""
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    return None if row is None else _from_row(row)


async def get_many(connection: AsyncConnection, job_ids: Collection[str]) -> list[Job]:
    """Return those jobs that exist, oldest first."""
    rows = await connection.execute(select(jobs).where(jobs.c.id.in_(job_ids)).order_by(jobs.c.id))
    return [_from_row(row) for row in rows]


async def list_open(connection: AsyncConnection, guild_id: int) -> list[Job]:
    """Return a server's unfinished jobs, oldest first."""
    statement = select(jobs).where(jobs.c.guild_id == guild_id, jobs.c.state.in_(OPEN_STATES)).order_by(jobs.c.id)
    return [_from_row(row) for row in await connection.execute(statement)]


async def list_waiting(connection: AsyncConnection, *, guild_id: int, member_id: int) -> list[Job]:
    """Return a member's waiting jobs in a server, oldest first."""
    statement = (
        select(jobs)
        .where(jobs.c.member_id == member_id, jobs.c.state == JobState.QUEUED, jobs.c.guild_id == guild_id)
        .order_by(jobs.c.id)
    )
    return [_from_row(row) for row in await connection.execute(statement)]


async def list_recent(connection: AsyncConnection, *, guild_id: int, member_id: int, limit: int) -> list[Job]:
    """Return a member's latest jobs in a server, newest first."""
    statement = (
        select(jobs)
        .where(jobs.c.member_id == member_id, jobs.c.guild_id == guild_id)
        .order_by(jobs.c.id.desc())
        .limit(limit)
    )
    return [_from_row(row) for row in await connection.execute(statement)]


async def list_posted(connection: AsyncConnection, guild_id: int, *, limit: int, skip: int = 0) -> list[Job]:
    """Return a server's clips that were posted and not removed, newest first."""
    statement = (
        select(jobs)
        .where(jobs.c.guild_id == guild_id, jobs.c.state == JobState.DELIVERED, jobs.c.removed_at.is_(None))
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(limit)
        .offset(skip)
    )
    return [_from_row(row) for row in await connection.execute(statement)]


async def list_period(
    connection: AsyncConnection, *, guild_id: int, start: datetime, end: datetime, limit: int
) -> list[Job]:
    """Return a server's latest jobs of those asked for from ``start`` until just before ``end``, newest first."""
    statement = (
        select(jobs)
        .where(jobs.c.guild_id == guild_id, jobs.c.created_at >= start, jobs.c.created_at < end)
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(limit)
    )
    return [_from_row(row) for row in await connection.execute(statement)]


async def count_outcomes(
    connection: AsyncConnection, *, guild_id: int, start: datetime, end: datetime
) -> Counter[tuple[int, JobState, bool]]:
    """Count a server's jobs of a period by member, by state, and by whether their clip was removed."""
    is_removed = jobs.c.removed_at.is_not(None)
    statement = (
        select(jobs.c.member_id, jobs.c.state, is_removed, func.count())
        .where(jobs.c.guild_id == guild_id, jobs.c.created_at >= start, jobs.c.created_at < end)
        .group_by(jobs.c.member_id, jobs.c.state, is_removed)
    )
    rows = await connection.execute(statement)
    return Counter({(member_id, JobState(state), bool(removed)): count for member_id, state, removed, count in rows})


async def find_by_interaction(connection: AsyncConnection, interaction_id: int) -> Job | None:
    """Return the job an interaction made, or None."""
    row = (await connection.execute(_by_interaction(), {"interaction_id": interaction_id})).one_or_none()
    return None if row is None else _from_row(row)


async def count_open(connection: AsyncConnection, member_id: int, *, guild_id: int | None = None) -> int:
    """Count a member's unfinished jobs, in all servers or in one."""
    statement = _open_of_member()
    if guild_id is not None:
        statement = statement.where(jobs.c.guild_id == guild_id)
    return (await connection.execute(statement, {"member_id": member_id})).scalar_one()


async def queue_order(connection: AsyncConnection) -> list[str]:
    """Return the ids of the waiting jobs, next to start first."""
    return [row.id for row in await connection.execute(_in_fair_turns())]


async def start_next(
    connection: AsyncConnection,
    *,
    now: datetime,
    limit: int,
    owner: str,
    lease_until: datetime,
    in_flight: Collection[str],
    last: Collection[str] = (),
) -> list[Job]:
    """Move up to ``limit`` waiting jobs that nobody holds to ``submitting``, in fair turns; lease them to ``owner``.

    Args:
        in_flight: jobs this worker is still at, which may be back in the queue already.
        last: jobs that let all others go first.
    """
    turns = _in_fair_turns().where(jobs.c.id.not_in(in_flight), _is_free(now)).limit(limit + len(last))
    waiting_ids: list[str] = [row.id for row in await connection.execute(turns)]
    job_ids = sorted(waiting_ids, key=lambda job_id: job_id in last)[:limit]
    changes = {
        "state": JobState.SUBMITTING,
        "attempts": 0,
        "due_at": now,
        "submitted_at": now,
        "started_at": func.coalesce(jobs.c.started_at, now),
        "lease_owner": owner,
        "lease_until": lease_until,
    }
    waiting = sql_update(jobs).where(jobs.c.id.in_(job_ids), jobs.c.state == JobState.QUEUED, _is_free(now))
    rows = await connection.execute(waiting.values(changes).returning(jobs))
    started = {row.id: _from_row(row) for row in rows}
    return [started[job_id] for job_id in job_ids if job_id in started]


async def claim_due(
    connection: AsyncConnection,
    *,
    states: Collection[JobState],
    now: datetime,
    limit: int,
    owner: str,
    lease_until: datetime,
    in_flight: Collection[str],
) -> list[Job]:
    """Lease up to ``limit`` due jobs that nobody holds to ``owner``, longest due first.

    Args:
        in_flight: jobs this worker is already at, which are not to be taken twice even if their lease ran out.
    """
    due = (
        select(jobs.c.id)
        .where(jobs.c.state.in_(states), jobs.c.due_at <= now, _is_free(now), jobs.c.id.not_in(in_flight))
        .order_by(jobs.c.due_at)
        .limit(limit)
    )
    statement = (
        sql_update(jobs)
        .where(jobs.c.id.in_(due), _is_free(now))
        .values(lease_owner=owner, lease_until=lease_until)
        .returning(jobs)
    )
    return [_from_row(row) for row in await connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class Backlog:
    """The jobs of one state that still need something.

    Attributes:
        due_at: when the next of them falls due, counting a leased one from the end of its lease.
    """

    count: int
    due_at: datetime


async def backlog(connection: AsyncConnection) -> dict[JobState, Backlog]:
    """Return what there is to do, by state; a state that is not there needs nothing."""
    free_at = case(
        (and_(jobs.c.lease_until.is_not(None), jobs.c.lease_until > jobs.c.due_at), jobs.c.lease_until),
        else_=jobs.c.due_at,
    )
    statement = (
        select(jobs.c.state, func.count(), func.min(free_at, type_=jobs.c.due_at.type))
        .where(jobs.c.state.in_(list(JobState)), jobs.c.due_at.is_not(None))  # in both, the index serves
        .group_by(jobs.c.state)
    )
    rows = await connection.execute(statement)
    return {JobState(state): Backlog(count, due_at) for state, count, due_at in rows}


async def renew_leases(
    connection: AsyncConnection, job_ids: Collection[str], *, owner: str, lease_until: datetime
) -> None:
    """Push out the end of leases that are still the owner's."""
    await connection.execute(
        sql_update(jobs).where(jobs.c.id.in_(job_ids), jobs.c.lease_owner == owner).values(lease_until=lease_until)
    )


async def release_leases(connection: AsyncConnection, *, owner: str) -> int:
    """Give up every lease of ``owner``, so that its jobs can be taken at once; return how many."""
    result = await connection.execute(
        sql_update(jobs).where(jobs.c.lease_owner == owner).values(lease_owner=None, lease_until=None)
    )
    return result.rowcount


async def update(connection: AsyncConnection, job: Job, *, owner: str, **changes: Any) -> Job | None:  # noqa: ANN401
    """Change a job that is leased to ``owner`` and still in the state it was read in.

    Args:
        changes: new values by ``Job`` field name; giving up the lease is ``lease_until=None`` like any other.

    Returns:
        The job as it is now, or None when it was no longer the owner's to change.
    """
    statement = sql_update(jobs).where(jobs.c.id == job.id, jobs.c.state == job.state, jobs.c.lease_owner == owner)
    result = await connection.execute(statement.values(changes))
    return replace(job, **changes) if result.rowcount == 1 else None


async def free(connection: AsyncConnection, job_id: str, *, owner: str) -> None:
    """Give up the lease by which a new job was held, so that it may start."""
    held = (jobs.c.id == job_id) & (jobs.c.state == JobState.QUEUED) & (jobs.c.lease_owner == owner)
    await connection.execute(sql_update(jobs).where(held).values(lease_owner=None, lease_until=None))


async def withdraw(
    connection: AsyncConnection, job: Job, *, now: datetime, error_code: JobError | None = None
) -> Job | None:
    """Cancel a job that is still waiting, whoever holds it; None when it no longer was.

    Args:
        error_code: why; None where its member wanted it so.
    """
    changes: dict[str, Any] = {
        "state": JobState.CANCELLED,
        "error_code": error_code,
        "finished_at": now,
        "due_at": now,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
    }
    statement = sql_update(jobs).where(jobs.c.id == job.id, jobs.c.state == JobState.QUEUED)
    result = await connection.execute(statement.values(changes))
    return replace(job, **changes) if result.rowcount == 1 else None


async def call_off(connection: AsyncConnection, job: Job, error_code: JobError, *, now: datetime) -> Job | None:
    """Cancel a job that waits, renders or is ready, out of whosoever hands; None when it was past that."""
    changes: dict[str, Any] = {
        "state": JobState.CANCELLED,
        "error_code": error_code,
        "finished_at": now,
        "due_at": now,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
    }
    statement = sql_update(jobs).where(jobs.c.id == job.id, jobs.c.state.in_(OPEN_STATES - {JobState.DELIVERING}))
    result = await connection.execute(statement.values(changes))
    if result.rowcount != 1:
        return None
    await submits.leave(connection, job.id, now=now)
    return replace(job, **changes)


async def note_removed(connection: AsyncConnection, job_id: str, *, removed_by_id: int, now: datetime) -> bool:
    """Note that a delivered clip was taken away; tell whether this was the first to do so."""
    statement = sql_update(jobs).where(
        jobs.c.id == job_id, jobs.c.state == JobState.DELIVERED, jobs.c.removed_at.is_(None)
    )
    result = await connection.execute(statement.values(removed_by_id=removed_by_id, removed_at=now))
    return result.rowcount == 1


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)


async def attach_status(connection: AsyncConnection, job_id: str, message_id: int, *, now: datetime) -> None:
    """Remember the status card; a job that ended before its card was known falls due, to settle it.

    Such a job is also taken out of the hands of whoever is about to note that it has no card to settle.
    """
    ended = jobs.c.state.not_in(OPEN_STATES)
    await connection.execute(
        sql_update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            status_message_id=message_id,
            due_at=case((ended, now), else_=jobs.c.due_at),
            lease_owner=case((ended, None), else_=jobs.c.lease_owner),
            lease_until=case((ended, None), else_=jobs.c.lease_until),
        )
    )


async def recent_render_seconds(connection: AsyncConnection, duration_seconds: int, limit: int) -> list[float]:
    """Return how long the latest renders of that clip length took, newest first."""
    statement = (
        select(jobs.c.submitted_at, jobs.c.rendered_at)
        .where(
            jobs.c.duration_seconds == duration_seconds,
            jobs.c.rendered_at.is_not(None),
            jobs.c.submitted_at.is_not(None),
        )
        .order_by(jobs.c.rendered_at.desc())
        .limit(limit)
    )
    return [(row.rendered_at - row.submitted_at).total_seconds() for row in await connection.execute(statement)]


@cache  # what every acceptance asks: to write it takes longer than to run it
def _by_interaction() -> Select[Any]:
    return select(jobs).where(jobs.c.interaction_id == bindparam("interaction_id"))


@cache
def _open_of_member() -> Select[int]:
    is_open = jobs.c.state.in_(OPEN_STATES)
    return select(func.count()).select_from(jobs).where(jobs.c.member_id == bindparam("member_id"), is_open)


@cache
def _in_fair_turns() -> Select[str]:
    """Order the waiting jobs: members take turns, oldest job first within one.

    A member's turn is how many jobs they have rendering plus the job's place among their own; members level
    on that go by who has waited longest since their last start.
    """
    rendering = (
        select(jobs.c.member_id, func.count().label("number"))
        .where(jobs.c.state.in_(RENDER_STATES))
        .group_by(jobs.c.member_id)
        .subquery()
    )
    earlier = jobs.alias()
    last_start = (
        select(func.max(earlier.c.submitted_at))
        .where(earlier.c.member_id == jobs.c.member_id, earlier.c.state != JobState.QUEUED)
        .scalar_subquery()
    )
    place = func.row_number().over(partition_by=jobs.c.member_id, order_by=jobs.c.id)
    turn = place + func.coalesce(rendering.c.number, 0)
    return (
        select(jobs.c.id)
        .outerjoin(rendering, rendering.c.member_id == jobs.c.member_id)
        .where(jobs.c.state == JobState.QUEUED)
        .order_by(turn, last_start.asc().nulls_first(), jobs.c.id)
    )


_SPEC_AND_QUOTA = frozenset({"spec", "effective_quota"})
_PLAIN_FIELDS = tuple(name for name in Job.__dataclass_fields__ if name not in _SPEC_AND_QUOTA)


def _to_row(job: Job) -> dict[str, Any]:
    quota = job.effective_quota
    return {name: getattr(job, name) for name in _PLAIN_FIELDS} | {
        "prompt": job.spec.prompt,
        "aspect": job.spec.aspect,
        "duration_seconds": job.spec.duration_seconds,
        "quota_seconds": quota.quota.seconds,
        "quota_period": quota.quota.period,
        "quota_source": quota.source,
        "quota_subject_id": quota.subject_id,
    }


def _from_row(row: Row[Any]) -> Job:
    values: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN_FIELDS}
    values["state"] = JobState(row.state)
    values["error_code"] = None if row.error_code is None else JobError(row.error_code)
    quota = Quota.accepted(row.quota_seconds, Period(row.quota_period))
    return Job(
        spec=VideoSpec.accepted(row.prompt, Aspect(row.aspect), row.duration_seconds),
        effective_quota=EffectiveQuota(quota, QuotaSource(row.quota_source), row.quota_subject_id),
        **values,
    )
