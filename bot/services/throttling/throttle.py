"""When the video service may be asked: within the account's limits, held back after 429, paused for the operator.

What it knows of refusals is memory only: after a restart the first request finds out anew, at the price of one refusal.
How many requests went out, and when it was paused, is in the database, for all processes together.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.models import (
    ContentPolicyError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotConnectedError,
    NotTakenError,
    OperatorAlert,
    RateLimitedError,
    RequestRejectedError,
    UnauthorizedError,
    WrongEndpointError,
)
from bot.services.throttling.backoff import Backoff
from bot.services.throttling.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import RateLimitStatus, VideoServiceError
    from bot.services.jobs.policy import WorkerPolicy

_log = logging.getLogger(__name__)

FIRST_PROBE_SECONDS = 15.0
LONGEST_PROBE_SECONDS = 300.0
CONFIRMATIONS_A_DOUBT = 4
"""How many checks of the account that confirm a refusal weigh as much as one that says nothing: it may be the account's
own answers that are wrong, so that a job is sent to see after most of an hour."""

FOREIGN_HOLD_SECONDS = 60.0
"""The longest that somebody else than the service, a proxy, can hold all requests of a kind back."""

_PAUSES = {
    UnauthorizedError: OperatorAlert.UNAUTHORIZED,
    InsufficientFundsError: OperatorAlert.INSUFFICIENT_FUNDS,
    ModelAccessError: OperatorAlert.NO_ACCESS,
}


class ServiceThrottle:
    """The limits of both kinds of request, and the pause that only the operator can end.

    A pause goes on until a check of the account says that the operator has acted, or until one waiting job that is sent
    to see is not refused: soon where such checks say nothing, later where they go on saying what the refusal said.
    """

    def __init__(self, policy: WorkerPolicy, jitter: Callable[[], float]) -> None:
        self.submit = Backoff("submit", policy.rate_limits.submits, jitter)
        self.poll = Backoff("poll", policy.rate_limits.queries, jitter)
        self.suspects = Suspects()
        self._policy = policy
        self._paused_for: OperatorAlert | None = None
        self._paused_at: datetime | None = None
        self._alerted_for: set[OperatorAlert] = set()
        self._probe_seconds = FIRST_PROBE_SECONDS
        self._probe_at: datetime | None = None
        self._doubted_at: datetime | None = None
        self._doubt = 0.0
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
    def paused_at(self) -> datetime | None:
        """Say since when submitting waits for the operator; None while it doesn't."""
        return self._paused_at

    @property
    def tries_one(self) -> bool:
        """Tell whether, in a pause, one waiting job is to be sent to see: the account's own answers say nothing."""
        return self.is_paused and self._doubt >= self._policy.probes_before_trial

    @property
    def probe_at(self) -> datetime | None:
        """Say when to check the account; None while nothing is paused and no refusal is in doubt."""
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
        self._alerted_for &= {OperatorAlert.FOREIGN_ANSWERS}  # that is about the address, and said once
        self._probe_seconds = FIRST_PROBE_SECONDS
        if self.is_paused:
            self.resume()

    def refused(
        self, backoff: Backoff, now: datetime, error: VideoServiceError, *, job_id: str = ""
    ) -> OperatorAlert | None:
        """Note a refusal or no answer; return what to alert the operator of, once until a submit is accepted.

        A bad key, an empty account and a model out of reach pause submitting: at once where a submit met them, else
        when a check of the account says so, too. A wrong endpoint does not: it cannot be mended while we run.

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
        """Note that a check of the account says that the operator must act."""
        self._doubted_at = None
        if self.is_paused:
            self._doubt += 1 / CONFIRMATIONS_A_DOUBT
        self._pause(now, reason)
        return self._alert(reason)

    def take_probe(self, now: datetime) -> bool:
        """Tell whether it is time to check the account; the time after that is then ever later."""
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
        """Note that a check of the account said nothing of what submitting is paused for."""
        self._doubt += self.is_paused

    def note_tried(self) -> None:
        """Note that a waiting job is sent to see; the next one not before as many silent checks again."""
        self._doubt = 0.0
        self._tried = True

    def resume(self) -> None:
        """Submit again."""
        self._paused_for = self._paused_at = None
        self._probe_at = None
        self._doubt = 0.0
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
            self._paused_at = now
        self._paused_for = reason

    def _schedule_probe(self, now: datetime) -> None:
        self._probe_at = now + timedelta(seconds=self._probe_seconds)
        self._probe_seconds = min(self._probe_seconds * 2, LONGEST_PROBE_SECONDS)
