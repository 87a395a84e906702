"""Servers' own AutoMod keyword rules, and whether one refuses a prompt: nothing here asks anybody."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from bot.services.screening.patterns import Pattern, readings, tokens
from bot.services.screening.threads import Steps, finish

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
    _compiled: list[_Form] = field(default_factory=list["_Form"], init=False, repr=False, compare=False)

    def holds_for(self, requester: Requester) -> bool:
        """Tell whether a member in a place is bound by it."""
        return not self.exempt_roles & set(requester.role_ids) and not self.exempt_channels & set(requester.places)

    def refuses(self, prompt: str) -> Steps[bool]:
        """Tell whether a keyword or a pattern is found that no allowed phrase covers."""
        form = yield from self.compile()
        for reading in readings(prompt):
            if (yield from form.refuses(reading)):
                return True
        return False

    def compile(self) -> Steps[_Form]:
        """Return it as it is asked about prompts; that takes its time once."""
        if not self._compiled:
            keywords = yield from _keywords_of(self.keywords)
            allowed = yield from _keywords_of(self.allowed)
            patterns: list[Pattern] = []
            for text in self.patterns:
                try:
                    patterns.append(_from_rust(text))
                except ValueError:
                    continue  # counted in ``unreadable_patterns``, which the settings panel shows
                finally:
                    yield
            self._compiled.append(_Form(keywords, allowed, tuple(patterns)))
        return self._compiled[0]

    @property
    def unreadable_patterns(self) -> int:
        """Count the patterns that Rust's engine reads and ours does not."""
        return len(self.patterns) - len(finish(self.compile()).patterns)


@dataclass(frozen=True, slots=True)
class AutomodRules:
    """A server's rules, or that they can't be read.

    Attributes:
        is_closed: the bot lacks Manage Server.
    """

    rules: tuple[AutomodRule, ...] = ()
    is_closed: bool = False

    def binding(self, requester: Requester) -> list[AutomodRule]:
        """Return the rules that hold for a member in a place: none for who manages the server, as Discord has it."""
        return [] if requester.manages_server else [rule for rule in self.rules if rule.holds_for(requester)]

    def find(self, prompt: str, requester: Requester) -> Steps[AutomodRule | None]:
        """Return the first rule that refuses a member's prompt."""
        for rule in self.binding(requester):
            if (yield from rule.refuses(prompt)):
                return rule
        return None

    def compile(self) -> Steps[None]:
        """Get all rules ready to be asked."""
        for rule in self.rules:
            yield from rule.compile()


@dataclass(frozen=True, slots=True)
class _Form:
    """A rule's compiled form."""

    keywords: tuple[_Keyword, ...]
    allowed: tuple[_Keyword, ...]
    patterns: tuple[Pattern, ...]

    def refuses(self, reading: str) -> Steps[bool]:
        """Tell whether something is found in a reading of a prompt that no allowed phrase covers."""
        text = _folded(reading)
        cover: _Cover | None = None
        for span in self._find(text, reading):
            yield
            if span is None:
                continue
            if cover is None:
                cover = yield from self._cover(text)
            if not cover.covers(span):
                return True
        return False

    def _find(self, text: str, reading: str) -> Iterator[_Span | None]:
        """Yield what is found, and None where a keyword or a pattern is done."""
        for keyword in self.keywords:
            yield from keyword.spans(text)
            yield None
        for pattern in self.patterns:
            yield from pattern.spans(reading)
            yield None

    def _cover(self, text: str) -> Steps[_Cover]:
        runs = [run.span() for run in _RUN.finditer(text) for _ in run.group()]
        spans: list[_Span] = []
        for phrase in self.allowed:
            spans += phrase.covered(text, runs)
            yield
        return _Cover(spans)


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


def _keywords_of(texts: Iterable[str]) -> Steps[tuple[_Keyword, ...]]:
    """Return keywords as they are to be found in each reading of a prompt."""
    keywords: dict[_Keyword, None] = {}
    for text in texts:
        keywords |= {_Keyword.of(reading): None for reading in readings(text)}
        yield
    return tuple(keywords)


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
