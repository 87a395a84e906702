"""Favourites: clips that their members have marked.

Who may change a row: the member whose clip it is; it ends with the clip, or with its prompt (``endings.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select

from bot.models import JobState
from bot.store.tables import favourites, jobs

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job


async def add(connection: AsyncConnection, job: Job) -> bool:
    """Mark a member's own clip, unless it is; False where it has been taken away or erased meanwhile."""
    key = {"key_guild": job.guild_id, "key_member": job.member_id, "key_job": job.id}
    is_markable = (await connection.execute(_MARKABLE, key)).one_or_none() is not None
    if is_markable and (await connection.execute(_GET, key)).one_or_none() is None:
        await connection.execute(
            insert(favourites).values(guild_id=job.guild_id, member_id=job.member_id, job_id=job.id)
        )
    return is_markable


async def remove(connection: AsyncConnection, job: Job) -> bool:
    """Take a mark away; tell whether there was one."""
    key = {"key_guild": job.guild_id, "key_member": job.member_id, "key_job": job.id}
    return (await connection.execute(_REMOVE, key)).rowcount == 1


async def marked_of(connection: AsyncConnection, job_ids: Collection[str]) -> frozenset[str]:
    """Return which of some clips are favourites of their members."""
    if not job_ids:
        return frozenset()
    return frozenset((await connection.execute(_OF_JOBS, {"job_ids": list(job_ids)})).scalars())


_MARKABLE = select(jobs.c.id).where(
    jobs.c.id == bindparam("key_job"),
    jobs.c.guild_id == bindparam("key_guild"),
    jobs.c.member_id == bindparam("key_member"),
    jobs.c.state == JobState.DELIVERED,
    jobs.c.removed_at.is_(None),
    jobs.c.prompt != "",
)
_MINE = (
    (favourites.c.guild_id == bindparam("key_guild"))
    & (favourites.c.member_id == bindparam("key_member"))
    & (favourites.c.job_id == bindparam("key_job"))
)
_GET = select(favourites.c.job_id).where(_MINE)
_REMOVE = delete(favourites).where(_MINE)
_OF_JOBS = select(favourites.c.job_id).where(favourites.c.job_id.in_(bindparam("job_ids", expanding=True)))
