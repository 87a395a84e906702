"""From ``rendering`` to ``ready``: ask how far a generation is, until it is there, has failed, or is given up."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import (
    ContentPolicyError,
    GenerationNotFoundError,
    GenerationStatus,
    InsufficientFundsError,
    JobError,
    JobState,
    ModelAccessError,
    NotConnectedError,
    RateLimitedError,
    RequestRejectedError,
    SubmitOutcome,
    UnauthorizedError,
    VideoServiceError,
)
from bot.services.jobs.leases import SubmitNote
from bot.services.jobs.policy import backoff_seconds
from bot.store.jobs import submits

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import Generation, Job
    from bot.services.jobs.context import WorkContext

_log = logging.getLogger(__name__)

RESULT_VALID = timedelta(hours=24)
"""How long a result's address works where the service does not say (``docs/video-service.md``, "Poll")."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the service's clock may be from ours before what it says of a time is put down to something else."""
ANSWERS_BEFORE_BELIEVED = 3
"""How often "no such task" or a refused prompt must be heard on polls before the job ends for it."""
FAILED_PROBES_BEFORE_BELIEVED = 10
"""How often a job is sent to see whether the service makes clips again, before it is its own trouble."""
ANSWERS_WITHOUT_ADDRESS = 12
"""How often "completed, but nowhere": the address may follow some minutes later."""
_REPOLL_SECONDS = 10.0
_LONGEST_RETRY_SECONDS = 30.0


class Renderer:
    """Polls a leased job's generation once, then lets go of the job.

    Raises from every step: ``LeaseLostError``, ``StoreUnavailableError``.
    """

    def __init__(self, context: WorkContext) -> None:
        self._work = context

    async def poll(self, job: Job) -> None:
        """Ask what became of a job's generation."""
        try:
            generation = await self._fetch(job)
        except VideoServiceError as error:
            self._work.note_poll_refused(error)
            await self.not_seen(job, error)
        else:
            self._work.note_poll_answered(generation)
            await self.seen(job, generation)

    async def _fetch(self, job: Job) -> Generation:
        """Ask by the service's id; where nobody knows yet whether our own id finds it, by that first."""
        generation_id = job.generation_id or job.id
        model = await self._model_to_find_out(job)
        if model is None:
            return await self._work.service.fetch_generation(generation_id)
        is_missing = False
        try:
            generation = await self._work.service.fetch_generation(job.id)
        except (NotConnectedError, RateLimitedError):
            raise
        except VideoServiceError as error:
            is_missing = isinstance(error, GenerationNotFoundError)
            log_error(error, job)
        else:
            await self._work.recovery.note(model, finds=True)
            if generation.id == generation_id:
                return generation
        self._work.throttle.poll.note_extra()
        generation = await self._work.service.fetch_generation(generation_id)
        if is_missing:  # and it is there, by the other id
            await self._work.recovery.note(model, finds=False)
        return generation

    async def _model_to_find_out(self, job: Job) -> str | None:
        """Return a job's model where it is to be found out whether the service finds its generations by our id."""
        model = self._work.service.model
        if await self._work.recovery.finds_by_job_id(model) is not None:
            return None
        async with self._work.database.read() as connection:
            submit = await submits.find_open(connection, job.id)
        is_of_model = submit is not None and submit.model == model
        return model if is_of_model and self._work.recovery.may_ask(model) else None

    # What a poll showed --------------------------------------------------------------------------

    async def seen(self, job: Job, generation: Generation) -> None:
        """Act on what the service says of a job's generation."""
        now = self._work.clock.now()
        address = generation.result_url or job.result_url
        match generation.status:
            case GenerationStatus.COMPLETED if address is not None:
                completed_at = self._believable(generation.completed_at, job)
                rendered_at = completed_at or now
                if job.restored_at is None:
                    if completed_at is not None:
                        self._work.measures.note_notice_delay(max(0.0, (now - completed_at).total_seconds()))
                    self._work.polling.finished(job, rendered_at)
                self._work.throttle.rendered()
                await self._take_clip(
                    job,
                    address,
                    rendered_at=rendered_at,
                    expires_at=generation.expires_at,
                    submit=SubmitNote(SubmitOutcome.COMPLETED),
                    request_id=generation.request_id or job.request_id,
                )
            case GenerationStatus.COMPLETED:
                is_over = SubmitNote(SubmitOutcome.COMPLETED)
                await self._poll_again_or_fail(job, JobError.NO_RESULT, times=ANSWERS_WITHOUT_ADDRESS, submit=is_over)
            case GenerationStatus.FAILED:
                _log.warning(
                    "generation failed",
                    extra=fields_of(job) | {"code": generation.error_code, "detail": generation.error_message},
                )
                await self._failed(job, generation, now)
            case _ if self.seconds_since_start(job) >= self._work.policy.job_deadline_seconds:
                await self._give_up(job, JobError.TIMED_OUT, address=address, expires_at=generation.expires_at)
            case _:
                delay = self._work.polling.next_delay_seconds(job, generation.progress, now)
                await self._work.leased_jobs.release(
                    job,
                    due_in_seconds=max(delay, self._work.throttle.poll.turn_seconds),
                    gather_seconds=self._work.policy.gather_seconds,
                    attempts=0,
                    progress=generation.progress if generation.progress is not None else job.progress,
                    result_url=address,
                    result_expires_at=generation.expires_at or job.result_expires_at,
                    request_id=generation.request_id or job.request_id,
                )

    async def _failed(self, job: Job, generation: Generation, now: datetime) -> None:
        """End a job whose generation failed; a probe waits on, as if it had not been sent."""
        failed = SubmitNote(SubmitOutcome.FAILED)
        if generation.was_moderated:
            await self.fail(job, JobError.CONTENT_POLICY, submit=failed)
            return
        self._work.throttle.render_failed(now)
        async with self._work.database.read() as connection:
            probes = [submit for submit in await submits.list_of(connection, job.id) if submit.is_probe]
        is_probe = any(probe.ended_at is None for probe in probes)
        failed_before = sum(probe.outcome is SubmitOutcome.FAILED for probe in probes)
        if not is_probe or failed_before + 1 >= FAILED_PROBES_BEFORE_BELIEVED:
            await self.fail(job, JobError.GENERATION_FAILED, submit=failed)
            return
        self._work.polling.forget(job.id)
        await self._work.leased_jobs.release(
            job,
            due_in_seconds=0,
            state=JobState.QUEUED,
            submitted_at=None,
            started_at=None if job.started_at == job.submitted_at else job.started_at,
            generation_id=None,
            progress=None,
            result_url=None,
            result_expires_at=None,
            attempts=0,
            submit=failed,
            request_id=generation.request_id or job.request_id,
        )

    async def not_seen(self, job: Job, error: VideoServiceError) -> None:
        """Act on a poll that showed nothing."""
        match error:
            case RateLimitedError():
                await self._unanswered(job, error, due_in_seconds=0)
            case GenerationNotFoundError():
                await self._poll_again_or_fail(job, JobError.GENERATION_LOST, error)
            case ContentPolicyError():
                await self._poll_again_or_fail(job, JobError.CONTENT_POLICY, error)
            case RequestRejectedError() if self.seconds_since_start(job) >= self._work.policy.job_deadline_seconds:
                await self._give_up(job, JobError.SERVICE_FAULT, error)  # the poll was wrong, not the prompt
            case _:
                await self._unanswered(job, error, due_in_seconds=self._retry_seconds(job))

    def _believable(self, completed_at: datetime | None, job: Job) -> datetime | None:
        """Return when the service says that it was done, unless that was before it was asked or is yet to come."""
        earliest = (job.started_at or job.created_at) - CLOCK_TOLERANCE
        latest = self._work.clock.now() + CLOCK_TOLERANCE
        return completed_at if completed_at is not None and earliest <= completed_at <= latest else None

    async def _unanswered(self, job: Job, error: VideoServiceError, *, due_in_seconds: float) -> None:
        """Keep asking a service that does not say: the clip may be there once it answers again."""
        patience = self._work.policy.slot_seconds
        if isinstance(error, UnauthorizedError | InsufficientFundsError | ModelAccessError):
            patience = RESULT_VALID.total_seconds()  # the operator's to mend, and the clip keeps that long
        if self.seconds_since_start(job) >= patience:
            await self._give_up(job, JobError.TIMED_OUT, error)
            return
        log_error(error, job)
        request_id = error.request_id or job.request_id
        await self._work.leased_jobs.release(job, due_in_seconds=due_in_seconds, request_id=request_id)

    async def _poll_again_or_fail(
        self,
        job: Job,
        error_code: JobError,
        error: VideoServiceError | None = None,
        *,
        times: int = ANSWERS_BEFORE_BELIEVED,
        submit: SubmitNote | None = None,
    ) -> None:
        if job.attempts + 1 >= times:
            await self._give_up(job, error_code, error, submit=submit)
        else:
            if error is not None:
                log_error(error, job)
            await self._work.leased_jobs.release(
                job,
                due_in_seconds=backoff_seconds(1, self._work.jitter(), first=_REPOLL_SECONDS),
                attempts=job.attempts + 1,
                submit=submit,
                request_id=(error.request_id if error is not None else None) or job.request_id,
            )

    # Ends ----------------------------------------------------------------------------------------

    async def _give_up(
        self,
        job: Job,
        error_code: JobError,
        error: VideoServiceError | None = None,
        *,
        address: str | None = None,
        expires_at: datetime | None = None,
        submit: SubmitNote | None = None,
    ) -> None:
        """End a job whose generation never was said to be done, unless the last answer had the clip's address."""
        address = address or job.result_url
        if address is None or job.state is not JobState.RENDERING:
            await self.fail(job, error_code, error, submit=submit)
            return
        _log.warning("given up waiting; taking the clip whose address is known", extra=fields_of(job))
        self._work.polling.forget(job.id)
        expires_at = expires_at or job.result_expires_at
        await self._take_clip(job, address, rendered_at=self._work.clock.now(), expires_at=expires_at, submit=submit)

    async def _take_clip(
        self,
        job: Job,
        address: str,
        *,
        rendered_at: datetime,
        expires_at: datetime | None,
        submit: SubmitNote | None,
        request_id: str | None = None,
    ) -> None:
        if expires_at is None or expires_at <= rendered_at:
            expires_at = rendered_at + RESULT_VALID
        await self._work.leased_jobs.release(
            job,
            due_in_seconds=0,
            state=JobState.READY,
            attempts=0,
            progress=100.0,
            rendered_at=rendered_at,
            result_url=address,
            result_expires_at=expires_at,
            submit=submit,
            request_id=request_id or job.request_id,
        )

    async def fail(
        self,
        job: Job,
        error_code: JobError,
        error: VideoServiceError | None = None,
        *,
        submit: SubmitNote | None = None,
    ) -> None:
        """End a job without a clip."""
        if error is not None:
            log_error(error, job)
        request_id = error.request_id if error is not None else None
        self._work.polling.forget(job.id)
        await self._work.leased_jobs.fail(job, error_code, submit=submit, request_id=request_id or job.request_id)

    # Figures -------------------------------------------------------------------------------------

    def seconds_since_start(self, job: Job) -> float:
        """Return how long ago the job was first sent; before it was restored nobody could look after it."""
        since = job.started_at or job.created_at
        since = since if job.restored_at is None else max(since, job.restored_at)
        return (self._work.clock.now() - since).total_seconds()

    def _retry_seconds(self, job: Job) -> float:
        """Return how long to leave a service alone that does not answer: the longer, the longer it has not."""
        since_sent = (self._work.clock.now() - (job.submitted_at or job.created_at)).total_seconds()
        seconds = min(max(self._work.policy.retry_seconds, since_sent / 10), _LONGEST_RETRY_SECONDS)
        return seconds * (1 + self._work.jitter() / 4)


def log_error(error: VideoServiceError, job: Job) -> None:
    """Log what the service said of a job, or that it did not answer."""
    _log.warning(
        "the video service: %s",
        error,
        extra=fields_of(job)
        | {"http_status": error.http_status, "code": error.code, "request_id": error.request_id or job.request_id},
    )


def fields_of(job: Job) -> dict[str, object]:
    """Return the ids by which a job is found in the log."""
    return {"job_id": job.id, "generation_id": job.generation_id, "request_id": job.request_id}
