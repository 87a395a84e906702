"""What prompts may not hold in a server: rules of words and patterns, changed by moderators, asked for every prompt."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import InvalidSettingError
from bot.models import ChangeKind, PromptRule, PromptRuleKind
from bot.services.screening.patterns import Pattern, parse_pattern, readings
from bot.services.screening.words import WordFinder, parse_words, words_of
from bot.store.moderation import prompt_rules, servers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import Server
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

MOST_RULES = {PromptRuleKind.WORDS: 1000, PromptRuleKind.PATTERN: 50}
"""How many a server may have."""
_BOOKS_KEPT = 500


@dataclass(frozen=True, slots=True)
class RuleBook:
    """A server's rules, ready to be asked.

    Attributes:
        version: of the rules it was made of.
    """

    version: int
    rules: tuple[PromptRule, ...]
    _finder: WordFinder
    _patterns: tuple[tuple[Pattern, PromptRule], ...]

    @classmethod
    def of(cls, version: int, rules: Sequence[PromptRule]) -> RuleBook:
        """Compile rules."""
        words = {rule.id: rule.text for rule in rules if rule.kind is PromptRuleKind.WORDS}
        patterns = tuple((Pattern(rule.text), rule) for rule in rules if rule.kind is PromptRuleKind.PATTERN)
        return cls(version, tuple(rules), WordFinder(words), patterns)

    @property
    def counts(self) -> dict[PromptRuleKind, int]:
        """Count the rules by kind."""
        counts = Counter(rule.kind for rule in self.rules)
        return {kind: counts[kind] for kind in PromptRuleKind}

    async def find(self, prompt: str) -> list[PromptRule]:
        """Return the rules that refuse a prompt, oldest first; asked away from the event loop."""
        return await asyncio.to_thread(self._find, prompt) if self.rules else []

    def _find(self, prompt: str) -> list[PromptRule]:
        found = self._finder.find(prompt)
        texts = readings(prompt)
        found |= {rule.id for pattern, rule in self._patterns if any(map(pattern.is_in, texts))}
        return [rule for rule in self.rules if rule.id in found]


class PromptService:
    """Keeps servers' rule books, and changes them."""

    def __init__(self, *, database: Database, clock: Clock, audit_trail: AuditTrail) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail
        self._books: OrderedDict[int, RuleBook] = OrderedDict()

    async def book(self, guild_id: int, *, may_be_old: bool = False) -> RuleBook:
        """Return a server's rule book.

        Args:
            may_be_old: one that is at hand will do; whoever goes by it checks its version.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        if may_be_old and guild_id in self._books:
            return self._books[guild_id]
        async with self._database.read() as connection:
            return await self.book_within(connection, await servers.get(connection, guild_id))

    async def book_within(self, connection: Connection, server: Server) -> RuleBook:
        """Return a server's rule book as of a transaction of the caller's; compiled only when it has changed."""
        book = self._books.get(server.guild_id)
        if book is None or book.version != server.rules_version:
            rules = await prompt_rules.list_for(connection, server.guild_id) if server.rules_version else []
            book = RuleBook.of(server.rules_version, rules)
            self._books[server.guild_id] = book
        self._books.move_to_end(server.guild_id)
        if len(self._books) > _BOOKS_KEPT:
            self._books.popitem(last=False)
        return book

    async def add(self, *, guild_id: int, kind: PromptRuleKind, text: object, set_by_id: int) -> PromptRule:
        """Add a rule.

        Raises:
            InvalidSettingError: when the text is none, or there are too many, or there is one that finds the same.
            StoreUnavailableError: when the database cannot be asked.
        """
        parsed = parse_pattern(text) if kind is PromptRuleKind.PATTERN else parse_words(text)
        key = _compared(kind, parsed)
        async with self._audit_trail.write(guild_id) as connection:
            book = await self.book_within(connection, await servers.get(connection, guild_id))
            alike = [rule.text for rule in book.rules if rule.kind is kind]
            if any(_compared(kind, text) == key for text in alike):
                raise InvalidSettingError(kind.value, "exists")
            if len(alike) >= MOST_RULES[kind]:
                raise InvalidSettingError(kind.value, "too_many")
            rule = await prompt_rules.add(
                connection, guild_id=guild_id, kind=kind, text=parsed, set_by_id=set_by_id, now=self._clock.now()
            )
            await self._note(connection, rule, set_by_id, added=True)
        return rule

    async def remove(self, *, guild_id: int, rule_id: int, removed_by_id: int) -> PromptRule:
        """Remove a rule; return it.

        Raises:
            InvalidSettingError: when the server has no such rule (any more).
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._audit_trail.write(guild_id) as connection:
            rule = await prompt_rules.remove(connection, guild_id=guild_id, rule_id=rule_id)
            if rule is None:
                raise InvalidSettingError("rule", "unknown")
            await self._note(connection, rule, removed_by_id, added=False)
        return rule

    async def _note(self, connection: Connection, rule: PromptRule, made_by_id: int, *, added: bool) -> None:
        server = await servers.get(connection, rule.guild_id)
        await servers.put(connection, replace(server, rules_version=server.rules_version + 1))
        await self._audit_trail.record(
            connection,
            guild_id=rule.guild_id,
            made_by_id=made_by_id,
            kind=ChangeKind.PROMPT_RULE,
            subject_id=rule.id,
            before=None if added else rule.details,
            after=rule.details if added else None,
        )


def _compared(kind: PromptRuleKind, text: str) -> object:
    """Return what two rules that find the same have in common."""
    return text if kind is PromptRuleKind.PATTERN else words_of(text)
