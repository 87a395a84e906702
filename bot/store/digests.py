"""What was last synced to Discord, as digests, so that an unchanged command tree is not sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select

from bot.store.tables import command_digests

if TYPE_CHECKING:
    from bot.store.database import Database


class CommandDigests:
    """Remembers one digest per key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_of(self, key: str) -> dict[str, str]:
        """Return the digests last put under ``key`` and under keys that begin with it and a colon."""
        async with self._database.read() as connection:
            is_of = or_(command_digests.c.key == key, command_digests.c.key.startswith(f"{key}:", autoescape=True))
            rows = await connection.execute(select(command_digests).where(is_of))
            return {row.key: row.digest for row in rows}

    async def drop(self, key: str) -> None:
        """Forget what was put under ``key``."""
        async with self._database.write() as connection:
            await connection.execute(delete(command_digests).where(command_digests.c.key == key))

    async def put(self, key: str, digest: str) -> None:
        """Remember ``digest`` under ``key``."""
        async with self._database.write() as connection:
            await connection.execute(delete(command_digests).where(command_digests.c.key == key))
            await connection.execute(insert(command_digests).values(key=key, digest=digest))
