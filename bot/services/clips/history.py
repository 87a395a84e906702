"""Looking at jobs: what waits and renders in a server, and what was made there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import ClipUnknownError, OthersClipError
from bot.models import ClipButtons, JobState, ServerQueue
from bot.store import jobs
from bot.store.moderation import servers
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import Job
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.ports import Clock
    from bot.store.database import Database


MADE_FROM_SHOWN = 5
"""How many of the clips that were made from one are named: with its prompt they fit in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDetails:
    """A clip as somebody looks at it closely.

    Attributes:
        is_refunded: its seconds came back.
        parent: what it was made from; None where that is no longer stored, or it began with a command.
        made_from_it: what came of it and they can see, newest first.
        has_more: there is more of that.
    """

    job: Job
    is_refunded: bool = False
    parent: Job | None = None
    made_from_it: Sequence[Job] = ()
    has_more: bool = False


class History:
    """Finds jobs for people to look at; it changes none."""

    def __init__(self, *, database: Database, clock: Clock, policy: WorkerPolicy) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy

    async def find(self, job_id: str, *, guild_id: int) -> Job | None:
        """Return a server's job, or None.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
        return job if job is not None and job.guild_id == guild_id else None

    async def guild_of(self, job_id: str) -> int | None:
        """Return the server that a job is of, or None where there is no such job.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
        return None if job is None else job.guild_id

    async def look_closely(self, job_id: str, *, guild_id: int, seen_by_id: int, is_moderator: bool) -> ClipDetails:
        """Return all that there is to know of a server's clip, for a member of it.

        Raises:
            ClipUnknownError: when there is no such clip, or it was sent to another member directly.
            OthersClipError: when it is another member's, in a server where only its requester may use its buttons.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
            if job is None or job.guild_id != guild_id:
                raise ClipUnknownError
            if job.member_id != seen_by_id and not is_moderator:
                if job.is_private:
                    raise ClipUnknownError
                if (await servers.get(connection, guild_id)).clip_buttons is ClipButtons.REQUESTER:
                    raise OthersClipError("buttons")
            lineage, parent = await jobs.find_source(connection, job)
            made = await jobs.list_made_from(connection, job_id, seen_by_id=seen_by_id, limit=MADE_FROM_SHOWN + 1)
            made = [replace(each, lineage=(await jobs.find_source(connection, each))[0]) for each in made]
            is_refunded = await ledger.is_refunded(connection, job_id)
        return ClipDetails(
            job=replace(job, lineage=lineage),
            is_refunded=is_refunded,
            parent=parent,
            made_from_it=made[:MADE_FROM_SHOWN],
            has_more=len(made) > MADE_FROM_SHOWN,
        )

    async def list_open(self, guild_id: int) -> list[Job]:
        """Return what waits and renders in a server, oldest first.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return await jobs.list_open(connection, guild_id)

    async def queue(self, guild_id: int) -> ServerQueue:
        """Return what waits in a server, in fair turns among all servers, and what has started.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._database.read() as connection:
            found = await jobs.list_open(connection, guild_id)
            waiting = {job.id: job for job in found if job.state is JobState.QUEUED}
            since = self._policy.slots_since(now)
            places = await jobs.places(connection, list(waiting), slots_since=since, now=now)
        in_order = sorted(waiting, key=lambda job_id: (places.get(job_id, len(places)), job_id))
        return ServerQueue(
            waiting=[(places.get(job_id), waiting[job_id]) for job_id in in_order],
            under_way=[job for job in found if job.state is not JobState.QUEUED],
        )

    async def list_posted(self, guild_id: int, *, limit: int, skip: int = 0) -> list[Job]:
        """Return a server's clips that were posted and not removed, newest first.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return await jobs.list_posted(connection, guild_id, limit=limit, skip=skip)

    async def list_recent(self, *, guild_id: int, member_id: int, limit: int) -> list[Job]:
        """Return a member's latest jobs in a server, newest first.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return await jobs.list_recent(connection, guild_id=guild_id, member_id=member_id, limit=limit)
