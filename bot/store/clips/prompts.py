"""Prompts of delivered clips as they are searched: in small letters, beside one another in the order of a list.

In ``jobs`` a member's prompts lie far apart, and the database knows small letters of one alphabet only.

Who may change a row: the worker that notes that a clip is posted adds its prompt, in the same transaction; it ends with
the prompt of the job (``endings.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from bot.models.clips import folded
from bot.store.tables import clip_prompts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job


async def add(connection: AsyncConnection, job: Job) -> None:
    """Let a clip be found by its prompt."""
    values = {"guild_id": job.guild_id, "member_id": job.member_id, "job_id": job.id}
    await connection.execute(_ADD, values | {"prompt": folded(job.spec.prompt)})


_ADD = insert(clip_prompts)
