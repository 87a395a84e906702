"""Quota rules: who may use how much in which server, and which channels have a pool."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, or_, select

from bot.models import Period, Quota, QuotaRule, QuotaSource
from bot.slices import slices
from bot.store.tables import quota_rules

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection


async def put(connection: AsyncConnection, rule: QuotaRule) -> QuotaRule:
    """Set a rule; return it with what holds after it.

    One with an end is in place of an earlier one with an end, and over the one without; one without is in place of all.
    """
    mine = _of_subject(rule.guild_id, rule.source, rule.subject_id)
    if rule.expires_at is not None:
        mine = (*mine, quota_rules.c.is_temporary)
    await connection.execute(delete(quota_rules).where(*mine))
    await connection.execute(
        delete(quota_rules).where(quota_rules.c.guild_id == rule.guild_id, quota_rules.c.expires_at <= rule.set_at)
    )
    await connection.execute(
        insert(quota_rules).values(
            guild_id=rule.guild_id,
            subject_id=rule.subject_id,
            source=rule.source,
            is_temporary=rule.expires_at is not None,
            seconds=rule.quota.seconds,
            period=rule.quota.period,
            set_by_id=rule.set_by_id,
            set_at=rule.set_at,
            expires_at=rule.expires_at,
        )
    )
    held = await get(
        connection, guild_id=rule.guild_id, source=rule.source, subject_id=rule.subject_id, now=rule.set_at
    )
    return held or rule


async def remove(connection: AsyncConnection, rule: QuotaRule) -> None:
    """Remove a subject's rules, with an end and without."""
    await connection.execute(delete(quota_rules).where(*_of_subject(rule.guild_id, rule.source, rule.subject_id)))


async def get(
    connection: AsyncConnection, *, guild_id: int, source: QuotaSource, subject_id: int, now: datetime
) -> QuotaRule | None:
    """Return a subject's rule that holds now, or None."""
    rules = await list_for(connection, guild_id=guild_id, now=now, subject_ids={subject_id})
    return next((rule for rule in rules if rule.source is source), None)


async def list_for(
    connection: AsyncConnection, *, guild_id: int, now: datetime, subject_ids: Collection[int] | None = None
) -> list[QuotaRule]:
    """Return a server's rules that hold now, one of each subject: of all or of the given ones, oldest first."""
    statement = _rules_now(some=subject_ids is not None)
    rows = await connection.execute(statement, {"guild_id": guild_id, "now": now, "subject_ids": subject_ids})
    rules: dict[tuple[QuotaSource, int], QuotaRule] = {}
    async for part in slices(rows):
        for rule in map(_from_row, part):
            lasting = rules.get((rule.source, rule.subject_id))
            rules[rule.source, rule.subject_id] = rule if lasting is None else replace(rule, then=lasting.quota)
    return list(rules.values())


def _of_subject(guild_id: int, source: QuotaSource, subject_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        quota_rules.c.guild_id == guild_id,
        quota_rules.c.source == source,
        quota_rules.c.subject_id == subject_id,
    )


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
    return statement.order_by(quota_rules.c.is_temporary, quota_rules.c.set_at, quota_rules.c.subject_id)


def _from_row(row: Row[Any]) -> QuotaRule:
    return QuotaRule(
        guild_id=row.guild_id,
        source=QuotaSource(row.source),
        subject_id=row.subject_id,
        quota=Quota.accepted(row.seconds, Period(row.period)),
        set_by_id=row.set_by_id,
        set_at=row.set_at,
        expires_at=row.expires_at,
    )
