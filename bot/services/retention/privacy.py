"""What a member may ask about what is stored of them: how much that is, and that it goes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.store.retention import erasures

if TYPE_CHECKING:
    import asyncio

    from bot.models import StoredAbout
    from bot.services.ports import Clock
    from bot.store.database import Database

_log = logging.getLogger(__name__)


class PrivacyService:
    """Answers members, about all servers together: whoever asks wants the bot to forget, not one server.

    Args:
        woken: set when somebody is to be erased.

    Attributes:
        days: after how many days what can goes by itself; None is never.
    """

    def __init__(self, *, database: Database, clock: Clock, days: int | None, woken: asyncio.Event) -> None:
        self._database = database
        self._clock = clock
        self._woken = woken
        self.days = days

    async def describe(self, member_id: int) -> StoredAbout:
        """Count what is stored about a member.

        Raises:
            StoreUnavailableError: when the database can't be asked.
        """
        async with self._database.read() as connection:
            return await erasures.describe(connection, member_id, now=self._clock.now())

    async def erase(self, member_id: int) -> None:
        """Mark everything of a member's up to now for erasure; asked again, it is everything up to then.

        Raises:
            StoreUnavailableError: when the database can't be asked; nothing has changed then.
        """
        async with self._database.write() as connection:
            await erasures.ask(connection, member_id, now=self._clock.now())
        _log.info("erasure asked for", extra={"member_id": member_id})
        self._woken.set()
