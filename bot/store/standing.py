"""All that is set and counted for a member in a place, read at once: what a decision about a clip goes by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, func, or_, select

from bot.models import EVERYWHERE, OPEN_STATES
from bot.store.jobs.held import is_held
from bot.store.jobs.turns import IS_WAITING
from bot.store.moderation.servers import to_block, to_channel_rule, to_server
from bot.store.quotas import rules as quota_rules
from bot.store.tables import blocks, channel_rules, jobs, ledger, rounds, servers

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Block, ChannelRule, QuotaRule, Requester, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is stored about a member in a place, as of a moment.

    Attributes:
        block: that holds then.
        channel_rules: of the member's places and of ``EVERYWHERE``, as far as there are any, in no order.
        quota_rules: that hold then and have to do with the member, their roles, their places or the whole server.
        open_jobs, open_jobs_anywhere: how many unfinished jobs the member has in this server, and in all; takes of a
            brainstorm don't count.
        open_jobs_waiting: how many of these in all servers wait for their turn.
        waiting, waiting_anywhere: how many jobs of all members wait for their turn, or are held until they have one, in
            this server, and in all.
        has_grants: whether the member was given seconds that can be used then; they may be used up.
    """

    server: Server
    block: Block | None
    channel_rules: tuple[ChannelRule, ...]
    quota_rules: tuple[QuotaRule, ...]
    open_jobs: int
    open_jobs_anywhere: int
    open_jobs_waiting: int
    waiting: int
    waiting_anywhere: int
    has_grants: bool


async def read(connection: AsyncConnection, requester: Requester, now: datetime) -> Standing:
    """Read it, in two statements."""
    guild_id, member_id = requester.guild_id, requester.member_id
    values = {"guild_id": guild_id, "member_id": member_id, "now": now, "places": (*requester.places, EVERYWHERE)}
    rows = (await connection.execute(_standing(), values)).mappings().all()
    subject_ids = {member_id, guild_id, *requester.role_ids, *requester.places}
    rules = await quota_rules.list_for(connection, guild_id=guild_id, now=now, subject_ids=subject_ids)
    first = rows[0]
    return Standing(
        server=to_server(guild_id, first),
        block=None if first[blocks.c.member_id] is None else to_block(first),
        channel_rules=tuple(to_channel_rule(row) for row in rows if row[channel_rules.c.channel_id] is not None),
        quota_rules=tuple(rules),
        open_jobs=first["open_jobs"] or 0,
        open_jobs_anywhere=first["open_jobs_anywhere"],
        open_jobs_waiting=first["open_jobs_waiting"] or 0,
        waiting=first["waiting"],
        waiting_anywhere=first["waiting_anywhere"],
        has_grants=first["has_grants"],
    )


@cache  # every acceptance asks it: to write it takes longer than to run it
def _standing() -> Select[Any]:
    """Select a row for each rule of the places, or one without; all of them have the rest."""
    guild_id = bindparam("guild_id", type_=servers.c.guild_id.type)
    member_id = bindparam("member_id", type_=blocks.c.member_id.type)
    now = bindparam("now", type_=blocks.c.expires_at.type)
    open_jobs = (  # always one row, whatever there is
        select(
            func.count().label("open_jobs_anywhere"),
            func.sum(case((jobs.c.guild_id == guild_id, 1), else_=0)).label("open_jobs"),
            func.sum(case((IS_WAITING, 1), else_=0)).label("open_jobs_waiting"),
        )
        .where(jobs.c.member_id == member_id, jobs.c.state.in_(OPEN_STATES), jobs.c.round_id.is_(None))
        .subquery()
    )
    grants = select(ledger.c.id).where(
        ledger.c.guild_id == guild_id, ledger.c.member_id == member_id, ledger.c.expires_at > now
    )
    count = select(func.count()).select_from(jobs)
    queued, held = count.where(IS_WAITING), count.where(is_held())
    held_here = count.where(is_held(rounds.c.guild_id == guild_id))
    waiting_anywhere = queued.scalar_subquery() + held.scalar_subquery()
    waiting = queued.where(jobs.c.guild_id == guild_id).scalar_subquery() + held_here.scalar_subquery()
    holds = or_(blocks.c.expires_at.is_(None), blocks.c.expires_at > now)
    of_places = channel_rules.c.channel_id.in_(bindparam("places", expanding=True))
    return select(
        *(servers, blocks, channel_rules),
        *open_jobs.c,
        waiting.label("waiting"),
        waiting_anywhere.label("waiting_anywhere"),
        grants.exists().label("has_grants"),
    ).select_from(
        open_jobs.outerjoin(servers, servers.c.guild_id == guild_id)
        .outerjoin(blocks, and_(blocks.c.guild_id == guild_id, blocks.c.member_id == member_id, holds))
        .outerjoin(channel_rules, and_(channel_rules.c.guild_id == guild_id, of_places))
    )
