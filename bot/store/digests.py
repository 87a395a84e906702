"""What was last synced to Discord, as digests, so that an unchanged command tree is not sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from bot.store.tables import command_digests

if TYPE_CHECKING:
    from bot.store.database import Database


class CommandDigests:
    """Remembers one digest per key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        """Return the digest last put under ``key``, or None."""
        async with self._database.read() as connection:
            statement = select(command_digests.c.digest).where(command_digests.c.key == key)
            return (await connection.execute(statement)).scalar_one_or_none()

    async def put(self, key: str, digest: str) -> None:
        """Remember ``digest`` under ``key``."""
        async with self._database.write() as connection:
            await connection.execute(delete(command_digests).where(command_digests.c.key == key))
            await connection.execute(insert(command_digests).values(key=key, digest=digest))
