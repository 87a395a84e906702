"""Leases: who works at a job, and until when."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import Integer, and_, bindparam, func, literal, or_, select, union_all
from sqlalchemy import update as sql_update

from bot.models import JobState
from bot.store.holders import is_of_name
from bot.store.jobs.rows import from_row
from bot.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job


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
    values = {"states": list(states), "now": now, "in_flight": list(in_flight), "limit": limit}
    lease = {"lease_owner": owner, "lease_until": lease_until}
    return [from_row(row) for row in await connection.execute(_CLAIM_DUE, values | lease)]


async def next_due(connection: AsyncConnection) -> dict[JobState, datetime]:
    """Return when the next job of each state falls due, one that is leased from the end of its lease on.

    A state of which no job needs anything is left out. However many jobs there are, only those that are leased are
    looked at, and of the others the first of each state.
    """
    due: dict[JobState, datetime] = {}
    for name, due_at in await connection.execute(_NEXT_DUE):
        state = JobState(name)
        if due_at is not None:
            due[state] = min(due_at, due.get(state, due_at))
    return due


async def count(connection: AsyncConnection, states: Collection[JobState]) -> Counter[JobState]:
    """Count the jobs of some states that still need something, by state."""
    counted = await connection.execute(_COUNT, {"states": list(states)})
    return Counter({JobState(state): number for state, number in counted})


async def renew_leases(
    connection: AsyncConnection, job_ids: Collection[str], *, owner: str, lease_until: datetime
) -> None:
    """Push out the end of leases that are still the owner's."""
    values = {"job_ids": list(job_ids), "owner": owner, "lease_until": lease_until}
    await connection.execute(_RENEW_LEASES, values)


async def release_leases(connection: AsyncConnection, *, name: str) -> int:
    """Give up every lease of a process of a name, so that its jobs can be taken at once; return how many."""
    held = is_of_name(jobs.c.lease_owner, name)
    result = await connection.execute(sql_update(jobs).where(held).values(lease_owner=None, lease_until=None))
    return result.rowcount


async def free(connection: AsyncConnection, job_id: str) -> None:
    """Give up the lease by which a new job is held for its answer, whoever's it is, so that it may start."""
    await connection.execute(_FREE, {"of_job": job_id})


# The statements of each pass are written once: to write one takes longer than to run it. -----------

IS_FREE: ColumnElement[bool] = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= bindparam("now"))
"""Nobody holds the job at the moment ``now``."""

_CLAIM_DUE = (
    sql_update(jobs)
    .where(
        jobs.c.id.in_(
            select(jobs.c.id)
            .where(
                jobs.c.state.in_(bindparam("states", expanding=True)),
                jobs.c.due_at <= bindparam("now"),
                IS_FREE,
                jobs.c.id.not_in(bindparam("in_flight", expanding=True)),
            )
            .order_by(jobs.c.due_at)
            .limit(bindparam("limit", type_=Integer))
        ),
        IS_FREE,
    )
    .returning(jobs)
)

_IS_LEASED = and_(jobs.c.lease_until.is_not(None), jobs.c.lease_until > jobs.c.due_at)
_IS_DUE = jobs.c.due_at.is_not(None)  # in this and a state, the index serves

_NEXT_DUE = union_all(
    select(jobs.c.state, func.min(jobs.c.lease_until, type_=jobs.c.due_at.type))
    .where(jobs.c.lease_owner > "", _IS_DUE, _IS_LEASED)
    .group_by(jobs.c.state),
    *(
        select(
            literal(state.value, jobs.c.state.type),
            select(jobs.c.due_at)
            .where(jobs.c.state == state, _IS_DUE, ~_IS_LEASED)
            .order_by(jobs.c.due_at)
            .limit(1)
            .scalar_subquery(),
        )
        for state in JobState
    ),
)

_COUNT = (
    select(jobs.c.state, func.count())
    .where(jobs.c.state.in_(bindparam("states", expanding=True)), _IS_DUE)
    .group_by(jobs.c.state)
)

_FREE = (
    sql_update(jobs)
    .where(jobs.c.id == bindparam("of_job"), jobs.c.state == JobState.QUEUED)
    .values(lease_owner=None, lease_until=None)
)

_RENEW_LEASES = sql_update(jobs).where(
    jobs.c.id.in_(bindparam("job_ids", expanding=True)), jobs.c.lease_owner == bindparam("owner")
)
