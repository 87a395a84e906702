"""The operator's pauses: when submitting waited for the operator to act, so that jobs don't count as waiting meanwhile.

Who may change a row:

* ``begin``, ``keep``, ``end``: the process whose pause it is, also after a restart, when it has its name again;
* ``end_unattended``: any worker; it ends pauses that nobody has kept for so long that their process must be gone.

A process has at most one open pause; the schema sees to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, or_, select, update

from bot.store.tables import pauses

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class OperatorPause:
    """A time in which one process did not submit; ``ended_at`` is None while that goes on."""

    began_at: datetime
    ended_at: datetime | None


_IS_OPEN = pauses.c.ended_at.is_(None)
_CHANGE_OWN = update(pauses).where(pauses.c.owner == bindparam("of_owner"), _IS_OPEN)
_SINCE = select(pauses).where(or_(_IS_OPEN, pauses.c.ended_at > bindparam("moment")))


async def begin(connection: AsyncConnection, *, owner: str, began_at: datetime, known_until: datetime) -> None:
    """Write down that a process pauses since then; it has to be kept before ``known_until``."""
    await connection.execute(insert(pauses).values(owner=owner, began_at=began_at, known_until=known_until))


async def keep(connection: AsyncConnection, *, owner: str, known_until: datetime) -> bool:
    """Say that a process still pauses; return whether its pause was open."""
    result = await connection.execute(_CHANGE_OWN, {"of_owner": owner, "known_until": known_until})
    return result.rowcount == 1


async def end(connection: AsyncConnection, *, owner: str, now: datetime) -> None:
    """End a process's pause, if it has one."""
    await connection.execute(_CHANGE_OWN, {"of_owner": owner, "ended_at": now})


async def end_unattended(connection: AsyncConnection, *, now: datetime) -> None:
    """End the pauses that were not kept in time, as of the moment until which they were known."""
    gone = update(pauses).where(_IS_OPEN, pauses.c.known_until <= now)
    await connection.execute(gone.values(ended_at=pauses.c.known_until))


async def list_since(connection: AsyncConnection, moment: datetime) -> list[OperatorPause]:
    """Return the pauses of all processes that go on, or ended after a moment."""
    rows = await connection.execute(_SINCE, {"moment": moment})
    return [OperatorPause(row.began_at, row.ended_at) for row in rows]


async def forget_before(connection: AsyncConnection, moment: datetime) -> None:
    """Delete the pauses that had ended by then."""
    await connection.execute(delete(pauses).where(pauses.c.ended_at <= moment))
