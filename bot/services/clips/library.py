"""A member's clips, as they find them again: pages of them, searches, favourites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import ClipNotFoundError
from bot.models import CLIPS_A_PAGE, NEWEST, ClipPage, JobState, ListedClip
from bot.store import jobs
from bot.store.clips import favourites, lists, stills

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import ClipQuery
    from bot.store import Connection
    from bot.store.database import Database


class Library:
    """Finds clips that were delivered, and marks favourites.

    Every method raises ``StoreUnavailableError`` when the database cannot be asked; nothing has changed then.
    """

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def page(self, query: ClipQuery, from_job_id: str = NEWEST) -> ClipPage:
        """Return the clips from one on; where none is left there, the newest.

        Args:
            from_job_id: of the clip that the page begins at; it need not be there any more.
        """
        async with self._database.read() as connection:
            page = await self._page(connection, query, from_job_id)
            return page if page.clips or from_job_id == NEWEST else await self._page(connection, query, NEWEST)

    async def _page(self, connection: Connection, query: ClipQuery, from_job_id: str) -> ClipPage:
        ids = await lists.ids_from(connection, query, from_job_id, limit=CLIPS_A_PAGE + 1)
        newer: list[str] = []
        if from_job_id != NEWEST:
            newer = await lists.ids_after(connection, query, from_job_id, limit=CLIPS_A_PAGE + 1)
        before = newer[CLIPS_A_PAGE - 1] if len(newer) > CLIPS_A_PAGE else NEWEST
        return ClipPage(
            query=query,
            clips=await _listed(connection, ids[:CLIPS_A_PAGE]),
            from_job_id=from_job_id,
            newer_from=before if newer else None,
            older_from=ids[CLIPS_A_PAGE] if len(ids) > CLIPS_A_PAGE else None,
        )

    async def find(self, job_id: str, *, guild_id: int, member_id: int) -> ListedClip:
        """Return one of a member's clips in a server.

        Raises:
            ClipNotFoundError: when there is no such clip of theirs.
        """
        async with self._database.read() as connection:
            return await _find(connection, job_id, guild_id=guild_id, member_id=member_id)

    async def toggle_favourite(self, job_id: str, *, guild_id: int, member_id: int) -> ListedClip:
        """Mark a member's own clip as a favourite, or take the mark away.

        Raises:
            ClipNotFoundError: when there is no such clip of theirs, or it was taken away or erased.
        """
        async with self._database.write() as connection:
            clip = await _find(connection, job_id, guild_id=guild_id, member_id=member_id)
            if not await favourites.remove(connection, clip.job) and not await favourites.add(connection, clip.job):
                raise ClipNotFoundError
            return await _find(connection, job_id, guild_id=guild_id, member_id=member_id)


async def _find(connection: Connection, job_id: str, *, guild_id: int, member_id: int) -> ListedClip:
    found = await _listed(connection, [job_id])
    for clip in found:
        job = clip.job
        if (job.guild_id, job.member_id, job.state) == (guild_id, member_id, JobState.DELIVERED):
            return clip
    raise ClipNotFoundError


async def _listed(connection: Connection, job_ids: Sequence[str]) -> list[ListedClip]:
    """Return clips with what is kept beside their jobs, in the order of their ids, newest first."""
    found = reversed(await jobs.get_many(connection, job_ids))
    pictures = await stills.get_many(connection, job_ids)
    marked = await favourites.marked_of(connection, job_ids)
    return [ListedClip(job=job, still=pictures.get(job.id), is_favourite=job.id in marked) for job in found]
