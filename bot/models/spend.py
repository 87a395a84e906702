"""What the operator lets be spent, how much of it is, and what they are told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.models.jobs import OperatorAlert
from bot.models.profiles import GEMINI_OMNI, ModelProfile

if TYPE_CHECKING:
    from datetime import datetime

CREDITS_PER_DOLLAR = 200
"""What the video service sells (``docs/video-service.md``, "Account and models")."""
NEAR_PERCENT, REACHED_PERCENT = 80, 100
"""At which percentages of a ceiling on the whole bot the operator is told."""


class CeilingKind(StrEnum):
    """What a ceiling is for, in the order in which they are asked: what resets last first, then the widest."""

    MONTH = "month"
    DAY = "day"
    SERVER_DAY = "server_day"
    MEMBER_DAY = "member_day"

    @property
    def is_bot_wide(self) -> bool:
        """Tell whether all servers count together."""
        return self in {CeilingKind.MONTH, CeilingKind.DAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPolicy:
    """What the operator has set about spend; None is no ceiling. Days and months are UTC's.

    Attributes:
        max_seconds_per_month, max_seconds_per_day: over all servers.
        max_seconds_per_day_per_server: of each server.
        max_seconds_per_day_per_member: of each member, over all servers.
        low_balance_credits: under how many credits left the operator is told; None is never.
        credits_per_second: what a second of video costs; None where the operator wants to hear no credits.
    """

    max_seconds_per_month: int | None = None
    max_seconds_per_day: int | None = None
    max_seconds_per_day_per_server: int | None = None
    max_seconds_per_day_per_member: int | None = None
    low_balance_credits: float | None = None
    credits_per_second: float | None = None

    @property
    def ceilings(self) -> dict[CeilingKind, int]:
        """Return the ceilings that are set, in seconds, in the order in which they are asked."""
        limits = {
            CeilingKind.MONTH: self.max_seconds_per_month,
            CeilingKind.DAY: self.max_seconds_per_day,
            CeilingKind.SERVER_DAY: self.max_seconds_per_day_per_server,
            CeilingKind.MEMBER_DAY: self.max_seconds_per_day_per_member,
        }
        return {kind: limit for kind, limit in limits.items() if limit is not None}

    def worth(self, *, of_credits: float = 0.0, of_seconds: int = 0) -> dict[str, float]:
        """Return what credits, or seconds of video, are worth, for the log; nothing where no price is set."""
        if self.credits_per_second is None:
            return {}
        return {"dollars": round((of_credits + of_seconds * self.credits_per_second) / CREDITS_PER_DOLLAR, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingStatus:
    """How far a ceiling is used in its present day or month.

    Attributes:
        used_seconds: spend, and what waits; more than the limit where that was lowered.
        resets_at: when the day or month ends.
        profile: says which clips there are.
    """

    kind: CeilingKind
    limit_seconds: int
    used_seconds: int
    resets_at: datetime
    profile: ModelProfile = GEMINI_OMNI

    @property
    def left_seconds(self) -> int:
        """Say how much is left, never negative."""
        return max(0, self.limit_seconds - self.used_seconds)

    @property
    def allows_none(self) -> bool:
        """Tell whether no clip would fit even if nothing were used: it never resets then."""
        return self.limit_seconds < self.profile.shortest_seconds

    @property
    def is_reached(self) -> bool:
        """Tell whether no clip fits in what is left."""
        return self.left_seconds < self.profile.shortest_seconds

    def plus(self, seconds: int) -> CeilingStatus:
        """Return how far it is used once that many more seconds are."""
        return replace(self, used_seconds=self.used_seconds + seconds)

    @property
    def percent_to_tell(self) -> int:
        """Say which percentage the operator is to be told of; 0 is none, as where no clips are wanted at all."""
        if self.allows_none or not self.kind.is_bot_wide:
            return 0
        if self.is_reached:
            return REACHED_PERCENT
        return NEAR_PERCENT if self.used_seconds * 100 >= NEAR_PERCENT * self.limit_seconds else 0


@dataclass(frozen=True, slots=True)
class CeilingAlert:
    """A ceiling on the whole bot is nearly used, or used.

    Attributes:
        credits_per_second: what a second of video costs; None where that is not known.
    """

    status: CeilingStatus
    credits_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class LowBalanceAlert:
    """The service has fewer credits left for the bot than the operator wants.

    Attributes:
        credits, limit_credits: what is left, and what is wanted.
        credits_per_second: as above.
    """

    credits: float
    limit_credits: float
    credits_per_second: float | None = None


AnyAlert = OperatorAlert | CeilingAlert | LowBalanceAlert
"""All that an operator is told without having asked."""
