"""From ``submitting`` to ``rendering``: send a job once, and find out what became of it before it is sent again."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    ModelAccessError,
    NotConnectedError,
    NotTakenError,
    RateLimitedError,
    RequestRejectedError,
    UnauthorizedError,
    VideoServiceError,
    WrongEndpointError,
)
from bot.models import JobError, JobState, SubmitOutcome
from bot.services.jobs.leases import SubmitNote
from bot.services.jobs.rendering import fields_of, log_error
from bot.store import submits

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import Generation, Job, Submit
    from bot.services.jobs.alerts import Operator
    from bot.services.jobs.leases import LeasedJobs
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.jobs.rendering import Renderer
    from bot.services.jobs.throttle import ServiceThrottle
    from bot.services.polling.watch import RenderWatch
    from bot.services.ports import Clock, VideoService
    from bot.services.submits.recovery import Recovery
    from bot.store.database import Database

_log = logging.getLogger(__name__)


class Submitter:
    """Does one step of a leased job that is being sent, then lets go of it.

    Raises from every step: ``LeaseLostError``, ``StoreUnavailableError``.
    """

    def __init__(
        self,
        *,
        database: Database,
        service: VideoService,
        operator: Operator,
        leased_jobs: LeasedJobs,
        throttle: ServiceThrottle,
        watch: RenderWatch,
        recovery: Recovery,
        renderer: Renderer,
        clock: Clock,
        policy: WorkerPolicy,
    ) -> None:
        self._database = database
        self._service = service
        self._operator = operator
        self._leased_jobs = leased_jobs
        self._throttle = throttle
        self._watch = watch
        self._recovery = recovery
        self._renderer = renderer
        self._clock = clock
        self._policy = policy

    async def submit(self, job: Job, submit: Submit) -> None:
        """Send a job whose submit is written down.

        It is sent once. Whatever leaves open whether it arrived is left to ``reconcile``, which asks first.
        """
        not_sent = SubmitNote(SubmitOutcome.NOT_SENT, submit.number)
        if not self._may_send(job):
            _log.warning("not sent: its lease is nearly over", extra=fields_of(job))
            await self._put_back(job, not_sent)
            return
        if self._is_too_late(job):
            await self._renderer.fail(job, JobError.TIMED_OUT, submit=not_sent)
            return
        try:
            generation = await self._service.submit(job.spec, client_business_id=job.id)
        except VideoServiceError as error:
            alert = self._throttle.refused(self._throttle.submit, self._clock.now(), error, job_id=job.id)
            await self._not_submitted(job, submit.number, error)
            await self._operator.tell(alert)
        else:
            self._throttle.submitted(self._clock.now(), generation.rate_limit, job_id=job.id)
            await self._leased_jobs.release(
                job,
                due_in_seconds=self._watch.first_delay_seconds(),
                submit=SubmitNote(SubmitOutcome.ACCEPTED, submit.number, generation.id),
                **_adopted(job, generation),
            )

    async def reconcile(self, job: Job) -> None:
        """Ask what became of a submit that may be on the wire; put its job back only if the service has none."""
        async with self._database.read() as connection:
            submit = await submits.find_open(connection, job.id)
        if submit is None:
            await self._put_back(job, None)
            return
        asked_at = self._clock.now()
        if submit.cut_at is None:  # whoever sent it is gone: from now on its answer can't come
            job = await self._leased_jobs.hold(job, submit=SubmitNote(number=submit.number), attempts=job.attempts)
        try:
            generation = await self._service.fetch_generation(job.id)
        except VideoServiceError as error:
            alert = self._throttle.refused(self._throttle.poll, self._clock.now(), error)
            if isinstance(error, GenerationNotFoundError):
                await self._not_found(job, submit, error, asked_at)
            else:
                await self._renderer.not_seen(job, error)
            await self._operator.tell(alert)
        else:
            self._throttle.answered(self._throttle.poll, self._clock.now(), generation.rate_limit)
            accepted = SubmitNote(SubmitOutcome.ACCEPTED, submit.number, generation.id)
            job = await self._leased_jobs.hold(job, submit=accepted, **_adopted(job, generation))
            await self._renderer.seen(job, generation)

    async def _not_submitted(self, job: Job, number: int, error: VideoServiceError) -> None:
        """Act on a submit that was refused, or of which nobody knows."""
        # Whatever it is about: a submit that ended in a fault may have been taken.
        is_unclear = (error.http_status or 0) >= 500
        refused = SubmitNote(None if is_unclear else SubmitOutcome.REFUSED, number)
        not_taken = SubmitNote(SubmitOutcome.NOT_TAKEN, number)
        unclear = SubmitNote(number=number)
        match error:
            case NotTakenError():
                await self._put_back(job, not_taken, error)
            case NotConnectedError():
                await self._put_back(job, SubmitNote(SubmitOutcome.NOT_SENT, number), error)
            case WrongEndpointError():
                await self._renderer.fail(job, JobError.WRONG_ENDPOINT, error, submit=refused)
            case ContentPolicyError():
                await self._renderer.fail(job, JobError.CONTENT_POLICY, error, submit=refused)
            case RequestRejectedError():
                await self._renderer.fail(job, JobError.REJECTED, error, submit=refused)
            case RateLimitedError() | UnauthorizedError() | InsufficientFundsError() | ModelAccessError() if (
                self._throttle.suspects.is_hopeless(job.id)
            ):
                self._throttle.suspects.forget(job.id)
                await self._renderer.fail(job, JobError.SERVICE_FAULT, error, submit=refused)
            case RateLimitedError() if not is_unclear:
                await self._put_back(job, not_taken, error)
            case UnauthorizedError() | InsufficientFundsError() | ModelAccessError() if not is_unclear:
                await self._put_back(job, refused, error)
            case _:  # a fault, or no answer: it may have arrived
                log_error(error, job)
                await self._leased_jobs.release(
                    job,
                    due_in_seconds=min(self._policy.retry_seconds, self._policy.reconcile_seconds),
                    attempts=0,
                    submit=unclear,
                    request_id=error.request_id or job.request_id,
                )

    async def _not_found(self, job: Job, submit: Submit, error: GenerationNotFoundError, asked_at: datetime) -> None:
        """Act on "no such task": believed once a slow submit can no longer arrive, if our own id finds anything."""
        cut_at = submit.cut_at or asked_at
        wait_seconds = self._policy.reconcile_seconds - (asked_at - cut_at).total_seconds()
        if wait_seconds > 0:
            await self._leased_jobs.release(
                job, due_in_seconds=min(wait_seconds, self._policy.reconcile_interval_seconds)
            )
            return
        missing = SubmitNote(SubmitOutcome.MISSING, submit.number)
        if await self._recovery.finds_by_job_id(submit.model or self._service.model) is False:
            await self._renderer.fail(job, JobError.SERVICE_FAULT, error)  # its submit stays open, and counts as spent
        elif not self._throttle.is_paused and await self._count_missing(job) + 1 >= self._policy.max_submits:
            await self._renderer.fail(job, JobError.SERVICE_FAULT, error, submit=missing)
        elif self._is_too_late(job):
            await self._renderer.fail(job, JobError.TIMED_OUT, error, submit=missing)
        else:
            _log.info("the service does not have it: submitting again", extra=fields_of(job))
            await self._put_back(job, missing, error, was_on_wire=True)

    async def _put_back(
        self,
        job: Job,
        submit: SubmitNote | None,
        error: VideoServiceError | None = None,
        *,
        was_on_wire: bool = False,
    ) -> None:
        """Let a job wait for its turn again; its deadline counts on if it may have been on the wire before."""
        if error is not None:
            log_error(error, job)
        keeps_start = was_on_wire or job.started_at != job.submitted_at
        await self._leased_jobs.release(
            job,
            due_in_seconds=0,
            submit=submit,
            state=JobState.QUEUED,
            submitted_at=None,
            started_at=job.started_at if keeps_start else None,
            attempts=0,
            request_id=(error.request_id if error is not None else None) or job.request_id,
        )

    async def _count_missing(self, job: Job) -> int:
        async with self._database.read() as connection:
            return await submits.count_missing(connection, job.id)

    def _may_send(self, job: Job) -> bool:
        """Tell whether the lease holds until the request is out; else another process may have sent it by then."""
        out_at = self._clock.now() + timedelta(seconds=self._policy.sending_seconds)
        return job.lease_until is None or out_at < job.lease_until

    def _is_too_late(self, job: Job) -> bool:
        return self._renderer.seconds_since_start(job) >= self._policy.job_deadline_seconds


def _adopted(job: Job, generation: Generation) -> dict[str, Any]:
    """Return what changes for a job that the service has."""
    return {
        "state": JobState.RENDERING,
        "generation_id": generation.id,
        "request_id": generation.request_id or job.request_id,
        "attempts": 0,
    }
