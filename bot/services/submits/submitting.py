"""From ``submitting`` to ``rendering``: send a job once, and find out what became of it before it is sent again."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.models import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    JobError,
    JobState,
    ModelAccessError,
    NotConnectedError,
    NotTakenError,
    RateLimitedError,
    RequestRejectedError,
    SubmitOutcome,
    UnauthorizedError,
    VideoServiceError,
    WrongEndpointError,
)
from bot.services.jobs.leases import SubmitNote
from bot.services.jobs.rendering import fields_of, log_error
from bot.store.jobs import submits

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import Generation, Job, Submit
    from bot.services.jobs.context import WorkContext
    from bot.services.jobs.rendering import Renderer

_log = logging.getLogger(__name__)


class Submitter:
    """Does one step of a leased job that is being sent, then lets go of it.

    Raises from every step: ``LeaseLostError``, ``StoreUnavailableError``.
    """

    def __init__(self, context: WorkContext, *, renderer: Renderer) -> None:
        self._work = context
        self._renderer = renderer

    async def submit(self, job: Job, submit: Submit) -> None:
        """Send a job whose submit is written down.

        It is sent once. Whatever leaves open whether it arrived is left to ``reconcile``, which asks first.
        """
        not_sent = SubmitNote(SubmitOutcome.NOT_SENT, submit.number)
        if not await self._may_send(job):  # asked of all that start together, and answered in the order of their turns
            _log.warning("not sent: it is no longer ours, or nearly so", extra=fields_of(job))
            await self._put_back(job, not_sent)
            return
        if self._is_too_late(job):
            await self._renderer.fail(job, JobError.TIMED_OUT, submit=not_sent)
            return
        if not self._work.refitting.profile.takes(job.spec.aspect, job.spec.duration_seconds):
            self._work.refitting.ask()
            await self._put_back(job, not_sent)
            return
        try:
            generation = await self._work.service.submit(job.spec, client_business_id=job.id)
        except VideoServiceError as error:
            self._work.note_submit_refused(error, job.id)
            await self._not_submitted(job, submit.number, error)
        else:
            self._work.throttle.submitted(self._work.clock.now(), generation.rate_limit, job_id=job.id)
            await self._work.leased_jobs.release(
                job,
                due_in_seconds=self._work.polling.first_delay_seconds(),
                submit=SubmitNote(SubmitOutcome.ACCEPTED, submit.number, generation.id),
                **_adopted(job, generation),
            )

    async def reconcile(self, job: Job) -> None:
        """Ask what became of a submit that may be on the wire; put its job back only if the service has none."""
        async with self._work.database.read() as connection:
            submit = await submits.find_open(connection, job.id)
        if submit is None:
            await self._put_back(job, None)
            return
        asked_at = self._work.clock.now()
        cut_at = submit.cut_at or self._cut_at(submit, asked_at)
        if submit.cut_at is None:
            cut = SubmitNote(number=submit.number, cut_at=cut_at)
            job = await self._work.leased_jobs.hold(job, submit=cut, attempts=job.attempts)
        try:
            generation = await self._work.service.fetch_generation(submit.generation_id or job.id)
        except VideoServiceError as error:
            self._work.note_poll_refused(error)
            if isinstance(error, GenerationNotFoundError):
                await self._not_found(job, submit, error, waited=asked_at - cut_at)
            else:
                await self._renderer.not_seen(job, error)
        else:
            self._work.note_poll_answered(generation)
            self._work.throttle.submitted(self._work.clock.now(), job_id=job.id)
            if submit.model:
                await self._work.recovery.note(submit.model, finds=True)
            accepted = SubmitNote(SubmitOutcome.ACCEPTED, submit.number, generation.id)
            job = await self._work.leased_jobs.hold(job, submit=accepted, **_adopted(job, generation))
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
                self._work.throttle.suspects.is_hopeless(job.id)
            ):
                self._work.throttle.suspects.forget(job.id)
                await self._renderer.fail(job, JobError.SERVICE_FAULT, error, submit=refused)
            case RateLimitedError() if not is_unclear:
                await self._put_back(job, not_taken, error)
            case UnauthorizedError() | InsufficientFundsError() | ModelAccessError() if not is_unclear:
                await self._put_back(job, refused, error)
            case _:  # a fault, or no answer: it may have arrived
                log_error(error, job)
                await self._work.leased_jobs.release(
                    job,
                    due_in_seconds=min(self._work.policy.retry_seconds, self._work.policy.reconcile_seconds),
                    attempts=0,
                    submit=unclear,
                    request_id=error.request_id or job.request_id,
                )

    async def _not_found(self, job: Job, submit: Submit, error: GenerationNotFoundError, *, waited: timedelta) -> None:
        """Act on "no such task": believed once a slow submit can no longer arrive, if our own id finds anything."""
        wait_seconds = self._work.policy.reconcile_seconds - waited.total_seconds()
        if wait_seconds > 0:
            await self._work.leased_jobs.release(
                job, due_in_seconds=min(wait_seconds, self._work.policy.reconcile_interval_seconds)
            )
            return
        missing = SubmitNote(SubmitOutcome.MISSING, submit.number)
        if await self._work.recovery.finds_by_job_id(submit.model or self._work.service.model) is False:
            await self._renderer.fail(job, JobError.SERVICE_FAULT, error)  # its submit stays open, and counts as spent
        elif job.submitted_at is None:
            await self._put_back(job, missing, error)  # it was restored: nothing says that it was sent
        elif self._work.throttle.suspects.was_refused(job.id):
            await self._put_back(job, missing, error)  # it waits for the operator, as long as that takes
        elif submit.is_probe:
            await self._put_back(job, missing, error)  # as if it had not been sent
        elif not self._work.throttle.is_paused and await self._count_missing(job) + 1 >= self._work.policy.max_submits:
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
        await self._work.leased_jobs.release(
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
        async with self._work.database.read() as connection:
            return await submits.count_missing(connection, job.id)

    async def _may_send(self, job: Job) -> bool:
        """Tell whether the job is still to be sent, and by us, and its lease holds until the request is out.

        Else it may have been cancelled, or another process may have sent it by then.
        """
        if not self._work.instance.is_held:
            return False
        current = await self._work.current_jobs.get(job.id)
        if current is None or (current.state, current.lease_owner) != (job.state, self._work.owner):
            return False
        out_at = self._work.clock.now() + timedelta(seconds=self._work.policy.sending_seconds)
        return current.lease_until is not None and out_at < current.lease_until

    def _cut_at(self, submit: Submit, now: datetime) -> datetime:
        """Return from when on the answer to a submit can no longer come to whoever sent it.

        That is now where they have died. Where they were only silent for so long that their lease ran out, or have only
        lost their name, they may still wait for it, but no longer than a submit may take.
        """
        answered_by = submit.sent_at + timedelta(seconds=self._work.policy.answer_seconds)
        silent_since = timedelta(seconds=self._work.policy.lease_seconds - self._work.policy.sending_seconds)
        may_live = now - submit.sent_at >= silent_since or not self._work.instance.ends_with_process
        return max(now, answered_by) if may_live else now

    def _is_too_late(self, job: Job) -> bool:
        return self._renderer.seconds_since_start(job) >= self._work.policy.job_deadline_seconds


def _adopted(job: Job, generation: Generation) -> dict[str, Any]:
    """Return what changes for a job that the service has."""
    return {
        "state": JobState.RENDERING,
        "generation_id": generation.id,
        "request_id": generation.request_id or job.request_id,
        "attempts": 0,
    }
