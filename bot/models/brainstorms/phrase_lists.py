"""Lists of phrases that a server's moderators keep, for ideas to name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.errors import InvalidSettingError, read_all
from bot.models._values import storable
from bot.models.video import TYPED_MAX_CHARACTERS, is_blank

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.models._values import AuditDetails

LIST_NAME_MAX_CHARACTERS = 30
PHRASES_FEWEST, PHRASES_MOST = 2, 50
PHRASE_MAX_CHARACTERS = 100
_LIST_NAME = re.compile(r"[a-z0-9_-]+")
_SIGNS_OF_IDEAS = frozenset("{}|\\")
"""They have a meaning of their own in an idea with slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseList:
    """Phrases of a server's own that an idea may name in a slot: ``{animals}``.

    Attributes:
        name: small letters a to z, digits, hyphens and underscores.
        phrases: different ones, as they were typed.
    """

    guild_id: int
    name: str
    phrases: tuple[str, ...]
    set_by_id: int
    set_at: datetime

    @classmethod
    def parse(
        cls,
        name: object,
        typed: object,
        *,
        guild_id: int,
        set_by_id: int,
        set_at: datetime,
        reserved: Collection[str] = (),
    ) -> Self:
        """Read a list as it was typed.

        Args:
            typed: a phrase in each line; spaces around it are trimmed, empty lines passed over.
            reserved: names that it may not have.

        Raises:
            InvalidSettingError: of ``list_name`` or ``phrases``, when it can't be used.
            MistakesError: when both can't.
        """
        list_name, phrases = read_all(lambda: parse_list_name(name, reserved), lambda: _parse_phrases(typed))
        return cls(guild_id=guild_id, name=list_name, phrases=phrases, set_by_id=set_by_id, set_at=set_at)

    @property
    def typed(self) -> str:
        """The phrases as they are typed; at most ``TYPED_MAX_CHARACTERS``, which is what a form holds."""
        return "\n".join(self.phrases)

    @property
    def details(self) -> AuditDetails:
        """Say what it is, for the audit."""
        return {"name": self.name, "phrases": list(self.phrases)}


def parse_list_name(name: object, reserved: Collection[str] = ()) -> str:
    """Trim and fold a list's name, and check it.

    Args:
        reserved: names that it may not have.

    Raises:
        InvalidSettingError: of ``list_name``, when it is none, or is one of the reserved.
    """
    folded = name.strip().lower() if isinstance(name, str) else ""
    if not folded:
        raise InvalidSettingError("list_name", "missing")
    if len(folded) > LIST_NAME_MAX_CHARACTERS:
        raise InvalidSettingError("list_name", "too_long")
    if not _LIST_NAME.fullmatch(folded):
        raise InvalidSettingError("list_name", "signs")
    if folded in reserved:
        raise InvalidSettingError("list_name", "built_in")
    return folded


def _parse_phrases(typed: object) -> tuple[str, ...]:
    lines = storable(typed).splitlines() if isinstance(typed, str) else []
    phrases = [phrase for phrase in (" ".join(line.split()) for line in lines) if not is_blank(phrase)]
    if len(phrases) < PHRASES_FEWEST:
        raise InvalidSettingError("phrases", "too_few")
    if len(phrases) > PHRASES_MOST:
        raise InvalidSettingError("phrases", "too_many")
    if any(len(phrase) > PHRASE_MAX_CHARACTERS for phrase in phrases):
        raise InvalidSettingError("phrases", "too_long")
    if any(_SIGNS_OF_IDEAS.intersection(phrase) for phrase in phrases):
        raise InvalidSettingError("phrases", "signs")
    if len({phrase.casefold() for phrase in phrases}) < len(phrases):
        raise InvalidSettingError("phrases", "same")
    if len("\n".join(phrases)) > TYPED_MAX_CHARACTERS:
        raise InvalidSettingError("phrases", "too_large")
    return tuple(phrases)
