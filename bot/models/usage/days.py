"""Who used how much on which day, or where it was used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from bot.models.quotas import Quota


class UsageBy(StrEnum):
    """What a server's use is told apart by."""

    MEMBER = "member"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class UsageShare:
    """What one member used, or what was used in one channel: seconds by day."""

    subject_id: int
    seconds: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return the seconds of all days."""
        return sum(self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyUsage:
    """A server's use on some days that follow one another, in its own time zone.

    Attributes:
        zone: how the time zone is abbreviated on the first of them.
        totals: seconds that were used in all, by day.
        shares: who used them, or where; those with most first.
        unlisted: seconds that are in none of the shares, by day.
        cap: the server's.
        cap_days: how many days the cap's present period has.
    """

    by: UsageBy
    days: Sequence[date]
    zone: str
    totals: Sequence[int]
    shares: Sequence[UsageShare]
    unlisted: Sequence[int]
    cap: Quota | None = None
    cap_days: int = 1

    @property
    def used_seconds(self) -> int:
        """Return the seconds that were used on all days together."""
        return sum(self.totals)

    @property
    def cap_a_day(self) -> float | None:
        """Return the seconds a day that make up the cap in its period; None without a cap."""
        return None if self.cap is None or self.cap.seconds is None else self.cap.seconds / self.cap_days

    def rest_beside(self, shares: Sequence[UsageShare]) -> tuple[int, ...]:
        """Return the seconds that are in none of these few shares, by day, never negative."""
        return tuple(
            max(0, total - sum(share.seconds[number] for share in shares)) for number, total in enumerate(self.totals)
        )
