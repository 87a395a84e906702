"""Servers' own AutoMod keyword rules, and whether one refuses a prompt: nothing here asks anybody."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

from bot.services.screening.patterns import Pattern, readings, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.models import Requester

_Span = tuple[int, int]
_RUN = re.compile(r"\S+|\s+")


@dataclass(frozen=True)
class AutomodRule:
    """One enabled keyword rule, as Discord has it.

    Attributes:
        keywords, allowed: with wildcards: ``cat*``, ``*cat``, ``*cat*``; whole words otherwise.
        patterns: regular expressions in Rust's flavour, which is nearly RE2's.
        exempt_roles, exempt_channels: whose members, and where, it does not hold.
    """

    name: str
    keywords: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    exempt_roles: frozenset[int] = frozenset()
    exempt_channels: frozenset[int] = frozenset()

    def holds_for(self, requester: Requester) -> bool:
        """Tell whether a member in a place is bound by it."""
        return not self.exempt_roles & set(requester.role_ids) and not self.exempt_channels & set(requester.places)

    def refuses(self, prompt: str) -> bool:
        """Tell whether a keyword or a pattern is found that no allowed phrase covers."""
        return any(map(self._refuses, readings(prompt)))

    @property
    def unreadable_patterns(self) -> int:
        """Count the patterns that Rust's engine reads and ours does not."""
        return len(self.patterns) - len(self._compiled)

    def _refuses(self, reading: str) -> bool:
        text = _folded(reading)
        found = chain(
            (span for keyword in self._keywords for span in keyword.spans(text)),
            (span for pattern in self._compiled for span in pattern.spans(reading)),
        )
        first = next(found, None)
        if first is None:
            return False
        runs = [run.span() for run in _RUN.finditer(text) for _ in run.group()]
        allowed = _Cover(span for phrase in self._allowed for span in phrase.covered(text, runs))
        return any(not allowed.covers(span) for span in chain([first], found))

    @cached_property
    def _keywords(self) -> tuple[_Keyword, ...]:
        return _keywords_of(self.keywords)

    @cached_property
    def _allowed(self) -> tuple[_Keyword, ...]:
        return _keywords_of(self.allowed)

    @cached_property
    def _compiled(self) -> tuple[Pattern, ...]:
        compiled: list[Pattern] = []
        for text in self.patterns:
            try:
                compiled.append(_from_rust(text))
            except ValueError:
                continue  # counted in ``unreadable_patterns``, which the settings panel shows
        return tuple(compiled)


@dataclass(frozen=True, slots=True)
class AutomodRules:
    """A server's rules, or that they can't be read.

    Attributes:
        is_closed: the bot lacks Manage Server.
    """

    rules: tuple[AutomodRule, ...] = ()
    is_closed: bool = False

    async def find(self, prompt: str, requester: Requester) -> AutomodRule | None:
        """Return the first rule that refuses a member's prompt; asked away from the event loop."""
        if requester.manages_server:
            return None  # as Discord itself does it
        holding = [rule for rule in self.rules if rule.holds_for(requester)]
        return await asyncio.to_thread(_first_refusing, holding, prompt) if holding else None


def _first_refusing(rules: list[AutomodRule], prompt: str) -> AutomodRule | None:
    return next((rule for rule in rules if rule.refuses(prompt)), None)


@dataclass(frozen=True, slots=True)
class _Keyword:
    """A keyword without its wildcards; a side that has none has to be at a word's edge."""

    wanted: str
    opens: bool
    closes: bool

    @classmethod
    def of(cls, text: str) -> _Keyword:
        plain = text.strip()
        return cls(_folded(plain.strip("*").strip()), plain.startswith("*"), plain.endswith("*"))

    def spans(self, text: str) -> Iterator[_Span]:
        """Yield where it is found."""
        start = text.find(self.wanted) if self.wanted else -1
        while start >= 0:
            end = start + len(self.wanted)
            if (self.opens or _is_edge(text, start - 1)) and (self.closes or _is_edge(text, end)):
                yield start, end
            start = text.find(self.wanted, start + 1)

    def covered(self, text: str, runs: Sequence[_Span]) -> Iterator[_Span]:
        """Yield what it covers where it is found: with a wildcard, all up to the next space, as Discord has it."""
        for start, end in self.spans(text):
            yield runs[start][0] if self.opens else start, runs[end - 1][1] if self.closes else end


def _keywords_of(texts: Iterable[str]) -> tuple[_Keyword, ...]:
    """Return keywords as they are to be found in each reading of a prompt."""
    return tuple({_Keyword.of(reading): None for text in texts for reading in readings(text)})


def _folded(text: str) -> str:
    """Return a text without regard to case, character by character: places in it are places in the text."""
    return text.lower() if text.isascii() else "".join(map(_fold, text))


def _fold(character: str) -> str:
    return next((folded for folded in (character.casefold(), character.lower()) if len(folded) == 1), character)


class _Cover:
    """The places of a text that are allowed; asked in time that hardly grows with their number."""

    def __init__(self, allowed: Iterable[_Span]) -> None:
        spans = sorted(allowed)
        self._starts = [start for start, _ in spans]
        self._furthest = list(accumulate((end for _, end in spans), max))

    def covers(self, span: _Span) -> bool:
        """Tell whether a place lies in one of them."""
        start, end = span
        before = bisect_right(self._starts, start)
        return before > 0 and self._furthest[before - 1] >= end


def _from_rust(text: str) -> Pattern:
    """Compile a pattern in Rust's flavour.

    Raises:
        ValueError: when it can't be read, or would be read as something else.
    """
    parts = list(tokens(text))
    operators = {"&&", "--", "~~"}
    for (token, in_class), (following, _) in pairwise([*parts, ("", False)]):
        if in_class and (token == "[" or token + following in operators):
            raise ValueError("unreadable")
        if token in {r"\<", r"\>"} or token + following == r"\b{":  # words' edges, to Rust
            raise ValueError("unreadable")
    return Pattern(text)


def _is_edge(text: str, place: int) -> bool:
    return not 0 <= place < len(text) or unicodedata.category(text[place])[0] not in "LNM"
