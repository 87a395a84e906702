"""Brainstorms at their bounds: what is held counts, what was shown is charged, what goes on again has its limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import PublishUnavailableError, QueueFullError
from bot.models import CeilingReachedError, SpendPolicy
from bot.models.brainstorms import (
    Outcome,
    PreviewChangedError,
    RoundRefusal,
    RoundRefusedError,
    RoundState,
    TooManyBrainstormsError,
    Vary,
    VoteTerms,
)
from bot.store import jobs
from bot.ui.text.brainstorms import results
from tests.services.brainstorms.test_rounds import failed
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from tests.support.brainstorming import Brainstorms

TOO_FEW = "A fox in the {snow|rain fail:rejected}"


async def retake(team: Brainstorms, round_id: str, number: int) -> int:
    return await team.services.retaker.try_again(
        round_id, number, team.member(), interaction_id=team.interaction_id(), prompt="A fox"
    )


async def test_takes_that_wait_for_their_thread_count_on_the_operators_ceilings(team: Brainstorms) -> None:
    team.process = team.workshop.start(spending=SpendPolicy(max_seconds_per_day=24))
    await team.press_start(await team.plan())  # 24 s, held

    assert (await team.plan(team.member(MEMBER_ID + 1))).startable == 0
    with pytest.raises(CeilingReachedError):
        await team.workshop.accept(team.process)


async def test_takes_that_wait_for_their_thread_take_room_in_the_queue(team: Brainstorms) -> None:
    team.process = team.workshop.start(waiting_per_server=4)
    await team.press_start(await team.plan())

    with pytest.raises(QueueFullError):
        await team.workshop.accept(team.process)


async def test_the_places_defaults_hold_as_they_were_shown(team: Brainstorms) -> None:
    status = await team.plan()
    await team.process.services.servers.change_channel(
        GUILD_ID,
        CHANNEL_ID,
        lambda rule: type(rule)(guild_id=GUILD_ID, channel_id=CHANNEL_ID, duration_seconds=10),
        set_by_id=MODERATOR_ID,
    )

    started = await team.press_start(status)

    assert started.seconds == status.duration_seconds * status.startable == 24


async def test_a_round_that_others_came_after_is_not_gone_on_with(team: Brainstorms) -> None:
    first = (await team.land((await team.start()).round.id)).round.id
    await team.vote(first, 1)
    await team.later(timedelta(hours=1))

    async def next_round(idea: str) -> str:
        found = await team.services.next_rounds.find(first, team.member())
        plan = found.plan(
            interaction_id=team.interaction_id(), channel_id=CHANNEL_ID, idea=idea, takes=1, vary=Vary.NOTHING
        )
        started = await team.press_start(await team.services.previews.make(plan, team.member()))
        await team.keep()
        return started.round.id

    second = await next_round("A fox fail:rejected")
    assert (await team.land(second)).round.outcome is Outcome.TOO_FEW
    third = await next_round("A fox")
    with pytest.raises(RoundRefusedError) as under_way:
        await retake(team, second, 2)
    await team.services.voting.cancel(third, team.presser())
    with pytest.raises(RoundRefusedError) as over:
        await retake(team, second, 2)

    assert (under_way.value.reason, over.value.reason) == (RoundRefusal.UNDER_WAY, RoundRefusal.OVER)


async def test_a_take_that_is_tried_again_opens_its_brainstorm_again(team: Brainstorms) -> None:
    board = await team.land((await team.start(idea=TOO_FEW)).round.id)
    other = await team.start()
    with pytest.raises(TooManyBrainstormsError):
        await retake(team, board.round.id, failed(board))

    await team.land(other.round.id)
    await retake(team, board.round.id, failed(board))
    with pytest.raises(TooManyBrainstormsError):
        await team.start()


async def test_a_take_that_is_tried_again_while_the_vote_goes_on_opens_it_too(team: Brainstorms) -> None:
    board = await team.land((await team.start(idea="A fox in the {snow|fog|rain fail:rejected}")).round.id)
    await retake(team, board.round.id, failed(board))

    with pytest.raises(TooManyBrainstormsError):
        await team.start()


async def test_a_take_that_ended_before_its_thread_was_there_is_tried_again_in_the_thread(team: Brainstorms) -> None:
    started = await team.press_start(await team.plan())
    await team.process.cancel((await team.board(started.round.id)).takes[0].job.id)
    await team.keep()

    await retake(team, started.round.id, 1)

    board = await team.board(started.round.id)
    assert board.takes[0].job.channel_id == board.brainstorm.thread_id


async def test_a_card_of_a_round_that_goes_on_again_says_so(team: Brainstorms) -> None:
    board = await team.land((await team.start(idea=TOO_FEW)).round.id)
    await retake(team, board.round.id, failed(board))
    await team.later()

    [card] = [shown[-1] for shown in team.threads.results.values()]
    assert "goes on" in results.result(card)


async def test_a_vote_for_a_clip_that_was_deleted_is_free_again(team: Brainstorms) -> None:
    board = await team.land((await team.start(vote=VoteTerms(votes_each=2))).round.id)
    await team.vote(board.round.id, 1)
    await team.vote(board.round.id, 2)
    async with team.workshop.database.write() as connection:
        await jobs.note_removed(connection, board.takes[0].job.id, removed_by_id=MODERATOR_ID, now=team.now)

    assert (await team.vote(board.round.id, 3)).chosen == (2, 3)
    assert [take.votes for take in (await team.board(board.round.id)).takes] == [0, 1, 1, 0]


async def test_a_clock_that_is_set_back_leaves_no_board_as_it_is(team: Brainstorms) -> None:
    board = await team.land((await team.start()).round.id)
    team.workshop.time.advance(-24 * 3600)

    await team.vote(board.round.id, 1)
    await team.later(timedelta(seconds=20))

    assert team.shown(board.round.id).voters == 1


@pytest.mark.parametrize("sign", ["\ud800", "\0"])
async def test_what_not_every_database_can_store_is_left_out_of_an_idea(team: Brainstorms, sign: str) -> None:
    started = await team.press_start(await team.plan(idea=f"A fox{sign} in {{snow{sign}|rain}}"))

    board = await team.board(started.round.id)
    assert board.round.idea == "A fox in {snow|rain}"
    assert {take.difference for take in board.takes} == {"snow", "rain"}


@pytest.mark.parametrize("count", [0, 1])
async def test_no_press_starts_fewer_than_two_takes(team: Brainstorms, count: int) -> None:
    status = await team.plan()

    with pytest.raises(PreviewChangedError):
        await team.press_start(status, count=count)


async def test_a_round_that_is_cancelled_right_after_its_board_was_posted_shows_it(team: Brainstorms) -> None:
    team.threads.fail("post_board", PublishUnavailableError("killed"), after=True)
    started = await team.press_start(await team.plan())
    await team.keep()

    await team.services.voting.cancel(started.round.id, team.presser())
    for _ in range(3):
        await team.later(timedelta(seconds=30))

    assert team.shown(started.round.id).round.state is RoundState.ENDED
