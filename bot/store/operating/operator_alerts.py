"""What the operator was told once and is not told again: by any process, and after a restart.

Any process may ``note`` an alert, and ``forget`` one when what it told of is over, or ``forget_before`` long after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, and_, bindparam, delete, insert, select

from bot.store.tables import operator_alerts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_NAMES = [bindparam(name, type_=String()) for name in ("alert", "period")]


async def note(connection: AsyncConnection, alert: str, period: str = "") -> bool:
    """Write down that the operator is told of something now; tell whether this is the first time in that period."""
    told = select(operator_alerts).where(operator_alerts.c.alert == alert, operator_alerts.c.period == period)
    statement = insert(operator_alerts).from_select(["alert", "period"], select(*_NAMES).where(~told.exists()))
    return (await connection.execute(statement, {"alert": alert, "period": period})).rowcount == 1


async def forget(connection: AsyncConnection, alert: str) -> None:
    """Let the operator be told of it again, the next time it comes up."""
    await connection.execute(delete(operator_alerts).where(operator_alerts.c.alert == alert))


async def forget_before(connection: AsyncConnection, period: str) -> None:
    """Delete what was told of earlier periods, named so that they sort by time; what is told of none stays."""
    is_over = and_(operator_alerts.c.period != "", operator_alerts.c.period < period)
    await connection.execute(delete(operator_alerts).where(is_over))
