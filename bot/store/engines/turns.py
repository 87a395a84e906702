"""Turns at writing, of one process: whoever comes first is first, and nobody waits for one who does not get on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.errors import ReelayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Turns:
    """A lock that is waited for as long as it goes from hand to hand; however long the line is.

    Args:
        longest_seconds: how long somebody waits while no turn before theirs comes to a good end.
    """

    def __init__(self, longest_seconds: float) -> None:
        self._longest_seconds = longest_seconds
        self._lock = asyncio.Lock()
        self._moved_at = float("-inf")

    @property
    def is_taken(self) -> bool:
        """Whether somebody is at it."""
        return self._lock.locked()

    @asynccontextmanager
    async def take(self) -> AsyncGenerator[float]:
        """Take a turn; give how many seconds are left of those in which there has to be an answer.

        Raises:
            TimeoutError: when the line stands still.
        """
        loop = asyncio.get_running_loop()
        came_at = loop.time()
        async with asyncio.timeout(None) as waiting:

            def look() -> None:
                nonlocal timer
                until = self._until(came_at)
                if until <= loop.time():
                    waiting.reschedule(until)
                else:
                    timer = loop.call_at(until, look)

            timer = loop.call_at(self._until(came_at), look)
            try:
                await self._lock.acquire()
            finally:
                timer.cancel()
        try:
            yield self._until(came_at) - loop.time()
        except ReelayError:
            self._moved_at = loop.time()  # it was its own end, and no fault of the database's
            raise
        else:
            self._moved_at = loop.time()
        finally:
            self._lock.release()

    def _until(self, came_at: float) -> float:
        return max(came_at, self._moved_at) + self._longest_seconds
