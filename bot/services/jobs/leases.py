"""How a worker writes down what became of a job it holds: one conditional statement, or not at all."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import LeaseLostError
from bot.models import FINAL_STATES, RENDER_STATES, JobState, LogKind
from bot.services.shared_transactions import SharedTransactions
from bot.store import jobs
from bot.store.clips import prompts, stills
from bot.store.clips.endings import end_with_clips
from bot.store.jobs import failure_replies, submits
from bot.store.moderation import modlog, servers
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import Job, JobError, SubmitOutcome
    from bot.services.instance_name import InstanceName
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)

BOT_ID = 0
"""Stands for the bot itself where the ledger names who made an entry."""
MENTIONED_ONCE_IN = timedelta(minutes=5)
"""However many clips of a member's fail meanwhile, only the first of these failures mentions them."""


@dataclass(frozen=True, slots=True)
class SubmitNote:
    """What is now known of a job's submit, to be written down together with the job.

    Attributes:
        outcome: the service's word; None that its answer can no longer come.
        number: which submit of the job's; None is the one that is open.
        generation_id: the service's id for it, where it was accepted.
        cut_at: since when its answer can no longer come; now by default.
    """

    outcome: SubmitOutcome | None = None
    number: int | None = None
    generation_id: str | None = None
    cut_at: datetime | None = None


class LeasedJobs:
    """Changes jobs on behalf of one worker, which must hold their leases.

    Every method raises ``LeaseLostError`` when the job is no longer the worker's in the state it was read in; what the
    service said of its submit (``submit``) is written down all the same. ``StoreUnavailableError`` when the database
    cannot be asked; nothing has changed then.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit_trail: AuditTrail,
        card_changes: CardChanges,
        instance: InstanceName,
    ) -> None:
        self._writes = SharedTransactions(database)
        self._clock = clock
        self._audit_trail = audit_trail
        self._card_changes = card_changes
        self._instance = instance

    async def hold(self, job: Job, *, submit: SubmitNote | None = None, **changes: Any) -> Job:  # noqa: ANN401 (values of Job fields)
        """Change a job and go on working at it."""
        return await self._write(job, changes, submit)

    async def release(
        self,
        job: Job,
        *,
        due_in_seconds: float,
        submit: SubmitNote | None = None,
        gather_seconds: float = 0.0,
        **changes: Any,  # noqa: ANN401 (as above)
    ) -> Job:
        """Change a job and let go of it until it is due.

        Args:
            gather_seconds: how long to wait for other jobs, to be written down in one transaction with this one.
        """
        due_at = self._clock.now() + timedelta(seconds=due_in_seconds)
        changes = {"due_at": due_at, "lease_owner": None, "lease_until": None} | changes
        return await self._write(job, changes, submit, gather_seconds=gather_seconds)

    async def begin_delivery(self, job: Job, *, still: bytes | None) -> Job:
        """Note that a post may be on its way from now on, and keep the clip's still, where there is one."""
        return await self._write(job, {"state": JobState.DELIVERING, "attempts": 0}, still=still)

    async def deliver(self, job: Job, *, channel_id: int, message_id: int) -> Job:
        """Note that the clip is posted."""
        return await self._finish(
            job, {"state": JobState.DELIVERED, "message_channel_id": channel_id, "message_id": message_id}
        )

    async def fail(
        self,
        job: Job,
        error_code: JobError,
        *,
        submit: SubmitNote | None = None,
        **changes: Any,  # noqa: ANN401 (as above)
    ) -> Job:
        """End a job without a clip, and refund it in the same transaction."""
        return await self._finish(job, {"state": JobState.FAILED, "error_code": error_code} | changes, submit)

    async def end_as_shown(self, job: Job, state: JobState, error_code: JobError) -> Job:
        """End a job without a clip as its card says already, which is left as it is; refund what failed.

        What was cancelled is refunded once the service bills none of it.
        """
        changes = {"state": state, "error_code": error_code, "finished_at": self._clock.now(), "attempts": 0}
        return await self._write(job, changes | {"due_at": None, "lease_owner": None, "lease_until": None})

    async def settle(self, job: Job) -> Job:
        """Note that a finished job needs nothing more: its card shows the end, or is gone.

        The message that tells of a failure is posted by now, or there will be none.
        """
        told = {
            "failure_mentions": None if job.failure_message_id is None else job.failure_mentions,
            "failure_message_id": job.failure_message_id,
        }
        return await self._write(job, {"due_at": None, "lease_owner": None, "lease_until": None} | told)

    async def _finish(self, job: Job, changes: dict[str, Any], submit: SubmitNote | None = None) -> Job:
        now = self._clock.now()
        # Due once more, to settle the card: it may have been attached since the job was read.
        changes |= {"finished_at": now, "due_at": now, "attempts": 0, "lease_owner": None, "lease_until": None}
        return await self._write(job, changes, submit)

    async def _write(
        self,
        job: Job,
        changes: dict[str, Any],
        submit: SubmitNote | None = None,
        *,
        still: bytes | None = None,
        gather_seconds: float = 0.0,
    ) -> Job:
        async def write(connection: Connection) -> Job | None:
            now = self._clock.now()
            if submit is not None and not await submits.note(
                connection,
                job.id,
                now=now if submit.cut_at is None else submit.cut_at,
                outcome=submit.outcome,
                number=submit.number,
                generation_id=submit.generation_id,
            ):
                raise LeaseLostError(job.id)  # it was taken after all, as somebody else has heard meanwhile
            changed = await jobs.update(connection, job, owner=self._instance.owner, now=now, **changes)
            if changed is None:
                if submit is not None:
                    await submits.leave_if_ended(connection, job.id, now=now)
                    await give_back_unbilled(connection, job.id, now)
                return None
            if _ends(job, changed):
                await submits.leave(connection, job.id, now=now)
                if changed.state is JobState.CANCELLED:
                    await give_back_unbilled(connection, job.id, now)
                else:
                    await note_end(connection, changed, now)
            if still is not None:
                await stills.add(connection, job.id, still)
            return changed

        changed = await self._writes.run(write, gather_seconds=gather_seconds)
        if changed is None:
            raise LeaseLostError(job.id)
        if _ends(job, changed):
            self._audit_trail.tell(changed.guild_id)  # not before the card can be seen by the log
        if changed.state is not job.state:
            log_transition(job.state, changed)
        if job.state in RENDER_STATES and changed.state not in RENDER_STATES:
            self._card_changes.touch_queue()  # it is back in the queue, or its slot counts no more for whose turn it is
        return changed


def _ends(job: Job, changed: Job) -> bool:
    return changed.state in FINAL_STATES - {job.state}


async def note_end(connection: Connection, job: Job, now: datetime) -> None:
    """Give back what a failed job was charged, let a clip be searched for, and tell of either end in the server's log.

    A failure is also told in its channel, by whoever settles the job's card.
    """
    kind = LogKind.POSTED
    if job.state is JobState.FAILED:
        kind = LogKind.FAILED
        await end_with_clips(connection, [job.id])
        await ledger.refund(connection, job, now=now, made_by_id=BOT_ID)
        await failure_replies.intend(connection, job.id, now=now, mentioned_since=now - MENTIONED_ONCE_IN)
    else:
        await prompts.add(connection, job)
    await modlog.add(connection, await servers.get(connection, job.guild_id), kind, now=now, job=job)


async def give_back_unbilled(connection: Connection, job_id: str, now: datetime) -> Job | None:
    """Refund a job that its member has discarded once the service bills none of its submits; None while that is not so.

    To be asked whenever one of its submits is closed, in the same transaction.
    """
    job = await jobs.note_unbilled(connection, job_id, now=now)
    if job is not None:
        await ledger.refund(connection, job, now=now, made_by_id=BOT_ID)
        _log.info("what was discarded is not billed: refunded", extra={"job_id": job_id})
    return job


def log_transition(from_state: JobState, changed: Job) -> None:
    """Write to the process's log that a job has another state."""
    _log.info(
        "job %s",
        changed.state.value,
        extra={
            "job_id": changed.id,
            "generation_id": changed.generation_id,
            "request_id": changed.request_id,
            "from_state": from_state.value,
            "error_code": changed.error_code,
            "message_id": changed.message_id,
        },
    )
