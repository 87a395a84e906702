"""The message in the channel that tells a member of a failure, as what is intended: written with the job's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy import update as sql_update

from bot.models import JobState
from bot.store.tables import jobs, members

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


async def intend(connection: AsyncConnection, job_id: str, *, now: datetime, mentioned_since: datetime) -> None:
    """Note that a failed job's member is told of it in the channel, unless nobody else sees it or they want no mention.

    Args:
        mentioned_since: a failure of theirs that is told with a mention and is not older has this one do without;
            so does one that is still to be told.
    """
    await connection.execute(_INTEND, {"of_job": job_id, "now": now, "since": mentioned_since})


async def leave(connection: AsyncConnection, member_id: int) -> None:
    """Note that a member who wants no mention any more is told of none of the failures that are still to be told."""
    await connection.execute(_LEAVE, {"of_member": member_id})


_other = jobs.alias()
_is_to_be_told = and_(_other.c.failure_message_id.is_(None), _other.c.due_at.is_not(None))
_is_recent = and_(
    _other.c.finished_at > bindparam("since"),
    _other.c.finished_at <= bindparam("now"),  # else a clock that is set back keeps them from being mentioned
)
_was_mentioned = (
    select(_other.c.id)
    .where(
        _other.c.member_id == jobs.c.member_id,
        _other.c.state == JobState.FAILED,
        _other.c.failure_mentions.is_(True),
        or_(_is_to_be_told, _is_recent),
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
_LEAVE = (
    sql_update(jobs)
    .where(
        jobs.c.member_id == bindparam("of_member"),
        jobs.c.state == JobState.FAILED,
        jobs.c.failure_message_id.is_(None),
        jobs.c.due_at.is_not(None),
    )
    .values(failure_mentions=None)
)
