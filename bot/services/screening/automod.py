"""The server's own AutoMod keyword rules, which Discord never asks about a slash command's prompt: so we do.

They are read from Discord when they are some minutes old and somebody asks for a clip, and remembered in the database,
so that they hold right after a restart and while Discord does not answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any

from bot.errors import PublishUnavailableError, RulesUnknownError
from bot.services.screening.patterns import Pattern, readings, tokens
from bot.store import prompt_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.models import Requester
    from bot.services.ports import AutomodSource, Clock
    from bot.store.database import Database

_log = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=3)
"""The issue: "refreshed every few minutes"."""
UNREAD_FOR = timedelta(seconds=15)
"""How long Discord is left alone after it did not answer."""
FETCH_SECONDS = 5.0

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


@dataclass(slots=True)
class _Known:
    rules: AutomodRules | None = None
    ask_again_at: datetime | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class AutomodService:
    """Knows servers' AutoMod rules."""

    def __init__(self, *, database: Database, clock: Clock, source: AutomodSource) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._known: defaultdict[int, _Known] = defaultdict(_Known)

    async def rules(self, guild_id: int) -> AutomodRules:
        """Return a server's rules, at most some minutes old unless Discord does not answer.

        While they are being read, all others go by those that are known.

        Raises:
            RulesUnknownError: when they have never been read and can't be now.
            StoreUnavailableError: when the database cannot be asked.
        """
        known = self._known[guild_id]
        if known.rules is None or not known.asking.locked():
            async with known.asking:
                if known.rules is None:
                    known.rules = await self._remembered(guild_id)
                if known.ask_again_at is None or self._clock.now() >= known.ask_again_at:
                    await self._refresh(guild_id, known)
        if known.rules is None:
            raise RulesUnknownError
        return known.rules

    async def known_rules(self, guild_id: int) -> AutomodRules | None:
        """Return a server's rules, or None where they are not known, for people to look at.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        try:
            return await self.rules(guild_id)
        except RulesUnknownError:
            return None

    async def _refresh(self, guild_id: int, known: _Known) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                rules = await self._source.fetch_automod_rules(guild_id)
        except (PublishUnavailableError, TimeoutError) as error:
            _log.warning("AutoMod rules not read", extra={"guild_id": guild_id, "error": type(error).__name__})
            known.ask_again_at = self._clock.now() + UNREAD_FOR
            return
        if rules != known.rules:
            async with self._database.write() as connection:
                await prompt_rules.put_automod(connection, guild_id, _to_json(rules))
        known.rules, known.ask_again_at = rules, self._clock.now() + FRESH_FOR

    async def _remembered(self, guild_id: int) -> AutomodRules | None:
        async with self._database.read() as connection:
            stored = await prompt_rules.get_automod(connection, guild_id)
        return None if stored is None else _from_json(stored)


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


def _to_json(rules: AutomodRules) -> dict[str, Any]:
    return {
        "is_closed": rules.is_closed,
        "rules": [
            {
                "name": rule.name,
                "keywords": rule.keywords,
                "patterns": rule.patterns,
                "allowed": rule.allowed,
                "exempt_roles": sorted(rule.exempt_roles),
                "exempt_channels": sorted(rule.exempt_channels),
            }
            for rule in rules.rules
        ],
    }


def _from_json(stored: dict[str, Any]) -> AutomodRules:
    rules = (
        AutomodRule(
            name=rule["name"],
            keywords=tuple(rule["keywords"]),
            patterns=tuple(rule["patterns"]),
            allowed=tuple(rule["allowed"]),
            exempt_roles=frozenset(rule["exempt_roles"]),
            exempt_channels=frozenset(rule["exempt_channels"]),
        )
        for rule in stored["rules"]
    )
    return AutomodRules(tuple(rules), is_closed=stored["is_closed"])
