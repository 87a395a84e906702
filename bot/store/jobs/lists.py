"""Jobs in lists and numbers: what is on the way, what was asked for in a period, how long renders took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, func, or_, select, tuple_

from bot.models import CLIPLESS_STATES, OPEN_STATES, WAITING_STATES, JobError, JobState
from bot.slices import slices
from bot.store.jobs.held import is_held
from bot.store.jobs.rows import from_row
from bot.store.jobs.turns import IS_WAITING
from bot.store.tables import jobs

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job

_READ_AT_A_TIME = 500
"""Jobs in one statement's result."""
_COUNTS_AT_A_TIME = 500


async def list_open(connection: AsyncConnection, guild_id: int) -> list[Job]:
    """Return a server's unfinished jobs, oldest first; they are read some at a time."""
    found: list[Job] = []
    while True:
        part = {"guild_id": guild_id, "after_id": found[-1].id if found else ""}
        result = await connection.execute(_part_of_open(), part)
        read = [from_row(row) async for rows in slices(result) for row in rows]
        found += read
        if len(read) < _READ_AT_A_TIME:
            return found


async def list_waiting(connection: AsyncConnection, *, guild_id: int, member_id: int) -> list[Job]:
    """Return a member's waiting jobs in a server, oldest first."""
    statement = (
        select(jobs)
        .where(jobs.c.member_id == member_id, jobs.c.state.in_(WAITING_STATES), jobs.c.guild_id == guild_id)
        .order_by(jobs.c.id)
    )
    return [from_row(row) for row in await connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Where a waiting job stands by age."""

    created_at: datetime
    job_id: str


QUEUE_START = QueuePosition(datetime(1, 1, 1, tzinfo=UTC), "")
"""Before all waiting jobs."""


async def list_waiting_after(
    connection: AsyncConnection, position: QueuePosition, *, limit: int
) -> list[QueuePosition]:
    """Return the next waiting jobs after a position, of all servers, oldest first."""
    values = {"created_at": position.created_at, "job_id": position.job_id, "limit": limit}
    return [QueuePosition(row.created_at, row.id) for row in await connection.execute(_WAITING_AFTER, values)]


async def list_recent(connection: AsyncConnection, *, guild_id: int, member_id: int, limit: int) -> list[Job]:
    """Return a member's latest jobs in a server, newest first."""
    statement = (
        select(jobs)
        .where(jobs.c.member_id == member_id, jobs.c.guild_id == guild_id)
        .order_by(jobs.c.id.desc())
        .limit(limit)
    )
    return [from_row(row) for row in await connection.execute(statement)]


async def list_posted(connection: AsyncConnection, guild_id: int, *, limit: int, skip: int = 0) -> list[Job]:
    """Return a server's clips that were posted and not removed, newest first."""
    statement = (
        select(jobs)
        .where(jobs.c.guild_id == guild_id, jobs.c.state == JobState.DELIVERED, jobs.c.removed_at.is_(None))
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(limit)
        .offset(skip)
    )
    return [from_row(row) for row in await connection.execute(statement)]


async def list_made_from(connection: AsyncConnection, job_id: str, *, seen_by_id: int, limit: int) -> list[Job]:
    """Return the clips that were made from one and can still be seen by a member, newest first.

    Requests that ended without a clip are passed over, as by ``find_source``.
    """
    values = {"parent_id": job_id, "seen_by_id": seen_by_id, "limit": limit}
    return [from_row(row) for row in await connection.execute(_MADE_FROM, values)]


async def list_period(
    connection: AsyncConnection, *, guild_id: int, start: datetime, end: datetime, limit: int
) -> list[Job]:
    """Return a server's latest jobs of those asked for from ``start`` until just before ``end``, newest first.

    They are read some at a time, each part before the last one of the part before.
    """
    found: list[Job] = []
    period = {"guild_id": guild_id, "start": start}
    while len(found) < limit:
        before = (found[-1].created_at, found[-1].id) if found else (end, "")
        wanted = min(_READ_AT_A_TIME, limit - len(found))
        part = period | {"before": before[0], "before_id": before[1], "wanted": wanted}
        result = await connection.execute(_part_of_period(), part)
        read = [from_row(row) async for rows in slices(result) for row in rows]
        found += read
        if len(read) < wanted:
            break
    return found


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
    counts = Counter[tuple[int, JobState, bool]]()
    async for rows in slices(await connection.execute(statement), _COUNTS_AT_A_TIME):
        counts.update({(member_id, JobState(state), bool(removed)): count for member_id, state, removed, count in rows})
    return counts


async def count_held(connection: AsyncConnection) -> int:
    """Count the takes that are held until their thread is there."""
    return (await connection.execute(_count_held())).scalar_one()


async def count_ended(connection: AsyncConnection, *, since: datetime) -> Counter[tuple[JobState, JobError | None]]:
    """Count the jobs that have ended since a moment, by state, and by why they did without a clip."""
    rows = await connection.execute(_COUNT_ENDED, {"since": since})
    return Counter(
        {(JobState(state), JobError(error_code) if error_code else None): count for state, error_code, count in rows}
    )


async def list_names(connection: AsyncConnection, *, guild_id: int, start: datetime, end: datetime) -> dict[int, str]:
    """Return what members were called who asked for something in a period, each as of their last request in it."""
    statement = _last_named.where(jobs.c.guild_id == guild_id, jobs.c.created_at >= start, jobs.c.created_at < end)
    last_ids = statement.group_by(jobs.c.member_id).subquery()
    named = select(jobs.c.member_id, jobs.c.member_name).join(last_ids, last_ids.c.job_id == jobs.c.id)
    result = await connection.execute(named)
    return {row.member_id: row.member_name async for rows in slices(result, _COUNTS_AT_A_TIME) for row in rows}


async def recent_render_seconds(
    connection: AsyncConnection, model: str, duration_seconds: int, limit: int
) -> list[float]:
    """Return how long the latest renders of that clip length took, newest first."""
    statement = (
        select(jobs.c.submitted_at, jobs.c.rendered_at)
        .where(
            jobs.c.model == model,
            jobs.c.duration_seconds == duration_seconds,
            jobs.c.rendered_at.is_not(None),
            jobs.c.submitted_at.is_not(None),
            jobs.c.restored_at.is_(None),  # else nobody looked while it was rendered
        )
        .order_by(jobs.c.rendered_at.desc())
        .limit(limit)
    )
    return [(row.rendered_at - row.submitted_at).total_seconds() for row in await connection.execute(statement)]


_last_named = select(func.max(jobs.c.id).label("job_id")).where(jobs.c.member_name.is_not(None))
_asked = select(jobs.c.id).where(jobs.c.id == bindparam("parent_id")).cte("asked", recursive=True)
_asked = _asked.union_all(
    select(jobs.c.id).join(_asked, jobs.c.parent_id == _asked.c.id).where(jobs.c.state.in_(CLIPLESS_STATES))
)
_MADE_FROM = (
    select(jobs)
    .where(
        jobs.c.parent_id.in_(select(_asked.c.id)),
        jobs.c.state == JobState.DELIVERED,
        jobs.c.removed_at.is_(None),
        or_(jobs.c.is_private.is_(False), jobs.c.member_id == bindparam("seen_by_id")),
    )
    .order_by(jobs.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_AGE = tuple_(jobs.c.created_at, jobs.c.id)
_WAITING_AFTER = (
    select(jobs.c.created_at, jobs.c.id)
    .where(IS_WAITING, tuple_(bindparam("created_at", type_=jobs.c.created_at.type), bindparam("job_id")) < _AGE)
    .order_by(jobs.c.created_at, jobs.c.id)
    .limit(bindparam("limit", type_=Integer))
)


_COUNT_ENDED = (
    select(jobs.c.state, jobs.c.error_code, func.count())
    .where(jobs.c.finished_at >= bindparam("since"), jobs.c.archived_at.is_(None))  # as the index has it
    .group_by(jobs.c.state, jobs.c.error_code)
)


@cache
def _count_held() -> Select[int]:
    return select(func.count()).select_from(jobs).where(is_held())


@cache
def _part_of_open() -> Select[Any]:
    mine = (jobs.c.guild_id == bindparam("guild_id"), jobs.c.state.in_(OPEN_STATES))
    return select(jobs).where(*mine, jobs.c.id > bindparam("after_id")).order_by(jobs.c.id).limit(_READ_AT_A_TIME)


@cache
def _part_of_period() -> Select[Any]:
    time = jobs.c.created_at.type
    before = bindparam("before", type_=time)
    return (
        select(jobs)
        .where(
            jobs.c.guild_id == bindparam("guild_id"),
            jobs.c.created_at >= bindparam("start", type_=time),
            jobs.c.created_at <= before,
            or_(jobs.c.created_at < before, jobs.c.id < bindparam("before_id")),
        )
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(bindparam("wanted"))
    )
