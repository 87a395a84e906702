"""When the video service may be asked: within the account's limits, held back after 429, paused for the operator.

All of it is memory only, but for the times of submits, which are rows. After a restart the first request finds out
anew, at the price of one refusal.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.errors import (
    ContentPolicyError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotConnectedError,
    NotTakenError,
    RateLimitedError,
    RequestRejectedError,
    UnauthorizedError,
    WrongEndpointError,
)
from bot.models import OperatorAlert
from bot.services.jobs.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.errors import VideoServiceError
    from bot.models import RateLimitStatus
    from bot.services.jobs.policy import RateLimit, WorkerPolicy

_log = logging.getLogger(__name__)

SHORTEST_HOLD_SECONDS = 1.0
"""Also where ``Retry-After`` asks for less: a date of a clock that differs from ours, or a plain 0."""
LONGEST_BACKOFF_SECONDS = 60.0
LONGEST_UNREACHED_SECONDS = 30.0
"""Between two tries to connect to a service that can't be reached: who waits wants to go on soon after."""
PERSISTENT_AFTER = 3
"""Refusals in a row after which submits are also spaced out (contract: "if it persists, submit more slowly")."""
SHORTEST_SPACING_SECONDS = 1.0
LONGEST_SPACING_SECONDS = 30.0
FIRST_PROBE_SECONDS = 15.0
LONGEST_PROBE_SECONDS = 300.0

FOREIGN_HOLD_SECONDS = 60.0
"""The longest that somebody else than the service, a proxy, can hold all requests of a kind back."""

BURST_SECONDS, MINUTE_SECONDS = 10.0, 60.0
WINDOW_MARGIN_SECONDS = 1.0
"""Added to both windows: requests don't travel equally fast."""
RATE_SHARE = 0.9
"""The part of the account's limits that is used: others may use the account, too."""

_PAUSES = {
    UnauthorizedError: OperatorAlert.UNAUTHORIZED,
    InsufficientFundsError: OperatorAlert.INSUFFICIENT_FUNDS,
    ModelAccessError: OperatorAlert.NO_ACCESS,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests of one kind that went out in a window of time: how many, and when the first of them."""

    count: int
    first_at: datetime | None


class Backoff:
    """Says how many requests of one kind may go out: within the limits, none while held back, few while it persists.

    Args:
        rate: the account's limit for this kind.
        jitter: returns a number from 0 to 1; a hold is lengthened by up to a quarter.

    Attributes:
        shared_by: how many take turns in asking, all processes together.
    """

    def __init__(self, kind: str, rate: RateLimit, jitter: Callable[[], float]) -> None:
        self._kind = kind
        self._rate = rate
        self._jitter = jitter
        self._refusals = 0
        self._unreached = 0
        self._spacing_seconds = 0.0
        self._opens_at: datetime | None = None
        self._told: RateLimitStatus | None = None
        self.shared_by = 0
        self._burst: deque[datetime] = deque()
        self._minute: deque[datetime] = deque()

    @property
    def opens_at(self) -> datetime | None:
        """Say until when everything waits; None or past when nothing does."""
        return self._opens_at

    @property
    def turn_seconds(self) -> float:
        """Return how often each of those who take turns may ask, so that all stay within the limit."""
        per_second = RATE_SHARE * self._rate.per_minute / (MINUTE_SECONDS + WINDOW_MARGIN_SECONDS)
        return self.shared_by / per_second

    def allowance(self, now: datetime, *, wanted: int, in_flight: int, sent: tuple[Sent, Sent] | None = None) -> int:
        """Say how many of the ``wanted`` requests may go out now: all, some, one to try with, or none.

        Args:
            in_flight: requests of this kind that have not been answered yet.
            sent: what went out in the last 10 s and in the last minute; by default as noted here.
        """
        if wanted <= 0 or (self._opens_at is not None and now < self._opens_at):
            return 0
        if self._refusals or self._unreached or self._spacing_seconds:
            return min(wanted, 1) if in_flight == 0 else 0
        room = min(self._room(now, *(sent or self._sent(now))), self._room_told(now, in_flight))
        return max(0, min(wanted, room))

    def note_sent(self, now: datetime, count: int = 1) -> None:
        """Note requests that go out."""
        self._burst.extend([now] * count)
        self._minute.extend([now] * count)

    def note_told(self, status: RateLimitStatus | None) -> None:
        """Note what the service itself says of its limit."""
        if status is not None:
            self._told = status

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
        self._wait(now, seconds)
        _log.warning("held back by the video service", extra={"kind": self._kind, "seconds": seconds})

    def wait(self, now: datetime, seconds: float) -> None:
        """Let nothing out for so long; unlike a 429 it says nothing about how much is too much."""
        self._wait(now, max(seconds, SHORTEST_HOLD_SECONDS))

    def miss(self, now: datetime) -> None:
        """Note that the service could not be reached: try again, alone, after ever longer waits."""
        if self._opens_at is None or now >= self._opens_at:
            self._unreached += 1
        self._wait(now, min(2.0 ** min(self._unreached - 1, 32), LONGEST_UNREACHED_SECONDS))

    def succeed(self, now: datetime) -> None:
        """Note an answer that was not a 429: open again, by halves where requests had been spaced out."""
        self._refusals = self._unreached = 0
        halved = self._spacing_seconds / 2
        self._spacing_seconds = halved if halved >= SHORTEST_SPACING_SECONDS else 0.0
        if self._spacing_seconds:
            self._wait(now, self._spacing_seconds, jitters=False)

    def _sent(self, now: datetime) -> tuple[Sent, Sent]:
        for times, seconds in ((self._burst, BURST_SECONDS), (self._minute, MINUTE_SECONDS)):
            since = window_start(now, seconds)
            while times and times[0] <= since:
                times.popleft()
        burst, minute = (Sent(len(times), times[0] if times else None) for times in (self._burst, self._minute))
        return burst, minute

    def _room(self, now: datetime, burst: Sent, minute: Sent) -> int:
        """Return how many more the account's limits allow; where none, open when the first leaves its window."""
        rooms: list[int] = []
        for sent, limit, seconds in (
            (burst, self._rate.per_10_seconds, BURST_SECONDS),
            (minute, self._rate.per_minute, MINUTE_SECONDS),
        ):
            room = max(1, int(limit * RATE_SHARE)) - sent.count
            rooms.append(room)
            if room <= 0 and sent.first_at is not None:
                opens_in = (sent.first_at - window_start(now, seconds)).total_seconds()
                self._wait(now, max(opens_in, 0.0), jitters=False)
        return min(rooms)

    def _room_told(self, now: datetime, in_flight: int) -> int:
        """Return how many more the service's own words allow; where none, open when it says."""
        told, unlimited = self._told, self._rate.per_minute
        if told is None:
            return unlimited
        if told.reset_at is None or now >= told.reset_at:
            return unlimited if told.limit is None else max(told.limit, 1) - in_flight
        if told.remaining is None:
            return unlimited
        room = told.remaining - in_flight
        if room <= 0 and in_flight == 0:
            self._wait(now, (told.reset_at - now).total_seconds(), jitters=False)
        return room

    def _wait(self, now: datetime, seconds: float, *, jitters: bool = True) -> None:
        opens_at = now + timedelta(seconds=seconds * (1 + self._jitter() / 4 if jitters else 1))
        self._opens_at = max(opens_at, self._opens_at) if self._opens_at else opens_at


def window_start(now: datetime, seconds: float) -> datetime:
    """Return since when requests count in a window of so many seconds."""
    return now - timedelta(seconds=seconds + WINDOW_MARGIN_SECONDS)


class ServiceThrottle:
    """The gates of both kinds of request, and the pause that only the operator can end.

    A pause goes on until a look at the account says that the operator has acted, or, where such looks say nothing,
    until one waiting job that is sent to see is not refused.
    """

    def __init__(self, policy: WorkerPolicy, jitter: Callable[[], float]) -> None:
        self.submit = Backoff("submit", policy.rate_limits.submits, jitter)
        self.poll = Backoff("poll", policy.rate_limits.queries, jitter)
        self.suspects = Suspects()
        self._policy = policy
        self._paused_for: OperatorAlert | None = None
        self._alerted_for: set[OperatorAlert] = set()
        self._probe_seconds = FIRST_PROBE_SECONDS
        self._probe_at: datetime | None = None
        self._doubted_at: datetime | None = None
        self._silent_probes = 0
        self._tried = False
        self._foreign = 0

    @property
    def is_paused(self) -> bool:
        """Tell whether submitting waits for the operator."""
        return self._paused_for is not None

    @property
    def paused_for(self) -> OperatorAlert | None:
        """Say what the operator must act upon before submitting goes on."""
        return self._paused_for

    @property
    def tries_one(self) -> bool:
        """Tell whether, in a pause, one waiting job is to be sent to see: the account's own answers say nothing."""
        return self.is_paused and self._silent_probes >= self._policy.probes_before_trial

    @property
    def probe_at(self) -> datetime | None:
        """Say when to look at the account; None while nothing is paused and no refusal is in doubt."""
        return self._probe_at

    def answered(self, backoff: Backoff, now: datetime, status: RateLimitStatus | None) -> None:
        """Note an answer of the service's own that was no refusal."""
        backoff.succeed(now)
        backoff.note_told(status)
        self._foreign = 0

    def submitted(self, now: datetime, status: RateLimitStatus | None = None, *, job_id: str = "") -> None:
        """Note an accepted submit: whatever was wrong is over, and would be news if it came back."""
        self.answered(self.submit, now, status)
        self.suspects.note_accepted(job_id)
        self._alerted_for.clear()
        self._probe_seconds = FIRST_PROBE_SECONDS
        if self.is_paused:
            self.resume()

    def refused(
        self, backoff: Backoff, now: datetime, error: VideoServiceError, *, job_id: str = ""
    ) -> OperatorAlert | None:
        """Note a refusal or no answer; return what to alert the operator of, once until a submit is accepted.

        A bad key, an empty account and a model out of reach pause submitting: at once where a submit met them, else
        when a look at the account says so, too. A wrong endpoint does not: it cannot be mended while we run.

        Args:
            job_id: whose submit it was, if it was one.
        """
        backoff.note_told(error.rate_limit)
        match error:
            case NotConnectedError():
                backoff.miss(now)
            case RateLimitedError() | NotTakenError():
                backoff.hold(now, error.retry_after_seconds)
                self.suspects.note_held(job_id)
            case NoAnswerError():
                if error.retry_after_seconds is not None:
                    backoff.wait(now, min(error.retry_after_seconds, FOREIGN_HOLD_SECONDS))
                return self._note_foreign() if error.is_foreign else None
            case _:
                backoff.succeed(now)
        if not isinstance(error, NoAnswerError):
            self._foreign = 0
        alert = next((alert for kind, alert in _PAUSES.items() if isinstance(error, kind)), None)
        if alert is not None:
            return self._note_operators(backoff, now, alert, job_id)
        if isinstance(error, WrongEndpointError):
            return self._alert(OperatorAlert.WRONG_ENDPOINT)
        if backoff is self.submit and self._tried and isinstance(error, ContentPolicyError | RequestRejectedError):
            self.resume()  # the job that was sent to see was refused, but not for what the operator has to mend
        return None

    def confirm(self, now: datetime, reason: OperatorAlert) -> OperatorAlert | None:
        """Note that a look at the account says that the operator must act."""
        self._doubted_at = None
        self._silent_probes = 0
        self._pause(now, reason)
        return self._alert(reason)

    def take_probe(self, now: datetime) -> bool:
        """Tell whether it is time to look at the account; the time after that is then ever later."""
        if self._probe_at is None or now < self._probe_at:
            return False
        if self.is_paused:
            self._schedule_probe(now)
        else:
            self._probe_at = None
        return True

    def hold_probe(self, now: datetime, seconds: float | None) -> None:
        """Note that a probe was answered 429: ask again no sooner than the service wants."""
        if self._probe_at is not None and seconds is not None:
            self._probe_at = max(self._probe_at, now + timedelta(seconds=seconds))

    def note_silent_probe(self) -> None:
        """Note that a look at the account said nothing of what submitting is paused for."""
        self._silent_probes += self.is_paused

    def note_tried(self) -> None:
        """Note that a waiting job is sent to see; the next one not before as many silent looks again."""
        self._silent_probes = 0
        self._tried = True

    def resume(self) -> None:
        """Submit again."""
        self._paused_for = None
        self._probe_at = None
        self._silent_probes = 0
        self._tried = False
        _log.info("submitting goes on")

    def _note_operators(
        self, backoff: Backoff, now: datetime, reason: OperatorAlert, job_id: str
    ) -> OperatorAlert | None:
        if backoff is self.submit:
            self.suspects.note_refused(job_id)
            if self.suspects.is_alone(job_id):
                return None  # others are taken: it says something of this job only
            self._pause(now, reason)
            return self._alert(reason)
        if not self.is_paused and (
            self._doubted_at is None or now - self._doubted_at >= timedelta(seconds=FIRST_PROBE_SECONDS)
        ):
            self._doubted_at = self._probe_at = now
        return None

    def _note_foreign(self) -> OperatorAlert | None:
        self._foreign += 1
        return (
            self._alert(OperatorAlert.FOREIGN_ANSWERS) if self._foreign >= self._policy.foreign_before_alert else None
        )

    def _alert(self, reason: OperatorAlert) -> OperatorAlert | None:
        if reason in self._alerted_for:
            return None
        self._alerted_for.add(reason)
        _log.error("the operator must act", extra={"reason": reason.value})
        return reason

    def _pause(self, now: datetime, reason: OperatorAlert) -> None:
        if not self.is_paused:  # else every further refusal would put the probe off
            self._schedule_probe(now)
        self._paused_for = reason

    def _schedule_probe(self, now: datetime) -> None:
        self._probe_at = now + timedelta(seconds=self._probe_seconds)
        self._probe_seconds = min(self._probe_seconds * 2, LONGEST_PROBE_SECONDS)
