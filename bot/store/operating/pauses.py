"""Pauses: when submitting waited, for the operator or a service in trouble, so that jobs don't count as waiting then.

Who may change a row:

* ``begin``, ``keep``, ``end``: the process whose pause it is, also after a restart, when it has its name again;
* ``end_unattended``: any worker; it ends pauses that nobody has kept for so long that their process must be gone;
* ``begin_operators``, ``end``: the operator, by hand; that pause is no process's, nobody keeps it, and it goes on until
  they end it.

A process has at most one open pause, and so has the operator; the schema sees to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, literal, or_, select, update

from bot.store.tables import pauses

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection


OPERATOR = "operator"
"""Whose the pause is that the operator made by hand; no process is called so."""
_FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SubmitPause:
    """A time in which one process, or by the operator's wish none, did not submit.

    Attributes:
        ended_at: None while it goes on.
        reason: an ``OperatorAlert``'s, or ``OPERATOR``.
        note: what the operator gave as theirs.
    """

    owner: str
    began_at: datetime
    ended_at: datetime | None
    reason: str | None = None
    note: str | None = None


_IS_OPEN = pauses.c.ended_at.is_(None)
_CHANGE_OWN = update(pauses).where(pauses.c.owner == bindparam("of_owner"), _IS_OPEN)
_OPERATORS = select(pauses).where(pauses.c.owner == OPERATOR, _IS_OPEN)
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
    return [_from_row(row) for row in await connection.execute(statement)]


async def begin_operators(connection: AsyncConnection, *, now: datetime, note: str) -> bool:
    """Let no process submit from now on; tell whether that is new."""
    values = {"owner": OPERATOR, "began_at": now, "known_until": _FOR_GOOD, "reason": OPERATOR, "note": note}
    is_open = select(pauses.c.id).where(pauses.c.owner == OPERATOR, _IS_OPEN).exists()
    row = select(*(literal(value, pauses.c[name].type) for name, value in values.items())).where(~is_open)
    return (await connection.execute(insert(pauses).from_select(list(values), row))).rowcount == 1


async def find_operators(connection: AsyncConnection) -> SubmitPause | None:
    """Return the operator's pause, if one goes on."""
    row = (await connection.execute(_OPERATORS)).one_or_none()
    return None if row is None else _from_row(row)


async def end(connection: AsyncConnection, *, owner: str, now: datetime) -> bool:
    """End a process's pause, or the operator's; tell whether there was one."""
    return (await connection.execute(_CHANGE_OWN, {"of_owner": owner, "ended_at": now})).rowcount == 1


async def end_unattended(connection: AsyncConnection, *, now: datetime) -> None:
    """End the pauses that were not kept in time, as of the moment until which they were known."""
    gone = update(pauses).where(_IS_OPEN, pauses.c.known_until <= now)
    await connection.execute(gone.values(ended_at=pauses.c.known_until))


async def list_since(connection: AsyncConnection, moment: datetime) -> list[SubmitPause]:
    """Return the pauses of all processes that go on, or ended after a moment, in the order in which they began."""
    return [_from_row(row) for row in await connection.execute(_SINCE, {"moment": moment})]


async def forget_before(connection: AsyncConnection, moment: datetime) -> None:
    """Delete the pauses that had ended by then."""
    await connection.execute(delete(pauses).where(pauses.c.ended_at <= moment))


def _from_row(row: Row[Any]) -> SubmitPause:
    return SubmitPause(row.owner, row.began_at, row.ended_at, row.reason, row.note)
