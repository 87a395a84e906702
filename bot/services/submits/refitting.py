"""Jobs that wait for a clip that the model does not make: the operator has changed the model since they were asked for.

They get the nearest length that is not longer, and another shape where theirs is not made; what a shorter clip costs
less comes back in the same transaction. Where all lengths are longer, they fail and are refunded. It is done once when
a process starts, and again when a job turns up that was accepted, or sent before, by a process with another model.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.models import EffectiveQuota, JobError, JobState, Quota, QuotaStatus
from bot.services.jobs.leases import log_transition, note_end
from bot.services.quotas.periods import period_bounds, zone_of
from bot.store import jobs
from bot.store.moderation import servers
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.models import GrantUse, Job, ModelProfile
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.store import Connection
    from bot.store.quotas.ledger import Charge

_log = logging.getLogger(__name__)

REFITTED_AT_ONCE = 50
"""How many jobs one pass changes: others wait for the end of its transaction."""


class Refitting:
    """Fits jobs that wait to the model, in a transaction of the worker's.

    Attributes:
        profile: what the model takes.
    """

    def __init__(self, *, profile: ModelProfile, audit_trail: AuditTrail, card_changes: CardChanges) -> None:
        self.profile = profile
        self._audit_trail = audit_trail
        self._card_changes = card_changes
        self._asked, self._looked, self._done = 1, 0, 0

    def ask(self) -> None:
        """Look again in the next pass: there is a job whose clip the model does not make."""
        self._asked += 1

    async def take(self, connection: Connection, now: datetime) -> list[Job]:
        """Change what waits and does not fit, if it is due; ``tell`` once it is committed."""
        if self._done == self._asked:
            return []
        self._looked = self._asked
        unfit = await jobs.list_unfit(connection, self.profile, now=now, limit=REFITTED_AT_ONCE)
        changed = [await self._refit(connection, job, now) for job in unfit]
        return [job for job in changed if job is not None]

    def tell(self, changed: Iterable[Job]) -> None:
        """Let cards and logs know what was committed."""
        changed = list(changed)
        if len(changed) < REFITTED_AT_ONCE:
            self._done = self._looked
        for job in changed:
            if job.state is JobState.FAILED:
                log_transition(JobState.QUEUED, job)
                self._audit_trail.tell(job.guild_id)
                self._card_changes.touch_queue()
                continue
            _log.info(
                "job fitted to the model",
                extra={"job_id": job.id, "model": self.profile.model, "seconds": job.spec.duration_seconds},
            )
            self._card_changes.touch(job.id)

    async def _refit(self, connection: Connection, job: Job, now: datetime) -> Job | None:
        seconds = self.profile.nearest_duration(job.spec.duration_seconds)
        if seconds is None:
            failed = await jobs.give_up(connection, job, JobError.NOT_OFFERED, now=now)
            if failed is not None:
                await note_end(connection, failed, now)
            return failed
        aspect = self.profile.nearest_aspect(job.spec.aspect)
        fitted = await jobs.fit(connection, job, aspect=aspect, duration_seconds=seconds, now=now)
        charged = await ledger.find_charge(connection, job.id)
        if fitted is not None and charged is not None and charged.seconds > seconds:
            zone = zone_of((await servers.get(connection, job.guild_id)).timezone)
            _, period_end = period_bounds(job.effective_quota.quota.period, charged.counted_at, zone)
            kept = keep_first(charged, job.effective_quota, seconds, period_end=period_end)
            await ledger.lower_charge(connection, fitted, charged, seconds=seconds, from_grants=kept)
        return fitted


def keep_first(
    charged: Charge, effective: EffectiveQuota, seconds: int, *, period_end: datetime
) -> tuple[GrantUse, ...]:
    """Say what grants pay of a charge that gets lower: as if there had been no more of each than it paid.

    So what was taken last comes back first.
    """
    of_quota = charged.seconds - sum(grant.left_seconds for grant in charged.grants)
    status = QuotaStatus(
        effective=EffectiveQuota(
            Quota.accepted(of_quota, effective.quota.period), effective.source, effective.subject_id
        ),
        used_seconds=0,
        grants=charged.grants,
        resets_at=period_end,
    )
    return status.use_grants(seconds)
