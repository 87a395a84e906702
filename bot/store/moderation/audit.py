"""The audit: every change a moderator made, append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from bot.models import Change, ChangeKind
from bot.store.tables import changes

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection


async def add(connection: AsyncConnection, change: Change) -> Change:
    """Write a change down; return it with its id."""
    statement = insert(changes).values(
        guild_id=change.guild_id,
        made_by_id=change.made_by_id,
        made_at=change.made_at,
        kind=change.kind,
        subject_id=change.subject_id,
        before=change.before,
        after=change.after,
    )
    return _from_row((await connection.execute(statement.returning(changes))).one())


async def list_latest(connection: AsyncConnection, guild_id: int, *, limit: int, skip: int = 0) -> list[Change]:
    """Return a server's changes, latest first."""
    statement = (
        select(changes).where(changes.c.guild_id == guild_id).order_by(changes.c.id.desc()).limit(limit).offset(skip)
    )
    return [_from_row(row) for row in await connection.execute(statement)]


async def count(connection: AsyncConnection, guild_id: int) -> int:
    """Count a server's changes."""
    statement = select(func.count()).select_from(changes).where(changes.c.guild_id == guild_id)
    return (await connection.execute(statement)).scalar_one()


async def get_many(connection: AsyncConnection, change_ids: Collection[int]) -> dict[int, Change]:
    """Return changes by id."""
    rows = await connection.execute(select(changes).where(changes.c.id.in_(change_ids)))
    return {row.id: _from_row(row) for row in rows}


def _from_row(row: Row[Any]) -> Change:
    return Change(
        id=row.id,
        guild_id=row.guild_id,
        made_by_id=row.made_by_id,
        made_at=row.made_at,
        kind=ChangeKind(row.kind),
        subject_id=row.subject_id,
        before=row.before,
        after=row.after,
    )
