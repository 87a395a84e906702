"""What changes a job on its way: the worker that holds it, its member, a moderator, its card."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, and_, bindparam, case, or_
from sqlalchemy import update as sql_update

from bot.models import DISCARDABLE_STATES, OPEN_STATES, WAITING_STATES, JobError, JobState
from bot.store.brainstorms.touching import touch_of, touch_with
from bot.store.clips.endings import end_with_clips, redraw_card
from bot.store.jobs import submits
from bot.store.jobs.rows import from_row
from bot.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job


async def update(
    connection: AsyncConnection,
    job: Job,
    *,
    owner: str,
    now: datetime,
    **changes: Any,  # noqa: ANN401 (as said)
) -> Job | None:
    """Change a job that is leased to ``owner`` and still in the state it was read in.

    Args:
        changes: new values by ``Job`` field name; giving up the lease is ``lease_until=None`` like any other.

    Returns:
        The job as it is now, or None when it was no longer the owner's to change.
    """
    read = {"job_id": job.id, "state_read": job.state, "owner": owner}
    result = await connection.execute(_OF_OWNER, read | changes)
    if result.rowcount != 1:
        return None
    if changes.keys() & _SHOWN_ON_BOARD:
        await touch_of(connection, [job], now=now)
    return replace(job, **changes)


_SHOWN_ON_BOARD = frozenset({"state", "progress"})
_OF_OWNER = sql_update(jobs).where(
    jobs.c.id == bindparam("job_id"),
    jobs.c.state == bindparam("state_read"),
    jobs.c.lease_owner == bindparam("owner"),
)


CALLED_OFF_STATES = DISCARDABLE_STATES | WAITING_STATES
"""States out of which a job can be cancelled: it is not on its way to the channel yet."""


async def call_off(
    connection: AsyncConnection,
    job: Job,
    error_code: JobError,
    *,
    now: datetime,
    states: Collection[JobState] = CALLED_OFF_STATES,
) -> Job | None:
    """Cancel a job out of whosoever hands; None when it was in none of the states any more."""
    changes: dict[str, Any] = {
        "state": JobState.CANCELLED,
        "error_code": error_code,
        "finished_at": now,
        "due_at": now,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
    }
    statement = sql_update(jobs).where(jobs.c.id == job.id, jobs.c.state.in_(states))
    result = await connection.execute(statement.values(changes))
    if result.rowcount != 1:
        return None
    await submits.leave(connection, job.id, now=now)
    await touch_of(connection, [job], now=now)
    return replace(job, **changes)


async def note_unbilled(connection: AsyncConnection, job_id: str, *, now: datetime) -> Job | None:
    """Note of a job that its member has discarded that the service bills none of its submits; None when it is not so.

    It falls due to settle its card anew, out of the hands of whoever is about to note that this is done.
    """
    values = {"of_job": job_id, "now": now}
    row = (await connection.execute(_NOTE_UNBILLED, values)).one_or_none()
    return None if row is None else from_row(row)


_NOTE_UNBILLED = (
    sql_update(jobs)
    .where(
        jobs.c.id == bindparam("of_job"),
        jobs.c.state == JobState.CANCELLED,
        jobs.c.error_code == JobError.DISCARDED,
        ~submits.has_spent(jobs.c.id),
        jobs.c.adopted_id.is_(None),  # whose submit is the earlier job's, and was paid for
    )
    .values(
        error_code=JobError.DISCARDED_UNBILLED,
        due_at=bindparam("now", type_=jobs.c.due_at.type),
        attempts=0,
        lease_owner=None,
        lease_until=None,
    )
    .returning(jobs)
)


async def note_removed(connection: AsyncConnection, job_id: str, *, removed_by_id: int, now: datetime) -> bool:
    """Note that a delivered clip was taken away; tell whether this was the first to do so.

    Its still and its mark as a favourite go with it, and its card in the log is due to be drawn without the still.
    """
    statement = sql_update(jobs).where(
        jobs.c.id == job_id, jobs.c.state == JobState.DELIVERED, jobs.c.removed_at.is_(None)
    )
    result = await connection.execute(statement.values(removed_by_id=removed_by_id, removed_at=now))
    return result.rowcount == 1 and await _take_what_shows_it(connection, job_id, now)


async def note_deleted(connection: AsyncConnection, job_id: str, *, member_id: int, now: datetime) -> bool:
    """Note that a member has taken their own delivered clip away; tell whether it was theirs and still there."""
    result = await connection.execute(_DELETE_OWN, {"job_id": job_id, "of_member": member_id, "now": now})
    return result.rowcount == 1 and await _take_what_shows_it(connection, job_id, now)


async def _take_what_shows_it(connection: AsyncConnection, job_id: str, now: datetime) -> bool:
    await end_with_clips(connection, [job_id])
    await redraw_card(connection, job_id, now=now)
    await touch_with(connection, job_id, now=now)
    return True


_DELETE_OWN = (
    sql_update(jobs)
    .where(
        jobs.c.id == bindparam("job_id"),
        jobs.c.member_id == bindparam("of_member"),
        jobs.c.state == JobState.DELIVERED,
        jobs.c.removed_at.is_(None),
    )
    .values(removed_by_id=jobs.c.member_id, removed_at=bindparam("now", type_=jobs.c.removed_at.type))
)


async def attach_status(
    connection: AsyncConnection, job_id: str, message_id: int, *, now: datetime, frees: bool = False
) -> None:
    """Remember the status card; a job that ended before its card was known falls due, to settle it.

    Such a job is also taken out of the hands of whoever is about to note that it has no card to settle.

    Args:
        frees: whether the card is the answer for which the job was held: it may start now, as ``free`` lets it.
    """
    values = {"of_job": job_id, "status_id": message_id, "now": now, "frees": frees}
    await connection.execute(_ATTACH_STATUS, values)


_HAS_ENDED = jobs.c.state.not_in(OPEN_STATES)
_LETS_GO = or_(_HAS_ENDED, and_(jobs.c.state == JobState.QUEUED, bindparam("frees", type_=Boolean)))
_ATTACH_STATUS = (
    sql_update(jobs)
    .where(jobs.c.id == bindparam("of_job"))
    .values(
        status_message_id=bindparam("status_id"),
        due_at=case((_HAS_ENDED, bindparam("now", type_=jobs.c.due_at.type)), else_=jobs.c.due_at),
        lease_owner=case((_LETS_GO, None), else_=jobs.c.lease_owner),
        lease_until=case((_LETS_GO, None), else_=jobs.c.lease_until),
    )
)
