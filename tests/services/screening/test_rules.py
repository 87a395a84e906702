"""Prompt rules: changed by moderators, asked for every prompt, one server at a time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from bot.errors import InvalidSettingError, PromptRefusedError, RulesChangingError
from bot.models import ChangeKind, PausedError, PromptRuleKind
from bot.services.screening import patterns, rules
from bot.services.screening.patterns import Pattern
from bot.services.screening.threads import ScreeningThreads
from bot.store.database import Database
from tests.support.workshop import GUILD_ID, requester

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.models import PromptRule
    from tests.support.workshop import Process, Workshop

MODERATOR_ID = 900
WORDS, PATTERN = PromptRuleKind.WORDS, PromptRuleKind.PATTERN


async def add(process: Process, text: str, kind: PromptRuleKind = WORDS, *, guild_id: int = GUILD_ID) -> PromptRule:
    return await process.services.prompts.add(guild_id=guild_id, kind=kind, text=text, set_by_id=MODERATOR_ID)


async def refuses(process: Process, workshop: Workshop, prompt: str, **who: int) -> bool:
    try:
        await process.jobs.accept(workshop.request(prompt, **who))
    except PromptRefusedError:
        return True
    return False


async def test_a_rule_holds_at_once_and_ends_when_it_is_removed(workshop: Workshop) -> None:
    workshop.quota = workshop.quota.__class__(None)
    process = workshop.start()
    assert not await refuses(process, workshop, "a spoiler")

    rule = await add(process, "spoiler")
    assert await refuses(process, workshop, "a SPÓILER")
    await process.services.prompts.remove(guild_id=GUILD_ID, rule_id=rule.id, removed_by_id=MODERATOR_ID)
    assert not await refuses(process, workshop, "a spoiler")


async def test_a_rule_made_by_one_process_holds_in_another(workshop: Workshop) -> None:
    async with Database.open(workshop.database_url) as other_database:
        first, second = workshop.start(), workshop.start("local/2", database=other_database)
        assert not await refuses(second, workshop, "a spoiler")
        await add(first, "spoil.*", PATTERN)

        assert await refuses(second, workshop, "a spoiler")


async def test_rules_of_more_servers_than_are_kept_at_hand_hold_all_the_same(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_BOOKS_KEPT", 1)
    process = workshop.start()
    await add(process, "spoiler")
    await add(process, "ending", guild_id=GUILD_ID + 1)

    for _ in range(2):
        assert await refuses(process, workshop, "a spoiler")
        assert not await refuses(process, workshop, "a spoiler", guild_id=GUILD_ID + 1)
        assert await refuses(process, workshop, "the ending", guild_id=GUILD_ID + 1)


async def test_a_rule_made_while_a_prompt_was_judged_holds_for_it(workshop: Workshop) -> None:
    process = workshop.start()
    admission = process.services.admission
    screen_first = admission.screen_first

    async def screen_and_be_overtaken(*arguments: object) -> object:
        screening = await screen_first(*arguments)  # type: ignore[arg-type] (as they came)
        await add(process, "spoiler")
        return screening

    admission.screen_first = screen_and_be_overtaken  # type: ignore[method-assign] (for this moment)

    assert await refuses(process, workshop, "a spoiler")


async def test_one_servers_rules_are_not_anothers_and_cannot_be_removed_from_there(workshop: Workshop) -> None:
    process = workshop.start()
    rule = await add(process, "spoiler")

    assert not await refuses(process, workshop, "a spoiler", guild_id=GUILD_ID + 1)
    with pytest.raises(InvalidSettingError):
        await process.services.prompts.remove(guild_id=GUILD_ID + 1, rule_id=rule.id, removed_by_id=MODERATOR_ID)
    assert await refuses(process, workshop, "a spoiler")


async def test_the_same_rule_twice_and_too_many_are_refused_and_change_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rules.MOST_RULES, WORDS, 2)
    process = workshop.start()
    await add(process, "one")

    with pytest.raises(InvalidSettingError, match="words: exists"):
        await add(process, " one ")
    with pytest.raises(InvalidSettingError, match="words: exists"):
        await add(process, "ÖNÉ")
    await add(process, "two")
    with pytest.raises(InvalidSettingError, match="words: too_many"):
        await add(process, "three")
    monkeypatch.setitem(rules.MOST_RULES, PATTERN, 1)
    await add(process, "three", PATTERN)
    with pytest.raises(InvalidSettingError, match="pattern: exists"):
        await add(process, "three", PATTERN)
    with pytest.raises(InvalidSettingError, match="pattern: too_many"):
        await add(process, "four", PATTERN)

    book = await process.services.prompts.book(GUILD_ID)
    assert [rule.text for rule in book.rules] == ["one", "two", "three"]
    changes, count = await process.services.servers.list_changes(GUILD_ID, limit=10)
    assert count == 3
    assert {change.kind for change in changes} == {ChangeKind.PROMPT_RULE}


async def test_books_are_made_again_only_when_rules_have_changed(workshop: Workshop) -> None:
    process = workshop.start()
    await add(process, "spoiler")
    service = process.services.prompts
    first = await service.book(GUILD_ID)

    assert await service.book(GUILD_ID) is first
    await add(process, "second")
    assert await service.book(GUILD_ID) is not first


async def test_testing_names_every_rule_and_makes_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    await add(process, "bad dog")
    await add(process, "d.g", PATTERN)
    await add(process, "cat")

    rules, automod = await process.services.admission.test("a bad dog", requester())

    assert [rule.text for rule in rules] == ["bad dog", "d.g"]
    assert automod is None


LARGE = r"[^a].{{350}}[^b].{{350}}{}"
"""Some 5,600 of RE2's instructions each."""


async def test_a_pattern_that_makes_the_book_too_large_is_refused_and_changes_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    for number in range(10):
        await add(process, LARGE.format(number), PATTERN)

    with pytest.raises(InvalidSettingError, match="pattern: too_large"):
        await add(process, LARGE.format(10), PATTERN)

    book = await process.services.prompts.book(GUILD_ID)
    assert len(book.rules) == 10
    assert workshop._peek("SELECT rules_version FROM servers") == 10
    assert (await process.services.servers.list_changes(GUILD_ID, limit=1))[1] == 10
    await add(process, "small", PATTERN)


async def test_words_that_are_too_much_together_are_refused(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "WORDS_MAX_TOTAL_CHARACTERS", 8)
    process = workshop.start()
    await add(process, "fives")

    with pytest.raises(InvalidSettingError, match="words: too_large"):
        await add(process, "four")
    await add(process, "one")


async def test_an_older_book_that_is_larger_keeps_holding(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    process = workshop.start()
    await add(process, "spoil.*", PATTERN)
    await add(process, "fox")
    monkeypatch.setattr(rules, "PATTERNS_MAX_TOTAL_SIZE", 1)
    monkeypatch.setattr(rules, "WORDS_MAX_TOTAL_CHARACTERS", 1)
    process = workshop.start()

    assert await refuses(process, workshop, "a spoiler")
    assert await refuses(process, workshop, "a fox")
    with pytest.raises(InvalidSettingError, match="pattern: too_large"):
        await add(process, "other", PATTERN)


async def test_rules_are_compiled_and_asked_in_other_threads_and_outside_of_transactions(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    class Spied(Pattern):
        def __init__(self, text: str) -> None:
            self._note()
            super().__init__(text)

        def is_in(self, text: str) -> bool:
            self._note()
            return super().is_in(text)

        def _note(self) -> None:
            is_apart = threading.current_thread() is not threading.main_thread()
            seen.append(is_apart and not workshop.database._turns.is_taken)

    monkeypatch.setattr(rules, "Pattern", Spied)
    monkeypatch.setattr(patterns, "Pattern", Spied)
    process = workshop.start()

    await add(process, "spoil.*", PATTERN)
    assert await refuses(process, workshop, "a spoiler")
    await add(process, "other", PATTERN)
    assert not await refuses(process, workshop, "a fox")

    assert len(seen) > 6
    assert all(seen)


async def test_nothing_is_matched_where_the_answer_is_no_anyway(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = workshop.start()
    await add(process, "fox")
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=1)
    monkeypatch.setattr(ScreeningThreads, "run", lambda *_: pytest.fail("rules were asked"))

    with pytest.raises(PausedError):
        await process.jobs.accept(workshop.request("a fox"))
    await process.services.servers.resume(GUILD_ID, set_by_id=1)
    await process.jobs.accept(workshop.request("a cat", guild_id=GUILD_ID + 1))


async def test_rules_that_change_again_and_again_refuse_and_nothing_is_stored(workshop: Workshop) -> None:
    process = workshop.start()
    await add(process, "first")
    admission, numbers = process.services.admission, iter(range(100))

    def overtaken(screen: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def screen_and_be_overtaken(*arguments: object, **options: object) -> object:
            screening = await screen(*arguments, **options)
            await add(process, f"more {next(numbers)}")
            return screening

        return screen_and_be_overtaken

    admission.screen = overtaken(admission.screen)  # type: ignore[method-assign] (from now on)

    with pytest.raises(RulesChangingError):
        await process.jobs.accept(workshop.request("a fox"))
    assert next(numbers) == rules.MOST_JUDGINGS + 1
    assert workshop._peek("SELECT count(*) FROM jobs") == workshop._peek("SELECT count(*) FROM ledger") == 0


async def test_servers_without_rules_take_no_place_among_the_books(workshop: Workshop) -> None:
    process = workshop.start()
    prompts = process.services.prompts
    await process.jobs.accept(workshop.request())
    await prompts.book(GUILD_ID)
    assert not prompts.has_book(GUILD_ID)

    rule = await add(process, "fox")
    await prompts.book(GUILD_ID)
    assert prompts.has_book(GUILD_ID)
    await prompts.remove(guild_id=GUILD_ID, rule_id=rule.id, removed_by_id=MODERATOR_ID)
    await process.jobs.accept(workshop.request())
    assert not prompts.has_book(GUILD_ID)


async def test_two_moderators_cannot_pass_the_limits_together(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rules.MOST_RULES, WORDS, 3)
    process = workshop.start()

    added = await asyncio.gather(*(add(process, f"word{n}") for n in range(5)), return_exceptions=True)

    book = await process.services.prompts.book(GUILD_ID)
    assert len(book.rules) == sum(not isinstance(each, Exception) for each in added) == 3
