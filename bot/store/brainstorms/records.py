"""Brainstorms in lists, and all that is known of one; nothing here changes a row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import Integer, bindparam, func, select

from bot.models.brainstorms import BrainstormSummary
from bot.store import jobs
from bot.store.brainstorms import boards, rounds
from bot.store.tables import brainstorms as brainstorm_rows
from bot.store.tables import jobs as job_rows
from bot.store.tables import rounds as round_rows
from bot.store.tables import takes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models.brainstorms import Board, Brainstorm

_COUNT = select(func.count()).where(brainstorm_rows.c.guild_id == bindparam("guild_id"))
_PAGE = (
    select(brainstorm_rows)
    .where(brainstorm_rows.c.guild_id == bindparam("guild_id"))
    .order_by(brainstorm_rows.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
    .offset(bindparam("skip", type_=Integer))
)
_TAKES_MADE = (
    select(func.count())
    .select_from(takes.join(round_rows, round_rows.c.id == takes.c.round_id))
    .where(round_rows.c.brainstorm_id == bindparam("brainstorm_id"), takes.c.is_reigning.is_(False))
)
_WINNER = (
    select(takes.c.job_id, takes.c.difference)
    .join(round_rows, round_rows.c.id == takes.c.round_id)
    .where(round_rows.c.brainstorm_id == bindparam("brainstorm_id"), takes.c.number == round_rows.c.winner_number)
    .order_by(round_rows.c.number.desc())
    .limit(1)
)
_ROUNDS = (
    select(round_rows).where(round_rows.c.brainstorm_id == bindparam("brainstorm_id")).order_by(round_rows.c.number)
)


_STARTED = (
    select(brainstorm_rows.c.member_id, func.count().label("counted"))
    .where(
        brainstorm_rows.c.guild_id == bindparam("guild_id"),
        brainstorm_rows.c.created_at >= bindparam("start", type_=brainstorm_rows.c.created_at.type),
        brainstorm_rows.c.created_at < bindparam("end", type_=brainstorm_rows.c.created_at.type),
    )
    .group_by(brainstorm_rows.c.member_id)
)
_TAKES_ASKED = (
    select(job_rows.c.member_id, func.count().label("counted"))
    .join(takes, takes.c.job_id == job_rows.c.id)
    .where(
        job_rows.c.guild_id == bindparam("guild_id"),
        job_rows.c.created_at >= bindparam("start", type_=job_rows.c.created_at.type),
        job_rows.c.created_at < bindparam("end", type_=job_rows.c.created_at.type),
        takes.c.is_reigning.is_(False),
    )
    .group_by(job_rows.c.member_id)
)


async def count_by_member(
    connection: AsyncConnection, guild_id: int, *, start: datetime, end: datetime
) -> tuple[Counter[int], Counter[int]]:
    """Count a server's brainstorms of a period, and the takes that were asked for in it, by member.

    A take that was tried again counts once, where its last try does.
    """
    period = {"guild_id": guild_id, "start": start, "end": end}
    started = {row.member_id: row.counted for row in await connection.execute(_STARTED, period)}
    asked = {row.member_id: row.counted for row in await connection.execute(_TAKES_ASKED, period)}
    return Counter(started), Counter(asked)


async def count(connection: AsyncConnection, guild_id: int) -> int:
    """Count a server's brainstorms, open and past."""
    return (await connection.execute(_COUNT, {"guild_id": guild_id})).scalar_one()


async def list_page(connection: AsyncConnection, guild_id: int, *, limit: int, skip: int) -> list[BrainstormSummary]:
    """Return some of a server's brainstorms, newest first."""
    rows = await connection.execute(_PAGE, {"guild_id": guild_id, "limit": limit, "skip": skip})
    return [await _summary(connection, rounds.brainstorm_from_row(row)) for row in rows]


async def list_boards(connection: AsyncConnection, brainstorm_id: str) -> list[Board]:
    """Return all rounds of a brainstorm, oldest first."""
    rows = await connection.execute(_ROUNDS, {"brainstorm_id": brainstorm_id})
    return [await boards.read_of(connection, rounds.from_row(row)) for row in rows]


async def _summary(connection: AsyncConnection, brainstorm: Brainstorm) -> BrainstormSummary:
    latest = await rounds.find_latest(connection, brainstorm.id)
    assert latest is not None, "a brainstorm has a round"
    of_brainstorm = {"brainstorm_id": brainstorm.id}
    winner = (await connection.execute(_WINNER, of_brainstorm)).one_or_none()
    return BrainstormSummary(
        brainstorm=brainstorm,
        round=latest,
        takes=(await connection.execute(_TAKES_MADE, of_brainstorm)).scalar_one(),
        winner=None if winner is None else await jobs.get(connection, winner.job_id),
        winner_difference="" if winner is None else winner.difference,
    )
