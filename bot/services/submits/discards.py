"""Taking back a clip that is on the way: cancelled while it waits, discarded once the service is at work for it.

The service can't be stopped, and bills what it has made. So a member's discard keeps the charge until the service says
that it does not bill (``give_back_unbilled``); a moderator's gives it back at once, as any of theirs.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from bot.models import DISCARDABLE_STATES, JobError, JobState, NotCancellableError, StatusCard
from bot.services.jobs.leases import give_back_unbilled
from bot.store import jobs
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from bot.models import Job
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)


class Discards:
    """Does what the button on the card of a clip on the way asks for, for its member and for moderators.

    Whoever it is of is treated as its member, a moderator as well. Every method raises ``StoreUnavailableError`` when
    the database cannot be asked; nothing has changed then.
    """

    def __init__(self, *, database: Database, clock: Clock, audit_trail: AuditTrail, jobs: JobService) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail
        self._jobs = jobs

    async def cancel(self, job_id: str, *, guild_id: int, pressed_by_id: int, is_moderator: bool) -> StatusCard:
        """Withdraw a job while it waits, and give its seconds back; one that is cancelled already is what was wanted.

        Raises:
            NotCancellableError: when it is not there, not theirs, or no longer waiting.
        """
        find = partial(self._find, job_id, guild_id=guild_id, pressed_by_id=pressed_by_id, is_moderator=is_moderator)
        job = await find()
        try:
            if job.member_id == pressed_by_id:
                return await self._jobs.cancel(job_id, guild_id=guild_id, member_id=pressed_by_id)
            waits = {JobState.QUEUED}
            cancelled = await self._jobs.cancel_as_moderator(
                job_id, guild_id=guild_id, cancelled_by_id=pressed_by_id, states=waits
            )
        except NotCancellableError as error:
            if error.state is not JobState.CANCELLED:
                raise
            cancelled = await find()
        return StatusCard(cancelled)

    async def look(self, job_id: str, *, guild_id: int, pressed_by_id: int, is_moderator: bool) -> Job:
        """Return a job that can still be discarded, or cancelled.

        Raises:
            NotCancellableError: when it is not there, not theirs, on its way to the channel, or has ended.
        """
        job = await self._find(job_id, guild_id=guild_id, pressed_by_id=pressed_by_id, is_moderator=is_moderator)
        if job.state not in jobs.CALLED_OFF_STATES:
            raise NotCancellableError(job.state)
        return job

    async def discard(self, job_id: str, *, guild_id: int, pressed_by_id: int, is_moderator: bool) -> Job:
        """End a job that is not on its way to the channel yet; its clip is not posted.

        Raises: as ``look``.
        """
        job = await self._find(job_id, guild_id=guild_id, pressed_by_id=pressed_by_id, is_moderator=is_moderator)
        if job.member_id != pressed_by_id:
            return await self._jobs.cancel_as_moderator(job_id, guild_id=guild_id, cancelled_by_id=pressed_by_id)
        async with self._database.write() as connection:
            discarded = await self._end(connection, job_id)
        _log.info("job discarded", extra={"job_id": job_id, "error_code": discarded.error_code})
        self._audit_trail.tell(guild_id)
        self._jobs.note_cancelled()
        return discarded

    async def _end(self, connection: Connection, job_id: str) -> Job:
        """Withdraw a member's job if it waits, having come back to the queue; else discard it."""
        now = self._clock.now()
        job = await jobs.get(connection, job_id)
        if job is None:
            raise NotCancellableError(None)
        if (withdrawn := await jobs.withdraw(connection, job, now=now)) is not None:
            await ledger.refund(connection, withdrawn, now=now, made_by_id=job.member_id)
            return withdrawn
        discarded = await jobs.call_off(connection, job, JobError.DISCARDED, now=now, states=DISCARDABLE_STATES)
        if discarded is None:
            raise NotCancellableError(job.state)
        return await give_back_unbilled(connection, job_id, now) or discarded

    async def _find(self, job_id: str, *, guild_id: int, pressed_by_id: int, is_moderator: bool) -> Job:
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
        if job is None or job.guild_id != guild_id or not (is_moderator or job.member_id == pressed_by_id):
            raise NotCancellableError(None)
        return job
