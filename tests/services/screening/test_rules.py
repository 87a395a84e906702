"""Prompt rules: changed by moderators, asked for every prompt, one server at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import InvalidSettingError, PromptRefusedError
from bot.models import ChangeKind, PromptRuleKind
from bot.services.screening import rules
from bot.store.database import Database
from tests.support.workshop import GUILD_ID, requester

if TYPE_CHECKING:
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
