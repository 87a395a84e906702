"""When a connection may say who it is: Discord takes one in five seconds of each lane, and names how many lanes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LANE_SECONDS = 5.0


class Identifying:
    """Lets connections identify no faster than Discord takes them.

    Args:
        lanes: how many may identify side by side; a shard's lane is its number modulo this.
        now: seconds on a clock that only goes forward.
        pause: waits so many seconds.
    """

    def __init__(
        self, *, lanes: int, now: Callable[[], float], pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._lanes = lanes
        self._now = now
        self._pause = pause
        self._free_at: dict[int, float] = {}

    async def wait_turn(self, shard_id: int) -> None:
        """Wait until the shard may identify; the next one of its lane waits for five seconds more."""
        lane = shard_id % self._lanes
        turn_at = max(self._free_at.get(lane, 0.0), self._now())
        self._free_at[lane] = turn_at + LANE_SECONDS
        wait_seconds = turn_at - self._now()
        if wait_seconds > 0:
            await self._pause(wait_seconds)
