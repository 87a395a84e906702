"""Previews: what is drawn and kept, what fits, and that what is seen is what is made."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import (
    ChannelRefusedError,
    InvalidSpecError,
    OthersClipError,
    PublishUnavailableError,
    RulesUnknownError,
)
from bot.models import Access, Aspect, ClipButtons, JobState, PromptRuleKind, Quota, QuotaSource
from bot.models.brainstorms import (
    PreviewChangedError,
    PreviewGoneError,
    TooManyBrainstormsError,
    Vary,
    VoteTerms,
)
from bot.services.brainstorms.drawing.idea import BrokenIdeaError
from bot.store.brainstorms import previews
from tests.support.brainstorming import Brainstorms
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MODERATOR_ID

OTHER_ID, OTHER_GUILD_ID = 301, 101


async def set_pool(team: Brainstorms, seconds: int, channel_id: int = CHANNEL_ID) -> None:
    await team.process.quotas.set_rule(
        guild_id=GUILD_ID,
        source=QuotaSource.CHANNEL,
        subject_id=channel_id,
        quota=Quota(seconds),
        set_by_id=MODERATOR_ID,
    )


async def refuse(team: Brainstorms, words: str) -> None:
    await team.process.services.prompts.add(
        guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text=words, set_by_id=MODERATOR_ID
    )


# What is drawn -----------------------------------------------------------------------------------


async def test_what_is_previewed_is_byte_for_byte_what_is_asked_of_the_video_service(team: Brainstorms) -> None:
    status = await team.plan(idea="  A {red|blue|green} fox\n at {dawn|dusk}, \\{really\\} — ünïcödé  ", takes=4)
    started = await team.press_start(status)
    await team.land(started.round.id)

    asked = sorted(request.payload["prompt"] for request in team.workshop.server.submits)
    assert asked == sorted(planned.take.prompt for planned in status.preview.planned)
    assert all("{really}" in prompt for prompt in asked)


async def test_fewer_combinations_than_takes_are_all_there_are(team: Brainstorms) -> None:
    status = await team.plan(idea="A {red|blue} fox", takes=8)

    assert (len(status.preview.planned), status.preview.takes, status.preview.combinations) == (2, 8, 2)


async def test_without_slots_the_first_take_is_the_idea_and_the_others_vary_it(team: Brainstorms) -> None:
    status = await team.plan(idea="A fox", takes=3, vary="light")

    first, *others = [planned.take for planned in status.preview.planned]
    assert (first.prompt, first.difference) == ("A fox", "")
    assert all(take.prompt == f"A fox, {take.difference}" for take in others)


async def test_a_list_of_the_servers_own_is_a_slot(team: Brainstorms) -> None:
    await team.process.services.phrase_lists.add(GUILD_ID, "animals", "otter\nheron", set_by_id=MODERATOR_ID)

    status = await team.plan(idea="An {animals} swims")

    assert {planned.take.difference for planned in status.preview.planned} == {"otter", "heron"}


async def test_a_shuffle_draws_other_takes_once_for_each_press(team: Brainstorms) -> None:
    status = await team.plan(idea="A fox in {place} with {light}", takes=4)
    by = {"revision": status.preview.revision, "interaction_id": team.interaction_id()}

    shuffled = await team.services.previews.shuffle(status.preview.id, team.member(), **by)
    again = await team.services.previews.shuffle(status.preview.id, team.member(), **by)

    assert shuffled.preview.planned != status.preview.planned
    assert again.preview == shuffled.preview
    with pytest.raises(PreviewChangedError):
        await team.services.previews.shuffle(
            status.preview.id, team.member(), revision=1, interaction_id=team.interaction_id()
        )


async def test_an_edit_draws_anew_and_a_broken_idea_changes_nothing(team: Brainstorms) -> None:
    status = await team.plan()
    edit = {"takes": 2, "vary": "auto", "aspect": "9:16", "duration_seconds": 10}

    edited = await team.services.previews.edit(status.preview.id, team.member(), idea="A {wet|dry} dog", **edit)
    with pytest.raises(BrokenIdeaError):
        await team.services.previews.edit(status.preview.id, team.member(), idea="A {wet|dry dog", **edit)

    assert (edited.aspect, edited.duration_seconds) == (Aspect.PORTRAIT, 10)
    assert await team.services.previews.find(status.preview.id, team.member()) == edited.preview
    assert {planned.take.prompt for planned in edited.preview.planned} == {"A wet dog", "A dry dog"}


async def test_how_takes_are_voted_on_is_kept_with_the_round(team: Brainstorms) -> None:
    status = await team.plan()
    terms = VoteTerms(clock_seconds=None, votes_each=3, shows_counts=True, voter_role_id=9)

    status = await team.services.previews.set_vote(status.preview.id, team.member(), terms)

    assert (await team.press_start(status)).round.vote == terms


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"takes": 1}, "takes"),
        ({"takes": 9}, "takes"),
        ({"takes": True}, "takes"),
        ({"takes": "4"}, "takes"),
        ({"vary": "colour"}, "vary"),
        ({"aspect": "4:3"}, "aspect"),
        ({"duration_seconds": 7}, "duration"),
        ({"idea": "  "}, "prompt"),
    ],
)
async def test_what_is_not_offered_is_refused(team: Brainstorms, fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        await team.plan(**fields)

    assert caught.value.field == field


# Whose it is, and for how long ---------------------------------------------------------------------


async def test_a_preview_is_its_members_alone_in_its_server_and_for_a_day(team: Brainstorms) -> None:
    status = await team.plan()

    for who in (team.member(OTHER_ID), team.member(guild_id=OTHER_GUILD_ID)):
        with pytest.raises(PreviewGoneError):
            await team.press_start(status, who)
    team.workshop.time.advance((previews.PREVIEWS_ARE_KEPT_FOR + timedelta(seconds=1)).total_seconds())
    with pytest.raises(PreviewGoneError):
        await team.press_start(status)


async def test_the_same_interaction_has_one_preview(team: Brainstorms) -> None:
    first = await team.plan()
    team._interactions -= 1

    assert (await team.plan()).preview == first.preview


async def test_a_cancelled_preview_is_forgotten(team: Brainstorms) -> None:
    status = await team.plan()

    await team.services.previews.cancel(status.preview.id, team.member())

    with pytest.raises(PreviewGoneError):
        await team.press_start(status)


async def test_a_preview_survives_a_restart(team: Brainstorms) -> None:
    status = await team.plan()

    team.process = team.workshop.start()

    assert (await team.press_start(status)).takes == 4


async def test_a_start_that_is_pressed_again_or_heard_twice_is_one_round(team: Brainstorms) -> None:
    status = await team.plan()
    other = Brainstorms(team.workshop, team.workshop.start("local/2"))

    started = await asyncio.gather(*(it.press_start(status) for it in (team, team, other)))

    assert len({it.round.id for it in started}) == 1
    assert len((await team.board(started[0].round.id)).takes) == 4
    assert team.workshop._peek("SELECT count(*) FROM jobs") == 4


# What fits ---------------------------------------------------------------------------------------


async def test_where_not_all_fit_the_preview_says_how_many_and_starts_those(team: Brainstorms) -> None:
    await set_pool(team, 32)
    status = await team.plan(idea="A {red|blue|green|grey} fox at {dawn|dusk}", takes=8)

    assert (status.fits, status.startable, status.limit is None) == (5, 5, False)
    started = await team.press_start(status)
    assert (started.takes, started.seconds) == (5, 30)


async def test_a_pool_that_was_emptied_meanwhile_starts_nothing(team: Brainstorms) -> None:
    await set_pool(team, 30)
    status = await team.plan()
    await team.workshop.accept(team.process)
    await team.workshop.accept(team.process)

    with pytest.raises(PreviewChangedError):
        await team.press_start(status)

    refreshed = await team.services.previews.refresh(status.preview, team.member())
    assert (refreshed.fits, refreshed.startable) == (3, 3)
    assert (await team.press_start(refreshed)).takes == 3


async def test_takes_that_the_rules_refuse_are_left_out(team: Brainstorms) -> None:
    await refuse(team, "rain")
    status = await team.plan()

    assert [it.take.difference for it in status.preview.planned if it.is_refused] == ["rain"]
    board = await team.board((await team.press_start(status)).round.id)
    assert [take.number for take in board.takes] == [1, 2, 3]
    assert "rain" not in {take.difference for take in board.takes}


async def test_a_rule_that_is_made_meanwhile_starts_nothing_and_is_seen(team: Brainstorms) -> None:
    status = await team.plan()
    await refuse(team, "snow")

    with pytest.raises(PreviewChangedError):
        await team.press_start(status)

    refreshed = await team.services.previews.refresh(status.preview, team.member())
    assert refreshed.startable == 3


async def test_fewer_than_two_takes_can_not_be_started(team: Brainstorms) -> None:
    for word in ("snow", "rain", "fog"):
        await refuse(team, word)

    assert (await team.plan()).startable == 0


async def test_where_no_clips_may_be_made_there_is_no_preview(team: Brainstorms) -> None:
    await team.process.services.servers.change_channel(
        GUILD_ID,
        CHANNEL_ID,
        lambda rule: type(rule)(guild_id=GUILD_ID, channel_id=CHANNEL_ID, access=Access.REFUSED),
        set_by_id=MODERATOR_ID,
    )

    with pytest.raises(ChannelRefusedError):
        await team.plan()


async def test_until_automods_rules_are_known_there_is_no_preview(team: Brainstorms) -> None:
    team.workshop.log.automod = PublishUnavailableError("Discord is down")

    with pytest.raises(RulesUnknownError):
        await team.plan()


# How many ----------------------------------------------------------------------------------------


async def test_a_member_has_one_open_and_a_channel_three_until_their_takes_have_landed(team: Brainstorms) -> None:
    board = await team.start()

    with pytest.raises(TooManyBrainstormsError) as own:
        await team.start()
    for member_id in (OTHER_ID, OTHER_ID + 1):
        await team.start(team.member(member_id))
    with pytest.raises(TooManyBrainstormsError) as channels:
        await team.start(team.member(OTHER_ID + 2))

    assert (own.value.in_channel, own.value.most, own.value.thread_id) == (False, 1, board.brainstorm.thread_id)
    assert (channels.value.in_channel, channels.value.most) == (True, 3)
    await team.arrive(board.round.id)
    await team.start(team.member(OTHER_ID + 2))


async def test_a_server_says_how_many_may_be_open(team: Brainstorms) -> None:
    await team.process.services.brainstorm_settings.change(
        GUILD_ID, per_channel=1, per_member=2, voter_role_id=None, allows_own_votes=True, set_by_id=MODERATOR_ID
    )
    await team.start()

    with pytest.raises(TooManyBrainstormsError) as caught:
        await team.start()

    assert caught.value.in_channel


async def test_takes_are_not_the_members_open_jobs(team: Brainstorms) -> None:
    team.workshop.max_open_jobs = 1
    team.process = team.workshop.start()
    await team.start()

    await team.workshop.accept(team.process)


# Next rounds -------------------------------------------------------------------------------------


async def test_a_next_round_has_the_winner_for_nothing_and_only_other_takes(team: Brainstorms) -> None:
    board = await team.start(idea="A fox", takes=3, vary="light")
    await team.arrive(board.round.id)
    await team.vote(board.round.id, 2)
    await team.services.voting.close(board.round.id, team.presser())
    found = await team.services.next_rounds.find(board.round.id, team.member())
    more = {"idea": found.round.idea, "takes": found.takes, "vary": found.vary}

    status = await team.services.previews.make(
        found.plan(interaction_id=team.interaction_id(), channel_id=7000, **more), team.member()
    )
    started = await team.press_start(status)
    await team.keep()

    second = await team.board(started.round.id)
    assert (second.round.number, second.round.vary) == (2, Vary.LIGHT)
    assert [(take.number, take.is_reigning) for take in second.takes] == [(1, True), *((n, False) for n in (2, 3, 4))]
    assert second.takes[0].job.id == board.takes[1].job.id
    assert "A fox" not in {take.job.spec.prompt for take in second.takes}
    assert [take.job.state for take in second.takes][1:] != [JobState.HELD] * 3
    assert {take.job.lineage.parent_id for take in second.takes[1:] if take.job.lineage} == {board.takes[1].job.id}
    assert started.seconds == 18
    second = await team.arrive(second.round.id)
    await team.vote(second.round.id, 1)
    await team.services.voting.close(second.round.id, team.presser())
    assert (await team.board(second.round.id)).round.winner_number == 1


async def test_where_buttons_are_the_requesters_only_the_starter_goes_on(team: Brainstorms) -> None:
    board = await team.start()
    await team.arrive(board.round.id)
    await team.vote(board.round.id, 2)
    await team.services.voting.close(board.round.id, team.presser())
    await team.process.services.servers.set_clip_buttons(GUILD_ID, ClipButtons.REQUESTER, set_by_id=MODERATOR_ID)

    await team.services.next_rounds.find(board.round.id, team.member())
    with pytest.raises(OthersClipError):
        await team.services.next_rounds.find(board.round.id, team.member(OTHER_ID))
