"""The queue: whose turn it is, and what takes a job out of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy import update as sql_update

from bot.models import RENDER_STATES, JobState
from bot.store.jobs.leases import IS_FREE
from bot.store.jobs.rows import from_row
from bot.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.dml import ReturningUpdate

    from bot.models import Job, JobError


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
    values = {"in_flight": list(in_flight), "now": now, "limit": limit + len(last)}
    waiting_ids: list[str] = [row.id for row in await connection.execute(_next_free(), values)]
    job_ids = sorted(waiting_ids, key=lambda job_id: job_id in last)[:limit]
    values = {"job_ids": job_ids, "now": now, "lease_owner": owner, "lease_until": lease_until}
    rows = await connection.execute(_start(), values)
    started = {row.id: from_row(row) for row in rows}
    return [started[job_id] for job_id in job_ids if job_id in started]


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


@cache
def _next_free() -> Select[str]:
    of_others = jobs.c.id.not_in(bindparam("in_flight", expanding=True))
    return _in_fair_turns().where(of_others, IS_FREE).limit(bindparam("limit", type_=Integer))


@cache
def _start() -> ReturningUpdate[Any]:
    now = bindparam("now", type_=jobs.c.due_at.type)
    changes: dict[str, Any] = {
        "state": JobState.SUBMITTING,
        "attempts": 0,
        "due_at": now,
        "submitted_at": now,
        "started_at": func.coalesce(jobs.c.started_at, now),
        "lease_owner": bindparam("lease_owner"),
        "lease_until": bindparam("lease_until"),
    }
    waiting = jobs.c.id.in_(bindparam("job_ids", expanding=True)) & (jobs.c.state == JobState.QUEUED)
    return sql_update(jobs).where(waiting, IS_FREE).values(changes).returning(jobs)


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
