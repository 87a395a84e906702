"""Lists of phrases: how they are read, what a server may have, and what is written down of each change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidSettingError, MistakesError
from bot.models import TYPED_MAX_CHARACTERS, ChangeKind
from bot.models.brainstorms import (
    LIST_NAME_MAX_CHARACTERS,
    PHRASE_MAX_CHARACTERS,
    PHRASES_FEWEST,
    PHRASES_MOST,
    PhraseList,
)
from bot.services.brainstorms.drawing.idea import parse_idea
from bot.services.brainstorms.drawing.phrases import LISTS
from bot.services.brainstorms.lists import LISTS_MOST
from tests.support.workshop import GUILD_ID, MODERATOR_ID

if TYPE_CHECKING:
    from bot.models import Change
    from tests.support.workshop import Process, Workshop

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
OTHER_GUILD_ID = GUILD_ID + 1
LOG_CHANNEL_ID = 700
SIGNS = "{}|\\"
NAMES = st.text("abcxyz019_-", min_size=1, max_size=LIST_NAME_MAX_CHARACTERS)
PHRASES = st.lists(
    st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=SIGNS), min_size=1, max_size=70)
    .map(lambda word: f"x{word}")
    .filter(lambda phrase: len(phrase.splitlines()) == 1),
    min_size=PHRASES_FEWEST,
    max_size=PHRASES_MOST,
    unique_by=str.casefold,
)


def parse(name: object = "animals", typed: object = "cat\ndog", **reserved: Any) -> PhraseList:  # noqa: ANN401
    return PhraseList.parse(name, typed, guild_id=GUILD_ID, set_by_id=MODERATOR_ID, set_at=NOW, **reserved)


# How a list is read ------------------------------------------------------------------------------


@given(NAMES, PHRASES)
def test_a_list_is_what_was_typed_and_typed_again_it_is_the_same(name: str, phrases: list[str]) -> None:
    read = parse(f"  {name.upper()} ", "\r\n\n  ".join(phrases))

    assert (read.name, read.phrases) == (name, tuple(phrases))
    assert parse(read.name, read.typed) == read


@given(NAMES, PHRASES)
def test_every_phrase_of_a_list_can_stand_in_an_idea_by_the_lists_name(name: str, phrases: list[str]) -> None:
    read = parse(name, "\n".join(phrases))

    idea = parse_idea(f"A {{{name}}}", {read.name: read.phrases})

    assert [idea.prompt([pick]) for pick in range(idea.combinations)] == [f"A {phrase}" for phrase in phrases]


@given(st.text(max_size=40) | NAMES, st.lists(st.text(max_size=110), max_size=60).map("\n".join))
def test_whatever_is_typed_is_within_all_bounds_or_refused(name: str, typed: str) -> None:
    try:
        read = parse(name, typed, reserved=LISTS)
    except (InvalidSettingError, MistakesError):
        return

    assert 1 <= len(read.name) <= LIST_NAME_MAX_CHARACTERS
    assert read.name not in LISTS
    assert PHRASES_FEWEST <= len(read.phrases) <= PHRASES_MOST
    assert all(1 <= len(phrase) <= PHRASE_MAX_CHARACTERS for phrase in read.phrases)
    assert not set(SIGNS) & set(read.typed)
    assert len(read.typed) <= TYPED_MAX_CHARACTERS


def numbered(count: int, length: int) -> str:
    return "\n".join(f"{place:0{length}}" for place in range(count))


@pytest.mark.parametrize(
    ("name", "typed", "refused"),
    [
        ("", "cat\ndog", ("list_name", "missing")),
        (None, "cat\ndog", ("list_name", "missing")),
        ("a" * 31, "cat\ndog", ("list_name", "too_long")),
        ("wild animals", "cat\ndog", ("list_name", "signs")),
        ("{animals}", "cat\ndog", ("list_name", "signs")),
        ("tiere|", "cat\ndog", ("list_name", "signs")),
        ("größen", "cat\ndog", ("list_name", "signs")),
        ("animals", "", ("phrases", "too_few")),
        ("animals", None, ("phrases", "too_few")),
        ("animals", "cat\n \n\u200b\n", ("phrases", "too_few")),
        ("animals", numbered(51, 2), ("phrases", "too_many")),
        ("animals", f"cat\n{'d' * 101}", ("phrases", "too_long")),
        *(("animals", f"cat\na {sign} dog", ("phrases", "signs")) for sign in SIGNS),
        ("animals", "cat\nSTRASSE\nstraße", ("phrases", "same")),
        ("animals", numbered(40, 100), ("phrases", "too_large")),
    ],
)
def test_what_can_be_no_list_is_refused_for_one_reason(name: object, typed: object, refused: tuple[str, str]) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        parse(name, typed)

    assert (caught.value.field, caught.value.reason) == refused


def test_a_list_may_have_as_many_phrases_and_as_long_ones_as_that() -> None:
    assert len(parse("a" * 30, numbered(50, 79)).phrases) == 50
    assert len(parse("-", numbered(39, 100)).phrases) == 39
    assert parse("_9", "cat\ndog").phrases == ("cat", "dog")


def test_what_no_database_can_store_is_left_out() -> None:
    assert parse(typed="c\0at\nd\ud800og").phrases == ("cat", "dog")


# A server's lists --------------------------------------------------------------------------------


async def changes(process: Process) -> list[Change]:
    """Return the audit, oldest first."""
    found, _ = await process.services.servers.list_changes(GUILD_ID, limit=100)
    return found[::-1]


async def test_a_servers_lists_stand_beside_those_that_come_with_the_bot(workshop: Workshop) -> None:
    lists = workshop.start().services.phrase_lists
    await lists.add(GUILD_ID, "Animals", "cat\ndog", set_by_id=MODERATOR_ID)
    await lists.add(OTHER_GUILD_ID, "animals", "bear\nwolf", set_by_id=MODERATOR_ID)

    assert await lists.lists_for(GUILD_ID) == LISTS | {"animals": ("cat", "dog")}
    assert await lists.lists_for(OTHER_GUILD_ID) == LISTS | {"animals": ("bear", "wolf")}
    assert await lists.lists_for(GUILD_ID + 2) == LISTS


async def test_each_change_of_a_list_is_in_the_audit_and_in_the_log(workshop: Workshop) -> None:
    process = workshop.start()
    lists = process.services.phrase_lists
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await lists.add(GUILD_ID, "animals", "cat\ndog", set_by_id=MODERATOR_ID)
    await lists.replace(GUILD_ID, "animals", "cat\nbear", set_by_id=MODERATOR_ID + 1)
    await lists.remove(GUILD_ID, "animals", removed_by_id=MODERATOR_ID + 2)
    await process.log.tick()

    first, second = ({"name": "animals", "phrases": ["cat", other]} for other in ("dog", "bear"))
    _, *found = await changes(process)
    assert [(change.kind, change.made_by_id, change.before, change.after) for change in found] == [
        (ChangeKind.PHRASE_LIST, MODERATOR_ID, None, first),
        (ChangeKind.PHRASE_LIST, MODERATOR_ID + 1, first, second),
        (ChangeKind.PHRASE_LIST, MODERATOR_ID + 2, second, None),
    ]
    assert [card.change for card in workshop.log.cards[LOG_CHANNEL_ID][1:]] == found
    assert await lists.list_own(GUILD_ID) == []


async def test_a_list_that_stays_as_it_was_keeps_who_made_it_and_is_no_change(workshop: Workshop) -> None:
    process = workshop.start()
    lists = process.services.phrase_lists
    for _ in range(2):
        await lists.add(GUILD_ID, "animals", "cat\ndog", set_by_id=MODERATOR_ID)
    await lists.replace(GUILD_ID, "animals", " cat \n\ndog", set_by_id=MODERATOR_ID + 1)

    assert [each.set_by_id for each in await lists.list_own(GUILD_ID)] == [MODERATOR_ID]
    assert len(await changes(process)) == 1


async def test_a_list_is_never_written_over_by_adding_one(workshop: Workshop) -> None:
    process = workshop.start()
    lists = process.services.phrase_lists
    await lists.add(GUILD_ID, "animals", "cat\ndog", set_by_id=MODERATOR_ID)

    for name, refused in (("ANIMALS", "exists"), ("Camera", "built_in")):
        with pytest.raises(InvalidSettingError) as caught:
            await lists.add(GUILD_ID, name, "bear\nwolf", set_by_id=MODERATOR_ID)
        assert (caught.value.field, caught.value.reason) == ("list_name", refused)
    assert [each.phrases for each in await lists.list_own(GUILD_ID)] == [("cat", "dog")]
    assert len(await changes(process)) == 1


async def test_a_server_may_have_twenty_lists_and_change_them_then(workshop: Workshop) -> None:
    lists = workshop.start().services.phrase_lists
    for place in range(LISTS_MOST):
        await lists.add(GUILD_ID, f"list-{place:02}", "cat\ndog", set_by_id=MODERATOR_ID)

    with pytest.raises(InvalidSettingError) as caught:
        await lists.add(GUILD_ID, "another", "cat\ndog", set_by_id=MODERATOR_ID)
    await lists.replace(GUILD_ID, "list-00", "bear\nwolf", set_by_id=MODERATOR_ID)
    await lists.add(OTHER_GUILD_ID, "another", "cat\ndog", set_by_id=MODERATOR_ID)

    assert (caught.value.field, caught.value.reason) == ("phrase_list", "too_many")
    own = await lists.list_own(GUILD_ID)
    assert [each.name for each in own] == [f"list-{place:02}" for place in range(20)]
    assert own[0].phrases == ("bear", "wolf")


async def test_another_servers_list_is_found_changed_and_removed_by_nobody(workshop: Workshop) -> None:
    process = workshop.start()
    lists = process.services.phrase_lists
    await lists.add(OTHER_GUILD_ID, "animals", "bear\nwolf", set_by_id=MODERATOR_ID)

    for trying in (
        lists.find(GUILD_ID, "animals"),
        lists.replace(GUILD_ID, "animals", "cat\ndog", set_by_id=MODERATOR_ID),
        lists.remove(GUILD_ID, "animals", removed_by_id=MODERATOR_ID),
    ):
        with pytest.raises(InvalidSettingError) as caught:
            await trying
        assert (caught.value.field, caught.value.reason) == ("phrase_list", "unknown")
    assert (await lists.find(OTHER_GUILD_ID, "animals")).phrases == ("bear", "wolf")
    assert await changes(process) == []
