"""What the command, the menu, and a preview's buttons and forms say and do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.models import JobState, PromptRuleKind, Quota, QuotaSource
from tests.support.community import words
from tests.support.panel import fields_of_form, refusal
from tests.support.rounds import (
    IDEA,
    board_message,
    button_of,
    custom_ids,
    keep_rounds,
    land,
    latest,
    preview,
    start,
    thread_of,
)

if TYPE_CHECKING:
    from simcord.builders import ChannelHandle
    from simcord.results import InteractionResult

    from tests.support.community import Community


async def set_pool(community: Community, channel: ChannelHandle, seconds: int) -> None:
    await community.bot.services.quotas.set_rule(
        guild_id=community.guild.id,
        source=QuotaSource.CHANNEL,
        subject_id=channel.id,
        quota=Quota(seconds),
        set_by_id=community.moderator.id,
    )


async def press(community: Community, shown: InteractionResult, act: str) -> InteractionResult:
    return await community.mia.click(shown.response, custom_id=button_of(shown, act))


async def nothing_made(community: Community) -> bool:
    return await community.jobs() == [] and await community.ledger() == []


# The command -------------------------------------------------------------------------------------


async def test_a_broken_idea_is_answered_with_where_it_breaks(community: Community) -> None:
    result = await preview(community, community.mia, idea="A {red|blue fox")

    assert "{red|blue fox" in words(result.response)
    assert "3" in words(result.response)
    assert await nothing_made(community)


async def test_in_video_a_brace_stays_a_brace(community: Community) -> None:
    await community.mia.slash(community.channel, "video", prompt="A {red|blue} fox")

    [job] = await community.jobs()
    assert job.spec.prompt == "A {red|blue} fox"


@pytest.mark.parametrize(
    "options",
    [
        [{"name": "idea", "type": 3, "value": "A fox"}, {"name": "takes", "type": 4, "value": 99}],
        [{"name": "idea", "type": 3, "value": "A fox"}, {"name": "vary", "type": 3, "value": "colour"}],
        [{"name": "idea", "type": 3, "value": "x" * 1501}],
        [{"name": "idea", "type": 3, "value": ""}],
    ],
)
async def test_a_forged_command_is_refused_with_a_sentence(community: Community, options: list[dict[str, Any]]) -> None:
    result = await community.forge(community.mia, "brainstorm", *options)

    assert result.ephemeral
    assert "went wrong" not in words(result.response)
    assert await nothing_made(community)


@pytest.mark.parametrize(
    "permission", ["create_public_threads", "send_messages_in_threads", "attach_files", "read_message_history"]
)
async def test_what_the_bot_may_not_do_there_is_said_before_anything_is_drawn(
    community: Community, permission: str
) -> None:
    result = await preview(community, community.mia, community.without(permission))

    assert permission.replace("_", " ").title().split()[0] in words(result.response)
    assert await nothing_made(community)


async def test_where_threads_can_not_be_there_is_one_sentence(community: Community) -> None:
    voice = community.guild.create_voice_channel("Lounge")

    result = await preview(community, community.mia, voice)

    assert "thread" in words(result.response)
    assert await nothing_made(community)


async def test_in_a_thread_it_goes_on_there(community: Community) -> None:
    thread = await community.thread(community.channel)
    shown = await preview(community, community.mia, thread)
    await press(community, shown, "start")
    await keep_rounds(community)

    board = await latest(community)
    assert board.brainstorm.thread_id == thread.id
    assert any(message.id == board.round.board_message_id for message in thread.history())


async def test_a_messages_braces_are_just_braces_in_the_menu(community: Community) -> None:
    message = await community.ben.send(community.channel, "A {fox} | in {red|blue} boots")

    result = await community.mia.context_menu(community.channel, "Brainstorm this", message)

    assert result.ephemeral
    await community.mia.click(result.response, custom_id=button_of(result, "start"))
    assert (await community.jobs())[0].spec.prompt == "A {fox} | in {red|blue} boots"


async def test_on_a_clip_the_menu_takes_its_prompt(community: Community) -> None:
    clip = await community.post_clip(community.ben, "A cat surfing")

    result = await community.mia.context_menu(community.channel, "Brainstorm this", community.message(clip))

    assert "A cat surfing" in words(result.response)


# The preview -------------------------------------------------------------------------------------


async def test_all_that_is_offered_is_there(community: Community) -> None:
    shown = await preview(community, community.mia, idea="A fox at {place} in {light}")

    acts = [custom_id.split(":")[1] for custom_id in custom_ids(shown.response.components)]
    assert acts == ["start", "shuffle", "edit", "vote", "cancel"]


async def test_a_shuffle_shows_other_takes_in_the_same_message(community: Community) -> None:
    shown = await preview(community, community.mia, idea="A fox at {place} in {light}")

    before = words(shown.response)
    shuffled = await press(community, shown, "shuffle")

    assert shuffled.response.id == shown.response.id
    assert words(shuffled.response) != before
    assert button_of(shuffled, "start").endswith(":2:4")


async def test_an_edit_changes_all_five(community: Community) -> None:
    shown = await preview(community, community.mia)
    form = await press(community, shown, "edit")
    fields = {"prompt": "A {wet|dry} dog", "takes": ["2"], "vary": ["auto"], "aspect": ["9:16"], "duration": ["10"]}

    edited = await community.mia.submit_modal(form, fields)

    assert "10 s each, 20 s for 2 takes" in words(edited.response)
    assert "Portrait" in words(edited.response)


async def test_an_edit_that_is_refused_can_be_corrected_with_all_that_was_chosen(community: Community) -> None:
    shown = await preview(community, community.mia)
    typed = {"prompt": "A {wet|dry dog", "takes": ["2"], "vary": ["auto"], "aspect": ["9:16"], "duration": ["10"]}
    refused = await community.mia.submit_modal(await press(community, shown, "edit"), typed)

    again = await community.mia.click(refusal(refused), label="Correct it")

    assert fields_of_form(again) == typed
    edited = await community.mia.submit_modal(again, typed | {"prompt": "A {wet|dry} dog"})
    assert "10 s each, 20 s for 2 takes" in words(edited.response)


async def test_how_it_is_voted_on_can_be_chosen(community: Community) -> None:
    shown = await preview(community, community.mia)
    form = await press(community, shown, "vote")

    changed = await community.mia.submit_modal(form, {"clock": ["86400"], "votes": ["2"], "counts": ["shown"]})

    assert "1 day" in words(changed.response)
    assert "2 votes each" in words(changed.response)


@pytest.mark.parametrize("forged", ["another server's", "12", "9999999999999999999"])
async def test_only_a_role_of_this_server_can_be_named_to_vote(community: Community, forged: str) -> None:
    elsewhere = community.env.create_guild("Elsewhere").create_role("Theirs")
    shown = await preview(community, community.mia)
    typed = {
        "clock": "3600",
        "votes": "1",
        "counts": "hidden",
        "voters": str(elsewhere.id) if forged.startswith("another") else forged,
    }
    filled = [{"type": 18, "component": {"type": 3, "custom_id": name, "values": [it]}} for name, it in typed.items()]
    preview_id = button_of(shown, "start").split(":")[2]

    sent = await community.mia._dispatch_interaction(
        5, community.channel, {"custom_id": f"form:preview_vote:{preview_id}", "components": filled}
    )

    assert "I don't know that role" in words(sent.response)
    assert "on its way" in words((await press(community, shown, "start")).response)


async def test_cancel_charges_nothing_and_says_so(community: Community) -> None:
    shown = await preview(community, community.mia)

    cancelled = await press(community, shown, "cancel")

    assert "Nothing was charged" in words(cancelled.response)
    assert await nothing_made(community)


async def test_not_all_fit_says_how_many_and_the_button_too(community: Community) -> None:
    await set_pool(community, community.channel, 20)

    shown = await preview(community, community.mia)

    assert "3 of 4 takes fit" in words(shown.response)
    started = await press(community, shown, "start")
    assert "on its way" in words(started.response)
    assert len(await community.jobs()) == 3


async def test_a_pool_that_was_emptied_meanwhile_shows_the_preview_anew(community: Community) -> None:
    await set_pool(community, community.channel, 24)
    shown = await preview(community, community.mia)
    await community.ben.slash(community.channel, "video", prompt="A cat surfing")

    result = await press(community, shown, "start")

    assert "3 of 4 takes fit" in words(result.response)
    assert len(await community.jobs()) == 1
    again = await press(community, result, "start")
    assert "on its way" in words(again.response)
    assert len(await community.jobs()) == 4


async def test_refused_takes_are_marked_and_left_out(community: Community) -> None:
    await community.bot.services.prompts.add(
        guild_id=community.guild.id, kind=PromptRuleKind.WORDS, text="rain", set_by_id=community.moderator.id
    )

    shown = await preview(community, community.mia)

    assert "left out" in words(shown.response)
    await press(community, shown, "start")
    assert not any("rain" in job.spec.prompt for job in await community.jobs())


async def test_a_preview_is_answered_after_a_restart(community: Community) -> None:
    shown = await preview(community, community.mia)

    await community.restart()

    assert "on its way" in words((await press(community, shown, "start")).response)


async def test_a_member_with_a_brainstorm_on_the_way_is_sent_to_its_thread(community: Community) -> None:
    board = await start(community, community.mia)
    shown = await preview(community, community.mia)

    result = await press(community, shown, "start")

    assert f"<#{board.brainstorm.thread_id}>" in words(result.followups[-1] if result.followups else result.response)
    assert len(await community.jobs()) == 4


# Next rounds -------------------------------------------------------------------------------------


async def test_the_next_round_goes_on_from_the_winner_in_the_same_thread(community: Community) -> None:
    board = await start(community, community.mia)
    await land(community, 4)
    thread = thread_of(community, board)
    await community.ben.click(board_message(community, board), custom_id=f"round:vote:{board.round.id}:2")
    manage = await community.mia.click(board_message(community, board), custom_id=f"round:manage:{board.round.id}")
    closed = await community.mia.click(manage.response, custom_id=f"round:close:{board.round.id}")
    assert "closed" in words(closed.response)
    await keep_rounds(community)
    board = await latest(community)
    card = next(it for it in thread.history() if it.id == board.round.result_message_id)

    form = await community.mia.click(card, custom_id=f"round:next:{board.round.id}")
    fields = {"prompt": "A fox in the rain", "vary": ["camera"], "takes": ["3"]}
    shown = await community.mia.submit_modal(form, fields)
    assert "winner" in words(shown.response)
    await community.mia.click(shown.response, custom_id=button_of(shown, "start"))
    await keep_rounds(community)

    second = await latest(community)
    assert (second.round.number, second.brainstorm.id, len(second.takes)) == (2, board.brainstorm.id, 4)
    assert second.takes[0].is_reigning
    assert [job.state for job in await community.jobs()].count(JobState.QUEUED) == 3
    again = await community.mia.click(card, custom_id=f"round:more:{board.round.id}")
    assert "on its way already" in words(again.response)


async def test_the_list_has_what_is_open_and_what_won(community: Community) -> None:
    empty = await community.mia.slash(community.channel, "brainstorms")
    board = await start(community, community.mia)
    listed = await community.ben.slash(community.channel, "brainstorms")

    assert empty.ephemeral
    assert listed.ephemeral
    assert IDEA.split("{")[0].strip() in words(listed.response)
    assert str(board.brainstorm.thread_id) in words(listed.response)
