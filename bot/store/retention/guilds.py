"""The servers that the bot is in, and since when it has been gone from others.

Who may change a row: any process that hears from Discord which servers there are; any process drops one whose
settings it has dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, select, update

from bot.models import JobState
from bot.store.jobs.rows import from_row
from bot.store.tables import guilds, jobs, rounds

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job


async def note_present(
    connection: AsyncConnection, present: Collection[int], said_left: Collection[int], now: datetime
) -> None:
    """Write down which servers the bot is in, and which it has left since they were last looked at.

    Args:
        present: all that it is in; none at all says nothing.
        said_left: of which it was said that it left them.
    """
    known = {row.guild_id: row.left_at for row in await connection.execute(select(guilds))}
    there = {guild_id for guild_id, left_at in known.items() if left_at is None}
    left = there - set(present) if present else there & set(said_left)
    changed = dict.fromkeys(left, now) | {it: None for it in present if known.get(it) is not None}
    new = dict.fromkeys(said_left, now) | dict.fromkeys(present)
    if new := {guild_id: left_at for guild_id, left_at in new.items() if guild_id not in known}:
        await connection.execute(insert(guilds), [{"guild_id": it, "left_at": left_at} for it, left_at in new.items()])
    if changed:
        await connection.execute(_SET_LEFT, [{"guild": it, "at": left_at} for it, left_at in changed.items()])


_SET_LEFT = (
    update(guilds)
    .where(guilds.c.guild_id == bindparam("guild"))
    .values(left_at=bindparam("at", type_=guilds.c.left_at.type), leave_due_at=None)
)


async def is_any_left(connection: AsyncConnection) -> bool:
    """Tell whether there are servers that the bot has left and whose settings are still stored."""
    statement = select(func.count()).select_from(guilds).where(guilds.c.left_at.is_not(None))
    return (await connection.execute(statement)).scalar_one() > 0


async def list_waiting(connection: AsyncConnection, *, left_before: datetime, limit: int) -> list[Job]:
    """Return jobs that wait in servers that the bot left before a moment: first those that are queued, oldest first."""
    is_left = guilds.c.left_at <= left_before
    queued = (
        select(jobs)
        .join(guilds, guilds.c.guild_id == jobs.c.guild_id)
        .where(jobs.c.state == JobState.QUEUED, is_left)
        .order_by(jobs.c.id)
    )
    going = (
        select(rounds.c.id)
        .join(guilds, guilds.c.guild_id == rounds.c.guild_id)
        .where(rounds.c.landed_at.is_(None), is_left)
    )
    held = select(jobs).where(jobs.c.round_id.in_(going), jobs.c.state == JobState.HELD)  # few are: by their rounds
    found = [from_row(row) for row in await connection.execute(queued.limit(limit))]
    if len(found) < limit:
        found += [from_row(row) for row in await connection.execute(held.limit(limit - len(found)))]
    return found


async def list_left(connection: AsyncConnection, *, left_before: datetime, limit: int) -> list[int]:
    """Return servers that the bot left before a moment, and whose settings are still stored."""
    statement = select(guilds.c.guild_id).where(guilds.c.left_at <= left_before).order_by(guilds.c.left_at).limit(limit)
    return list((await connection.execute(statement)).scalars())


async def is_left(connection: AsyncConnection, guild_id: int, *, left_before: datetime) -> bool:
    """Tell whether the bot left a server before a moment, and has not come back."""
    statement = select(guilds.c.guild_id).where(guilds.c.guild_id == guild_id, guilds.c.left_at <= left_before)
    return (await connection.execute(statement)).one_or_none() is not None


async def forget(connection: AsyncConnection, guild_id: int, *, left_before: datetime) -> None:
    """Drop a server whose settings are gone, unless the bot is back in it."""
    mine = (guilds.c.guild_id == guild_id) & (guilds.c.left_at <= left_before)
    await connection.execute(delete(guilds).where(mine))
