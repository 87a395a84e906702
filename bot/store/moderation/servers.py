"""What moderators decide about a server: its settings, its channels, who is blocked.

A moderator changes these, in a transaction that also writes the audit; the worker changes only ``log_closed`` and what
the log was told of the cap. Every statement names the server.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from bot.models import Access, Aspect, Block, ChannelRule, ClipButtons, Pause, Period, Quota, Server
from bot.slices import slices
from bot.store.tables import blocks, channel_rules, servers

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import RowMapping, Select
    from sqlalchemy.ext.asyncio import AsyncConnection


async def get(connection: AsyncConnection, guild_id: int) -> Server:
    """Return a server's settings: the defaults where nobody has set anything."""
    row = (await connection.execute(_server(), {"guild_id": guild_id})).mappings().one_or_none()
    return Server(guild_id=guild_id) if row is None else to_server(guild_id, row)


async def put(connection: AsyncConnection, server: Server) -> None:
    """Store a server's settings, read in the same transaction."""
    pause = server.pause
    values = {
        "timezone": server.timezone,
        "cap_seconds": None if server.cap is None else server.cap.seconds,
        "cap_period": None if server.cap is None else server.cap.period,
        "log_channel_id": server.log_channel_id,
        "log_closed": server.log_closed,
        "pause_reason": None if pause is None else pause.reason,
        "paused_by_id": None if pause is None else pause.paused_by_id,
        "paused_at": None if pause is None else pause.paused_at,
        "rules_version": server.rules_version,
        "clip_buttons": server.clip_buttons,
        "allows_private": server.allows_private,
        "brainstorms_per_channel": server.brainstorms_per_channel,
        "brainstorms_per_member": server.brainstorms_per_member,
        "voter_role_id": server.voter_role_id,
        "allows_own_votes": server.allows_own_votes,
        "cap_told_percent": server.cap_told_percent,
        "cap_told_at": server.cap_told_at,
    }
    changed = await connection.execute(update(servers).where(servers.c.guild_id == server.guild_id).values(values))
    if changed.rowcount == 0:
        await connection.execute(insert(servers).values(guild_id=server.guild_id, **values))


async def list_timezones(connection: AsyncConnection) -> dict[int, str]:
    """Return the servers' time zones, where they are not UTC."""
    statement = select(servers.c.guild_id, servers.c.timezone).where(servers.c.timezone != "UTC")
    return {row.guild_id: row.timezone for row in await connection.execute(statement)}


# Channels ----------------------------------------------------------------------------------------


async def list_channel_rules(
    connection: AsyncConnection, guild_id: int, channel_ids: Collection[int] | None = None
) -> list[ChannelRule]:
    """Return what holds in a server's channels, or only in the given ones."""
    statement = _channel_rules(some=channel_ids is not None)
    rows = await connection.execute(statement, {"guild_id": guild_id, "channel_ids": channel_ids})
    return [to_channel_rule(row) async for part in slices(rows.mappings()) for row in part]


async def put_channel_rule(connection: AsyncConnection, rule: ChannelRule) -> None:
    """Store what holds in a channel; a rule that says nothing is dropped."""
    await connection.execute(
        delete(channel_rules).where(
            channel_rules.c.guild_id == rule.guild_id, channel_rules.c.channel_id == rule.channel_id
        )
    )
    if not rule.is_empty:
        await connection.execute(
            insert(channel_rules).values(
                guild_id=rule.guild_id,
                channel_id=rule.channel_id,
                access=rule.access,
                aspect=rule.aspect,
                duration_seconds=rule.duration_seconds,
            )
        )


# Blocks ------------------------------------------------------------------------------------------


async def get_block(connection: AsyncConnection, *, guild_id: int, member_id: int, now: datetime) -> Block | None:
    """Return the block that holds for a member now, or None."""
    values = {"guild_id": guild_id, "member_id": member_id, "now": now}
    row = (await connection.execute(_blocks_now(one=True), values)).mappings().one_or_none()
    return None if row is None else to_block(row)


async def list_blocks(connection: AsyncConnection, *, guild_id: int, now: datetime) -> list[Block]:
    """Return the blocks that hold now, latest first."""
    rows = await connection.execute(_blocks_now(one=False), {"guild_id": guild_id, "now": now})
    return [to_block(row) async for part in slices(rows.mappings()) for row in part]


async def put_block(connection: AsyncConnection, block: Block) -> None:
    """Block a member, in place of an earlier block."""
    await remove_block(connection, guild_id=block.guild_id, member_id=block.member_id)
    await connection.execute(
        insert(blocks).values(
            guild_id=block.guild_id,
            member_id=block.member_id,
            reason=block.reason,
            set_by_id=block.set_by_id,
            set_at=block.set_at,
            expires_at=block.expires_at,
        )
    )


async def remove_block(connection: AsyncConnection, *, guild_id: int, member_id: int) -> None:
    """End a member's block, where there is one."""
    await connection.execute(delete(blocks).where(blocks.c.guild_id == guild_id, blocks.c.member_id == member_id))


# What every acceptance asks is written once: to write it takes longer than to run it --------------


@cache
def _server() -> Select[Any]:
    return select(servers).where(servers.c.guild_id == bindparam("guild_id"))


@cache
def _channel_rules(*, some: bool) -> Select[Any]:
    statement = select(channel_rules).where(channel_rules.c.guild_id == bindparam("guild_id"))
    if some:
        statement = statement.where(channel_rules.c.channel_id.in_(bindparam("channel_ids", expanding=True)))
    return statement.order_by(channel_rules.c.channel_id)


@cache
def _blocks_now(*, one: bool) -> Select[Any]:
    holds = or_(blocks.c.expires_at.is_(None), blocks.c.expires_at > bindparam("now", type_=blocks.c.expires_at.type))
    statement = select(blocks).where(blocks.c.guild_id == bindparam("guild_id"), holds)
    if one:
        return statement.where(blocks.c.member_id == bindparam("member_id"))
    return statement.order_by(blocks.c.set_at.desc(), blocks.c.member_id)


# Rows, by column, so that a statement over several tables can be read, too -------------------------


def to_server(guild_id: int, row: RowMapping) -> Server:
    """Return a server's settings from a row that has its columns, all NULL where nobody has set anything."""
    column = servers.c
    if row[column.guild_id] is None:
        return Server(guild_id=guild_id)
    cap_seconds, pause_reason = row[column.cap_seconds], row[column.pause_reason]
    return Server(
        guild_id=guild_id,
        timezone=row[column.timezone],
        cap=None if cap_seconds is None else Quota.accepted(cap_seconds, Period(row[column.cap_period])),
        log_channel_id=row[column.log_channel_id],
        log_closed=row[column.log_closed],
        pause=None if pause_reason is None else Pause(pause_reason, row[column.paused_by_id], row[column.paused_at]),
        rules_version=row[column.rules_version],
        clip_buttons=ClipButtons(row[column.clip_buttons]),
        allows_private=row[column.allows_private],
        brainstorms_per_channel=row[column.brainstorms_per_channel],
        brainstorms_per_member=row[column.brainstorms_per_member],
        voter_role_id=row[column.voter_role_id],
        allows_own_votes=row[column.allows_own_votes],
        cap_told_percent=row[column.cap_told_percent],
        cap_told_at=row[column.cap_told_at],
    )


def to_channel_rule(row: RowMapping) -> ChannelRule:
    """Return what holds in a channel from a row that has a channel rule's columns."""
    column = channel_rules.c
    access, aspect = row[column.access], row[column.aspect]
    return ChannelRule(
        guild_id=row[column.guild_id],
        channel_id=row[column.channel_id],
        access=None if access is None else Access(access),
        aspect=None if aspect is None else Aspect(aspect),
        duration_seconds=row[column.duration_seconds],
    )


def to_block(row: RowMapping) -> Block:
    """Return a block from a row that has a block's columns."""
    column = blocks.c
    return Block(
        guild_id=row[column.guild_id],
        member_id=row[column.member_id],
        reason=row[column.reason],
        set_by_id=row[column.set_by_id],
        set_at=row[column.set_at],
        expires_at=row[column.expires_at],
    )
