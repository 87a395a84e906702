"""Quotas: which rule holds for a member, what is used and left, and how moderators change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import (
    EffectiveQuota,
    Period,
    Quota,
    QuotaRule,
    QuotaSource,
    QuotaStatus,
    check_grant_seconds,
)
from bot.services.periods import period_bounds
from bot.store import ledger, quotas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.services.ports import Clock
    from bot.store.database import Database

_DAYS = {Period.DAY: 1.0, Period.WEEK: 7.0, Period.MONTH: 365.25 / 12}


class QuotaService:
    """Answers for quotas, one server at a time: every method takes the server and never looks beyond it."""

    def __init__(self, *, database: Database, clock: Clock, operator_quota: Quota) -> None:
        self._database = database
        self._clock = clock
        self._operator_quota = operator_quota

    async def status(self, *, guild_id: int, member_id: int, role_ids: Iterable[int]) -> QuotaStatus:
        """Say where a member stands now.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return await self.status_within(
                connection, guild_id=guild_id, member_id=member_id, role_ids=role_ids, now=self._clock.now()
            )

    async def status_within(
        self,
        connection: AsyncConnection,
        *,
        guild_id: int,
        member_id: int,
        role_ids: Iterable[int],
        now: datetime,
    ) -> QuotaStatus:
        """Say the same inside a transaction of the caller's, so that it still holds when the caller writes."""
        subject_ids = {member_id, guild_id, *role_ids}
        rules = await quotas.list_for(connection, guild_id=guild_id, subject_ids=subject_ids)
        effective = choose_rule(rules, self._operator_quota)
        return await _stand(connection, effective, guild_id=guild_id, member_id=member_id, now=now)

    async def status_under(self, effective: EffectiveQuota, *, guild_id: int, member_id: int) -> QuotaStatus:
        """Say where a member stands under a rule that is already known.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return await _stand(connection, effective, guild_id=guild_id, member_id=member_id, now=self._clock.now())

    async def set_rule(
        self, *, guild_id: int, source: QuotaSource, subject_id: int, quota: Quota, set_by: int
    ) -> QuotaRule:
        """Set the rule of a member, a role or the server (``subject_id`` is then the guild's own id).

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        rule = QuotaRule(guild_id, source, subject_id, quota, set_by, self._clock.now())
        async with self._database.write() as connection:
            await quotas.put(connection, rule)
        return rule

    async def clear_rule(self, *, guild_id: int, subject_id: int) -> bool:
        """Remove a subject's rule; tell whether there was one.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.write() as connection:
            return await quotas.remove(connection, guild_id=guild_id, subject_id=subject_id)

    async def list_rules(self, *, guild_id: int) -> list[QuotaRule]:
        """Return a server's rules, oldest first.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            return await quotas.list_for(connection, guild_id=guild_id)

    async def grant(
        self,
        *,
        guild_id: int,
        member_id: int,
        role_ids: Iterable[int],
        seconds: int,
        granted_by: int,
        interaction_id: int,
    ) -> QuotaStatus:
        """Give a member seconds in the present period; return where they stand then.

        The same interaction again gives nothing more: Discord hands it to every process that serves the token.

        Raises:
            InvalidQuotaError: when the seconds are not a positive whole number in range.
            StoreUnavailableError: when the database cannot be asked.
        """
        check_grant_seconds(seconds)
        now = self._clock.now()
        async with self._database.write() as connection:
            await ledger.grant(
                connection,
                guild_id=guild_id,
                member_id=member_id,
                seconds=seconds,
                granted_by=granted_by,
                interaction_id=interaction_id,
                now=now,
            )
            return await self.status_within(
                connection, guild_id=guild_id, member_id=member_id, role_ids=role_ids, now=now
            )


def choose_rule(rules: Sequence[QuotaRule], operator_quota: Quota) -> EffectiveQuota:
    """Choose among the rules that apply to one member.

    Their own, else the most generous of their roles', else the server's default, else the operator's.
    """
    by_source = {source: [rule for rule in rules if rule.source is source] for source in QuotaSource}
    for source in (QuotaSource.MEMBER, QuotaSource.ROLE, QuotaSource.SERVER):
        if by_source[source]:
            rule = max(by_source[source], key=lambda rule: _seconds_per_day(rule.quota))
            subject_id = None if source is QuotaSource.SERVER else rule.subject_id
            return EffectiveQuota(rule.quota, source, subject_id)
    return EffectiveQuota(operator_quota, QuotaSource.OPERATOR)


def _seconds_per_day(quota: Quota) -> float:
    return float("inf") if quota.seconds is None else quota.seconds / _DAYS[quota.period]


async def _stand(
    connection: AsyncConnection, effective: EffectiveQuota, *, guild_id: int, member_id: int, now: datetime
) -> QuotaStatus:
    start, end = period_bounds(effective.quota.period, now)
    used, granted = await ledger.sum_period(connection, guild_id=guild_id, member_id=member_id, start=start, end=end)
    return QuotaStatus(effective=effective, used_seconds=used, granted_seconds=granted, resets_at=end)
