"""From ``submitting`` to ``ready``: send a job to the video service, find out what became of it, watch it render."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    LeaseLostError,
    PublishError,
    RateLimitedError,
    RequestRejectedError,
    UnauthorizedError,
    VideoServiceError,
    WrongEndpointError,
)
from bot.models import GenerationStatus, JobError, JobState
from bot.services.policy import backoff_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.models import Generation, Job, OperatorAlert
    from bot.services.gates import RequestGate, ServiceGates
    from bot.services.keeper import JobKeeper
    from bot.services.policy import WorkerPolicy
    from bot.services.ports import Clock, Publisher, VideoService
    from bot.services.watching import RenderWatch

_log = logging.getLogger(__name__)

RESULT_VALID = timedelta(hours=24)
"""How long a result's address works where the service does not say (contract, "Poll")."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the service's clock may be from ours before what it says of a time is put down to something else."""
LOOKS_BEFORE_BELIEVED = 3
"""How often "no such task" or "completed, but nowhere" must be heard before the job ends for it."""
_RELOOK_SECONDS = 10.0
_LONGEST_RETRY_SECONDS = 30.0
_POLICY_WORDS = ("content policy", "content_policy", "moderation", "safety")


class Renderer:
    """Does one step of a leased job, then lets go of it.

    Raises from every step: ``LeaseLostError``, ``StoreUnavailableError``.
    """

    def __init__(
        self,
        *,
        service: VideoService,
        publisher: Publisher,
        keeper: JobKeeper,
        gates: ServiceGates,
        watch: RenderWatch,
        clock: Clock,
        policy: WorkerPolicy,
        jitter: Callable[[], float],
    ) -> None:
        self._service = service
        self._publisher = publisher
        self._keeper = keeper
        self._gates = gates
        self._watch = watch
        self._clock = clock
        self._policy = policy
        self._jitter = jitter

    async def submit(self, job: Job) -> None:
        """Send a job whose write-ahead state says that it may be on the wire.

        A submit is sent once. Whatever leaves open whether it arrived is left to ``look``, which asks first.
        """
        if job.lease_until is not None and self._clock.now() >= job.lease_until:
            raise LeaseLostError(job.id)  # we slept too long: another process may have sent it since
        try:
            generation = await self._service.submit(job.spec, client_business_id=job.id)
        except VideoServiceError as error:
            _note_at(self._gates.submit, error, self._clock.now())
            alert = self._gates.note(self._clock.now(), error)
            await self._not_submitted(job, error)
            await self._tell_operator(alert)
        else:
            self._gates.submitted(self._clock.now())
            await self._adopt(job, generation)

    async def look(self, job: Job) -> None:
        """Ask what became of a job: of its submit while ``submitting``, of its generation while ``rendering``."""
        try:
            generation = await self._service.fetch_generation(job.generation_id or job.id)
        except VideoServiceError as error:
            _note_at(self._gates.poll, error, self._clock.now())
            alert = self._gates.note(self._clock.now(), error)
            await self._not_seen(job, error)
            await self._tell_operator(alert)
        else:
            self._gates.poll.succeed(self._clock.now())
            if job.state is JobState.SUBMITTING:
                job = await self._adopt(job, generation, hold=True)
            await self._seen(job, generation)

    # What a submit led to ------------------------------------------------------------------------

    async def _adopt(self, job: Job, generation: Generation, *, hold: bool = False) -> Job:
        changes: dict[str, Any] = {
            "state": JobState.RENDERING,
            "generation_id": generation.id,
            "request_id": generation.request_id or job.request_id,
            "attempts": 0,
        }
        if hold:
            return await self._keeper.hold(job, **changes)
        return await self._keeper.release(job, due_in_seconds=self._watch.first_delay_seconds(), **changes)

    async def _not_submitted(self, job: Job, error: VideoServiceError) -> None:
        match error:
            case RateLimitedError() | UnauthorizedError() | InsufficientFundsError():
                await self._requeue(job, error)
            case WrongEndpointError():
                await self._fail(job, JobError.WRONG_ENDPOINT, error)
            case ContentPolicyError():
                await self._fail(job, JobError.CONTENT_POLICY, error)
            case RequestRejectedError() | GenerationNotFoundError():
                await self._fail(job, JobError.REJECTED, error)
            case _:  # a fault, or no answer: it may have arrived
                self._note(job, error)
                await self._keeper.release(
                    job,
                    due_in_seconds=self._policy.reconcile_after_seconds,
                    attempts=job.attempts + 1,
                    request_id=error.request_id or job.request_id,
                )

    async def _requeue(self, job: Job, error: VideoServiceError) -> None:
        """Put back a job that was refused for reasons that are not its own; it keeps its turn."""
        self._note(job, error)
        await self._keeper.release(
            job,
            due_in_seconds=0,
            state=JobState.QUEUED,
            submitted_at=None,
            started_at=None,
            attempts=0,
            request_id=error.request_id or job.request_id,
        )

    async def _tell_operator(self, alert: OperatorAlert | None) -> None:
        """Send an alert, if there is one: last of all, so that the job does not wait for Discord."""
        if alert is None:
            return
        try:
            await self._publisher.alert_operator(alert)
        except PublishError as error:
            _log.warning("the operator's channel could not be told", extra={"error": type(error).__name__})

    # What a look showed --------------------------------------------------------------------------

    async def _seen(self, job: Job, generation: Generation) -> None:
        now = self._clock.now()
        match generation.status:
            case GenerationStatus.COMPLETED if generation.result_url is not None:
                rendered_at = self._believable(generation.completed_at, job) or now
                expires_at = generation.expires_at
                if expires_at is None or expires_at <= rendered_at:
                    expires_at = rendered_at + RESULT_VALID
                self._watch.finished(job, rendered_at)
                await self._keeper.release(
                    job,
                    due_in_seconds=0,
                    state=JobState.READY,
                    attempts=0,
                    progress=100.0,
                    rendered_at=rendered_at,
                    result_url=generation.result_url,
                    result_expires_at=expires_at,
                    request_id=generation.request_id or job.request_id,
                )
            case GenerationStatus.COMPLETED:
                await self._look_again_or_fail(job, JobError.NO_RESULT)
            case GenerationStatus.FAILED:
                _log.warning(
                    "generation failed",
                    extra=self._fields(job) | {"code": generation.error_code, "detail": generation.error_message},
                )
                await self._fail(job, _error_of(generation))
            case _ if self._seconds_since_start(job) >= self._policy.job_deadline_seconds:
                await self._fail(job, JobError.TIMED_OUT)
            case _:
                await self._keeper.release(
                    job,
                    due_in_seconds=self._watch.next_delay_seconds(job, generation.progress, now),
                    attempts=0,
                    progress=generation.progress if generation.progress is not None else job.progress,
                    request_id=generation.request_id or job.request_id,
                )

    def _believable(self, completed_at: datetime | None, job: Job) -> datetime | None:
        """Return when the service says that it was done, unless that was before it was asked or is yet to come."""
        earliest = (job.started_at or job.created_at) - CLOCK_TOLERANCE
        latest = self._clock.now() + CLOCK_TOLERANCE
        return completed_at if completed_at is not None and earliest <= completed_at <= latest else None

    async def _not_seen(self, job: Job, error: VideoServiceError) -> None:
        match error:
            case RateLimitedError():
                await self._unanswered(job, error, due_in_seconds=0)
            case GenerationNotFoundError():
                await self._not_found(job, error)
            case ContentPolicyError():
                await self._fail(job, JobError.CONTENT_POLICY, error)
            case RequestRejectedError():
                await self._look_again_or_fail(job, JobError.REJECTED, error)
            case _:
                await self._unanswered(job, error, due_in_seconds=self._retry_seconds(job))

    async def _not_found(self, job: Job, error: GenerationNotFoundError) -> None:
        if job.state is JobState.RENDERING:
            await self._look_again_or_fail(job, JobError.GENERATION_LOST, error)
            return
        now = self._clock.now()
        sent_at = job.submitted_at or job.created_at
        settled_in = self._policy.reconcile_after_seconds - (now - sent_at).total_seconds()
        if settled_in > 0:
            await self._keeper.release(job, due_in_seconds=settled_in)
        elif job.attempts >= self._policy.max_submits:
            await self._fail(job, JobError.SERVICE_FAULT, error)
        elif self._gates.is_paused or not self._gates.submit.allowance(now, wanted=1, in_flight=0):
            await self._requeue(job, error)
        elif self._seconds_since_start(job) >= self._policy.job_deadline_seconds:
            await self._fail(job, JobError.TIMED_OUT, error)
        else:
            _log.info("the service does not have it: submitting again", extra=self._fields(job))
            lease_until = now + timedelta(seconds=self._policy.lease_seconds)
            await self.submit(await self._keeper.hold(job, submitted_at=now, lease_until=lease_until))

    async def _unanswered(self, job: Job, error: VideoServiceError, *, due_in_seconds: float) -> None:
        """Keep asking a service that does not say: the clip may be there once it answers again."""
        patience = self._policy.job_deadline_seconds + self._policy.unanswered_grace_seconds
        if isinstance(error, UnauthorizedError | InsufficientFundsError):
            patience = RESULT_VALID.total_seconds()  # the operator's to mend, and the clip keeps that long
        if self._seconds_since_start(job) >= patience:
            await self._fail(job, JobError.TIMED_OUT, error)
            return
        self._note(job, error)
        request_id = error.request_id or job.request_id
        await self._keeper.release(job, due_in_seconds=due_in_seconds, request_id=request_id)

    async def _look_again_or_fail(self, job: Job, error_code: JobError, error: VideoServiceError | None = None) -> None:
        if job.attempts + 1 >= LOOKS_BEFORE_BELIEVED:
            await self._fail(job, error_code, error)
        else:
            if error is not None:
                self._note(job, error)
            await self._keeper.release(
                job,
                due_in_seconds=backoff_seconds(1, self._jitter(), first=_RELOOK_SECONDS),
                attempts=job.attempts + 1,
                request_id=(error.request_id if error is not None else None) or job.request_id,
            )

    async def _fail(self, job: Job, error_code: JobError, error: VideoServiceError | None = None) -> None:
        if error is not None:
            self._note(job, error)
        request_id = error.request_id if error is not None else None
        self._watch.forget(job.id)
        await self._keeper.fail(job, error_code, request_id=request_id or job.request_id)

    def _retry_seconds(self, job: Job) -> float:
        """Return how long to leave a service alone that does not answer: the longer, the longer it has not."""
        since_sent = (self._clock.now() - (job.submitted_at or job.created_at)).total_seconds()
        seconds = min(max(self._policy.reconcile_after_seconds, since_sent / 10), _LONGEST_RETRY_SECONDS)
        return seconds * (1 + self._jitter() / 4)

    def _seconds_since_start(self, job: Job) -> float:
        return (self._clock.now() - (job.started_at or job.created_at)).total_seconds()

    def _note(self, job: Job, error: VideoServiceError) -> None:
        _log.warning(
            "the video service: %s",
            error,
            extra=self._fields(job)
            | {"http_status": error.http_status, "code": error.code, "request_id": error.request_id or job.request_id},
        )

    def _fields(self, job: Job) -> dict[str, object]:
        return {"job_id": job.id, "generation_id": job.generation_id, "request_id": job.request_id}


def _note_at(gate: RequestGate, error: VideoServiceError, now: datetime) -> None:
    if isinstance(error, RateLimitedError):
        gate.hold(now, error.retry_after_seconds)
    elif error.http_status is not None:
        gate.succeed(now)


def _error_of(generation: Generation) -> JobError:
    said = f"{generation.error_code} {generation.error_message}".lower()
    refused = any(words in said for words in _POLICY_WORDS)
    return JobError.CONTENT_POLICY if refused else JobError.GENERATION_FAILED
