"""What the operator is shown of the bot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from bot.models.jobs import Job
    from bot.models.operating.actions import OperatorEntry
    from bot.models.submits import Submit


@dataclass(frozen=True, slots=True)
class PauseStatus:
    """A pause that goes on.

    Attributes:
        owner: the process that pauses, or ``operator``.
        reason: what for; note: what the operator gave as their reason.
    """

    owner: str
    began_at: datetime
    reason: str
    note: str | None


@dataclass(frozen=True, slots=True)
class RateStatus:
    """How many requests of a kind went out in the last minute, of how many that the account may send."""

    sent: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class SpendStatus:
    """The seconds of video spent and waiting in a running period; ``limit_seconds`` is None without a ceiling."""

    used_seconds: int
    limit_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BotStatus:
    """How the bot stands.

    Attributes:
        processes: the names of those that hold work or pause; one that has nothing to do is not seen.
        open_jobs: how many there are, by state.
        oldest_waiting_at: when the first of those that wait was asked for.
        renders: in flight now; max_renders: how many may be.
        failures: of the last hour, by reason.
    """

    now: datetime
    version: str
    schema: str
    processes: Sequence[str]
    pauses: Sequence[PauseStatus]
    submits: RateStatus
    polls: RateStatus
    open_jobs: Mapping[str, int]
    oldest_waiting_at: datetime | None
    renders: int
    max_renders: int
    last_clip_at: datetime | None
    failures: Mapping[str, int]
    spent_today: SpendStatus
    spent_this_month: SpendStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpend:
    """The seconds of video that were sent for on one UTC day, as far as the service bills them or may yet."""

    day: date
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpend:
    """The same of one server, over some days."""

    guild_id: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendReport:
    """What was spent from one UTC day to another, both included.

    Attributes:
        credits_per_second: what a second costs; None where that is not known.
        servers: those that spent something, most first.
    """

    first: date
    last: date
    total_seconds: int
    credits_per_second: float | None
    days: Sequence[DaySpend]
    servers: Sequence[ServerSpend]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A charge of a job, or what it was given back."""

    kind: str
    seconds: int
    made_at: datetime
    made_by_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetails:
    """All that is known of one job."""

    job: Job
    submits: Sequence[Submit]
    ledger: Sequence[LedgerEntry]
    audit: Sequence[OperatorEntry]
    retried_by: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """A server that the bot is in, or was.

    Attributes:
        left_at: when the bot was found to be gone from it.
        is_to_be_left: the operator has asked for that, and it has not happened yet.
        is_served: whether ``ALLOWED_SERVERS`` has it, or is empty.
        jobs: that it ever asked for; open_jobs: on their way; last_asked_at: when the last was.
        spent_seconds: in all days that are kept.
    """

    guild_id: int
    left_at: datetime | None
    is_to_be_left: bool
    is_served: bool
    jobs: int
    open_jobs: int
    last_asked_at: datetime | None
    spent_seconds: int
