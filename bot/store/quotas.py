"""Quota rules: who may use how much in which server, and which channels have a pool."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, or_, select

from bot.models import Period, Quota, QuotaRule, QuotaSource
from bot.store.tables import quota_rules

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection


async def put(connection: AsyncConnection, rule: QuotaRule) -> QuotaRule | None:
    """Set a rule, in place of the one its subject had; return that, and drop the server's rules that have ended."""
    replaced = await remove(
        connection, guild_id=rule.guild_id, source=rule.source, subject_id=rule.subject_id, now=rule.set_at
    )
    await connection.execute(
        delete(quota_rules).where(quota_rules.c.guild_id == rule.guild_id, quota_rules.c.expires_at <= rule.set_at)
    )
    await connection.execute(
        insert(quota_rules).values(
            guild_id=rule.guild_id,
            subject_id=rule.subject_id,
            source=rule.source,
            seconds=rule.quota.seconds,
            period=rule.quota.period,
            set_by=rule.set_by,
            set_at=rule.set_at,
            expires_at=rule.expires_at,
        )
    )
    return replaced


async def remove(
    connection: AsyncConnection, *, guild_id: int, source: QuotaSource, subject_id: int, now: datetime
) -> QuotaRule | None:
    """Remove a subject's rule; return it when it still held."""
    statement = delete(quota_rules).where(
        quota_rules.c.guild_id == guild_id, quota_rules.c.source == source, quota_rules.c.subject_id == subject_id
    )
    row = (await connection.execute(statement.returning(quota_rules))).one_or_none()
    return None if row is None or (row.expires_at is not None and row.expires_at <= now) else _from_row(row)


async def list_for(
    connection: AsyncConnection, *, guild_id: int, now: datetime, subject_ids: Collection[int] | None = None
) -> list[QuotaRule]:
    """Return a server's rules that hold now, all of them or those of the given subjects, oldest first."""
    statement = _rules_now(some=subject_ids is not None)
    rows = await connection.execute(statement, {"guild_id": guild_id, "now": now, "subject_ids": subject_ids})
    return [_from_row(row) for row in rows]


@cache  # to write it takes longer than to run it
def _rules_now(*, some: bool) -> Select[Any]:
    ends_at = quota_rules.c.expires_at
    holds = or_(ends_at.is_(None), ends_at > bindparam("now", type_=ends_at.type))
    statement = select(quota_rules).where(quota_rules.c.guild_id == bindparam("guild_id"), holds)
    if some:
        every_source = quota_rules.c.source.in_(
            [source for source in QuotaSource if source is not QuotaSource.OPERATOR]
        )
        some_subjects = quota_rules.c.subject_id.in_(bindparam("subject_ids", expanding=True))
        statement = statement.where(every_source, some_subjects)  # both, so that the key serves
    return statement.order_by(quota_rules.c.set_at, quota_rules.c.subject_id)


def _from_row(row: Row[Any]) -> QuotaRule:
    return QuotaRule(
        guild_id=row.guild_id,
        source=QuotaSource(row.source),
        subject_id=row.subject_id,
        quota=Quota.accepted(row.seconds, Period(row.period)),
        set_by=row.set_by,
        set_at=row.set_at,
        expires_at=row.expires_at,
    )
