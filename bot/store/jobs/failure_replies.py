"""The message in the channel that tells a member of a failure, as what is intended: written with the job's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select
from sqlalchemy import update as sql_update

from bot.models import JobState
from bot.store.tables import jobs, members

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


async def intend(connection: AsyncConnection, job_id: str, *, now: datetime, mentioned_since: datetime) -> None:
    """Note that a failed job's member is told of it in the channel, unless nobody else sees it or they want no mention.

    Args:
        mentioned_since: a failure of theirs that is told with a mention and is not older has this one do without.
    """
    await connection.execute(_INTEND, {"of_job": job_id, "now": now, "since": mentioned_since})


_other = jobs.alias()
_was_mentioned = (
    select(_other.c.id)
    .where(
        _other.c.member_id == jobs.c.member_id,
        _other.c.state == JobState.FAILED,
        _other.c.failure_mentions.is_(True),
        _other.c.finished_at > bindparam("since"),
        _other.c.finished_at <= bindparam("now"),  # else a clock that is set back keeps them from being mentioned
        _other.c.id != jobs.c.id,
    )
    .exists()
)
_wants_none = select(members.c.member_id).where(
    members.c.member_id == jobs.c.member_id, members.c.is_mentioned.is_(False)
)
_INTEND = (
    sql_update(jobs)
    .where(
        jobs.c.id == bindparam("of_job"),
        jobs.c.state == JobState.FAILED,
        jobs.c.is_private.is_(False),
        jobs.c.round_id.is_(None),  # a take's board tells of it
        ~_wants_none.exists(),
    )
    .values(failure_mentions=~_was_mentioned)
)
