"""Pauses: when submitting waited, for the operator or a service in trouble, so that jobs don't count as waiting then.

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
class SubmitPause:
    """A time in which one process did not submit; ``ended_at`` is None while that goes on."""

    began_at: datetime
    ended_at: datetime | None
    reason: str | None = None


_IS_OPEN = pauses.c.ended_at.is_(None)
_CHANGE_OWN = update(pauses).where(pauses.c.owner == bindparam("of_owner"), _IS_OPEN)
_SINCE = select(pauses).where(or_(_IS_OPEN, pauses.c.ended_at > bindparam("moment"))).order_by(pauses.c.id)


async def begin(
    connection: AsyncConnection, *, owner: str, began_at: datetime, known_until: datetime, reason: str
) -> None:
    """Write down that a process pauses since then, and why; it has to be kept before ``known_until``."""
    values = {"owner": owner, "began_at": began_at, "known_until": known_until, "reason": reason}
    await connection.execute(insert(pauses).values(values))


async def keep(connection: AsyncConnection, *, owner: str, known_until: datetime, reason: str) -> bool:
    """Say that a process still pauses, and why; return whether its pause was open."""
    values = {"of_owner": owner, "known_until": known_until, "reason": reason}
    return (await connection.execute(_CHANGE_OWN, values)).rowcount == 1


async def list_kept(connection: AsyncConnection, *, now: datetime, owner: str | None = None) -> list[SubmitPause]:
    """Return the pauses that go on and whose processes said so in time, of one process or of all."""
    is_kept = _IS_OPEN & (pauses.c.known_until > now)
    statement = select(pauses).where(is_kept if owner is None else is_kept & (pauses.c.owner == owner))
    return [SubmitPause(row.began_at, row.ended_at, row.reason) for row in await connection.execute(statement)]


async def end(connection: AsyncConnection, *, owner: str, now: datetime) -> None:
    """End a process's pause, if it has one."""
    await connection.execute(_CHANGE_OWN, {"of_owner": owner, "ended_at": now})


async def end_unattended(connection: AsyncConnection, *, now: datetime) -> None:
    """End the pauses that were not kept in time, as of the moment until which they were known."""
    gone = update(pauses).where(_IS_OPEN, pauses.c.known_until <= now)
    await connection.execute(gone.values(ended_at=pauses.c.known_until))


async def list_since(connection: AsyncConnection, moment: datetime) -> list[SubmitPause]:
    """Return the pauses of all processes that go on, or ended after a moment, in the order in which they began."""
    rows = await connection.execute(_SINCE, {"moment": moment})
    return [SubmitPause(row.began_at, row.ended_at) for row in rows]


async def forget_before(connection: AsyncConnection, moment: datetime) -> None:
    """Delete the pauses that had ended by then."""
    await connection.execute(delete(pauses).where(pauses.c.ended_at <= moment))
