"""Which servers the bot is in: what Discord says, written down by the loop, so that no event waits for the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.store.retention import guilds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from bot.store.database import Database


class Presence:
    """Compares the servers that Discord names with those that are known.

    A server that Discord can't reach just now is still named, so it is none that was left. A list without any server
    says nothing: only those count as left of which Discord has said so.

    Attributes:
        woken: set when there is something to be written down.
    """

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._present: Callable[[], Collection[int]] | None = None
        self._has_news = False
        self._left: set[int] = set()
        self.woken = asyncio.Event()

    def watch(self, present: Callable[[], Collection[int]]) -> None:
        """Compare, now that Discord has named all servers.

        Args:
            present: returns the servers' ids as they are known at that moment.
        """
        self._present = present
        self._note()

    def note_joined(self, guild_id: int) -> None:
        """Note that the bot is in a server."""
        self._left.discard(guild_id)
        self._note()

    def note_left(self, guild_id: int) -> None:
        """Note that the bot was removed from a server."""
        self._left.add(guild_id)
        self._note()

    async def write_down(self, now: datetime) -> None:
        """Write down what was noted.

        Raises:
            StoreUnavailableError: when the database can't be asked; it is still to be done then.
        """
        if not self._has_news or self._present is None:
            return
        self._has_news = False
        left = set(self._left)
        try:
            async with self._database.write() as connection:
                present = self._present()  # as of now: whoever hears of a change later writes it later
                await guilds.note_present(connection, present, left, now)
        except BaseException:  # whatever it was, a stop included: what was not committed is still news
            self._has_news = True
            raise
        self._left -= left

    def _note(self) -> None:
        self._has_news = True
        self.woken.set()
