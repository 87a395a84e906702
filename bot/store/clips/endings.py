"""What ends with a clip or with its prompt: its still, that it is a favourite, and that it can be searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, update

from bot.models import LogKind
from bot.store.tables import clip_prompts, favourites, log_entries, stills

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


async def end_with_clips(connection: AsyncConnection, job_ids: Sequence[str]) -> None:
    """Delete what shows some clips, or marks them: they are taken away."""
    for statement in (_DROP_STILLS, _DROP_FAVOURITES):
        await connection.execute(statement, {"job_ids": list(job_ids)})


async def end_with_prompts(connection: AsyncConnection, job_ids: Sequence[str]) -> None:
    """Delete all that is kept of some clips beside their jobs: their prompts are forgotten."""
    await end_with_clips(connection, job_ids)
    await connection.execute(_DROP_PROMPTS, {"job_ids": list(job_ids)})


async def redraw_card(connection: AsyncConnection, job_id: str, *, now: datetime) -> None:
    """Let the card about a posted clip in its server's log be drawn anew, where there is one."""
    await connection.execute(_REDRAW, {"of_job": job_id, "due_at": now})


_DROP_STILLS = delete(stills).where(stills.c.job_id.in_(bindparam("job_ids", expanding=True)))
_DROP_FAVOURITES = delete(favourites).where(favourites.c.job_id.in_(bindparam("job_ids", expanding=True)))
_DROP_PROMPTS = delete(clip_prompts).where(clip_prompts.c.job_id.in_(bindparam("job_ids", expanding=True)))
_REDRAW = (
    update(log_entries)
    .where(
        log_entries.c.job_id == bindparam("of_job"),
        log_entries.c.kind == LogKind.POSTED,
        log_entries.c.message_id.is_not(None),
    )
    .values(due_at=bindparam("due_at", type_=log_entries.c.due_at.type), attempts=0)
)
