"""The words of the project as value objects: frozen, validated, free of I/O.

All times are aware UTC datetimes; all lengths are whole seconds of video unless a name says otherwise.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from bot.errors import InvalidQuotaError, InvalidSpecError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_Value = TypeVar("_Value")

PROMPT_MIN_CHARACTERS = 3
PROMPT_MAX_CHARACTERS = 2000
DURATIONS_SECONDS = (6, 10)
"""Clip lengths the video service offers (contract, "Submit")."""
QUOTA_MAX_SECONDS = 1_000_000
"""The largest quota or grant: eleven days of video, beyond any community's use and safe in every column."""

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Co", "Cs", "Mn", "Me"})
"""Unassigned characters (``Cn``) are not among them: what they are depends on the Python that runs.

Marks (``Mn``, ``Me``) are, since they show only on something else.
"""
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and signs by category, nothing to the eye: the Hangul fillers and the blank Braille pattern."""


class Aspect(StrEnum):
    """A clip's shape."""

    LANDSCAPE = "16:9"
    PORTRAIT = "9:16"


class Period(StrEnum):
    """A calendar period that a quota is counted in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """What a member asked for, validated.

    Discord's client enforces the same limits, but it is not trusted: anything can be sent to the API.

    Raises:
        InvalidSpecError: when a field is outside what is offered.
    """

    prompt: str
    aspect: Aspect = Aspect.LANDSCAPE
    duration_seconds: int = 6

    def __post_init__(self) -> None:
        if not any(map(_can_be_seen, self.prompt)):
            raise InvalidSpecError("prompt", "empty")
        if len(self.prompt) < PROMPT_MIN_CHARACTERS:
            raise InvalidSpecError("prompt", "too_short")
        if len(self.prompt) > PROMPT_MAX_CHARACTERS:
            raise InvalidSpecError("prompt", "too_long")
        if self.duration_seconds not in DURATIONS_SECONDS:
            raise InvalidSpecError("duration", "not_offered")

    @classmethod
    def accepted(cls, prompt: str, aspect: Aspect, duration_seconds: int) -> VideoSpec:
        """Give back a spec that was accepted once, unchecked: today's rules may be others than those of its day."""
        return _unchecked(cls, prompt=prompt, aspect=aspect, duration_seconds=duration_seconds)

    @classmethod
    def parse(cls, prompt: object, aspect: object, duration_seconds: object) -> VideoSpec:
        """Trim and check what came from outside, of whatever type it is.

        Raises:
            InvalidSpecError: when a field is outside what is offered.
        """
        if not isinstance(prompt, str):
            raise InvalidSpecError("prompt", "empty")
        if not isinstance(duration_seconds, int):
            raise InvalidSpecError("duration", "not_offered")
        try:
            parsed_aspect = Aspect(aspect)
        except ValueError:
            raise InvalidSpecError("aspect", "not_offered") from None
        # Neither lone surrogates nor NUL can be stored by every database.
        storable = prompt.encode(errors="ignore").decode().replace("\0", "")
        return cls(prompt=storable.strip(), aspect=parsed_aspect, duration_seconds=duration_seconds)

    @property
    def cost_seconds(self) -> int:
        """What the clip costs: its length, which is what the service bills."""
        return self.duration_seconds


def _can_be_seen(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE_CATEGORIES and character not in _BLANKS


def _unchecked(cls: type[_Value], **fields: object) -> _Value:
    """Make a frozen value of all its fields, past ``__post_init__``."""
    value = object.__new__(cls)
    for name, field in fields.items():
        object.__setattr__(value, name, field)
    return value


# Quotas ------------------------------------------------------------------------------------------


class QuotaSource(StrEnum):
    """Whose rule holds, from the most particular to the most general."""

    MEMBER = "member"
    ROLE = "role"
    SERVER = "server"
    OPERATOR = "operator"


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

    @classmethod
    def accepted(cls, seconds: int | None, period: Period) -> Quota:
        """Give back a quota that was accepted once, unchecked, as ``VideoSpec.accepted`` does."""
        return _unchecked(cls, seconds=seconds, period=period)


@dataclass(frozen=True, slots=True)
class EffectiveQuota:
    """The rule that holds for a member, and whose it is.

    Attributes:
        subject_id: the member's or role's id; None for the server's default and the operator's.
    """

    quota: Quota
    source: QuotaSource
    subject_id: int | None = None


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """A stored rule of one server: who it is for, and who set it when.

    Attributes:
        subject_id: the member's id, the role's id, or the guild's own id for the server's default.
    """

    guild_id: int
    source: QuotaSource
    subject_id: int
    quota: Quota
    set_by: int
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaStatus:
    """Where a member stands in the present period.

    Attributes:
        used_seconds: charges less refunds in the period, never negative.
        granted_seconds: gifts in the period.
        resets_at: when the period ends.
    """

    effective: EffectiveQuota
    used_seconds: int
    granted_seconds: int
    resets_at: datetime

    @property
    def limit_seconds(self) -> int | None:
        """Say how much may be used in the period, gifts included; None is unlimited."""
        seconds = self.effective.quota.seconds
        return None if seconds is None else seconds + self.granted_seconds

    @property
    def left_seconds(self) -> int | None:
        """Say how much is left, never negative; None is unlimited."""
        limit = self.limit_seconds
        return None if limit is None else max(0, limit - self.used_seconds)


def check_grant_seconds(seconds: int) -> None:
    """Check a moderator's gift.

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


# Jobs --------------------------------------------------------------------------------------------


class JobState(StrEnum):
    """Where a job stands; ``design.md`` has the table, README the diagram."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    RENDERING = "rendering"
    READY = "ready"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more can happen to the job."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({JobState.DELIVERED, JobState.FAILED, JobState.CANCELLED})
OPEN_STATES = frozenset(JobState) - FINAL_STATES
RENDER_STATES = frozenset({JobState.SUBMITTING, JobState.RENDERING})
"""States that occupy one of the concurrent renders."""


class JobError(StrEnum):
    """Why a job ended without a clip; ``ui/texts.py`` has a sentence for each."""

    REJECTED = "rejected"
    WRONG_ENDPOINT = "wrong_endpoint"
    CONTENT_POLICY = "content_policy"
    GENERATION_FAILED = "generation_failed"
    GENERATION_LOST = "generation_lost"
    SERVICE_FAULT = "service_fault"
    TIMED_OUT = "timed_out"
    NO_RESULT = "no_result"
    CLIP_GONE = "clip_gone"
    CLIP_UNUSABLE = "clip_unusable"
    UNDELIVERABLE = "undeliverable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One member's request for one clip: a durable row.

    Attributes:
        id: short, sortable by creation, and the job's nonce and ``client_business_id``.
        interaction_id: Discord's id of the ``/video`` that made it; one interaction makes one job.
        due_at: when the worker should look next; None when it never has to again.
        attempts: failures in a row in the present state; back to 0 on every success.
        started_at: when the first submit went out; a render's deadline counts from here.
        submitted_at: when the latest submit went out.
        request_id: the service's id of the latest exchange, for the operator.
        progress: the service's own figure, 0 to 100, or None while it has said nothing.
        rendered_at: when the service finished the clip, by its own clock where it says so.
        effective_quota: the rule the job was accepted under.
        status_message_id: the public status card, or None when there is none (any more).
        message_id: the clip's message; message_channel_id: where it went (the channel, or a DM).
    """

    id: str
    interaction_id: int
    guild_id: int
    channel_id: int
    member_id: int
    spec: VideoSpec
    state: JobState
    created_at: datetime
    effective_quota: EffectiveQuota
    due_at: datetime | None = None
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = None
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    generation_id: str | None = None
    request_id: str | None = None
    progress: float | None = None
    rendered_at: datetime | None = None
    result_url: str | None = None
    result_expires_at: datetime | None = None
    status_message_id: int | None = None
    message_channel_id: int | None = None
    message_id: int | None = None
    error_code: JobError | None = None
    finished_at: datetime | None = None


# The video service's side ------------------------------------------------------------------------


class GenerationStatus(StrEnum):
    """The service's statuses, with its synonyms folded; ``UNKNOWN`` is never final."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The service's object for one clip, as its latest answer described it.

    Attributes:
        progress: 0 to 100, or None when the answer had none.
        completed_at: when it was finished, or None when the answer did not say.
        result_url: where the clip can be fetched, until expires_at.
        request_id: the id of the exchange that brought this answer.
    """

    id: str
    status: GenerationStatus
    progress: float | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    result_url: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account has left, in US dollars; None when unlimited."""

    remaining_usd: float | None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing can be bought."""
        return self.remaining_usd is not None and self.remaining_usd <= 0


# Clips and messages ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a probe found: pixels, seconds, bytes."""

    width: int
    height: int
    duration_seconds: float
    size_bytes: int
    codec: str


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A clip on disk, ready to upload."""

    path: Path
    info: VideoInfo


@dataclass(frozen=True, slots=True)
class ClipLink:
    """A clip too large to upload, handed over as an address that works until ``expires_at``."""

    url: str
    expires_at: datetime | None


Clip = ClipFile | ClipLink


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message on Discord: where it is and its id."""

    channel_id: int
    message_id: int


class OperatorAlert(StrEnum):
    """What an operator must act upon."""

    UNAUTHORIZED = "unauthorized"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    WRONG_ENDPOINT = "wrong_endpoint"


@dataclass(frozen=True, slots=True)
class StatusCard:
    """What the status card shows besides the job itself.

    Attributes:
        queue_place: 1 for the next to start, or None when the job is not waiting.
        waiting_for_operator: submitting is paused until the operator acts.
    """

    job: Job
    queue_place: int | None = None
    waiting_for_operator: bool = False

    @property
    def look(self) -> tuple[object, ...]:
        """Return all that can be seen of the card; two cards with the same look need no edit between them."""
        progress = None if self.job.progress is None else int(self.job.progress)
        return (self.job.state, progress, self.queue_place, self.waiting_for_operator)
