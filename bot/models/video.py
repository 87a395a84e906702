"""What a member asks for, and the video service's side of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from bot.errors import InvalidSpecError
from bot.models._values import storable, unchecked

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

PROMPT_MIN_CHARACTERS = 3
PROMPT_MAX_CHARACTERS = 2000
"""The longest prompt that is taken at all; a model may take less (``profiles.py``)."""
TYPED_MAX_CHARACTERS = 4000
"""What Discord lets be typed into a field."""
DURATION_MAX_SECONDS = 600
"""The longest clip that is taken at all; which lengths there are is the model's."""

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


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """What a member asked for, validated as far as that is the same for every model.

    Discord's client enforces the same limits, but it is not trusted: anything can be sent to the API. What the model
    takes is checked by its ``ModelProfile``.

    Raises:
        InvalidSpecError: when a field is outside what is offered.
    """

    prompt: str
    aspect: Aspect = Aspect.LANDSCAPE
    duration_seconds: int = 6

    def __post_init__(self) -> None:
        _check_prompt(self.prompt)
        parse_duration(self.duration_seconds)

    @classmethod
    def accepted(cls, prompt: str, aspect: Aspect, duration_seconds: int) -> VideoSpec:
        """Give back a spec that was accepted once, unchecked: today's rules may be others than those of its day."""
        return unchecked(cls, prompt=prompt, aspect=aspect, duration_seconds=duration_seconds)

    @classmethod
    def parse(cls, prompt: object, aspect: object, duration_seconds: object) -> VideoSpec:
        """Trim and check what came from outside, of whatever type it is.

        Raises:
            InvalidSpecError: when a field is outside what is offered.
        """
        return cls.accepted(parse_prompt(prompt), parse_aspect(aspect), parse_duration(duration_seconds))

    @property
    def cost_seconds(self) -> int:
        """What the clip costs: its length, which is what the service bills."""
        return self.duration_seconds


def parse_prompt(prompt: object) -> str:
    """Trim and check a prompt that came from outside, and free it of what can't be stored.

    Raises:
        InvalidSpecError: when it says nothing, too little or too much.
    """
    if not isinstance(prompt, str):
        raise InvalidSpecError("prompt", "empty")
    trimmed = storable(prompt).strip()
    _check_prompt(trimmed)
    return trimmed


def is_blank(text: str) -> bool:
    """Tell whether nothing can be seen of a text."""
    return not any(map(_can_be_seen, text))


def parse_aspect(aspect: object) -> Aspect:
    """Check a clip's shape that came from outside.

    Raises:
        InvalidSpecError: when it is not offered.
    """
    try:
        return Aspect(aspect)
    except ValueError:
        raise InvalidSpecError("aspect", "not_offered", offered=tuple(Aspect)) from None


def parse_duration(seconds: object) -> int:
    """Check a clip's length that came from outside, in whole seconds.

    Raises:
        InvalidSpecError: when it can't be one.
    """
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= DURATION_MAX_SECONDS:
        raise InvalidSpecError("duration", "not_offered")
    return seconds


@dataclass(frozen=True, slots=True)
class Draft:
    """What a member typed and chose for a clip, as far as it can be shown again; not yet checked.

    Attributes:
        aspect, duration_seconds: None where it was left open, or is nothing that there is.
    """

    prompt: str
    aspect: Aspect | None = None
    duration_seconds: int | None = None

    @classmethod
    def parse(cls, prompt: str, aspect: str, duration: str) -> Draft:
        """Keep what can be kept of what came from a form."""
        known = Aspect(aspect) if aspect in set(Aspect) else None
        return cls(storable(prompt)[:TYPED_MAX_CHARACTERS], known, _digits(duration))


def parse_typed_duration(seconds: str) -> int:
    """Check a clip's length as a form sends it.

    Raises:
        InvalidSpecError: when it is not offered.
    """
    return parse_duration(_digits(seconds))


def _digits(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,3}", text) else None


def _check_prompt(prompt: str) -> None:
    if is_blank(prompt):
        raise InvalidSpecError("prompt", "empty")
    if len(prompt) < PROMPT_MIN_CHARACTERS:
        raise InvalidSpecError("prompt", "too_short")
    if len(prompt) > PROMPT_MAX_CHARACTERS:
        raise InvalidSpecError("prompt", "too_long", offered=(PROMPT_MAX_CHARACTERS,))


def _can_be_seen(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE_CATEGORIES and character not in _BLANKS


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
        result_url: where the clip can be fetched, until expires_at; some answers have it before the status is final.
        was_moderated: it failed since the service's moderation refused it.
        request_id: the id of the exchange that brought this answer.
        rate_limit: what the answer says of the account's limit, or None.
    """

    id: str
    status: GenerationStatus
    progress: float | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    result_url: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    was_moderated: bool = False
    request_id: str | None = None
    rate_limit: RateLimitStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitStatus:
    """What an answer's ``X-RateLimit-*`` headers say; None for what they don't.

    Attributes:
        limit: requests of this kind in the service's window.
        remaining: how many of them are left until ``reset_at``.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What can be spent, in the service's credits.

    200 are a US dollar (``docs/video-service.md``, "Account and models").

    Attributes:
        key_credits: what the key may still spend; infinite for a key without a limit, None when unknown.
        account_credits: what the account has left; None when unknown.
    """

    key_credits: float | None = None
    account_credits: float | None = None

    @property
    def credits(self) -> float | None:
        """Return what can be spent, the smaller of both; None when that is unknown."""
        is_known = None not in {self.key_credits, self.account_credits}
        return self.most_credits if is_known or self.is_empty else None

    @property
    def most_credits(self) -> float | None:
        """Return what can be spent at most, the smaller of what is known; None when nothing is."""
        return min((left for left in (self.key_credits, self.account_credits) if left is not None), default=None)

    @property
    def is_empty(self) -> bool:
        """Tell whether it is known that nothing can be bought."""
        return any(left is not None and left <= 0 for left in (self.key_credits, self.account_credits))


# Clips and messages ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a probe found: pixels as they are shown (0 where nobody can tell), seconds, bytes.

    Attributes:
        plays: Discord's viewers can play the file as it is, on whatever they have.
        pictures: how many there are.
    """

    width: int
    height: int
    duration_seconds: float
    size_bytes: int
    codec: str
    plays: bool = True
    pictures: int = 0


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


class Room(Protocol):
    """Room on disk for one clip and what is made of it."""

    async def reserve(self, size_bytes: int) -> None:
        """Wait until so much may be written in all."""
        ...

    def grow(self, size_bytes: int) -> None:
        """See to it at once that so much may be written in all; raises ``ClipUnavailableError``."""
        ...
