"""Accepting, withdrawing and taking back jobs: what people do to one; ``worker.py`` does the rest."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import NotRefundableError, NotRemovableError, RefusedError, RulesChangingError
from bot.models import ChangeKind, Job, JobError, JobState, NotCancellableError, StatusCard
from bot.services.admission.accepting import Charged, admit, require_another_press
from bot.services.screening.rules import MOST_JUDGINGS
from bot.services.shared_transactions import SharedTransactions
from bot.store import jobs
from bot.store.jobs import CALLED_OFF_STATES
from bot.store.moderation import modlog, servers
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from bot.models import QuotaStatus
    from bot.services.admission.decision import ScreeningResult
    from bot.services.admission.job_request import JobRequest
    from bot.services.admission.service import Admission
    from bot.services.instance_name import InstanceName
    from bot.services.jobs.held import HeldJobs
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.polling.arrivals import Arrivals
    from bot.services.ports import Clock, LogPublisher
    from bot.services.throttling.throttle import ServiceThrottle
    from bot.store import Connection
    from bot.store.database import Database

    _Taken: TypeAlias = "Accepted | RefusedError | None"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a ``/video``.

    Attributes:
        card: what its member is shown.
        is_new: the job was made by this very call, and not by the same interaction before.
        last_under: where its member stands, if that is too little for another clip now; else None.
    """

    card: StatusCard
    is_new: bool
    last_under: QuotaStatus | None = None


class JobService:
    """Takes jobs in, and lets members and moderators take them back.

    Args:
        held: jobs that this process holds until their acknowledgement is answered.
        instance: names this process in leases.
        random_bits: ``random.getrandbits`` or the like, for the ids.
        wake: set when there may be something new for the worker to do.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        admission: Admission,
        audit_trail: AuditTrail,
        publisher: LogPublisher,
        throttle: ServiceThrottle,
        arrivals: Arrivals,
        random_bits: Callable[[int], int],
        card_changes: CardChanges,
        wake: asyncio.Event,
        held: HeldJobs,
        instance: InstanceName,
        policy: WorkerPolicy,
    ) -> None:
        self._database = database
        self._acceptances = SharedTransactions(database, conclude=self._show_cards)
        self._starts = SharedTransactions(database)
        self._clock = clock
        self._admission = admission
        self._audit_trail = audit_trail
        self._publisher = publisher
        self._throttle = throttle
        self._arrivals = arrivals
        self._random_bits = random_bits
        self._card_changes = card_changes
        self._wake = wake
        self._instance = instance
        self._policy = policy
        self.held = held

    async def accept(self, request: JobRequest) -> StatusCard:
        """Check, charge and queue in one transaction, once for an interaction; raises as ``accept_held`` does."""
        return (await self._accept(request, holds=False)).card

    async def accept_held(self, request: JobRequest) -> Accepted:
        """Check, charge and queue, but hold the job until ``let_start`` or ``withdraw_unheard``.

        It is held by this process's lease, so that a restart lets it start, too.

        Raises:
            RefusedError: what ``Admission`` says no with; the server's log is told, and nothing else has changed.
            RepeatedPressError: when the member pressed the same button of the same clip a moment ago.
            StoreUnavailableError: when the database cannot be asked; the answer is then no.
        """
        return await self._accept(request, holds=True)

    async def _accept(self, request: JobRequest, *, holds: bool) -> Accepted:
        asked_at = self._clock.now()
        screening = await self._admission.screen_first(request)
        for _ in range(MOST_JUDGINGS):
            taken = await self._take(request, screening, asked_at, holds=holds)
            if taken is not None:
                break
            screening = await self._admission.screen(request)
        else:
            raise RulesChangingError
        card, is_new = taken.card, taken.is_new
        job = card.job
        if is_new and holds:
            self.held.hold(job)
        fields = {"job_id": job.id, "guild_id": job.guild_id, "member_id": job.member_id}
        _log.log(logging.INFO if is_new else logging.DEBUG, "job accepted", extra=fields)
        self._card_changes.begin(card)
        if holds:  # it can't start yet, and whoever is woken would take the time of the answer
            head_start_seconds = self._policy.head_start_seconds
            asyncio.get_running_loop().call_later(head_start_seconds, self._tell_accepted, job.guild_id)
        else:
            self._tell_accepted(job.guild_id)
        return taken

    async def _take(
        self, request: JobRequest, screening: ScreeningResult | None, asked_at: datetime, *, holds: bool
    ) -> Accepted | None:
        """Decide and write it down in one transaction; None, and nothing written, when the rules are to be asked."""
        now, same_press = self._clock.now(), timedelta(seconds=self._policy.same_press_seconds)

        async def write(connection: Connection) -> Accepted | RefusedError | None:
            earlier = await jobs.find_by_interaction(connection, request.interaction_id)
            if earlier is not None:
                return Accepted(StatusCard(earlier), is_new=False)
            await require_another_press(connection, request, since=asked_at - same_press)
            taken = await admit(
                connection,
                self._admission,
                request,
                screening,
                now,
                random_bits=self._random_bits,
                lease_owner=self._instance.owner if holds else None,
                lease_seconds=self._policy.lease_seconds,
            )
            if not isinstance(taken, Charged):
                return taken
            last_under = None if taken.status.has_room else taken.status
            return Accepted(StatusCard(taken.job), is_new=True, last_under=last_under)

        taken = await self._acceptances.run(write)
        if isinstance(taken, RefusedError):
            self._audit_trail.tell(request.requester.guild_id)
            raise taken
        return taken

    def _tell_accepted(self, guild_id: int) -> None:
        """Wake whoever has to do with a new job: the worker, the cards of the queue, the log, open panels."""
        self._audit_trail.tell(guild_id)
        self._card_changes.touch_queue()
        self._wake.set()

    async def attach_status(self, job_id: str, message_id: int) -> None:
        """Remember the job's status card.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.write() as connection:
            await jobs.attach_status(connection, job_id, message_id, now=self._clock.now())
        self._card_changes.touch(job_id)
        self._wake.set()

    async def let_start(self, accepted: Accepted, message_id: int | None = None, *, is_heard: bool = True) -> None:
        """Let a held job start: its acknowledgement was answered, or may have been.

        Args:
            message_id: of its status card, to be remembered; None where there is none, or not yet.
            is_heard: whether Discord said that it has an answer of this process's. Then nobody may withdraw the job
                any more; else only the process that made it lets it start.

        Raises:
            StoreUnavailableError: when the database cannot be asked; the job then starts when its lease has ended.
        """
        job = accepted.card.job
        if accepted.is_new:
            self.held.let_go(job.id)

        frees = accepted.is_new or is_heard

        async def write(connection: Connection) -> None:
            if message_id is not None:
                self._card_changes.begin(accepted.card)  # so it shows now, whatever was shown meanwhile
                await jobs.attach_status(connection, job.id, message_id, now=self._clock.now(), frees=frees)
            elif frees:
                await jobs.free(connection, job.id)

        try:
            await self._starts.run(write)
        finally:
            self._card_changes.touch(job.id)
            self._tell_accepted(job.guild_id)

    def withdraw_unheard(self, accepted: Accepted, error_code: JobError = JobError.UNHEARD) -> None:
        """Undo a job of whose acceptance nobody heard: Discord took the answer for too late, or took no card.

        The worker does so, in its next pass in which the database can be asked. A job that was there before stays.
        """
        if accepted.is_new:
            self.held.undo(accepted.card.job, error_code)
            self._tell_accepted(accepted.card.job.guild_id)

    def abandon(self, interaction_id: int) -> None:
        """Let what a command has accepted, or will accept, start some time: the command itself has ended early."""
        self.held.abandon(interaction_id)

    async def cancel(self, job_id: str, *, guild_id: int, member_id: int) -> StatusCard:
        """Withdraw a member's own job while it waits, and give its seconds back.

        Raises:
            NotCancellableError: when it is not there, not theirs, or no longer waiting.
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            job = await jobs.get(connection, job_id)
            if job is None or (job.guild_id, job.member_id) != (guild_id, member_id):
                raise NotCancellableError(None)
            cancelled = await jobs.withdraw(connection, job, now=now)
            if cancelled is None:
                raise NotCancellableError(job.state)
            await ledger.refund(connection, cancelled, now=now, made_by_id=member_id)
        _log.info("job cancelled", extra={"job_id": job_id})
        self._audit_trail.tell(guild_id)
        self.note_cancelled()
        return StatusCard(cancelled)

    async def cancel_as_moderator(
        self, job_id: str, *, guild_id: int, cancelled_by_id: int, states: Collection[JobState] = CALLED_OFF_STATES
    ) -> Job:
        """Cancel any job of a server that is not on its way to the channel yet, and give its seconds back.

        Args:
            states: in which of them it is cancelled.

        Raises:
            NotCancellableError: when it is not there, or in none of them.
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._audit_trail.write(guild_id) as connection:
            job = await jobs.get(connection, job_id)
            if job is None or job.guild_id != guild_id:
                raise NotCancellableError(None, by_moderator=True)
            error_code = JobError.CANCELLED_BY_MODERATOR
            cancelled = await jobs.call_off(connection, job, error_code, now=now, states=states)
            if cancelled is None:
                raise NotCancellableError(job.state, by_moderator=True)
            await ledger.refund(connection, cancelled, now=now, made_by_id=cancelled_by_id)
            await self._audit_trail.record(
                connection,
                guild_id=guild_id,
                made_by_id=cancelled_by_id,
                kind=ChangeKind.JOB_CANCELLED,
                subject_id=job.member_id,
                before={"state": job.state.value, "prompt": job.spec.prompt},
                after={"state": cancelled.state.value, "prompt": job.spec.prompt},
            )
        _log.info("job cancelled by a moderator", extra={"job_id": job_id, "moderator_id": cancelled_by_id})
        self.note_cancelled()
        return cancelled

    async def remove_clip(self, job_id: str, *, guild_id: int, removed_by_id: int, refunds: bool) -> Job:
        """Take a delivered clip away again: delete its message, refund it if asked, and write down who did.

        The message goes first, and deleting it twice does no harm: what fails half-way is done by doing it again.

        Raises:
            NotRemovableError, NotRefundableError: when there is no such clip, somebody was quicker, or it is too old.
            PublishError: when Discord did not delete it; nothing has changed then.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
        if job is None or job.guild_id != guild_id or job.state is not JobState.DELIVERED:
            raise NotRemovableError
        if refunds and job.archived_at is not None and job.removed_at is None:
            raise NotRefundableError
        if job.removed_at is None:
            await self._publisher.remove_clip(job)
        now = self._clock.now()
        async with self._audit_trail.write(guild_id) as connection:
            job = await jobs.get(connection, job_id) or job  # its prompt may have been erased meanwhile
            if not await jobs.note_removed(connection, job_id, removed_by_id=removed_by_id, now=now):
                raise NotRemovableError(job.removed_by_id, job.removed_at)
            refunded = refunds and await ledger.refund(connection, job, now=now, made_by_id=removed_by_id)
            details = {"prompt": job.spec.prompt, "seconds": job.spec.cost_seconds if refunded else 0}
            await self._audit_trail.record(
                connection,
                guild_id=guild_id,
                made_by_id=removed_by_id,
                kind=ChangeKind.CLIP_REMOVED,
                subject_id=job.member_id,
                before=None,
                after=details,
                is_shown=await modlog.tells_of_clip(connection, await servers.get(connection, guild_id), job_id),
            )
        _log.info("clip removed", extra={"job_id": job_id, "moderator_id": removed_by_id, "refunded": refunded})
        return replace(job, removed_by_id=removed_by_id, removed_at=now)

    def note_accepted(self, guild_id: int) -> None:
        """Let jobs that were accepted otherwise start, and be shown."""
        self._tell_accepted(guild_id)

    def note_changed(self) -> None:
        """Let the worker look for what is due."""
        self._wake.set()

    def note_cancelled(self) -> None:
        """Let the cards of jobs that were cancelled show it, and the queue move up."""
        self._card_changes.touch_queue()
        self._wake.set()

    async def _show_cards(self, connection: Connection, taken: Sequence[_Taken]) -> list[_Taken]:
        """Have the cards of what was accepted say when it starts: one look at the queue for all of them."""
        now = self._clock.now()
        new = {each.card.job.id: each.card.job for each in taken if isinstance(each, Accepted)}
        places = await jobs.places(connection, new, slots_since=self._policy.slots_since(now), now=now)
        ahead, card = await self._arrivals.look(connection, new.values(), now), self._arrivals.card
        cards = {it.id: card(it, places.get(it.id), ahead, now, throttle=self._throttle) for it in new.values()}
        return [replace(each, card=cards[each.card.job.id]) if isinstance(each, Accepted) else each for each in taken]
