"""Which servers the bot is in: what Discord says, written down by the loop, so that no event waits for the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.store.operating import departures
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
        self._unwanted: set[int] = set()
        self.woken = asyncio.Event()

    def watch(self, present: Callable[[], Collection[int]]) -> None:
        """Compare, now that Discord has named all servers.

        Args:
            present: returns the servers' ids as they are known at that moment.
        """
        self._present = present
        self._note()

    def note_joined(self, guild_id: int, *, is_wanted: bool = True) -> None:
        """Note that the bot is in a server; one that is not wanted is to be left."""
        self._left.discard(guild_id)
        if not is_wanted:
            self._unwanted.add(guild_id)
        self._note()

    def note_left(self, guild_id: int) -> None:
        """Note that the bot was removed from a server."""
        self._left.add(guild_id)
        self._unwanted.discard(guild_id)
        self._note()

    async def write_down(self, now: datetime) -> bool:
        """Write down what was noted; tell whether there are servers to be left, which the worker does.

        Raises:
            StoreUnavailableError: when the database can't be asked; it is still to be done then.
        """
        if not self._has_news or self._present is None:
            return False
        self._has_news = False
        left, unwanted = set(self._left), set(self._unwanted)
        try:
            async with self._database.write() as connection:
                present = self._present()  # as of now: whoever hears of a change later writes it later
                await guilds.note_present(connection, present, left, now)
                for guild_id in unwanted:
                    await departures.ask(connection, guild_id, now=now)
        except BaseException:  # whatever it was, a stop included: what was not committed is still news
            self._has_news = True
            raise
        self._left -= left
        self._unwanted -= unwanted
        return bool(unwanted)

    def _note(self) -> None:
        self._has_news = True
        self.woken.set()
