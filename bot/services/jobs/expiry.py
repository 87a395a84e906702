"""Jobs that have waited too long for their turn: they fail and are refunded; the operator's pauses don't count.

A pause is in the database, so that a restart in it does not turn it into waiting. It is kept like a lease: its process
says at each pass that it goes on, and a pause that nobody has kept for as long as a lease lasts ended then; its process
is gone. A process that finds its own pause open when it starts ends it: nobody has looked after jobs until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.models import JobState, OperatorAlert
from bot.services.jobs.leases import log_transition, note_end
from bot.services.throttling.trouble import WITHIN
from bot.store import jobs
from bot.store.jobs import submits
from bot.store.operating import operator_alerts, pauses

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.models import Job
    from bot.services.jobs.context import WorkContext
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.store import Connection
    from bot.store.operating.pauses import SubmitPause

EXPIRED_AT_ONCE = 50
"""How many jobs one pass ends: others wait for the end of its transaction."""


@dataclass(frozen=True, slots=True)
class Expired:
    """What a pass did to jobs that wait.

    Attributes:
        jobs: that have failed.
        is_paused: whether the database has it that this process pauses.
        seconds: how long none of those that still wait has to be looked at; None where none waits.
        alert: what the operator is to be told of.
    """

    jobs: list[Job]
    is_paused: bool
    seconds: float | None
    alert: OperatorAlert | None = None


class Expiry:
    """Ends jobs that have waited too long, in a transaction of the worker's."""

    def __init__(self, context: WorkContext, *, audit_trail: AuditTrail, card_changes: CardChanges) -> None:
        self._work = context
        self._audit_trail = audit_trail
        self._card_changes = card_changes
        self._may_be_paused = True  # as the database has it, from before a restart
        self._is_first = True

    async def take(self, connection: Connection, now: datetime) -> Expired:
        """Write down whether submitting is paused, and end what has waited too long; ``tell`` once it is committed."""
        await self._note_operators_pause(connection)
        oldest_at = await jobs.oldest_waiting_at(connection)
        is_paused, alert = await self._note_pause(connection, now)
        if oldest_at is None:
            return Expired([], is_paused, None, alert)
        longest = timedelta(seconds=self._work.policy.longest_wait_seconds)
        if now - oldest_at < longest:
            return Expired([], is_paused, (oldest_at + longest - now).total_seconds(), alert)
        await pauses.end_unattended(connection, now=now)
        accepted_by = waiting_since(now, longest, await pauses.list_since(connection, oldest_at))
        expired = await jobs.expire(connection, accepted_by=accepted_by, now=now, limit=EXPIRED_AT_ONCE)
        for job in expired:
            await note_end(connection, job, now)
        return Expired(expired, is_paused, 0.0 if expired else self._work.policy.lease_seconds / 3, alert)

    def tell(self, expired: Expired) -> None:
        """Let cards, the log and the throttle know what was committed."""
        self._may_be_paused = expired.is_paused
        self._is_first = False
        self._work.alerts.note(expired.alert)
        for job in expired.jobs:
            log_transition(JobState.QUEUED, job)
            self._work.throttle.suspects.forget(job.id)
            self._audit_trail.tell(job.guild_id)
            self._card_changes.touch_queue()

    async def _note_operators_pause(self, connection: Connection) -> None:
        """See whether the operator has paused submitting by hand, or lets it go on, and have it shown."""
        is_held = await pauses.find_operators(connection) is not None
        if is_held is not self._work.throttle.held_by_operator:
            self._work.throttle.held_by_operator = is_held
            self._card_changes.touch_queue()

    async def _note_pause(self, connection: Connection, now: datetime) -> tuple[bool, OperatorAlert | None]:
        """Write down whether this process pauses; return it, and what the operator is to be told."""
        owner, throttle = self._work.instance.name, self._work.throttle
        if self._is_first and not throttle.is_paused:
            for pause in await pauses.list_kept(connection, now=now, owner=owner):
                if pause.reason == OperatorAlert.SERVICE_TROUBLE:
                    failed_since = pause.began_at - WITHIN
                    sent_since = self._work.policy.slots_since(failed_since)
                    has_failed = await submits.has_failed(connection, since=failed_since, sent_since=sent_since)
                    throttle.recall_trouble(now, since=pause.began_at, with_renders=has_failed)
                    self._card_changes.touch_queue()
        if throttle.paused_at is None or throttle.paused_for is None:
            if self._may_be_paused:
                await pauses.end(connection, owner=owner, now=now)
                await self._forget_trouble(connection, now)
            return False, None
        keeps: dict[str, Any] = {
            "owner": owner,
            "known_until": now + timedelta(seconds=self._work.policy.lease_seconds),
            "reason": throttle.paused_for.value,
        }
        if not await pauses.keep(connection, **keeps):
            await self._forget_trouble(connection, now)  # that of a process that never came back
            await pauses.forget_before(connection, await jobs.oldest_to_wait_at(connection) or now)
            await pauses.begin(connection, began_at=throttle.paused_at, **keeps)
        if throttle.is_in_trouble and await operator_alerts.note(connection, OperatorAlert.SERVICE_TROUBLE.value):
            return True, OperatorAlert.SERVICE_TROUBLE
        return True, None

    async def _forget_trouble(self, connection: Connection, now: datetime) -> None:
        """Let the operator be told the next time, unless another process is still in trouble."""
        kept = await pauses.list_kept(connection, now=now)
        if all(pause.reason != OperatorAlert.SERVICE_TROUBLE for pause in kept):
            await operator_alerts.forget(connection, OperatorAlert.SERVICE_TROUBLE.value)


def waiting_since(now: datetime, waited: timedelta, pauses: Iterable[SubmitPause]) -> datetime:
    """Return the latest moment since which it is so long until now without pauses; where they overlap, they count once.

    Args:
        pauses: in any order; those without an end go on, and what is after now counts for nothing.
    """
    moment = now
    for ended_at, began_at in sorted(((it.ended_at or now, it.began_at) for it in pauses), reverse=True):
        ended_at = min(ended_at, moment)
        if began_at >= ended_at:
            continue
        if moment - ended_at >= waited:
            break
        waited -= moment - ended_at
        moment = began_at
    return moment - waited
