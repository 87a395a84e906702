"""What was used on which day, by whom or where, from the entries of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from bot.models import AccountKind
from bot.models.usage import UsageBy
from bot.slices import slices
from bot.store.brainstorms.tables import brainstorms, rounds
from bot.store.tables import jobs, ledger, usage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Column, Label
    from sqlalchemy.ext.asyncio import AsyncConnection

_SUMS_AT_A_TIME = 500


async def sum_days(connection: AsyncConnection, *, guild_id: int, edges: Sequence[datetime]) -> list[int]:
    """Return the seconds that a server used on each day.

    Args:
        edges: as ``sum_by_day`` takes them.
    """
    quarters = select(_day_of(usage.c.quarter_at, edges), usage.c.seconds).where(
        usage.c.guild_id == guild_id,
        usage.c.account_kind == AccountKind.SERVER,
        usage.c.account_id == guild_id,
        usage.c.quarter_at >= edges[0],
        usage.c.quarter_at < edges[-1],
    )
    each = quarters.subquery()
    statement = select(each.c.day, func.sum(each.c.seconds)).group_by(each.c.day)
    used = {day: int(seconds) for day, seconds in await connection.execute(statement)}
    return [used.get(number, 0) for number in range(len(edges) - 1)]


async def sum_by_day(
    connection: AsyncConnection, *, guild_id: int, edges: Sequence[datetime], by: UsageBy, most: int
) -> list[tuple[int, int, int]]:
    """Return ids of members, or of channels, with the number of a day and the seconds used on it, the largest first.

    A brainstorm's takes count for the channel that it was started in, and not for its thread. Only entries are read:
    none of a day, week or month that is running is summed up already.

    Args:
        edges: when each of two or more days begins, and at last when the last one ends.
        most: how many sums there may be.
    """
    signed = case((ledger.c.kind == "charge", ledger.c.seconds), else_=-ledger.c.seconds).label("signed")
    subject = ledger.c.member_id if by is UsageBy.MEMBER else func.coalesce(brainstorms.c.channel_id, jobs.c.channel_id)
    entries = select(subject.label("subject_id"), _day_of(ledger.c.counted_at, edges), signed).where(
        ledger.c.guild_id == guild_id,
        ledger.c.counted_at >= edges[0],
        ledger.c.counted_at < edges[-1],
        ledger.c.kind != "grant",
    )
    if by is UsageBy.CHANNEL:
        entries = (
            entries.join_from(ledger, jobs, jobs.c.id == ledger.c.job_id)
            .outerjoin(rounds, rounds.c.id == jobs.c.round_id)
            .outerjoin(brainstorms, brainstorms.c.id == rounds.c.brainstorm_id)
        )
    each = entries.subquery()
    seconds = func.sum(each.c.signed)
    statement = (
        select(each.c.subject_id, each.c.day, seconds)
        .group_by(each.c.subject_id, each.c.day)
        .having(seconds > 0)
        .order_by(seconds.desc(), each.c.day, each.c.subject_id)
        .limit(most)
    )
    result = await connection.execute(statement)
    return [
        (subject_id, number, int(used))
        async for rows in slices(result, _SUMS_AT_A_TIME)
        for subject_id, number, used in rows
    ]


def _day_of(moment: Column[datetime], edges: Sequence[datetime]) -> Label[int]:
    """Number the day that a moment between the first and the last edge lies in, from 0."""
    return case(*((moment < end, number) for number, end in enumerate(edges[1:-1])), else_=len(edges) - 2).label("day")
