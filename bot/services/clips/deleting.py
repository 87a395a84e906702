"""A member's own clip, deleted by themselves; moderators remove clips by ``JobService.remove_clip``, with an audit."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import NotRemovableError, OthersClipError
from bot.models import JobState, LogKind
from bot.store import jobs
from bot.store.moderation import modlog, servers

if TYPE_CHECKING:
    from bot.models import Job
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock, LogPublisher
    from bot.store.database import Database

_log = logging.getLogger(__name__)


class ClipDeleter:
    """Takes posted clips away for those who asked for them; nothing is given back."""

    def __init__(self, *, database: Database, clock: Clock, audit_trail: AuditTrail, publisher: LogPublisher) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail
        self._publisher = publisher

    async def check(self, job_id: str, *, guild_id: int, member_id: int, is_moderator: bool) -> Job:
        """Return a posted clip that somebody may delete.

        Raises:
            NotRemovableError: when there is no such clip in the server, or it was taken away already.
            OthersClipError: when it is neither theirs nor are they a moderator.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
        if job is None or job.guild_id != guild_id or job.state is not JobState.DELIVERED:
            raise NotRemovableError
        if job.member_id != member_id and not is_moderator:
            raise OthersClipError("delete")
        if job.removed_at is not None:
            raise NotRemovableError(job.removed_by_id, job.removed_at)
        return job

    async def delete(self, job_id: str, *, guild_id: int, member_id: int) -> None:
        """Delete the message of a member's own clip, and let the server's log say so, on the clip's card if it has one.

        The message goes first, and deleting it twice does no harm: what fails half-way is done by doing it again.

        Raises:
            NotRemovableError, OthersClipError, StoreUnavailableError: as ``check``, or when somebody was quicker.
            PublishError: when Discord did not delete it; nothing has changed then.
        """
        job = await self.check(job_id, guild_id=guild_id, member_id=member_id, is_moderator=False)
        await self._publisher.remove_clip(job)
        now = self._clock.now()
        async with self._audit_trail.write(guild_id) as connection:
            is_first = await jobs.note_deleted(connection, job_id, member_id=member_id, now=now)
            job = await jobs.get(connection, job_id) or job
            if not is_first:
                raise NotRemovableError(job.removed_by_id, job.removed_at)
            server = await servers.get(connection, guild_id)
            if not await modlog.tells_of_clip(connection, server, job_id):
                await modlog.add(connection, server, LogKind.DELETED, now=now, job=job)
        _log.info("clip deleted by its member", extra={"job_id": job_id})
