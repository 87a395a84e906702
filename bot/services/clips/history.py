"""Looking at jobs: what waits and renders in a server, and what was made there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import jobs

if TYPE_CHECKING:
    from bot.models import Job
    from bot.store.database import Database


class History:
    """Finds jobs for people to look at; it changes none."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

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

    async def list_open(self, guild_id: int) -> list[Job]:
        """Return what waits and renders in a server, oldest first.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return await jobs.list_open(connection, guild_id)

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
