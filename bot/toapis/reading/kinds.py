"""Kinds of words: how a word of an error, or a sentence of its message, is compared with a row of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Subject(Enum):
    """What an error is about."""

    MONEY = auto()
    KEY = auto()
    ACCESS = auto()
    MODERATION = auto()
    REQUEST = auto()
    ENDPOINT = auto()
    MISSING = auto()
    RATE = auto()
    NOT_TAKEN = auto()
    FAULT = auto()
    NO_ANSWER = auto()


ANY_STATUS = frozenset(range(100, 600))
_PAIR_GAP_CHARACTERS = 60
"""How far apart the two halves of a pair may stand in a sentence."""
_NEVER = re.compile(r"(?!)")
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")
_SHORT_CHARACTERS = 24
"""As long as keys and states are, which come again in each answer, and are remembered."""


def fold(word: str) -> str:
    """Return a code, a state, a key or a sentence as lower-case words with ``_`` between them."""
    return _fold_short(word) if len(word) <= _SHORT_CHARACTERS else _fold(word)


def _fold(word: str) -> str:
    return _SEPARATORS.sub("_", _WORD_STARTS.sub("_", word)).strip("_").casefold()


_fold_short = lru_cache(maxsize=512)(_fold)


def listed(words: str) -> tuple[str, ...]:
    """Return the words of a list that is written as a text, parted by blanks."""
    return tuple(words.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Words that mean the same; all texts are lists, parted by spaces.

    Attributes:
        subject: what an error with such a word is about.
        words: whole words, folded; ``*`` stands for anything.
        parts: what a word may begin with anywhere, as ``violat`` of ``prompt_violation``; an ``_`` at the end makes it
            a word of its own, as ``no_`` of ``no_credits``. A Chinese part may stand anywhere.
        pairs: two lists of parts, one of each near the other, in any order.
        unless: parts that make it another matter.
        statuses: the HTTP statuses that the kind counts at; any of 2xx is 200.
    """

    subject: Subject
    words: str = ""
    parts: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    unless: str = ""
    statuses: frozenset[int] = ANY_STATUS
    _fits: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _unless: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        alternatives = [f"^_(?:{_whole(self.words)})_$"] if self.words else []
        if self.parts:
            alternatives.append(_any_of(self.parts))
        for one, other in self.pairs:
            first, second = _any_of(one), _any_of(other)
            gap = f".{{0,{_PAIR_GAP_CHARACTERS}}}?"
            alternatives += [f"{first}{gap}{second}", f"{second}{gap}{first}"]
        object.__setattr__(self, "_fits", re.compile("|".join(alternatives)) if alternatives else _NEVER)
        object.__setattr__(self, "_unless", re.compile(_any_of(self.unless)) if self.unless else _NEVER)

    def fits(self, folded: str) -> bool:
        """Tell whether a folded word or sentence is of this kind."""
        framed = f"_{folded}_"
        return self._fits.search(framed) is not None and self._unless.search(framed) is None


def first_subject(kinds: Iterable[Kind], words: Iterable[str], http_status: int) -> Subject | None:
    """Return the subject of the first folded word that is of a kind, by the first kind that it is of."""
    fitting = (kind for word in words for kind in kinds if http_status in kind.statuses and kind.fits(word))
    return next((kind.subject for kind in fitting), None)


def _whole(words: str) -> str:
    return "|".join(".*".join(map(re.escape, word.split("*"))) for word in words.split())


def _any_of(parts: str) -> str:
    return f"(?:{'|'.join(map(_part, parts.split()))})"


def _part(part: str) -> str:
    if not part.isascii():
        return re.escape(part)
    return f"_{re.escape(part.removesuffix('_'))}{'(?=_)' if part.endswith('_') else ''}"
