"""The server's own AutoMod keyword rules, which Discord never asks about a slash command's prompt: so we do.

They are read from Discord when they are some minutes old and somebody asks for a clip, and remembered in the database,
so that they hold right after a restart and while Discord does not answer.
"""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.errors import PublishUnavailableError, RulesUnknownError
from bot.services.patterns import Pattern, legible
from bot.store import prompt_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.services.ports import AutomodSource, Clock
    from bot.services.quotas import Asker
    from bot.store.database import Database

_log = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=3)
"""The issue: "refreshed every few minutes"."""
FETCH_SECONDS = 5.0

_Span = tuple[int, int]


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

    def holds_for(self, asker: Asker) -> bool:
        """Tell whether a member in a place is bound by it."""
        return not self.exempt_roles & set(asker.role_ids) and not self.exempt_channels & set(asker.places)

    def refuses(self, prompt: str) -> bool:
        """Tell whether a keyword or a pattern is found that no allowed phrase covers."""
        text = legible(prompt).casefold()
        found = [span for keyword in self.keywords for span in _find_keyword(text, keyword)]
        found += [span for pattern in self._compiled for span in pattern.spans(text)]
        allowed = [span for phrase in self.allowed for span in _find_keyword(text, phrase)] if found else []
        return any(not any(first <= start and end <= last for first, last in allowed) for start, end in found)

    @property
    def unreadable_patterns(self) -> int:
        """Count the patterns that Rust's engine reads and ours does not."""
        return len(self.patterns) - len(self._compiled)

    @cached_property
    def _compiled(self) -> tuple[Pattern, ...]:
        compiled: list[Pattern] = []
        for text in self.patterns:
            try:
                compiled.append(Pattern(text))
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

    async def find(self, prompt: str, asker: Asker) -> AutomodRule | None:
        """Return the first rule that refuses a member's prompt; asked away from the event loop."""
        if asker.manages_server:
            return None  # as Discord itself does it
        holding = [rule for rule in self.rules if rule.holds_for(asker)]
        return await asyncio.to_thread(_first_refusing, holding, prompt) if holding else None


@dataclass(slots=True)
class _Known:
    rules: AutomodRules | None = None
    read_at: datetime | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class AutomodService:
    """Knows servers' AutoMod rules."""

    def __init__(self, *, database: Database, clock: Clock, source: AutomodSource) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._known: defaultdict[int, _Known] = defaultdict(_Known)

    async def rules(self, guild_id: int) -> AutomodRules:
        """Return a server's rules, at most some minutes old unless Discord does not answer.

        Raises:
            RulesUnknownError: when they have never been read and can't be now.
            StoreUnavailableError: when the database cannot be asked.
        """
        known = self._known[guild_id]
        async with known.reading:
            if known.rules is None:
                known.rules = await self._remembered(guild_id)
            if known.read_at is None or self._clock.now() >= known.read_at + FRESH_FOR:
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
            return
        if rules != known.rules:
            async with self._database.write() as connection:
                await prompt_rules.put_automod(connection, guild_id, _to_json(rules))
        known.rules, known.read_at = rules, self._clock.now()

    async def _remembered(self, guild_id: int) -> AutomodRules | None:
        async with self._database.read() as connection:
            stored = await prompt_rules.get_automod(connection, guild_id)
        return None if stored is None else _from_json(stored)


def _first_refusing(rules: list[AutomodRule], prompt: str) -> AutomodRule | None:
    return next((rule for rule in rules if rule.refuses(prompt)), None)


def _find_keyword(text: str, keyword: str) -> Iterator[_Span]:
    """Find a keyword with its wildcards; a side without one has to end at a word's edge."""
    bare = keyword.strip().casefold()
    open_start, open_end = bare.startswith("*"), bare.endswith("*")
    wanted = bare.strip("*").strip()
    start = text.find(wanted) if wanted else -1
    while start >= 0:
        end = start + len(wanted)
        if (open_start or _is_edge(text, start - 1)) and (open_end or _is_edge(text, end)):
            yield start, end
        start = text.find(wanted, start + 1)


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
