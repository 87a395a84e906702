"""Jobs as value objects, for tests that need one and not its story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.models import Block, EffectiveQuota, Grant, Job, JobState, Quota, QuotaSource, QuotaStatus, VideoSpec
from bot.models.usage import DailyUsage, UsageBy, UsageShare

if TYPE_CHECKING:
    from collections.abc import Sequence

CREATED_AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
RESETS_AT = datetime(2026, 3, 5, tzinfo=UTC)
OPERATOR_QUOTA = EffectiveQuota(Quota(60), QuotaSource.OPERATOR)


def make_job(prompt: str = "A cat surfing", **fields: object) -> Job:
    """Return a queued job with the given differences."""
    values: dict[str, object] = {
        "id": "01k2m3n4p5q6r7s8",
        "interaction_id": 1,
        "guild_id": 2,
        "channel_id": 3,
        "member_id": 4,
        "spec": VideoSpec(prompt),
        "state": JobState.QUEUED,
        "created_at": CREATED_AT,
        "effective_quota": OPERATOR_QUOTA,
    }
    return Job(**(values | fields))  # type: ignore[arg-type] (the names are checked by the class itself)


def make_quota_status(used: int = 0, *, granted: int = 0, effective: EffectiveQuota = OPERATOR_QUOTA) -> QuotaStatus:
    """Return where a member stands."""
    return QuotaStatus(
        effective=effective,
        used_seconds=used,
        grants=(make_grant(1, granted, RESETS_AT),) if granted else (),
        resets_at=RESETS_AT,
    )


def make_grant(grant_id: int, left_seconds: int, expires_at: datetime) -> Grant:
    """Return what is left of a grant."""
    return Grant(grant_id, left_seconds, expires_at, member_id=4, given_by_id=5)


def make_block(**fields: object) -> Block:
    """Return a block without an end, with the given differences."""
    values: dict[str, object] = {"guild_id": 2, "member_id": 4, "reason": "spam", "set_by_id": 5, "set_at": CREATED_AT}
    return Block(**(values | fields))  # type: ignore[arg-type] (the names are checked by the class itself)


def make_daily(
    *seconds: Sequence[int], ids: Sequence[int] = (), totals: Sequence[int] = (), **fields: object
) -> DailyUsage:
    """Return a server's use on the seven days to ``CREATED_AT``, with the given differences.

    Args:
        seconds: of each member by day, most first.
        ids: of those members; 1, 2 and so on unless given.
        totals: what all used; what these members did unless given.
    """
    shares = zip(ids or range(1, len(seconds) + 1), seconds, strict=True)
    used = [sum(of_day) for of_day in zip(*seconds, strict=True)] or [0] * 7
    values: dict[str, object] = {
        "by": UsageBy.MEMBER,
        "days": [CREATED_AT.date() - timedelta(days=ago) for ago in reversed(range(7))],
        "zone": "UTC",
        "totals": totals or used,
        "shares": [UsageShare(subject_id, tuple(each)) for subject_id, each in shares],
        "unlisted": [total - listed for total, listed in zip(totals or used, used, strict=True)],
    }
    return DailyUsage(**(values | fields))  # type: ignore[arg-type] (the names are checked by the class itself)
