"""What a board's, a clip's and a winner's buttons do, and to whom they say it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from bot.models import JobState
from bot.models.brainstorms import Outcome, RoundState
from tests.support.community import words
from tests.support.rounds import (
    board_message,
    board_words,
    clip_of,
    custom_ids,
    keep_rounds,
    land,
    later,
    latest,
    start,
    thread_of,
)

if TYPE_CHECKING:
    from simcord.actors import MemberActor
    from simcord.results import InteractionResult

    from bot.models.brainstorms import Board
    from tests.support.community import Community

HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def board(community: Community) -> Board:
    """Give a round whose takes are there."""
    await start(community, community.mia)
    await land(community, 4)
    return await latest(community)


async def press(community: Community, actor: MemberActor, board: Board, act: str) -> InteractionResult:
    return await actor.click(board_message(community, board), custom_id=f"round:{act.format(board.round.id)}")


async def vote(community: Community, actor: MemberActor, board: Board, number: int) -> str:
    result = await press(community, actor, board, f"vote:{{}}:{number}")
    assert result.ephemeral
    return words(result.response)


# Votes -------------------------------------------------------------------------------------------


async def test_a_vote_is_answered_to_the_voter_alone_and_names_are_shown_nowhere(
    community: Community, board: Board
) -> None:
    before = len(thread_of(community, board).history())
    assert await vote(community, community.ben, board, 3) == "You chose 3."
    assert await vote(community, community.ben, board, 1) == "You chose 1."
    assert "took your vote for 1 back" in await vote(community, community.ben, board, 1)
    await vote(community, community.ben, board, 2)
    await later(community)

    history = thread_of(community, board).history()
    assert len(history) == before
    assert not any(f"<@{community.ben.id}>" in words(message) for message in history)
    assert "1 has voted" in board_words(community, board)


async def test_while_takes_are_to_come_the_answer_says_so(community: Community) -> None:
    await start(community, community.mia)
    await land(community, 2)

    said = await vote(community, community.ben, await latest(community), 1)

    assert said == "You chose 1. Two of 4 takes are still rendering."


async def test_the_clips_button_and_the_boards_are_one_vote(community: Community, board: Board) -> None:
    clip = await community.ben.click(clip_of(community, board, 2), custom_id=f"clip:vote:{board.round.id}:2")
    assert words(clip.response) == "You chose 2."

    assert "back" in await vote(community, community.ben, board, 2)


async def test_a_press_after_a_restart_counts(community: Community, board: Board) -> None:
    await community.restart()

    assert await vote(community, community.ben, board, 4) == "You chose 4."


async def test_a_press_after_the_end_is_answered_kindly(community: Community, board: Board) -> None:
    clip = clip_of(community, board, 1)
    await later(community, HOUR)

    late = await community.ben.click(clip, custom_id=f"clip:vote:{board.round.id}:1")

    assert "over" in words(late.response)


async def test_a_blocked_member_is_told_why_the_vote_does_not_count(community: Community, board: Board) -> None:
    await community.moderate("block", member=community.ben, reason="spam")

    assert "spam" in await vote(community, community.ben, board, 1)


# Deciding ----------------------------------------------------------------------------------------


async def test_the_starter_and_moderators_may_decide_and_others_are_told_so(community: Community, board: Board) -> None:
    refused = await press(community, community.ben, board, "manage:{}")
    assert "whoever started" in words(refused.response)

    for actor in (community.mia, community.moderator):
        managed = await press(community, actor, board, "manage:{}")
        assert managed.ephemeral
        acts = [custom_id.split(":")[1] for custom_id in custom_ids(managed.response.components)]
        assert acts == ["close", "extend", "cancel", "export"]


async def test_extending_shows_the_new_end(community: Community, board: Board) -> None:
    managed = await press(community, community.mia, board, "manage:{}")

    await community.mia.click(managed.response, custom_id=f"round:extend:{board.round.id}:{board.round.clock_minutes}")

    assert board.round.closes_at is not None
    assert (await latest(community)).round.closes_at == board.round.closes_at + HOUR


async def test_cancelling_asks_once(community: Community, board: Board) -> None:
    managed = await press(community, community.moderator, board, "manage:{}")
    asked = await community.moderator.click(managed.response, custom_id=f"round:cancel:{board.round.id}")
    assert (await latest(community)).round.state is RoundState.OPEN

    await community.moderator.click(asked.response, custom_id=f"round:cancel_now:{board.round.id}")
    await keep_rounds(community)

    assert (await latest(community)).round.outcome is Outcome.CANCELLED


async def test_a_tie_is_called_one_and_its_starter_chooses(community: Community, board: Board) -> None:
    await vote(community, community.ben, board, 2)
    await vote(community, community.moderator, board, 3)
    await later(community, HOUR)
    board = await latest(community)
    card = next(it for it in thread_of(community, board).history() if it.id == board.round.result_message_id)
    assert "tie" in words(card)
    assert community.pinged(card) == {community.mia.id}

    refused = await community.ben.click(card, custom_id=f"round:choose:{board.round.id}:3")
    assert "whoever started" in words(refused.response)
    chosen = await community.mia.click(card, custom_id=f"round:choose:{board.round.id}:3")
    assert "Take 3 is the winner" in words(chosen.response)
    await keep_rounds(community)
    cards = [it for it in thread_of(community, board).history() if "result of round" in words(it)]
    assert len(cards) == 1
    assert "Take 3 wins" in words(cards[0])


async def test_a_ties_card_that_was_deleted_keeps_nobody_from_the_winners(community: Community, board: Board) -> None:
    await vote(community, community.ben, board, 2)
    await vote(community, community.moderator, board, 3)
    await later(community, HOUR)
    thread, board = thread_of(community, board), await latest(community)
    card = next(it for it in thread.history() if it.id == board.round.result_message_id)
    await community.mia.click(card, custom_id=f"round:choose:{board.round.id}:3")
    community.env.backend.delete_message(thread.id, card.id)

    await keep_rounds(community)

    [again] = [it for it in thread.history() if "result of round" in words(it)]
    assert "Take 3 wins" in words(again)
    assert (await latest(community)).round.result_message_id == again.id
    assert community.pinged(again) == set(), "the tie has notified its starter"


async def test_an_export_is_for_its_starter_and_moderators(community: Community, board: Board) -> None:
    await vote(community, community.ben, board, 2)
    await later(community, HOUR)
    board = await latest(community)
    card = next(it for it in thread_of(community, board).history() if it.id == board.round.result_message_id)

    refused = await community.ben.click(card, custom_id=f"round:export:{board.round.id}")
    exported = await community.mia.click(card, custom_id=f"round:export:{board.round.id}")

    assert "whoever started" in words(refused.response)
    assert exported.ephemeral
    rows = await table_of(exported)
    assert [(row["round"], row["take"], row["votes"], row["state"]) for row in rows] == [
        ("1", str(number), "1" if number == 2 else "0", "posted") for number in range(1, 5)
    ]
    assert {row["prompt"] for row in rows} == {take.job.spec.prompt for take in board.takes}


async def table_of(result: InteractionResult) -> list[dict[str, Any]]:
    """Read the table that is attached to an answer."""
    [attachment] = [each for each in result.response.attachments if each.filename.endswith(".csv")]
    return list(csv.DictReader(io.StringIO((await attachment.read()).decode("utf-8-sig"))))


async def test_a_take_that_failed_can_be_tried_again_from_the_board(community: Community) -> None:
    board = await start(community, community.mia)
    lost = board.takes[3].job
    await community.bot.services.jobs.cancel_as_moderator(
        lost.id, guild_id=community.guild.id, cancelled_by_id=community.moderator.id
    )
    await land(community, 3)
    message = board_message(community, board)

    refused = await community.ben.select(message, ["retry:4"], custom_id=f"round:failed:{board.round.id}")
    again = await community.mia.select(message, ["retry:4"], custom_id=f"round:failed:{board.round.id}")

    assert "whoever started" in words(refused.response)
    assert "Take 4 is on its way again" in words(again.response)
    assert [job.state for job in await community.jobs() if job.number == 4] == [JobState.CANCELLED, JobState.QUEUED]
    await land(community, 1)
    assert "You chose 4." in await vote(community, community.ben, await latest(community), 4)


async def test_a_round_that_goes_on_after_too_few_takes_is_not_said_to_be_over(community: Community) -> None:
    board = await start(community, community.mia, takes=2)
    await community.bot.services.jobs.cancel_as_moderator(
        board.takes[0].job.id, guild_id=community.guild.id, cancelled_by_id=community.moderator.id
    )
    await land(community, 1)
    board = await latest(community)
    assert board.round.outcome is Outcome.TOO_FEW

    await community.mia.select(board_message(community, board), ["retry:1"], custom_id=f"round:failed:{board.round.id}")
    await later(community)

    card = next(it for it in thread_of(community, board).history() if it.id == board.round.result_message_id)
    assert "goes on" in words(card)
    assert "over" not in words(card)
