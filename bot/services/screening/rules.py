"""What prompts may not hold in a server: rules of words and patterns, changed by moderators, asked for every prompt."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import InvalidSettingError, RulesChangingError
from bot.models import ChangeKind, PromptRule, PromptRuleKind
from bot.services.screening.patterns import Pattern, check_pattern, parse_pattern, readings
from bot.services.screening.words import WordFinder, parse_words, words_of
from bot.store.moderation import prompt_rules, servers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock
    from bot.services.screening.threads import ScreeningThreads, Steps
    from bot.store import Connection
    from bot.store.database import Database

MOST_RULES = {PromptRuleKind.WORDS: 1000, PromptRuleKind.PATTERN: 50}
"""How many a server may have."""
WORDS_MAX_TOTAL_CHARACTERS = 20_000
"""How long a server's words and phrases may be together: twice what a list of a thousand common words takes.

To get them ready takes a twentieth of a second, and a prompt made to be slow a tenth of what it takes with 100,000.
"""
PATTERNS_MAX_TOTAL_SIZE = 60_000
"""How large a server's patterns may be together, in RE2's instructions: ten of the largest that one may be."""
MOST_JUDGINGS = 5
"""How often what goes by the rules is begun again when they have changed meanwhile."""
_BOOKS_KEPT = 500


class RuleBook:
    """A server's rules; they are compiled when a prompt is first asked about.

    Attributes:
        version: of the rules it was made of.
    """

    def __init__(self, version: int, rules: Sequence[PromptRule]) -> None:
        self.version = version
        self.rules = tuple(rules)
        self._compiled: _Compiled | None = None

    @property
    def counts(self) -> dict[PromptRuleKind, int]:
        """Count the rules by kind."""
        counts = Counter(rule.kind for rule in self.rules)
        return {kind: counts[kind] for kind in PromptRuleKind}

    def find(self, prompt: str) -> Steps[list[PromptRule]]:
        """Return the rules that refuse a prompt, oldest first."""
        compiled = yield from self._compile()
        found = yield from compiled.finder.find(prompt)
        texts = readings(prompt)
        for rule, pattern in compiled.patterns:
            for text in texts:
                yield
                if pattern.is_in(text):
                    found.add(rule.id)
                    break
        return [rule for rule in self.rules if rule.id in found]

    def check(self, kind: PromptRuleKind, text: str) -> Steps[None]:
        """Check whether a rule can be added, once its text is trimmed.

        Raises:
            InvalidSettingError: when it can't be read, there is one that finds the same, or there are too many.
        """
        size = check_pattern(text) if kind is PromptRuleKind.PATTERN else len(text)
        yield
        alike, key = [rule.text for rule in self.rules if rule.kind is kind], _compared(kind, text)
        for other in alike:
            if _compared(kind, other) == key:
                raise InvalidSettingError(kind.value, "exists")
            yield
        if len(alike) >= MOST_RULES[kind]:
            raise InvalidSettingError(kind.value, "too_many")
        if kind is PromptRuleKind.WORDS:
            total, most = sum(map(len, alike)), WORDS_MAX_TOTAL_CHARACTERS
        else:
            compiled = yield from self._compile()
            total, most = sum(pattern.size for _, pattern in compiled.patterns), PATTERNS_MAX_TOTAL_SIZE
        if total + size > most:
            raise InvalidSettingError(kind.value, "too_large")

    def _compile(self) -> Steps[_Compiled]:
        if self._compiled is None:
            finder, patterns = WordFinder(), list[tuple[PromptRule, Pattern]]()
            for rule in self.rules:
                if rule.kind is PromptRuleKind.PATTERN:
                    patterns.append((rule, Pattern(rule.text)))
                else:
                    finder.add(rule.id, rule.text)
                yield
            self._compiled = _Compiled(finder, tuple(patterns))
        return self._compiled


class _Compiled(NamedTuple):
    finder: WordFinder
    patterns: tuple[tuple[PromptRule, Pattern], ...]


class PromptService:
    """Keeps servers' rule books, and changes them."""

    def __init__(self, *, database: Database, clock: Clock, audit_trail: AuditTrail, threads: ScreeningThreads) -> None:
        self._database = database
        self._clock = clock
        self._audit_trail = audit_trail
        self._threads = threads
        self._books: OrderedDict[int, RuleBook] = OrderedDict()

    def has_book(self, guild_id: int) -> bool:
        """Tell whether a server is known to have rules, as far as that is at hand."""
        return guild_id in self._books

    async def book(self, guild_id: int, *, version: int | None = None) -> RuleBook:
        """Return a server's rule book.

        Args:
            version: if the book of this version is at hand, nobody is asked; 0 has no rules, None is the present one.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        book = self._books.get(guild_id) if version != 0 else RuleBook(0, ())
        if book is None or book.version != version:
            async with self._database.read() as connection:
                server = await servers.get(connection, guild_id)
                if book is None or book.version != server.rules_version:
                    rules = await prompt_rules.list_for(connection, guild_id) if server.rules_version else []
                    book = RuleBook(server.rules_version, rules)
        self._keep(guild_id, book)
        return book

    async def find(self, guild_id: int, book: RuleBook, prompt: str) -> list[PromptRule]:
        """Return the rules of a server's book that refuse a prompt, oldest first."""
        return await self._threads.run(guild_id, book.find(prompt)) if book.rules else []

    async def add(self, *, guild_id: int, kind: PromptRuleKind, text: object, set_by_id: int) -> PromptRule:
        """Add a rule.

        Raises:
            InvalidSettingError: when the text is none, or there are too many, or there is one that finds the same.
            RulesChangingError: when others change the rules again and again meanwhile.
            StoreUnavailableError: when the database cannot be asked.
        """
        trimmed = parse_pattern(text) if kind is PromptRuleKind.PATTERN else parse_words(text)
        for _ in range(MOST_JUDGINGS):
            book = await self.book(guild_id)
            await self._threads.run(guild_id, book.check(kind, trimmed))
            async with self._audit_trail.write(guild_id) as connection:
                if (await servers.get(connection, guild_id)).rules_version != book.version:
                    continue
                rule = await prompt_rules.add(
                    connection, guild_id=guild_id, kind=kind, text=trimmed, set_by_id=set_by_id, now=self._clock.now()
                )
                await self._note(connection, rule, set_by_id, added=True)
            return rule
        raise RulesChangingError

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

    def _keep(self, guild_id: int, book: RuleBook) -> None:
        """Keep a book at hand, and let go of the one that was asked longest ago; an empty one takes no place."""
        if not book.rules:
            self._books.pop(guild_id, None)
            return
        self._books[guild_id] = book
        self._books.move_to_end(guild_id)
        if len(self._books) > _BOOKS_KEPT:
            self._books.popitem(last=False)

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
