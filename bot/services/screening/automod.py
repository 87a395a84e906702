"""The server's own AutoMod keyword rules, which Discord never asks about a slash command's prompt: so we do.

They are read from Discord when they are some minutes old and somebody asks for a clip, and remembered in the database,
so that they hold right after a restart and while Discord does not answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import PublishUnavailableError, RulesUnknownError
from bot.services.screening.automod_rules import AutomodRule, AutomodRules
from bot.store.moderation import prompt_rules

if TYPE_CHECKING:
    from bot.models import Requester
    from bot.services.ports import AutomodSource, Clock
    from bot.services.screening.threads import ScreeningThreads
    from bot.store.database import Database

_log = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=3)
"""How old the rules may be: moderators change them rarely, and expect a change to hold soon."""
UNREAD_FOR = timedelta(seconds=15)
"""How long Discord is left alone after it did not answer."""
FETCH_SECONDS = 5.0


@dataclass(slots=True)
class _Known:
    rules: AutomodRules | None = None
    ask_again_at: datetime | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class AutomodService:
    """Knows servers' AutoMod rules."""

    def __init__(self, *, database: Database, clock: Clock, source: AutomodSource, threads: ScreeningThreads) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._threads = threads
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
        """Return a server's rules, or None where they are not known.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        try:
            return await self.rules(guild_id)
        except RulesUnknownError:
            return None

    async def readable_rules(self, guild_id: int) -> AutomodRules | None:
        """Return the same for people to look at: what can't be read in them has been found out.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        rules = await self.known_rules(guild_id)
        if rules is not None and rules.rules:
            await self._threads.run(guild_id, rules.compile())
        return rules

    def rules_at_hand(self, guild_id: int) -> AutomodRules | None:
        """Return a server's rules if they need not be asked for now."""
        known = self._known.get(guild_id)
        if known is None or known.ask_again_at is None or self._clock.now() >= known.ask_again_at:
            return None
        return known.rules

    def are_current(self, guild_id: int, rules: AutomodRules | None) -> bool:
        """Tell whether these, or that they are not known, is what is known of a server's rules now."""
        known = self._known.get(guild_id)
        return (None if known is None else known.rules) is rules

    async def find(self, rules: AutomodRules, prompt: str, requester: Requester) -> AutomodRule | None:
        """Return the first of these rules that refuses a member's prompt."""
        if not rules.binding(requester):
            return None
        return await self._threads.run(requester.guild_id, rules.find(prompt, requester))

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
            known.rules = _keep_compiled(rules, known.rules)
        known.ask_again_at = self._clock.now() + FRESH_FOR

    async def _remembered(self, guild_id: int) -> AutomodRules | None:
        async with self._database.read() as connection:
            stored = await prompt_rules.get_automod(connection, guild_id)
        return None if stored is None else _from_json(stored)


def _keep_compiled(rules: AutomodRules, earlier: AutomodRules | None) -> AutomodRules:
    """Return rules with those among them that were there before, which may be compiled already."""
    before = {} if earlier is None else {rule: rule for rule in earlier.rules}
    return replace(rules, rules=tuple(before.get(rule, rule) for rule in rules.rules))


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
