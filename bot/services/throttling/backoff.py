"""How many requests of one kind may go out to the video service now."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import RateLimitStatus
    from bot.services.jobs.policy import RateLimit

_log = logging.getLogger(__name__)

SHORTEST_HOLD_SECONDS = 1.0
"""Also where ``Retry-After`` asks for less: a date of a clock that differs from ours, or a plain 0."""
LONGEST_BACKOFF_SECONDS = 60.0
LONGEST_UNREACHED_SECONDS = 30.0
"""Between two tries to connect to a service that can't be reached: who waits wants to go on soon after."""
PERSISTENT_AFTER = 3
"""Refusals in a row after which requests are also spaced out (the service: "if it persists, submit more slowly")."""
SHORTEST_SPACING_SECONDS = 1.0
LONGEST_SPACING_SECONDS = 30.0

BURST_SECONDS, MINUTE_SECONDS = 10.0, 60.0
WINDOW_MARGIN_SECONDS = 1.0
"""Added to both windows: requests don't travel equally fast."""
RATE_SHARE = 0.9
"""The part of the account's limits that is used: others may use the account, too."""
_SAME_WINDOW = timedelta(seconds=2)
"""How far two answers may differ in when a window of the service's ends, and be about the same one."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests of one kind that went out in a window of time: how many, and when the first of them."""

    count: int = 0
    first_at: datetime | None = None


class Backoff:
    """Says how many requests of one kind may go out: within the limits, none while held back, few while it persists.

    What went out is counted in the database, since the account's limits are for all processes together.

    Args:
        rate: the account's limit for this kind.
        jitter: returns a number from 0 to 1; a hold is lengthened by up to a quarter.

    Attributes:
        shared_by: how many take turns in asking, all processes together.
        extra: requests that went out beside those that were allowed, and are not counted in the database yet.
    """

    def __init__(self, kind: str, rate: RateLimit, jitter: Callable[[], float]) -> None:
        self.shared_by = 0
        self.extra = 0
        self._kind = kind
        self._rate = rate
        self._jitter = jitter
        self._refusals = 0
        self._unreached = 0
        self._spacing_seconds = 0.0
        self._opens_at: datetime | None = None
        self._limit_told: int | None = None
        self._left: int | None = None
        self._resets_at: datetime | None = None

    @property
    def opens_at(self) -> datetime | None:
        """Say until when everything waits; None or past when nothing does."""
        return self._opens_at

    def left(self, now: datetime) -> int | None:
        """Return how many more the service has said that it takes in its present window; None where it has not."""
        if self._resets_at is not None and now >= self._resets_at:
            self._left = self._resets_at = None
        return self._left

    @property
    def turn_seconds(self) -> float:
        """Return how often each of those who take turns may ask, so that all stay within the limit."""
        per_second = min(
            self._rate.per_10_seconds / (BURST_SECONDS + WINDOW_MARGIN_SECONDS),
            self._per_minute / (MINUTE_SECONDS + WINDOW_MARGIN_SECONDS),
        )
        return self.shared_by / (RATE_SHARE * per_second)

    def allowance(
        self, now: datetime, *, wanted: int, in_flight: int, burst: Sent | None = None, minute: Sent | None = None
    ) -> int:
        """Say how many of the ``wanted`` requests may go out now: all, some, one to try with, or none.

        Args:
            in_flight: requests of this kind that have not been answered yet.
            burst, minute: what went out in the last 10 s and in the last minute.
        """
        if wanted <= 0 or (self._opens_at is not None and now < self._opens_at):
            return 0
        room = min(self._room(now, burst or Sent(), minute or Sent()), self._room_told(now))
        if self._refusals or self._unreached or self._spacing_seconds:
            room = min(room, 1) if in_flight == 0 else 0
        return max(0, min(wanted, room))

    def note_sent(self, count: int) -> None:
        """Note requests that go out: so many fewer are left of what the service said."""
        if self._left is not None:
            self._left -= count

    def note_extra(self) -> None:
        """Note one more request than was allowed: the answer to another asked for it."""
        self.extra += 1
        self.note_sent(1)

    def note_told(self, status: RateLimitStatus | None) -> None:
        """Note what the service itself says of its limit; of one window the least that it said holds."""
        if status is None:
            return
        if status.limit is not None:
            self._limit_told = status.limit
        if status.remaining is not None and status.reset_at is not None:
            is_same = self._resets_at is not None and abs(status.reset_at - self._resets_at) < _SAME_WINDOW
            known = self._left if is_same and self._left is not None else status.remaining
            self._left, self._resets_at = min(known, status.remaining), status.reset_at

    def hold(self, now: datetime, seconds: float | None = None) -> None:
        """Note a 429: wait as long as the service asks, else 1 s, 2 s, 4 s …, and a little longer by chance.

        Requests that were out together and are refused together count as one refusal.
        """
        if self._opens_at is None or now >= self._opens_at:
            self._refusals += 1
            if self._refusals >= PERSISTENT_AFTER:
                doubled = max(SHORTEST_SPACING_SECONDS, self._spacing_seconds * 2)
                self._spacing_seconds = min(doubled, LONGEST_SPACING_SECONDS)
        if seconds is None:
            seconds = min(2.0 ** min(self._refusals - 1, 32), LONGEST_BACKOFF_SECONDS)
        seconds = max(seconds, SHORTEST_HOLD_SECONDS, self._spacing_seconds)
        self._wait(now, seconds, jitters=True)
        _log.warning("held back by the video service", extra={"kind": self._kind, "seconds": seconds})

    def wait(self, now: datetime, seconds: float) -> None:
        """Let nothing out for so long; unlike a 429 it says nothing about how much is too much."""
        self._wait(now, max(seconds, SHORTEST_HOLD_SECONDS), jitters=True)

    def miss(self, now: datetime) -> None:
        """Note that the service could not be reached: try again, alone, after ever longer waits."""
        if self._opens_at is None or now >= self._opens_at:
            self._unreached += 1
        self._wait(now, min(2.0 ** min(self._unreached - 1, 32), LONGEST_UNREACHED_SECONDS), jitters=True)

    def succeed(self, now: datetime) -> None:
        """Note an answer that was not a 429: open again, by halves where requests had been spaced out."""
        self._refusals = self._unreached = 0
        halved = self._spacing_seconds / 2
        self._spacing_seconds = halved if halved >= SHORTEST_SPACING_SECONDS else 0.0
        if self._spacing_seconds:
            self._wait(now, self._spacing_seconds)

    @property
    def _per_minute(self) -> int:
        told = self._rate.per_minute if self._limit_told is None else max(1, self._limit_told)
        return min(self._rate.per_minute, told)

    def _room(self, now: datetime, burst: Sent, minute: Sent) -> int:
        """Return how many more the account's limits allow; where none, open when the first leaves its window."""
        rooms: list[int] = []
        for sent, limit, seconds in (
            (burst, self._rate.per_10_seconds, BURST_SECONDS),
            (minute, self._per_minute, MINUTE_SECONDS),
        ):
            room = max(1, int(limit * RATE_SHARE)) - sent.count
            rooms.append(room)
            if room <= 0 and sent.first_at is not None:
                opens_in = (sent.first_at - window_start(now, seconds)).total_seconds()
                self._wait(now, max(opens_in, 0.0))
        return min(rooms)

    def _room_told(self, now: datetime) -> int:
        """Return how many more the service's own words allow; where none, open when it says."""
        left = self.left(now)
        if left is None or self._resets_at is None:
            return self._rate.per_minute
        if left <= 0:
            self._wait(now, (self._resets_at - now).total_seconds())
        return left

    def _wait(self, now: datetime, seconds: float, *, jitters: bool = False) -> None:
        opens_at = now + timedelta(seconds=seconds * (1 + self._jitter() / 4 if jitters else 1))
        self._opens_at = max(opens_at, self._opens_at) if self._opens_at else opens_at


def window_start(now: datetime, seconds: float) -> datetime:
    """Return since when requests count in a window of so many seconds."""
    return now - timedelta(seconds=seconds + WINDOW_MARGIN_SECONDS)
