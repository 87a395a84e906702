"""Turns at writing, of one process: whoever comes first is first, and nobody waits for one who does not get on."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.errors import ReelayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable


class Turns:
    """A lock that is waited for as long as it goes from hand to hand; however long the line is.

    Args:
        longest_seconds: how long somebody waits while no turn before theirs comes to a good end.
        clock: returns seconds that only go up.
    """

    def __init__(self, longest_seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest_seconds = longest_seconds
        self._clock = clock
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
        came_at = self._clock()
        async with asyncio.timeout(None) as waiting:

            def look() -> None:
                nonlocal timer
                if (left_seconds := self._left_seconds(came_at)) > 0:
                    timer = loop.call_later(left_seconds, look)
                else:
                    waiting.reschedule(loop.time())

            timer = loop.call_later(self._longest_seconds, look)
            try:
                await self._lock.acquire()
            finally:
                timer.cancel()
        try:
            yield self._left_seconds(came_at)
        except ReelayError:
            self._moved_at = self._clock()  # it was its own end, and no fault of the database's
            raise
        else:
            self._moved_at = self._clock()
        finally:
            self._lock.release()

    def _left_seconds(self, came_at: float) -> float:
        return max(came_at, self._moved_at) + self._longest_seconds - self._clock()
