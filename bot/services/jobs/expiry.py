"""Jobs that have waited too long for their turn: they fail and are refunded; the operator's pauses don't count.

A pause is in the database, so that a restart in it does not turn it into waiting. It is kept like a lease: its process
says at each pass that it goes on, and a pause that nobody has kept for as long as a lease lasts ended then; its process
is gone. A process that finds its own pause open when it starts ends it: nobody has looked after jobs until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import JobState
from bot.services.jobs.leases import log_transition, note_end
from bot.store import jobs, pauses

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.models import Job
    from bot.services.jobs.context import WorkContext
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.store import Connection
    from bot.store.pauses import OperatorPause

EXPIRED_AT_ONCE = 50
"""How many jobs one pass ends: others wait for the end of its transaction."""


@dataclass(frozen=True, slots=True)
class Expired:
    """What a pass did to jobs that wait.

    Attributes:
        jobs: that have failed.
        is_paused: whether the database has it that this process pauses.
        seconds: how long none of those that still wait has to be looked at; None where none waits.
    """

    jobs: list[Job]
    is_paused: bool
    seconds: float | None


class Expiry:
    """Ends jobs that have waited too long, in a transaction of the worker's."""

    def __init__(self, context: WorkContext, *, audit_trail: AuditTrail, card_changes: CardChanges) -> None:
        self._work = context
        self._audit_trail = audit_trail
        self._card_changes = card_changes
        self._may_be_paused = True  # as the database has it, from before a restart

    async def take(self, connection: Connection, now: datetime) -> Expired:
        """Write down whether submitting is paused, and end what has waited too long; ``tell`` once it is committed."""
        oldest_at = await jobs.oldest_waiting_at(connection)
        is_paused = await self._note_pause(connection, now)
        if oldest_at is None:
            return Expired([], is_paused, None)
        longest = timedelta(seconds=self._work.policy.longest_wait_seconds)
        if now - oldest_at < longest:
            return Expired([], is_paused, (oldest_at + longest - now).total_seconds())
        await pauses.end_unattended(connection, now=now)
        accepted_by = waiting_since(now, longest, await pauses.list_since(connection, oldest_at))
        expired = await jobs.expire(connection, accepted_by=accepted_by, now=now, limit=EXPIRED_AT_ONCE)
        for job in expired:
            await note_end(connection, job, now)
        return Expired(expired, is_paused, 0.0 if expired else self._work.policy.lease_seconds / 3)

    def tell(self, expired: Expired) -> None:
        """Let cards, the log and the throttle know what was committed."""
        self._may_be_paused = expired.is_paused
        for job in expired.jobs:
            log_transition(JobState.QUEUED, job)
            self._work.throttle.suspects.forget(job.id)
            self._audit_trail.tell(job.guild_id)
            self._card_changes.touch_queue()

    async def _note_pause(self, connection: Connection, now: datetime) -> bool:
        """Write down whether this process pauses; return it."""
        owner, paused_at = self._work.owner, self._work.throttle.paused_at
        if paused_at is None:
            if self._may_be_paused:
                await pauses.end(connection, owner=owner, now=now)
            return False
        known_until = now + timedelta(seconds=self._work.policy.lease_seconds)
        if not await pauses.keep(connection, owner=owner, known_until=known_until):
            await pauses.forget_before(connection, await jobs.oldest_to_wait_at(connection) or now)
            await pauses.begin(connection, owner=owner, began_at=paused_at, known_until=known_until)
        return True


def waiting_since(now: datetime, waited: timedelta, pauses: Iterable[OperatorPause]) -> datetime:
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
