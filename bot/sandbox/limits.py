"""The account's limits on requests, as the service counts them: by minute, and by ten seconds for bursts."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

RateLimits = tuple[int, int]
"""How many requests in a minute, and how many of them in ten seconds."""

_MINUTE_SECONDS, _BURST_SECONDS = 60.0, 10.0


class RequestLimiter:
    """Counts the requests of one kind; one that is refused here counts nothing.

    Args:
        category: what the service calls the kind.
        limits: returns the limits of the moment; None is no limit.
    """

    def __init__(
        self, category: Literal["async_submit", "async_query"], limits: Callable[[], RateLimits | None]
    ) -> None:
        self._category = category
        self._limits = limits
        self._taken_at: deque[float] = deque()

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        """Count a request; return whether it may go on, and the headers that its answer carries."""
        limits = self._limits()
        if limits is None:
            return True, {}
        wait_seconds = self._wait_seconds(now, limits)
        if wait_seconds <= 0:
            self._taken_at.append(now)
        per_minute, _ = limits
        headers = {
            "X-RateLimit-Limit": str(per_minute),
            "X-RateLimit-Remaining": str(max(0, per_minute - len(self._taken_at))),
            "X-RateLimit-Reset": str(math.ceil(self._taken_at[0] + _MINUTE_SECONDS) if self._taken_at else 0),
            "X-RateLimit-Category": self._category,
        }
        if wait_seconds > 0:
            headers["Retry-After"] = str(math.ceil(wait_seconds))
        return wait_seconds <= 0, headers

    def give_back(self) -> None:
        """Do not count the last request after all, since it was answered 429."""
        if self._taken_at:
            self._taken_at.pop()

    def _wait_seconds(self, now: float, limits: RateLimits) -> float:
        while self._taken_at and self._taken_at[0] <= now - _MINUTE_SECONDS:
            self._taken_at.popleft()
        waits = [0.0]
        for count, seconds in zip(limits, (_MINUTE_SECONDS, _BURST_SECONDS), strict=True):
            if len(self._taken_at) >= count:
                waits.append(self._taken_at[-count] + seconds - now)
        return max(waits)
