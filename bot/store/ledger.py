"""The ledger: append-only entries of seconds, from which usage is summed and never kept.

A charge and a refund name their job, and the pair of job and kind is unique: either can be said twice and
happens once; so does a gift, by its interaction. A refund is counted at the time of its charge, so that it frees
the period it was taken from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, insert, literal, select

from bot.store.tables import ledger

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job


async def charge(connection: AsyncConnection, job: Job, *, now: datetime) -> None:
    """Take the job's cost."""
    await connection.execute(
        insert(ledger).values(
            guild_id=job.guild_id,
            member_id=job.member_id,
            kind="charge",
            seconds=job.spec.cost_seconds,
            counted_at=now,
            made_at=now,
            made_by=job.member_id,
            job_id=job.id,
        )
    )


async def refund(connection: AsyncConnection, job: Job, *, now: datetime, made_by: int) -> None:
    """Give back what the job was charged, once; a job without a charge gets nothing."""
    refunds = ledger.alias()
    already = select(refunds.c.id).where(refunds.c.job_id == job.id, refunds.c.kind == "refund").exists()
    charged = select(
        ledger.c.guild_id,
        ledger.c.member_id,
        literal("refund"),
        ledger.c.seconds,
        ledger.c.counted_at,
        literal(now, ledger.c.made_at.type),
        literal(made_by),
        ledger.c.job_id,
    ).where(ledger.c.job_id == job.id, ledger.c.kind == "charge", ~already)
    columns = ["guild_id", "member_id", "kind", "seconds", "counted_at", "made_at", "made_by", "job_id"]
    await connection.execute(insert(ledger).from_select(columns, charged))


async def grant(
    connection: AsyncConnection,
    *,
    guild_id: int,
    member_id: int,
    seconds: int,
    granted_by: int,
    interaction_id: int,
    now: datetime,
) -> None:
    """Give a member seconds in the present period, once for each interaction; call it where no other can write."""
    given = select(ledger.c.id).where(ledger.c.interaction_id == interaction_id)
    if (await connection.execute(given)).one_or_none() is not None:
        return
    await connection.execute(
        insert(ledger).values(
            guild_id=guild_id,
            member_id=member_id,
            kind="grant",
            seconds=seconds,
            counted_at=now,
            made_at=now,
            made_by=granted_by,
            interaction_id=interaction_id,
        )
    )


async def sum_period(
    connection: AsyncConnection, *, guild_id: int, member_id: int, start: datetime, end: datetime
) -> tuple[int, int]:
    """Return the seconds used (charges less refunds) and granted from ``start`` until just before ``end``."""
    signed = case((ledger.c.kind == "charge", ledger.c.seconds), (ledger.c.kind == "refund", -ledger.c.seconds))
    given = case((ledger.c.kind == "grant", ledger.c.seconds))
    statement = select(func.coalesce(func.sum(signed), 0), func.coalesce(func.sum(given), 0)).where(
        ledger.c.guild_id == guild_id,
        ledger.c.member_id == member_id,
        ledger.c.counted_at >= start,
        ledger.c.counted_at < end,
    )
    used, granted = (await connection.execute(statement)).one()
    return int(used), int(granted)
