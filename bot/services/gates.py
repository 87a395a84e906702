"""When the video service may be asked: back-off after 429 for every request of a kind, pause after 401 and 402.

All of it is memory only. After a restart the first request finds out anew, at the price of one refusal.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.errors import InsufficientFundsError, UnauthorizedError, WrongEndpointError
from bot.models import OperatorAlert

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.errors import VideoServiceError

_log = logging.getLogger(__name__)

SHORTEST_HOLD_SECONDS = 1.0
"""Also where ``Retry-After`` asks for less: a date of a clock that differs from ours, or a plain 0."""
LONGEST_BACKOFF_SECONDS = 60.0
PERSISTENT_AFTER = 3
"""Refusals in a row after which submits are also spaced out (contract: "if it persists, submit more slowly")."""
SHORTEST_SPACING_SECONDS = 1.0
LONGEST_SPACING_SECONDS = 30.0
FIRST_PROBE_SECONDS = 15.0
LONGEST_PROBE_SECONDS = 300.0


class RequestGate:
    """Holds back all requests of one kind after a 429, and lets them out slowly while it persists.

    Args:
        jitter: returns a number from 0 to 1; a hold is lengthened by up to a quarter.
    """

    def __init__(self, kind: str, jitter: Callable[[], float]) -> None:
        self._kind = kind
        self._jitter = jitter
        self._refusals = 0
        self._spacing_seconds = 0.0
        self._opens_at: datetime | None = None

    @property
    def opens_at(self) -> datetime | None:
        """Say until when everything waits; None or past when nothing does."""
        return self._opens_at

    def allowance(self, now: datetime, *, wanted: int, in_flight: int) -> int:
        """Say how many of the ``wanted`` requests may go out now: all, one to try with, or none.

        Args:
            in_flight: requests of this kind that have not been answered yet.
        """
        if self._opens_at is not None and now < self._opens_at:
            return 0
        if self._refusals or self._spacing_seconds:
            return min(wanted, 1) if in_flight == 0 else 0
        return wanted

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
            seconds = min(2.0 ** (self._refusals - 1), LONGEST_BACKOFF_SECONDS)
        seconds = max(seconds, SHORTEST_HOLD_SECONDS, self._spacing_seconds)
        self._wait(now, seconds * (1 + self._jitter() / 4))
        _log.warning("held back by the video service", extra={"kind": self._kind, "seconds": seconds})

    def succeed(self, now: datetime) -> None:
        """Note an answer that was not a 429: open again, by halves where requests had been spaced out."""
        self._refusals = 0
        halved = self._spacing_seconds / 2
        self._spacing_seconds = halved if halved >= SHORTEST_SPACING_SECONDS else 0.0
        if self._spacing_seconds:
            self._wait(now, self._spacing_seconds)

    def _wait(self, now: datetime, seconds: float) -> None:
        opens_at = now + timedelta(seconds=seconds)
        self._opens_at = max(opens_at, self._opens_at) if self._opens_at else opens_at


class ServiceGates:
    """The gates of both kinds of request, and the pause that only the operator can end."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self.submit = RequestGate("submit", jitter)
        self.poll = RequestGate("poll", jitter)
        self._paused_for: OperatorAlert | None = None
        self._alerted_for: set[OperatorAlert] = set()
        self._probe_seconds = FIRST_PROBE_SECONDS
        self._probe_at: datetime | None = None

    @property
    def is_paused(self) -> bool:
        """Tell whether submitting waits for the operator."""
        return self._paused_for is not None

    @property
    def paused_for(self) -> OperatorAlert | None:
        """Say what the operator must act upon before submitting goes on."""
        return self._paused_for

    @property
    def probe_at(self) -> datetime | None:
        """Say when to ask again whether the operator has acted; None while nothing is paused."""
        return self._probe_at

    def note(self, now: datetime, error: VideoServiceError) -> OperatorAlert | None:
        """Note an error; return what to alert the operator of, once for each reason until a submit is accepted.

        A bad key and an empty account pause submitting. A wrong endpoint does not: it cannot be mended while we run.
        """
        match error:
            case UnauthorizedError():
                alert = OperatorAlert.UNAUTHORIZED
            case InsufficientFundsError():
                alert = OperatorAlert.INSUFFICIENT_FUNDS
            case WrongEndpointError():
                alert = OperatorAlert.WRONG_ENDPOINT
            case _:
                return None
        if alert is not OperatorAlert.WRONG_ENDPOINT:
            self._pause(now, alert)
        if alert in self._alerted_for:
            return None
        self._alerted_for.add(alert)
        _log.error("the operator must act", extra={"reason": alert.value, "request_id": error.request_id})
        return alert

    def take_probe(self, now: datetime) -> bool:
        """Tell whether it is time to ask if the operator has acted; the time after that is then ever later."""
        if self._probe_at is None or now < self._probe_at:
            return False
        self._schedule_probe(now)
        return True

    def hold_probe(self, now: datetime, seconds: float | None) -> None:
        """Note that a probe was answered 429: ask again no sooner than the service wants."""
        if self._probe_at is not None and seconds is not None:
            self._probe_at = max(self._probe_at, now + timedelta(seconds=seconds))

    def resume(self) -> None:
        """Submit again, because a probe succeeded."""
        self._paused_for = None
        self._probe_at = None
        _log.info("submitting goes on")

    def submitted(self, now: datetime) -> None:
        """Note an accepted submit: whatever was wrong is over, and would be news if it came back."""
        self.submit.succeed(now)
        self._alerted_for.clear()
        self._probe_seconds = FIRST_PROBE_SECONDS

    def _pause(self, now: datetime, reason: OperatorAlert) -> None:
        if not self.is_paused:  # else every further refusal would put the probe off
            self._schedule_probe(now)
        self._paused_for = reason

    def _schedule_probe(self, now: datetime) -> None:
        self._probe_at = now + timedelta(seconds=self._probe_seconds)
        self._probe_seconds = min(self._probe_seconds * 2, LONGEST_PROBE_SECONDS)
