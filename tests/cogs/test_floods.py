"""Members who ask too much: what they see, what is stored, and what everybody else notices of it."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import ui
from sqlalchemy import select

from bot.models import LogKind
from bot.services.jobs.policy import FloodLimits
from bot.store.tables import log_entries
from tests.support.community import NO_FLOOD_LIMITS, words
from tests.support.panel import open_panel, said

if TYPE_CHECKING:
    from simcord.actors import MemberActor
    from simcord.results import InteractionResult

    from tests.support.community import Community

TOO_MANY_VIDEOS = "That is too fast: ask for at most 6 clips a minute. Nothing was charged."
TOO_FAST = "That is too fast: ask for at most 1 clip a minute. Nothing was charged."
TOO_MANY_PRESSES = "That is too fast: at most 60 buttons, lists, forms and commands a minute. Wait a little."
PRESSED = 200


@pytest.fixture
async def guarded(community: Community) -> Community:
    """The community with the limits that ship, and a clock for them that stands still."""
    await community.restart(flood_limits=FloodLimits())
    set_seconds(community, 0.0)
    return community


def set_seconds(community: Community, seconds: float) -> None:
    community.bot.flood_gate.monotonic = lambda: seconds


def callbacks(community: Community) -> Counter[int]:
    """Count the first answers that Discord got, by type."""
    return Counter(sent.json["type"] for sent in community.env.http_requests if sent.path.endswith("/callback"))


def watch_database(community: Community, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each use of the database."""
    used: list[str] = []
    for name in ("read", "write"):
        original = getattr(community.database, name)

        def noted(*, _name: str = name, _original: Any = original) -> Any:  # noqa: ANN401 (handed through)
            used.append(_name)
            return _original()

        monkeypatch.setattr(community.database, name, noted)
    return used


async def press(community: Community, actor: MemberActor, custom_id: str) -> InteractionResult:
    data = {"custom_id": custom_id, "components": []}
    return await actor._dispatch_interaction(5, community.channel, data)


@pytest.mark.slow
async def test_a_member_who_asks_two_hundred_times_is_served_six_times(
    guarded: Community, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await guarded.keep_log()
    for _ in range(6):
        await guarded.mia.slash(guarded.channel, "video", prompt="A cat")
    cards = len(await guarded.log_cards())
    before, stored = callbacks(guarded), (await guarded.jobs(), await guarded.ledger())
    caplog.set_level(logging.INFO)
    caplog.clear()
    with monkeypatch.context() as patched:
        used = watch_database(guarded, patched)
        results = [await guarded.mia.slash(guarded.channel, "video", prompt="A cat") for _ in range(PRESSED)]

    assert [said(result) for result in results if said(result)] == [TOO_MANY_VIDEOS]
    assert results[0].ephemeral
    assert sum((callbacks(guarded) - before).values()) == PRESSED
    assert used == []
    assert [record.message for record in caplog.records if record.name.startswith(("bot", "cogs"))] == []
    assert (await guarded.jobs(), await guarded.ledger()) == stored
    assert len(await guarded.log_cards()) == cards


@pytest.mark.slow
async def test_a_member_who_presses_two_hundred_times_is_served_sixty_times(
    guarded: Community, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    served = [said(await press(guarded, guarded.mia, "job:cancel:1")) for _ in range(60)]
    used, before = watch_database(guarded, monkeypatch), callbacks(guarded)
    caplog.clear()

    results = [await press(guarded, guarded.mia, "job:cancel:1") for _ in range(PRESSED - 60)]

    assert TOO_MANY_PRESSES not in served
    assert [said(result) for result in results if said(result)] == [TOO_MANY_PRESSES]
    deferred_update = discord.InteractionResponseType.deferred_message_update.value
    answered = callbacks(guarded) - before
    assert answered == {discord.InteractionResponseType.channel_message.value: 1, deferred_update: PRESSED - 61}
    assert (used, caplog.records) == ([], [])


@pytest.mark.slow
async def test_other_commands_count_as_presses_and_video_does_not(guarded: Community) -> None:
    for _ in range(60):
        await press(guarded, guarded.mia, "x")

    assert said(await guarded.mia.slash(guarded.channel, "quota")) == TOO_MANY_PRESSES
    await guarded.mia.slash(guarded.channel, "video", prompt="A cat")
    assert len(await guarded.jobs()) == 1


@pytest.mark.slow
async def test_past_the_limit_a_list_is_empty(guarded: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    await guarded.moderate("rules add", kind="words", text="spoiler")

    async def offered() -> list[Any]:
        return await guarded.moderator.autocomplete(guarded.channel, "moderate rules remove", "rule", "spo")

    assert all([len(await offered()) == 1 for _ in range(120)])
    used = watch_database(guarded, monkeypatch)
    assert [await offered() for _ in range(80)] == [[]] * 80
    assert used == []


@pytest.mark.slow
async def test_the_sentence_comes_once_a_minute_and_after_it_all_is_as_before(guarded: Community) -> None:
    for _ in range(60):
        await press(guarded, guarded.mia, "x")
    told: list[float] = []
    for second in range(0, 60, 5):
        set_seconds(guarded, second)
        if said(await press(guarded, guarded.mia, "x")) == TOO_MANY_PRESSES:
            told.append(second)
    set_seconds(guarded, 60.0)

    assert told == [0]
    assert "earlier version" in said(await press(guarded, guarded.mia, "x"))


@pytest.mark.slow
async def test_what_one_member_does_takes_nothing_from_others(guarded: Community) -> None:
    for _ in range(PRESSED):
        await press(guarded, guarded.mia, "x")
        await guarded.mia.slash(guarded.channel, "video", prompt="A cat")

    await guarded.ben.slash(guarded.channel, "video", prompt="A dog")
    panel = await open_panel(guarded)

    assert Counter(job.member_id for job in await guarded.jobs())[guarded.ben.id] == 1
    assert "### Settings" in panel.text


@pytest.mark.slow
async def test_discord_that_takes_no_answer_is_left_alone(guarded: Community) -> None:
    for _ in range(60):
        await press(guarded, guarded.mia, "x")
    guarded.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062)

    await press(guarded, guarded.mia, "x")
    again = await press(guarded, guarded.mia, "x")

    assert said(again) == ""


@pytest.mark.slow
async def test_many_accounts_that_are_refused_get_five_cards_a_minute_each_at_most(guarded: Community) -> None:
    await guarded.keep_log()
    await guarded.moderate("pause", reason="A flood")
    accounts = [guarded.guild.add_member(guarded.env.create_user(f"alt{number}")) for number in range(8)]

    for account in accounts:
        for _ in range(8):
            await account.slash(guarded.channel, "video", prompt="A cat")

    refused = [each for each in await entries(guarded) if each[0] == LogKind.REFUSED]
    assert Counter(member_id for _, member_id in refused) == {account.id: 5 for account in accounts}
    assert "48 refused" in await guarded.moderate("usage")


async def entries(community: Community) -> list[tuple[str, int]]:
    async with community.database.read() as connection:
        rows = await connection.execute(select(log_entries.c.kind, log_entries.c.details))
        return [(row.kind, row.details.get("member_id", 0)) for row in rows]


async def test_buttons_that_make_a_clip_count_as_video_and_the_others_as_presses(guarded: Community) -> None:
    clip = await guarded.post_clip(guarded.mia)
    message = guarded.message(clip)
    for _ in range(6):
        await guarded.ben.click(message, custom_id=f"clip:again:{clip.id}")

    result = await guarded.ben.click(message, custom_id=f"clip:flip:{clip.id}")
    assert said(result) == TOO_MANY_VIDEOS

    result = await guarded.ben.click(message, custom_id=f"clip:more:{clip.id}")
    assert "Landscape" in words(result.response)


async def press_button(community: Community, actor: MemberActor, custom_id: str) -> InteractionResult:
    """Press a button that was never shown to anybody."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.ActionRow(ui.Button[ui.LayoutView](label="Press", custom_id=custom_id)))
    view.stop()
    posted = await community.bot.get_partial_messageable(community.channel.id).send(view=view)
    message = next(each for each in community.channel.history() if each.id == posted.id)
    return await actor.click(message, custom_id=custom_id)


@pytest.fixture
async def used_up(community: Community) -> Community:
    """The community in which Ben has asked for as many clips as a minute has room for."""
    await community.restart(flood_limits=replace(NO_FLOOD_LIMITS, videos=1))
    await community.ben.slash(community.channel, "video", prompt="A cat")
    return community


async def test_brainstorm_and_its_menu_count_as_video(used_up: Community) -> None:
    posted = await used_up.bot.get_partial_messageable(used_up.channel.id).send("A cat surfing")
    message = next(each for each in used_up.channel.history() if each.id == posted.id)

    asked = [
        await used_up.ben.slash(used_up.channel, "brainstorm", idea="A {cat|dog}"),
        await used_up.ben.context_menu(used_up.channel, "Brainstorm this", message),
    ]

    assert TOO_FAST in [said(result) for result in asked]
    assert [said(result) for result in asked if said(result)] == [TOO_FAST], "it is said once a minute"
    assert "takes" in words((await used_up.mia.slash(used_up.channel, "brainstorm", idea="A {cat|dog}")).response)


@pytest.mark.parametrize(
    "custom_id", ["preview:shuffle:1:1", "preview:start:1:1:4", "round:more:1", "round:failed:1"], ids=str
)
async def test_buttons_that_draw_takes_or_have_some_made_count_as_video(used_up: Community, custom_id: str) -> None:
    assert said(await press_button(used_up, used_up.ben, custom_id)) == TOO_FAST
    assert said(await press_button(used_up, used_up.mia, custom_id)) != TOO_FAST


async def test_a_vote_and_what_ends_a_preview_count_as_presses(used_up: Community) -> None:
    for custom_id in ("clip:vote:1:2", "preview:cancel:1", "round:close:1"):
        assert said(await press_button(used_up, used_up.ben, custom_id)) != TOO_FAST


@pytest.mark.parametrize("form", ["preview_edit:1", "round_next:1", "round_reword:1:2"])
async def test_what_was_typed_into_a_brainstorms_form_comes_back_each_time(used_up: Community, form: str) -> None:
    typed = [f"Dog {number} in the rain" for number in range(2)]

    results = [await fill(used_up, f"form:{form}", text) for text in typed]

    for result, text in zip(results, typed, strict=True):
        assert TOO_FAST in words(result.response)
        assert text in words(result.response)


async def test_what_was_typed_into_any_other_form_comes_back_each_time(community: Community) -> None:
    await community.restart(flood_limits=replace(NO_FLOOD_LIMITS, presses=1))
    await press(community, community.moderator, "form:pause")

    for typed in ("A flood", "Another"):
        field = {"type": 18, "component": {"type": 4, "custom_id": "reason", "value": typed}}
        data = {"custom_id": "form:pause", "components": [field]}
        result = await community.moderator._dispatch_interaction(5, community.channel, data)
        assert "That is too fast" in words(result.response)
        assert f"Reason: {typed}" in words(result.response)


async def fill(community: Community, custom_id: str, text: str) -> InteractionResult:
    """Send a form that was never shown, as Ben."""
    field = {"type": 18, "component": {"type": 4, "custom_id": "prompt", "value": text}}
    data = {"custom_id": custom_id, "components": [field]}
    return await community.ben._dispatch_interaction(5, community.channel, data)
