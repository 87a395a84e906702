"""The operator's own audit: what they changed by hand, append-only; whoever changes it writes it down with that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from bot.models.operating import OperatorAction, OperatorEntry
from bot.store.tables import operator_audit

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection


async def add(connection: AsyncConnection, entry: OperatorEntry) -> None:
    """Write down what was changed."""
    names = ("made_at", "made_by", "action", "target", "reason")
    await connection.execute(insert(operator_audit).values({name: getattr(entry, name) for name in names}))


async def list_latest(connection: AsyncConnection, *, limit: int) -> list[OperatorEntry]:
    """Return the latest entries, newest first."""
    statement = select(operator_audit).order_by(operator_audit.c.id.desc()).limit(limit)
    return [_from_row(row) for row in await connection.execute(statement)]


async def list_of(connection: AsyncConnection, target: str) -> list[OperatorEntry]:
    """Return the entries about one job or server, oldest first."""
    statement = select(operator_audit).where(operator_audit.c.target == target).order_by(operator_audit.c.id)
    return [_from_row(row) for row in await connection.execute(statement)]


def _from_row(row: Row[Any]) -> OperatorEntry:
    return OperatorEntry(
        id=row.id,
        made_at=row.made_at,
        made_by=row.made_by,
        action=OperatorAction(row.action),
        target=row.target,
        reason=row.reason,
    )
