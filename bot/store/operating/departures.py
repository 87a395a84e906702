"""Servers that the bot is to leave, and what is known of each that it is in.

Who may change a row of ``guilds`` here:

* ``ask``: the operator, of a server that the bot is in; any process, of one that has just invited the bot and is not
  served;
* ``claim_due``: any worker; it puts off the next try, so that one worker tries;
* ``note_left``: the worker that has heard from Discord that the bot is no longer in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, select, update

from bot.models import OPEN_STATES
from bot.models.operating import ServerStatus
from bot.store.tables import guilds, jobs, spend

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


async def ask(connection: AsyncConnection, guild_id: int, *, now: datetime) -> bool:
    """Have a server left that the bot is in; tell whether it is in it and that is news."""
    is_new = guilds.c.left_at.is_(None) & guilds.c.leave_due_at.is_(None)
    statement = update(guilds).where(guilds.c.guild_id == guild_id, is_new).values(leave_due_at=now)
    return (await connection.execute(statement)).rowcount == 1


async def is_asked(connection: AsyncConnection, guild_id: int) -> bool:
    """Tell whether a server is to be left already."""
    statement = select(guilds.c.guild_id).where(guilds.c.guild_id == guild_id, guilds.c.leave_due_at.is_not(None))
    return (await connection.execute(statement)).one_or_none() is not None


async def claim_due(connection: AsyncConnection, *, now: datetime, until: datetime) -> list[int]:
    """Return the servers that are to be left now, and put them off until then."""
    return list((await connection.execute(_CLAIM_DUE, {"now": now, "until": until})).scalars())


async def note_left(connection: AsyncConnection, guild_id: int, *, now: datetime) -> None:
    """Write down that the bot is in a server no more."""
    statement = update(guilds).where(guilds.c.guild_id == guild_id)
    await connection.execute(statement.values(leave_due_at=None, left_at=func.coalesce(guilds.c.left_at, now)))


async def list_servers(connection: AsyncConnection, allowed: Collection[int]) -> list[ServerStatus]:
    """Return all servers that the bot is in, or was until their settings go; whoever asks most comes first.

    Args:
        allowed: the only ones that are served; empty is every server.
    """
    asked = (
        select(
            jobs.c.guild_id,
            func.count().label("jobs"),
            func.sum(case((jobs.c.state.in_(OPEN_STATES), 1), else_=0)).label("open"),
            func.max(jobs.c.created_at).label("last_at"),
        )
        .group_by(jobs.c.guild_id)
        .subquery()
    )
    spent = (
        select(spend.c.subject_id, func.sum(spend.c.seconds).label("seconds"))
        .where(spend.c.scope == "server")
        .group_by(spend.c.subject_id)
        .subquery()
    )
    statement = (
        select(guilds, asked.c.jobs, asked.c.open, asked.c.last_at, spent.c.seconds)
        .outerjoin(asked, asked.c.guild_id == guilds.c.guild_id)
        .outerjoin(spent, spent.c.subject_id == guilds.c.guild_id)
        .order_by(func.coalesce(asked.c.jobs, 0).desc(), guilds.c.guild_id)
    )
    return [
        ServerStatus(
            guild_id=row.guild_id,
            left_at=row.left_at,
            is_to_be_left=row.leave_due_at is not None,
            is_served=not allowed or row.guild_id in allowed,
            jobs=row.jobs or 0,
            open_jobs=row.open or 0,
            last_asked_at=row.last_at,
            spent_seconds=row.seconds or 0,
        )
        for row in await connection.execute(statement)
    ]


_TIME: Any = guilds.c.leave_due_at.type
_CLAIM_DUE = (
    update(guilds)
    .where(guilds.c.leave_due_at <= bindparam("now", type_=_TIME))
    .values(leave_due_at=bindparam("until", type_=_TIME))
    .returning(guilds.c.guild_id)
)
