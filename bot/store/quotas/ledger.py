"""The ledger: append-only entries of seconds, and what they come to.

Two things may change in it: a grant's end, and the charge of a job that waits, which gets lower where its clip will be
shorter than it was asked for.

A charge and a refund name their job, and the pair of job and kind is unique: either can be said twice and
happens once; so does a grant, by its interaction. A refund is counted at the time of its charge, so that it frees
the period it was taken from; and it gives back to the grants what they paid.

``usage`` is the ledger summed up by account and quarter of an hour, kept in the transaction of each entry and never
by itself: any calendar period of any time zone is a range of quarters (no zone's offset is finer), so that a month of
a busy server is 3,000 rows at most and not a hundred thousand. All of it is called where no other can write.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    Integer,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)

from bot.models import Account, AccountKind, Grant
from bot.slices import slices
from bot.store.engines.additions import add
from bot.store.tables import grant_uses, ledger, ledger_sums, usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import GrantUse, Job

_QUARTER_MINUTES = 15
_SUMS_AT_A_TIME = 500


class UsageSpan(NamedTuple):
    """Whose use, from ``start`` until just before ``end``."""

    account: Account
    start: datetime
    end: datetime


async def charge(connection: AsyncConnection, job: Job, *, now: datetime, from_grants: Sequence[GrantUse] = ()) -> None:
    """Take the job's cost from its account, with what grants pay of it."""
    account = job.effective_quota.account(guild_id=job.guild_id, member_id=job.member_id)
    from_grants_seconds = sum(use_grants.seconds for use_grants in from_grants)
    charged = {
        "guild_id": job.guild_id,
        "member_id": job.member_id,
        "pool_id": account.id if account.kind is AccountKind.CHANNEL else None,
        "kind": "charge",
        "seconds": job.spec.cost_seconds,
        "from_grants_seconds": from_grants_seconds,
        "counted_at": now,
        "made_at": now,
        "made_by_id": job.member_id,
        "job_id": job.id,
    }
    await connection.execute(insert(ledger).inline(), charged)  # its id is not needed
    if from_grants:
        rows = [
            {"grant_id": use_grants.grant_id, "job_id": job.id, "seconds": use_grants.seconds}
            for use_grants in from_grants
        ]
        await connection.execute(insert(grant_uses), rows)
    await _count(connection, account, now, job.spec.cost_seconds, from_grants_seconds)


async def refund(connection: AsyncConnection, job: Job, *, now: datetime, made_by_id: int) -> bool:
    """Give back what the job was charged, once; tell whether that was now. A job without a charge gets nothing."""
    entries = await connection.execute(select(ledger).where(ledger.c.job_id == job.id))
    by_kind = {entry.kind: entry for entry in entries}
    charged = by_kind.get("charge")
    if charged is None or "refund" in by_kind:
        return False
    await connection.execute(
        insert(ledger).values(
            guild_id=charged.guild_id,
            member_id=charged.member_id,
            pool_id=charged.pool_id,
            kind="refund",
            seconds=charged.seconds,
            from_grants_seconds=charged.from_grants_seconds,
            counted_at=charged.counted_at,
            made_at=now,
            made_by_id=made_by_id,
            job_id=job.id,
        )
    )
    kind = AccountKind.MEMBER if charged.pool_id is None else AccountKind.CHANNEL
    account = Account(charged.guild_id, kind, charged.pool_id or charged.member_id)
    await _count(connection, account, charged.counted_at, -charged.seconds, -charged.from_grants_seconds)
    return True


@dataclass(frozen=True, slots=True)
class Charge:
    """What a job was charged.

    Attributes:
        grants: that paid a part of it, each with that part as what is left.
    """

    seconds: int
    counted_at: datetime
    grants: tuple[Grant, ...]


async def find_charge(connection: AsyncConnection, job_id: str) -> Charge | None:
    """Return what a job was charged, or None."""
    of_job = (ledger.c.job_id == job_id) & (ledger.c.kind == "charge")
    entry = (await connection.execute(select(ledger).where(of_job))).one_or_none()
    if entry is None:
        return None
    paid = (
        select(ledger.c.id, grant_uses.c.seconds, ledger.c.expires_at, ledger.c.member_id, ledger.c.made_by_id)
        .join_from(grant_uses, ledger, grant_uses.c.grant_id == ledger.c.id)
        .where(grant_uses.c.job_id == job_id)
        .order_by(ledger.c.expires_at, ledger.c.id)
    )
    grants = tuple(Grant(*row) for row in await connection.execute(paid))
    return Charge(entry.seconds, entry.counted_at, grants)


async def lower_charge(
    connection: AsyncConnection, job: Job, charged: Charge, *, seconds: int, from_grants: Sequence[GrantUse]
) -> None:
    """Let a job that waits cost less from the time of its charge on: it is to be shorter than it was asked for.

    Args:
        charged: as read in the same transaction.
        from_grants: what grants pay of it from now on.
    """
    from_grants_seconds = sum(use.seconds for use in from_grants)
    of_job = (ledger.c.job_id == job.id) & (ledger.c.kind == "charge")
    lower = {"seconds": seconds, "from_grants_seconds": from_grants_seconds}
    await connection.execute(update(ledger).where(of_job).values(lower))
    await connection.execute(delete(grant_uses).where(grant_uses.c.job_id == job.id))
    if from_grants:
        uses = [{"grant_id": use.grant_id, "job_id": job.id, "seconds": use.seconds} for use in from_grants]
        await connection.execute(insert(grant_uses), uses)
    account = job.effective_quota.account(guild_id=job.guild_id, member_id=job.member_id)
    came_back = sum(grant.left_seconds for grant in charged.grants) - from_grants_seconds
    await _count(connection, account, charged.counted_at, seconds - charged.seconds, -came_back)


async def is_refunded(connection: AsyncConnection, job_id: str) -> bool:
    """Tell whether a job's charge was given back."""
    statement = select(ledger.c.id).where(ledger.c.job_id == job_id, ledger.c.kind == "refund")
    return (await connection.execute(statement)).one_or_none() is not None


async def grant(
    connection: AsyncConnection,
    *,
    guild_id: int,
    member_id: int,
    seconds: int,
    granted_by_id: int,
    interaction_id: int,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Give a member seconds until ``expires_at``, once for each interaction; tell whether that was now."""
    given = select(ledger.c.id).where(ledger.c.interaction_id == interaction_id)
    if (await connection.execute(given)).one_or_none() is not None:
        return False
    await connection.execute(
        insert(ledger).values(
            guild_id=guild_id,
            member_id=member_id,
            kind="grant",
            seconds=seconds,
            counted_at=now,
            made_at=now,
            made_by_id=granted_by_id,
            interaction_id=interaction_id,
            expires_at=expires_at,
        )
    )
    return True


async def list_grants(
    connection: AsyncConnection, *, guild_id: int, member_id: int | None = None, now: datetime
) -> list[Grant]:
    """Return the grants of a member, or of a whole server, of which something is left; those that end first first."""
    statement = _grants_left(of_one=member_id is not None)
    rows = await connection.execute(statement, {"guild_id": guild_id, "member_id": member_id, "now": now})
    return [
        Grant(row.id, int(row.left), row.expires_at, row.member_id, row.made_by_id)
        async for part in slices(rows)
        for row in part
        if row.left > 0
    ]


async def end_grant(connection: AsyncConnection, grant: Grant, *, now: datetime) -> None:
    """Let nothing more be drawn from a grant."""
    await connection.execute(update(ledger).where(ledger.c.id == grant.id).values(expires_at=now))


async def sum_periods(connection: AsyncConnection, spans: Sequence[UsageSpan]) -> list[tuple[int, int]]:
    """Return of each span the seconds used, charges less refunds, and those from grants: all in one statement."""
    values: dict[str, object] = {}
    for number, span in enumerate(spans):
        mine = _key(span.account) | {"start": span.start, "end": span.end}
        values |= {f"{name}{number}": value for name, value in mine.items()}
    rows = await connection.execute(_sums_of(len(spans)), values)
    return [(int(used), int(from_grants)) for _, used, from_grants in rows]


async def sum_by_member(
    connection: AsyncConnection, *, guild_id: int, start: datetime, end: datetime
) -> dict[int, int]:
    """Return the seconds each member of a server used in a period: from the entries, and from the days of old ones."""
    signed = case(
        (ledger.c.kind == "charge", ledger.c.seconds), (ledger.c.kind == "refund", -ledger.c.seconds), else_=0
    )
    statement = (
        select(ledger.c.member_id, func.sum(signed))
        .where(ledger.c.guild_id == guild_id, ledger.c.counted_at >= start, ledger.c.counted_at < end)
        .group_by(ledger.c.member_id)
    )
    of_days = select(ledger_sums.c.member_id, func.sum(ledger_sums.c.seconds)).where(
        ledger_sums.c.guild_id == guild_id, ledger_sums.c.day_at >= start, ledger_sums.c.day_at < end
    )
    used_by_member: Counter[int] = Counter()
    for each in (statement, of_days.group_by(ledger_sums.c.member_id)):
        async for rows in slices(await connection.execute(each), _SUMS_AT_A_TIME):
            used_by_member.update({member_id: int(used) for member_id, used in rows})
    return dict(used_by_member)


async def _count(
    connection: AsyncConnection, account: Account, counted_at: datetime, seconds: int, from_grants_seconds: int
) -> None:
    """Count seconds, which may be negative, for an account and for its whole server."""
    server = Account(account.guild_id, AccountKind.SERVER, account.guild_id)
    quarter_at = counted_at - timedelta(
        minutes=counted_at.minute % _QUARTER_MINUTES, seconds=counted_at.second, microseconds=counted_at.microsecond
    )
    rows = [
        {
            "guild_id": each.guild_id,
            "account_kind": each.kind,
            "account_id": each.id,
            "quarter_at": quarter_at,
            "seconds": seconds,
            "from_grants_seconds": from_grants_seconds,
        }
        for each in (account, server)
    ]
    await add(connection, usage, rows, summed=("seconds", "from_grants_seconds"))


# What every charge says is written once: to write it takes longer than to run it ------------------


def _key(account: Account) -> dict[str, object]:
    return {"guild": account.guild_id, "kind": account.kind, "account": account.id}


@cache
def _sums_of(spans: int) -> CompoundSelect[int, int, int]:
    return union_all(*map(_sums, range(spans))).order_by("span")


def _sums(span: int) -> Select[int, int, int]:
    time = usage.c.quarter_at.type
    return select(
        literal_column(str(span), Integer).label("span"),
        func.coalesce(func.sum(usage.c.seconds), 0),
        func.coalesce(func.sum(usage.c.from_grants_seconds), 0),
    ).where(
        *_of_account(str(span)),
        usage.c.quarter_at >= bindparam(f"start{span}", type_=time),
        usage.c.quarter_at < bindparam(f"end{span}", type_=time),
    )


@cache
def _grants_left(*, of_one: bool) -> Select[Any, Any, Any, Any, Any]:
    refunds = ledger.alias()
    refunded = select(refunds.c.id).where(refunds.c.job_id == grant_uses.c.job_id, refunds.c.kind == "refund").exists()
    from_grants = select(func.coalesce(func.sum(grant_uses.c.seconds), 0)).where(
        grant_uses.c.grant_id == ledger.c.id, ~refunded
    )
    left = (ledger.c.seconds - from_grants.scalar_subquery()).label("left")
    statement = select(ledger.c.id, ledger.c.expires_at, ledger.c.member_id, ledger.c.made_by_id, left).where(
        ledger.c.guild_id == bindparam("guild_id"),
        ledger.c.expires_at > bindparam("now", type_=ledger.c.expires_at.type),
    )
    if of_one:
        statement = statement.where(ledger.c.member_id == bindparam("member_id"))
    return statement.order_by(ledger.c.expires_at, ledger.c.id)


def _of_account(number: str = "") -> tuple[ColumnElement[bool], ...]:
    return (
        usage.c.guild_id == bindparam(f"guild{number}"),
        usage.c.account_kind == bindparam(f"kind{number}"),
        usage.c.account_id == bindparam(f"account{number}"),
    )
