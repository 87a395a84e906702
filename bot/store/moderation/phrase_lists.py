"""The lists of phrases that moderators keep for a server's brainstorms.

A moderator changes these, in a transaction that also writes the audit. Every statement names the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from bot.models.brainstorms import PhraseList
from bot.store.tables import phrase_lists

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection


async def list_for(connection: AsyncConnection, guild_id: int) -> list[PhraseList]:
    """Return a server's lists, by name."""
    statement = select(phrase_lists).where(phrase_lists.c.guild_id == guild_id).order_by(phrase_lists.c.name)
    return [_from_row(row) for row in await connection.execute(statement)]


async def put(connection: AsyncConnection, phrase_list: PhraseList) -> None:
    """Store a list, in place of the server's list of that name."""
    await remove(connection, guild_id=phrase_list.guild_id, name=phrase_list.name)
    await connection.execute(
        insert(phrase_lists).values(
            guild_id=phrase_list.guild_id,
            name=phrase_list.name,
            phrases=list(phrase_list.phrases),
            set_by_id=phrase_list.set_by_id,
            set_at=phrase_list.set_at,
        )
    )


async def remove(connection: AsyncConnection, *, guild_id: int, name: str) -> PhraseList | None:
    """Remove a server's list; return it, or None when there was none."""
    statement = delete(phrase_lists).where(phrase_lists.c.guild_id == guild_id, phrase_lists.c.name == name)
    row = (await connection.execute(statement.returning(phrase_lists))).one_or_none()
    return None if row is None else _from_row(row)


def _from_row(row: Row[Any]) -> PhraseList:
    return PhraseList(
        guild_id=row.guild_id,
        name=row.name,
        phrases=tuple(row.phrases),
        set_by_id=row.set_by_id,
        set_at=row.set_at,
    )
