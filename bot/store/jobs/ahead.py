"""What is ahead of a waiting job: the renders that hold slots, and how many jobs wait, by their clips' length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, func, literal_column, null, select, type_coerce, union_all

from bot.store.jobs.submits import HOLDS_SLOT
from bot.store.jobs.turns import IS_WAITING
from bot.store.tables import jobs, submits

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import CompoundSelect
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is ahead in the queue.

    Attributes:
        running: when each submit was sent that holds a slot, and the seconds of its clip.
        waiting: seconds of a clip, and how many such jobs wait.
    """

    running: tuple[tuple[datetime, int], ...]
    waiting: tuple[tuple[int, int], ...]


async def read(connection: AsyncConnection, *, slots_since: datetime) -> Ahead:
    """Read it, in one statement.

    Args:
        slots_since: open submits that were sent after that hold a render slot.
    """
    rows = (await connection.execute(_ahead(), {"since": slots_since})).all()
    return Ahead(
        running=tuple(sorted((row.sent_at, row.seconds) for row in rows if row.sent_at is not None)),
        waiting=tuple(sorted((row.seconds, row.waiting) for row in rows if row.sent_at is None)),
    )


@cache  # to write it takes longer than to run it
def _ahead() -> CompoundSelect[Any, Any, Any]:
    never = type_coerce(null(), submits.c.sent_at.type).label("sent_at")
    one = literal_column("1", Integer).label("waiting")
    waiting = select(never, jobs.c.duration_seconds, func.count()).where(IS_WAITING).group_by(jobs.c.duration_seconds)
    return union_all(select(submits.c.sent_at, submits.c.seconds, one).where(HOLDS_SLOT), waiting)
