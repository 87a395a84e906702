"""Quotas: which rule holds for a member in a place, what is used and left, and how moderators change it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import InvalidSettingError
from bot.models import (
    GEMINI_OMNI,
    AccountKind,
    ChangeKind,
    EffectiveQuota,
    Period,
    Quota,
    QuotaRule,
    QuotaSource,
    QuotaStatus,
    Requester,
    check_days,
    check_grant_seconds,
)
from bot.services.moderation.audit_trail import are_same
from bot.services.quotas.caps import cap_span, cap_status_of
from bot.services.quotas.periods import period_bounds, zone_of
from bot.store import standing
from bot.store.quotas import ledger
from bot.store.quotas import rules as quota_rules
from bot.store.quotas.ledger import UsageSpan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.models import CapStatus, Grant, ModelProfile, Server
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database
    from bot.store.standing import Standing

_DAYS = {Period.DAY: 1.0, Period.WEEK: 7.0, Period.MONTH: 365.25 / 12}


class QuotaService:
    """Answers for quotas, one server at a time: every method takes the server and never looks beyond it.

    Attributes:
        operator_quota: what holds where a server has set nothing.
        profile: says which clips there are.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit_trail: AuditTrail,
        operator_quota: Quota,
        profile: ModelProfile = GEMINI_OMNI,
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail
        self.operator_quota = operator_quota
        self.profile = profile

    async def read_use(
        self, connection: Connection, stored: Standing, requester: Requester, now: datetime
    ) -> tuple[QuotaStatus, CapStatus | None]:
        """Say where a member stands under the rule that holds, and the server against its cap, if it has one.

        Args:
            connection: of a transaction of the caller's: the answer still holds when that writes.
            stored: what was read in the same transaction, as of ``now``.
        """
        effective = choose_rule(stored.quota_rules, requester, self.operator_quota)
        return await _read_use(
            connection,
            stored.server,
            effective,
            requester.member_id,
            now,
            profile=self.profile,
            has_grants=stored.has_grants,
        )

    async def set_rule(
        self,
        *,
        guild_id: int,
        source: QuotaSource,
        subject_id: int,
        quota: Quota,
        set_by_id: int,
        days: int | None = None,
    ) -> tuple[QuotaRule, QuotaRule | None]:
        """Set the rule of a member, a role, a pool or the server (``subject_id`` is then the guild's own id).

        One with an end holds over the one without, which holds again afterwards; one without takes the place of both.

        Args:
            days: how long it holds, 1 to 90; None is until it is changed.

        Returns:
            The rule, and the one that it replaces.

        Raises:
            InvalidSettingError: when the days are out of range.
            StoreUnavailableError: when the database cannot be asked.
        """
        check_days(days)
        now = self._clock.now()
        expires_at = None if days is None else now + timedelta(days=days)
        rule = QuotaRule(guild_id, source, subject_id, quota, set_by_id, now, expires_at)
        async with self._audit_trail.write(guild_id) as connection:
            replaced = await quota_rules.get(
                connection, guild_id=guild_id, source=source, subject_id=subject_id, now=now
            )
            if replaced is not None and are_same(replace(replaced, then=None).details, rule.details):
                return replaced, replaced
            rule = await quota_rules.put(connection, rule)
            await self._record(connection, rule, set_by_id, before=replaced, after=rule)
        return rule, replaced

    async def clear_rule(
        self, *, guild_id: int, source: QuotaSource, subject_id: int, cleared_by_id: int
    ) -> QuotaRule | None:
        """Remove a subject's rules, with an end and without; return the one that held, or None.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._audit_trail.write(guild_id) as connection:
            rule = await quota_rules.get(
                connection, guild_id=guild_id, source=source, subject_id=subject_id, now=self._clock.now()
            )
            if rule is not None:
                await quota_rules.remove(connection, rule)
                await self._record(connection, rule, cleared_by_id, before=rule, after=None)
        return rule

    async def list_rules(self, *, guild_id: int) -> list[QuotaRule]:
        """Return a server's rules, pools among them, from general to particular.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            rules = await quota_rules.list_for(connection, guild_id=guild_id, now=self._clock.now())
        return sorted(rules, key=lambda rule: rule.place)

    async def period_of_everyone(self, guild_id: int) -> Period:
        """Say in which period everyone's quota is counted; raise StoreUnavailableError when that cannot be read."""
        everyone = Requester(guild_id=guild_id, member_id=0)
        return choose_rule(await self.list_rules(guild_id=guild_id), everyone, self.operator_quota).quota.period

    async def grant(
        self, requester: Requester, *, seconds: int, granted_by_id: int, interaction_id: int, days: int | None = None
    ) -> tuple[QuotaStatus, datetime]:
        """Give a member seconds; return where they stand then, and until when the grant can be used.

        The same interaction again gives nothing more: Discord hands it to every process that serves the token.

        Args:
            days: how long the grant can be used, 1 to 90; None is the present period.

        Raises:
            InvalidQuotaError: when the seconds are not a positive whole number in range.
            InvalidSettingError: when the days are out of range.
            StoreUnavailableError: when the database cannot be asked.
        """
        check_grant_seconds(seconds)
        check_days(days)
        now = self._clock.now()
        async with self._audit_trail.write(requester.guild_id) as connection:
            status, _ = await self.read_use(connection, await standing.read(connection, requester, now), requester, now)
            expires_at = status.resets_at if days is None else now + timedelta(days=days)
            is_new = await ledger.grant(
                connection,
                guild_id=requester.guild_id,
                member_id=requester.member_id,
                seconds=seconds,
                granted_by_id=granted_by_id,
                interaction_id=interaction_id,
                now=now,
                expires_at=expires_at,
            )
            if is_new:
                await self._audit_trail.record(
                    connection,
                    guild_id=requester.guild_id,
                    made_by_id=granted_by_id,
                    kind=ChangeKind.GRANT,
                    subject_id=requester.member_id,
                    before=None,
                    after={"seconds": seconds, "until": expires_at.isoformat()},
                )
            status, _ = await self.read_use(connection, await standing.read(connection, requester, now), requester, now)
            return status, expires_at

    async def revoke_grant(self, grant_id: int, *, guild_id: int, revoked_by_id: int) -> Grant:
        """Take back what is left of a grant; return that.

        Raises:
            InvalidSettingError: when nothing is left of it (any more).
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._audit_trail.write(guild_id) as connection:
            grants = await ledger.list_grants(connection, guild_id=guild_id, now=now)
            grant = next((grant for grant in grants if grant.id == grant_id), None)
            if grant is None:
                raise InvalidSettingError("grant", "used_up")
            await ledger.end_grant(connection, grant, now=now)
            await self._audit_trail.record(
                connection,
                guild_id=guild_id,
                made_by_id=revoked_by_id,
                kind=ChangeKind.GRANT,
                subject_id=grant.member_id,
                before=grant.details,
                after=None,
            )
        return grant

    async def _record(
        self,
        connection: Connection,
        rule: QuotaRule,
        made_by_id: int,
        *,
        before: QuotaRule | None,
        after: QuotaRule | None,
    ) -> None:
        await self._audit_trail.record(
            connection,
            guild_id=rule.guild_id,
            made_by_id=made_by_id,
            kind=ChangeKind.POOL if rule.source is QuotaSource.CHANNEL else ChangeKind.QUOTA,
            subject_id=rule.subject_id,
            before=None if before is None else before.details,
            after=None if after is None else after.details,
        )


@dataclass(frozen=True, slots=True)
class RuleAsked:
    """One source of a quota, in the order in which they are asked.

    Attributes:
        subject_id: whose rule; None for the operator's.
        quota: its rule, or None where it has none.
        holds: whether it is the one that counts.
    """

    source: QuotaSource
    subject_id: int | None
    quota: Quota | None
    holds: bool = False


def ask_rules(rules: Sequence[QuotaRule], requester: Requester, operator_quota: Quota) -> list[RuleAsked]:
    """Ask every source in turn for its rule; the first that has one holds, of several roles the most generous.

    The place's pool (the thread's, the channel's, the category's), else the member's own, else their roles', else the
    server's default, else the operator's.
    """
    by_subject = {(rule.source, rule.subject_id): rule.quota for rule in rules}
    roles = [(QuotaSource.ROLE, role_id) for role_id in requester.role_ids]
    ranked = sorted(roles, key=lambda role: _seconds_per_day(by_subject.get(role)), reverse=True)
    subjects = [
        *((QuotaSource.CHANNEL, place) for place in requester.places),
        (QuotaSource.MEMBER, requester.member_id),
        *ranked,
        (QuotaSource.SERVER, requester.guild_id),
    ]
    asked = [RuleAsked(*subject, by_subject.get(subject)) for subject in subjects]
    asked.append(RuleAsked(QuotaSource.OPERATOR, None, operator_quota))
    first = next(place for place, source in enumerate(asked) if source.quota is not None)
    holding = asked[first]
    asked[first] = replace(holding, holds=True)
    return asked


def choose_rule(rules: Sequence[QuotaRule], requester: Requester, operator_quota: Quota) -> EffectiveQuota:
    """Choose the rule that holds for a member in a place."""
    holding = next(source for source in ask_rules(rules, requester, operator_quota) if source.holds)
    subject_id = None if holding.source is QuotaSource.SERVER else holding.subject_id
    return EffectiveQuota(holding.quota or operator_quota, holding.source, subject_id)


def _seconds_per_day(quota: Quota | None) -> float:
    if quota is None:
        return -1.0
    return float("inf") if quota.seconds is None else quota.seconds / _DAYS[quota.period]


async def _read_use(
    connection: Connection,
    server: Server,
    effective: EffectiveQuota,
    member_id: int,
    now: datetime,
    *,
    profile: ModelProfile,
    has_grants: bool = True,
) -> tuple[QuotaStatus, CapStatus | None]:
    """Read what was used in the periods of a rule and of the server's cap.

    Args:
        has_grants: whether the member may have grants to be read.
    """
    start, end = period_bounds(effective.quota.period, now, zone_of(server.timezone))
    account = effective.account(guild_id=server.guild_id, member_id=member_id)
    of_cap = cap_span(server, now)
    own = UsageSpan(account, start, end)
    sums = await ledger.sum_periods(connection, [own] if of_cap is None else [own, of_cap])
    used, from_grants = sums[0]
    grants = (
        await ledger.list_grants(connection, guild_id=server.guild_id, member_id=member_id, now=now)
        if has_grants and account.kind is AccountKind.MEMBER
        else []
    )
    status = QuotaStatus(
        effective=effective,
        used_seconds=used,
        from_grants_seconds=from_grants,
        grants=tuple(grants),
        resets_at=end,
        profile=profile,
    )
    return status, None if of_cap is None else cap_status_of(server, of_cap, profile, used_seconds=sums[1][0])
