"""Who may use how much: rules, grants and where somebody stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import InvalidQuotaError
from bot.models._values import AuditDetails, moment, unchecked
from bot.models.profiles import GEMINI_OMNI, ModelProfile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

QUOTA_MAX_SECONDS = 1_000_000
"""The largest quota or grant: eleven days of video, beyond any community's use and safe in every column."""


class Period(StrEnum):
    """A calendar period that a quota is counted in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class QuotaSource(StrEnum):
    """Whose rule holds, in the order in which they are asked.

    A channel's rule is a pool: what is made there is charged to the channel, and members' own quotas stay untouched.
    """

    CHANNEL = "channel"
    MEMBER = "member"
    ROLE = "role"
    SERVER = "server"
    OPERATOR = "operator"


_FROM_GENERAL = {source: place for place, source in enumerate(reversed(QuotaSource))}


@dataclass(frozen=True, slots=True)
class Quota:
    """A rule: seconds of video per period; ``seconds=None`` is unlimited, 0 is none.

    Raises:
        InvalidQuotaError: when the seconds are negative or absurd.
    """

    seconds: int | None
    period: Period = Period.DAY

    def __post_init__(self) -> None:
        if self.seconds is not None:
            _check_quota_seconds(self.seconds, at_least=0)

    @property
    def details(self) -> AuditDetails:
        """Say what it is, for the audit."""
        return {"seconds": self.seconds, "period": self.period.value}

    @classmethod
    def accepted(cls, seconds: int | None, period: Period) -> Quota:
        """Give back a quota that was accepted once, unchecked, as ``VideoSpec.accepted`` does."""
        return unchecked(cls, seconds=seconds, period=period)


class AccountKind(StrEnum):
    """What seconds are counted for."""

    MEMBER = "member"
    CHANNEL = "channel"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose use is counted: a member's in one server, a pool's, or a whole server's (``id`` is then the guild's)."""

    guild_id: int
    kind: AccountKind
    id: int


@dataclass(frozen=True, slots=True)
class EffectiveQuota:
    """The rule that holds for a member in a place, and whose it is.

    Attributes:
        subject_id: the channel's, member's or role's id; None for the server's default and the operator's.
    """

    quota: Quota
    source: QuotaSource
    subject_id: int | None = None

    def account(self, *, guild_id: int, member_id: int) -> Account:
        """Say what a clip of that member's is charged to under this rule."""
        if self.source is QuotaSource.CHANNEL and self.subject_id is not None:
            return Account(guild_id, AccountKind.CHANNEL, self.subject_id)
        return Account(guild_id, AccountKind.MEMBER, member_id)


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """A stored rule of one server: who it is for, who set it when, and when it ends.

    Attributes:
        subject_id: the id of the member, the role or the pool's channel, category or thread; for the server's default
            the guild's own.
        expires_at: from when on it no longer holds; None is never.
        then: what the subject has without end, and what holds again when this ends; None is the next source's rule.
    """

    guild_id: int
    source: QuotaSource
    subject_id: int
    quota: Quota
    set_by_id: int
    set_at: datetime
    expires_at: datetime | None = None
    then: Quota | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Return what lists sort it by: from general to particular."""
        return _FROM_GENERAL[self.source], self.subject_id

    @property
    def details(self) -> AuditDetails:
        """Say what it is, for the audit."""
        then = {} if self.then is None else {"then": self.then.details}
        return self.quota.details | {"source": self.source.value, "until": moment(self.expires_at)} | then


def everyones_quota(rules: Iterable[QuotaRule]) -> Quota | None:
    """Return what holds for everybody in a server, of its rules; None where that is the operator's default."""
    return next((rule.quota for rule in rules if rule.source is QuotaSource.SERVER), None)


@dataclass(frozen=True, slots=True)
class Grant:
    """What is left of a moderator's grant, and until when.

    Attributes:
        id: the grant's entry in the ledger.
    """

    id: int
    left_seconds: int
    expires_at: datetime
    member_id: int
    given_by_id: int

    @property
    def details(self) -> AuditDetails:
        """Say what it is, for the audit."""
        return {"seconds": self.left_seconds, "until": moment(self.expires_at)}


@dataclass(frozen=True, slots=True)
class GrantUse:
    """Seconds of a clip that are paid from a grant instead of from the quota."""

    grant_id: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaStatus:
    """Where a member (in a pool: its channel) stands in the present period.

    Attributes:
        used_seconds: charges less refunds in the period, never negative.
        from_grants_seconds: the part of them that was paid from grants.
        gifts: what is left of each, those that end first first; a pool has none.
        resets_at: when the period ends.
        profile: says which clips there are.
    """

    effective: EffectiveQuota
    used_seconds: int
    from_grants_seconds: int = 0
    grants: tuple[Grant, ...] = ()
    resets_at: datetime
    profile: ModelProfile = GEMINI_OMNI

    @property
    def granted_seconds(self) -> int:
        """Say how much grants add to this period: what is left of them, and what was used of them."""
        return self.from_grants_seconds + sum(grant.left_seconds for grant in self.grants)

    @property
    def limit_seconds(self) -> int | None:
        """Say how much may be used in the period, grants included; None is unlimited."""
        seconds = self.effective.quota.seconds
        return None if seconds is None else seconds + self.granted_seconds

    @property
    def left_seconds(self) -> int | None:
        """Say how much is left, grants included, never negative; None is unlimited."""
        of_quota = self.left_of_quota_seconds
        return None if of_quota is None else of_quota + sum(grant.left_seconds for grant in self.grants)

    @property
    def has_room(self) -> bool:
        """Tell whether the shortest clip fits into what is left."""
        return self.left_seconds is None or self.left_seconds >= self.profile.shortest_seconds

    @property
    def left_of_quota_seconds(self) -> int | None:
        """Say how much is left without grants, never negative; None is unlimited."""
        seconds = self.effective.quota.seconds
        return None if seconds is None else max(0, seconds - (self.used_seconds - self.from_grants_seconds))

    def never_fits(self, cost_seconds: int) -> bool:
        """Tell whether something costs more than a whole period gives, with grants that outlive the present one."""
        seconds = self.effective.quota.seconds
        later = sum(grant.left_seconds for grant in self.grants if grant.expires_at > self.resets_at)
        return seconds is not None and cost_seconds > seconds + later

    def use_grants(self, cost_seconds: int) -> tuple[GrantUse, ...]:
        """Say which grants pay how much of a clip; the quota pays the rest.

        What ends first is used first: grants that end with the period or before, then the quota, then other grants.
        """
        wanted = cost_seconds
        grant_uses: list[GrantUse] = []
        if self.left_of_quota_seconds is None:
            return ()
        before = [grant for grant in self.grants if grant.expires_at <= self.resets_at]
        after = [grant for grant in self.grants if grant.expires_at > self.resets_at]
        for grant in (*before, None, *after):
            taken = min(wanted, self.left_of_quota_seconds if grant is None else grant.left_seconds)
            wanted -= taken
            if grant is not None and taken:
                grant_uses.append(GrantUse(grant.id, taken))
        return tuple(grant_uses)

    def after(self, cost_seconds: int) -> QuotaStatus:
        """Return where somebody stands once a clip is charged."""
        from_grants = {use.grant_id: use.seconds for use in self.use_grants(cost_seconds)}
        return replace(
            self,
            used_seconds=self.used_seconds + cost_seconds,
            from_grants_seconds=self.from_grants_seconds + sum(from_grants.values()),
            grants=tuple(
                replace(grant, left_seconds=grant.left_seconds - from_grants.get(grant.id, 0)) for grant in self.grants
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapStatus:
    """Where a server stands against its cap in the present period.

    Attributes:
        cap: seconds per period, never unlimited.
        resets_at: when the period ends.
        profile: says which clips there are.
    """

    cap: Quota
    used_seconds: int
    resets_at: datetime
    profile: ModelProfile = GEMINI_OMNI

    @property
    def left_seconds(self) -> int:
        """Say how much the whole server has left, never negative."""
        return max(0, (self.cap.seconds or 0) - self.used_seconds)

    @property
    def is_reached(self) -> bool:
        """Tell whether no clip fits in what is left."""
        return self.left_seconds < self.profile.shortest_seconds

    def never_fits(self, cost_seconds: int) -> bool:
        """Tell whether something costs more than a whole period gives."""
        return cost_seconds > (self.cap.seconds or 0)


def check_grant_seconds(seconds: int) -> None:
    """Check what a moderator grants.

    Raises:
        InvalidQuotaError: when it is not a positive whole number in range.
    """
    _check_quota_seconds(seconds, at_least=1)


def _check_quota_seconds(seconds: object, *, at_least: int) -> None:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise InvalidQuotaError("not_a_number")
    if seconds < at_least:
        raise InvalidQuotaError("negative" if seconds < 0 else "not_positive")
    if seconds > QUOTA_MAX_SECONDS:
        raise InvalidQuotaError("too_large")
