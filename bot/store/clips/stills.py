"""Stills: one small picture of each clip.

Who may change a row: the worker that begins to deliver a clip adds its still, in the transaction that says so; whatever
ends the clip, or takes its prompt, ends its still in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select

from bot.store.tables import stills

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncConnection


async def add(connection: AsyncConnection, job_id: str, image: bytes) -> None:
    """Keep a clip's still."""
    await connection.execute(_ADD, {"job_id": job_id, "image": image})


async def get_many(connection: AsyncConnection, job_ids: Collection[str]) -> dict[str, bytes]:
    """Return the stills of those of some clips that have one, by the job's id."""
    if not job_ids:
        return {}
    return {row.job_id: row.image for row in await connection.execute(_OF_JOBS, {"job_ids": list(job_ids)})}


_ADD = insert(stills)
_OF_JOBS = select(stills.c.job_id, stills.c.image).where(stills.c.job_id.in_(bindparam("job_ids", expanding=True)))
