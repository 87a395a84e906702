"""Whether a member is mentioned when a clip of theirs is ready: their own setting, for all servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import members
from bot.store.jobs import failure_replies

if TYPE_CHECKING:
    from bot.store.database import Database


class Mentions:
    """Reads and changes it; every method raises ``StoreUnavailableError`` when the database cannot be asked."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def are_wanted(self, member_id: int) -> bool:
        """Tell whether a member is mentioned."""
        async with self._database.read() as connection:
            return await members.is_mentioned(connection, member_id)

    async def switch(self, member_id: int, *, on: bool) -> None:
        """Mention a member from now on, or only name them."""
        async with self._database.write() as connection:
            await members.put_mentioned(connection, member_id, is_mentioned=on)
            if not on:
                await failure_replies.leave(connection, member_id)
