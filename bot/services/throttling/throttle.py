"""When the video service may be asked: within the account's limits, held back after 429, paused.

A pause has a reason: something that the operator must mend, or that the service is in trouble (``trouble.py``). Either
is probed after 15 s and then ever more rarely: the former by a look at the account, the latter by one waiting job.

What it knows of refusals is memory only: after a restart the first request finds out anew, at the price of one refusal.
How many requests went out, and when it was paused, is in the database, for all processes together.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.models import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotConnectedError,
    NotTakenError,
    OperatorAlert,
    RateLimitedError,
    RequestRejectedError,
    ServiceFaultError,
    UnauthorizedError,
    WrongEndpointError,
)
from bot.services.throttling.backoff import Backoff
from bot.services.throttling.suspects import Suspects
from bot.services.throttling.trouble import Failures, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import RateLimitStatus, VideoServiceError
    from bot.services.jobs.policy import WorkerPolicy

_log = logging.getLogger(__name__)

FIRST_PROBE_SECONDS = 15.0
LONGEST_PROBE_SECONDS = 300.0
LONGEST_TRIAL_SECONDS = 60.0
"""Between two probes of a service in trouble: they cost nothing, and who waits wants to go on soon after."""
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
PAUSE_REASONS = (*_PAUSES.values(), OperatorAlert.SERVICE_TROUBLE)


class ServiceThrottle:
    """The limits of both kinds of request, and the pause for the operator or for a service in trouble.

    The operator's goes on until a check of the account says that they have acted, or until one waiting job that is sent
    to see is not refused: soon where such checks say nothing, later where they go on saying what the refusal said.
    Trouble goes on until what failed has worked.
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
        self._failures = Failures()

    @property
    def is_paused(self) -> bool:
        """Tell whether submitting waits: for the operator, or for a service in trouble."""
        return self._paused_for is not None

    @property
    def is_in_trouble(self) -> bool:
        """Tell whether it waits for a service in trouble."""
        return self._paused_for is OperatorAlert.SERVICE_TROUBLE

    @property
    def waits_for_operator(self) -> bool:
        """Tell whether it waits for the operator."""
        return self.is_paused and not self.is_in_trouble

    @property
    def waits_for_renders(self) -> bool:
        """Tell whether polls or generations have failed and not worked since: an accepted submit says nothing then."""
        return self._failures.are_of(Work.RENDER) or self._failures.are_of(Work.POLL)

    @property
    def paused_for(self) -> OperatorAlert | None:
        """Say why submitting waits; None while it doesn't."""
        return self._paused_for

    @property
    def paused_at(self) -> datetime | None:
        """Say since when submitting waits; None while it doesn't."""
        return self._paused_at

    def tries_one(self, now: datetime) -> bool:
        """Tell whether, in a pause, one waiting job is to be sent to see.

        In trouble that is the probe; else the account's own answers say nothing.
        """
        if self.is_in_trouble:
            return self._probe_at is None or now >= self._probe_at
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
        if backoff is self.poll:
            self._worked(Work.POLL)

    def rendered(self) -> None:
        """Note that the service has finished a clip."""
        self._worked(Work.RENDER)

    def render_failed(self, now: datetime) -> None:
        """Note that it has failed at one, and not for the prompt."""
        self._note_failure(Work.RENDER, now)

    def submitted(self, now: datetime, status: RateLimitStatus | None = None, *, job_id: str = "") -> None:
        """Note an accepted submit: whatever was wrong is over, and would be news if it came back."""
        self.answered(self.submit, now, status)
        self.suspects.note_accepted(job_id)
        self._alerted_for &= {OperatorAlert.FOREIGN_ANSWERS}  # that is about the address, and said once
        self._worked(Work.SUBMIT)
        if self.waits_for_operator:
            self.resume()
        if not self.is_paused:
            self._probe_seconds = FIRST_PROBE_SECONDS

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
        work = Work.SUBMIT if backoff is self.submit else Work.POLL
        if isinstance(error, NoAnswerError | NotTakenError | ServiceFaultError):
            self._note_failure(work, now)
        elif isinstance(error, ContentPolicyError | GenerationNotFoundError | RequestRejectedError):
            self._worked(work)
        match error:
            case NotConnectedError():
                backoff.miss(now)
            case RateLimitedError() | NotTakenError():
                backoff.hold(now, error.retry_after_seconds)
                if not self.is_in_trouble:  # else it says nothing of the job
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
        is_of_job = isinstance(error, ContentPolicyError | RequestRejectedError)
        if backoff is self.submit and self._tried and is_of_job and self.waits_for_operator:
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
        if self.is_in_trouble:
            return False  # a waiting job is the probe
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

    def note_tried(self, now: datetime) -> None:
        """Note that a waiting job is sent to see; the next not before as many silent checks, or as long."""
        if self.is_in_trouble:
            self._schedule_probe(now)
        self._doubt = 0.0
        self._tried = True

    def resume(self) -> None:
        """Submit again."""
        self._paused_for = self._paused_at = None
        self._probe_at = None
        self._doubt = 0.0
        self._tried = False
        self._failures.clear()
        _log.info("submitting goes on")

    def recall_trouble(self, now: datetime, *, since: datetime, with_renders: bool = False) -> None:
        """Go on with the trouble that this process was in before it was started anew.

        Args:
            with_renders: generations have failed in it, so that an accepted submit does not end it.
        """
        self._failures.add(Work.SUBMIT, now)
        if with_renders:
            self._failures.add(Work.RENDER, now)
        self._pause(now, OperatorAlert.SERVICE_TROUBLE)
        self._paused_at = since

    def _note_failure(self, work: Work, now: datetime) -> None:
        self._failures.add(work, now)
        if not self.is_paused and self._failures.are_trouble(now):
            _log.error("the video service is in trouble", extra={"work": work.value})
            self._pause(now, OperatorAlert.SERVICE_TROUBLE)

    def _worked(self, work: Work) -> None:
        self._failures.disprove(work)
        if self.is_in_trouble and not self._failures.are_open:
            self.resume()
            self._probe_seconds = FIRST_PROBE_SECONDS

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
        is_new = not self.is_paused or self.is_in_trouble  # else every further refusal would put the probe off
        self._paused_for = reason
        if is_new:
            self._schedule_probe(now)
            self._paused_at = self._paused_at or now

    def _schedule_probe(self, now: datetime) -> None:
        self._probe_at = now + timedelta(seconds=self._probe_seconds)
        longest = LONGEST_TRIAL_SECONDS if self.is_in_trouble else LONGEST_PROBE_SECONDS
        self._probe_seconds = min(self._probe_seconds * 2, longest)
