"""What the operator was told once and is not told again: by any process, and after a restart.

Any process may ``note`` an alert, and ``forget`` one when what it told of is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, bindparam, delete, insert, select

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
