"""A member's clips as they find them again: pages, searches, favourites."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ClipNotFoundError, InvalidSettingError
from bot.models import CLIPS_A_PAGE, NEWEST, SEARCHED_MOST, ClipQuery, parse_search
from bot.models.clips import folded
from bot.services.clips.library import Library
from tests.support.stored import DAY, deliver, rows
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from bot.models import ClipPage
    from tests.support.workshop import Workshop

ALL = ClipQuery(guild_id=GUILD_ID, member_id=MEMBER_ID)


def add(workshop: Workshop, *prompts: str, first: int = 1, **values: int | str) -> None:
    """Store clips that were delivered, with ids in their order."""
    row = {"guild": GUILD_ID, "member": MEMBER_ID, "state": "delivered"} | values
    for number, prompt in enumerate(prompts, start=first):
        key = (f"{number:016}", number, row["guild"], row["member"])
        workshop.peeking.rows(
            "INSERT INTO jobs (id, interaction_id, guild_id, channel_id, member_id, prompt, aspect,"
            " duration_seconds, state, created_at, quota_period, quota_source, attempts)"
            " VALUES (?, ?, ?, 200, ?, ?, '16:9', 6, ?, '2026-03-04 12:00:00', 'day', 'operator', 0)",
            *key,
            prompt,
            row["state"],
        )
        if row["state"] == "delivered":
            workshop.peeking.rows("INSERT INTO clip_prompts VALUES (?, ?, ?, ?)", *key[2:], key[0], folded(prompt))


def numbers(page: ClipPage) -> list[int]:
    return [int(clip.job.id) for clip in page.clips]


def searching(text: str, *, favourites_only: bool = False) -> ClipQuery:
    return replace(ALL, text=text, favourites_only=favourites_only)


@pytest.fixture
def library(workshop: Workshop) -> Library:
    return Library(database=workshop.database)


async def test_the_newest_come_first_five_to_a_page_and_only_ones_own_of_this_server(
    workshop: Workshop, library: Library
) -> None:
    add(workshop, *["a fox"] * 7)
    add(workshop, "of another member", first=20, member=MEMBER_ID + 1)
    add(workshop, "of another server", first=21, guild=GUILD_ID + 1)
    add(workshop, "not there yet", first=22, state="rendering")
    add(workshop, "failed", first=23, state="failed")

    first = await library.page(ALL)
    second = await library.page(ALL, first.older_from or "")

    assert (numbers(first), first.newer_from) == ([7, 6, 5, 4, 3], None)
    assert (numbers(second), second.newer_from, second.older_from) == ([2, 1], NEWEST, None)


async def test_pages_stay_where_they_are_while_clips_arrive_and_go(workshop: Workshop, library: Library) -> None:
    add(workshop, *["a fox"] * 12)
    second = await library.page(ALL, (await library.page(ALL)).older_from or "")
    assert numbers(second) == [7, 6, 5, 4, 3]

    add(workshop, *["later"] * 4, first=13)
    again = await library.page(ALL, second.from_job_id)

    assert numbers(again) == [7, 6, 5, 4, 3]
    assert numbers(await library.page(ALL, again.newer_from or "")) == [12, 11, 10, 9, 8]
    assert numbers(await library.page(ALL)) == [16, 15, 14, 13, 12]


async def test_a_page_at_which_nothing_is_left_is_the_newest(workshop: Workshop, library: Library) -> None:
    assert (await library.page(ALL, f"{3:016}")).clips == []
    add(workshop, "a fox", first=9)

    assert numbers(await library.page(ALL, f"{3:016}")) == [9]
    assert (await library.page(searching("zebra"), f"{3:016}")).clips == []


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("A Fox in the Snow", "fox IN"),
        ("ein Über-Ärger", "üBER-ä"),
        ("Кот на крыше", "кОТ"),
        ("die Straße", "STRASSE"),
        ("100% of_it / all", "100% OF_IT /"),
        ("two\n lines", "two lines"),
        ("e\u0301clair", "Éclair"),
        ("🦊🦊🦊", "🦊"),
    ],
)
async def test_a_search_finds_any_part_of_a_prompt_in_small_letters_or_large(
    workshop: Workshop, library: Library, prompt: str, text: str
) -> None:
    add(workshop, "something else", prompt, "% _ x")

    assert numbers(await library.page(searching(text))) == [2]


@pytest.mark.parametrize("text", ["f_x", "f%x", "fo.x", "zebra", "'; DROP TABLE jobs; --", "\\", "fox  snow"])
async def test_a_search_takes_nothing_for_a_sign(workshop: Workshop, library: Library, text: str) -> None:
    add(workshop, "fox snow")

    assert len((await library.page(searching(parse_search(text)))).clips) == (text == "fox  snow")


async def test_a_search_is_paged_too(workshop: Workshop, library: Library) -> None:
    add(workshop, *[f"{'fox' if number % 2 else 'cat'} {number}" for number in range(1, 25)])

    first = await library.page(searching("fox"))
    second = await library.page(searching("fox"), first.older_from or "")

    assert (numbers(first), numbers(second)) == ([23, 21, 19, 17, 15], [13, 11, 9, 7, 5])
    assert second.newer_from == NEWEST


async def test_the_newest_of_very_many_are_searched(
    workshop: Workshop, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SEARCHED_MOST == 10_000
    add(workshop, "the fox", *["cat"] * SEARCHED_MOST)

    assert (await library.page(searching("fox"))).clips == []


@pytest.mark.parametrize("text", ["x" * 33, "🦊" * 17, "x" * 4000])
def test_what_is_too_long_is_not_searched_for(text: str) -> None:
    with pytest.raises(InvalidSettingError):
        parse_search(text)


@given(
    st.lists(st.sampled_from(["fox", "Fox cat", "cat", "CAT fox", "zebra"]), max_size=17),
    st.sets(st.integers(1, 17)),
    st.booleans(),
    st.sampled_from(["", "fox", "CAT", "x c", "zebras"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_going_on_from_page_to_page_shows_each_once_and_back_again(
    workshop: Workshop, library: Library, prompts: list[str], marked: set[int], favourites_only: bool, text: str
) -> None:
    for table in ("favourites", "clip_prompts", "jobs"):
        workshop.peeking.rows(f"DELETE FROM {table}")
    add(workshop, *prompts)
    for number in marked & set(range(1, len(prompts) + 1)):
        await library.toggle_favourite(f"{number:016}", guild_id=GUILD_ID, member_id=MEMBER_ID)
    query = searching(text, favourites_only=favourites_only)
    wanted = [
        number
        for number, prompt in reversed(list(enumerate(prompts, start=1)))
        if text.lower() in prompt.lower() and (number in marked or not favourites_only)
    ]

    page = await library.page(query)
    pages = [page]
    while page.older_from is not None:
        page = await library.page(query, page.older_from)
        pages.append(page)
    assert [number for each in pages for number in numbers(each)] == wanted
    assert all(len(each.clips) == CLIPS_A_PAGE for each in pages[:-1])
    while page.newer_from is not None:
        page = await library.page(query, page.newer_from)
        pages.pop()
        assert numbers(page) == numbers(pages[-1])
    assert len(pages) == 1


# Favourites --------------------------------------------------------------------------------------


async def toggle(library: Library, number: int, *, guild_id: int = GUILD_ID, member_id: int = MEMBER_ID) -> bool:
    return (await library.toggle_favourite(f"{number:016}", guild_id=guild_id, member_id=member_id)).is_favourite


async def test_a_favourite_is_marked_and_unmarked(workshop: Workshop, library: Library) -> None:
    add(workshop, "a fox", "a cat")

    assert await toggle(library, 1)
    assert numbers(await library.page(searching("", favourites_only=True))) == [1]
    assert not await toggle(library, 1)
    assert rows(workshop, "SELECT * FROM favourites") == []


@pytest.mark.parametrize(
    ("number", "who"),
    [(9, {}), (1, {"member_id": MEMBER_ID + 1}), (1, {"guild_id": GUILD_ID + 1}), (2, {}), (3, {}), (4, {})],
)
async def test_what_is_not_ones_own_or_not_there_any_more_is_no_favourite(
    workshop: Workshop, library: Library, number: int, who: dict[str, int]
) -> None:
    add(workshop, "a fox", "removed", "", "on its way")
    workshop.peeking.rows(f"UPDATE jobs SET removed_at = '2026-03-04', removed_by = 1 WHERE id = '{2:016}'")
    workshop.peeking.rows(f"UPDATE jobs SET state = 'rendering' WHERE id = '{4:016}'")

    with pytest.raises(ClipNotFoundError):
        await toggle(library, number, **who)

    assert rows(workshop, "SELECT * FROM favourites") == []


async def test_a_deleted_clip_is_no_favourite_any_more_and_still_listed(workshop: Workshop, library: Library) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process, "a fox")
    await library.toggle_favourite(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)

    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)

    assert (await library.page(searching("", favourites_only=True))).clips == []
    [clip] = (await library.page(searching("FOX"))).clips
    assert (clip.still, clip.is_favourite, clip.was_removed_by_moderator) == (None, False, True)


@pytest.mark.parametrize("end", ["erased", "aged"])
async def test_with_the_prompt_all_that_is_kept_beside_it_goes(workshop: Workshop, library: Library, end: str) -> None:
    process = workshop.start(retention_days=40)
    job_id = await deliver(workshop, process, "a secret fox")
    kept = await deliver(workshop, process, "of another", member_id=MEMBER_ID + 1)
    await library.toggle_favourite(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)

    if end == "erased":
        await process.services.privacy.erase(MEMBER_ID)
    else:
        workshop.time.advance(41 * DAY)
    await process.end_data()

    left = [kept] if end == "erased" else []
    assert rows(workshop, "SELECT job_id FROM favourites") == []
    assert [job_id for (job_id,) in rows(workshop, "SELECT job_id FROM clip_prompts")] == left
    assert [job_id for (job_id,) in rows(workshop, "SELECT job_id FROM stills")] == left
    [clip] = (await library.page(ALL)).clips
    assert clip.job.spec.prompt == ""
