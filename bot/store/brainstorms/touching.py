"""Noting that something about a round may look different, or is due: in the transaction that changes it.

``touch`` is for whoever changes a take's job, a vote or the round; it neither needs nor takes the lease. Whoever holds
the lease finds out by ``changes`` when they let go of the round (``rounds.py``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, or_, select, update

from bot.store.tables import brainstorms, rounds, takes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job

_NOW = bindparam("now", type_=rounds.c.due_at.type)
_LATEST = bindparam("latest", type_=rounds.c.due_at.type)
_IS_TO_COME = and_(rounds.c.editable_at > _NOW, rounds.c.editable_at <= _LATEST)
SOONEST: Any = case((_IS_TO_COME, rounds.c.editable_at), else_=_NOW)
"""When a round's board may be edited next, seen from ``now``; ``moments`` has both values."""
EDITS_WITHIN = timedelta(minutes=1)
"""No edit has to wait for longer: what is to be edited later was noted before a clock was set back."""
_TOUCHED = {
    "changes": rounds.c.changes + 1,
    "due_at": case((or_(rounds.c.due_at.is_(None), rounds.c.due_at > SOONEST), SOONEST), else_=rounds.c.due_at),
}
_TOUCH = update(rounds).where(rounds.c.id.in_(bindparam("round_ids", expanding=True))).values(_TOUCHED)
_UNSEEN = update(rounds).where(rounds.c.id.in_(bindparam("round_ids", expanding=True))).values(editable_at=None)
_WITH_CLIP = select(takes.c.round_id).where(takes.c.job_id == bindparam("job_id"))
_IN_THREAD = (
    select(rounds.c.id)
    .join(brainstorms, brainstorms.c.id == rounds.c.brainstorm_id)
    .where(brainstorms.c.thread_id == bindparam("thread_id"), rounds.c.ended_at.is_(None))
)


def moments(now: datetime) -> dict[str, datetime]:
    """Return what ``SOONEST`` is told."""
    return {"now": now, "latest": now + EDITS_WITHIN}


async def touch(connection: AsyncConnection, round_ids: Iterable[str], *, now: datetime) -> None:
    """Let rounds be looked at as soon as their boards may be edited."""
    if found := list(round_ids):
        await connection.execute(_TOUCH, {"round_ids": found} | moments(now))


async def touch_unseen(connection: AsyncConnection, round_ids: Iterable[str], *, now: datetime) -> None:
    """Let rounds' boards be edited at once, though they may look the same: whether they can be is to be found out."""
    if found := list(round_ids):
        await connection.execute(_UNSEEN, {"round_ids": found})
        await touch(connection, found, now=now)


async def touch_of(connection: AsyncConnection, jobs: Iterable[Job], *, now: datetime) -> None:
    """Do so for the rounds of those of the jobs that are takes."""
    if round_ids := {job.round_id for job in jobs if job.round_id is not None}:
        await touch(connection, round_ids, now=now)


async def touch_with(connection: AsyncConnection, job_id: str, *, now: datetime) -> None:
    """Do so for all rounds that show a clip."""
    await touch(connection, (await connection.execute(_WITH_CLIP, {"job_id": job_id})).scalars(), now=now)


async def list_in_thread(connection: AsyncConnection, thread_id: int) -> list[str]:
    """Return the ids of rounds that go on in a thread."""
    return list((await connection.execute(_IN_THREAD, {"thread_id": thread_id})).scalars())
