"""A brainstorm from its idea to its winner, as its team sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import JobState
from bot.models.brainstorms import Outcome, RoundState
from tests.support.community import words
from tests.support.rounds import board_words, button_of, clip_of, keep_rounds, land, later, latest, preview, thread_of

if TYPE_CHECKING:
    from tests.support.community import Community


async def test_nothing_is_charged_before_the_start(community: Community) -> None:
    shown = await preview(community, community.mia)

    assert "10 clips of 6 s" in words(shown.response)
    assert await community.jobs() == []
    assert await community.ledger() == []


async def test_an_idea_becomes_takes_in_a_thread_a_vote_and_a_winner(community: Community) -> None:
    shown = await preview(community, community.mia)
    clicked = await community.mia.click(shown.response, custom_id=button_of(shown, "start"))

    assert "on its way" in words(clicked.response)
    assert [job.state for job in await community.jobs()] == [JobState.HELD] * 4
    assert await community.ledger() == [("charge", 6)] * 4

    await keep_rounds(community)
    board = await latest(community)
    assert board.round.state is RoundState.OPEN
    assert {job.state for job in await community.jobs()} == {JobState.QUEUED}
    assert "Round 1" in board_words(community, board)

    await land(community, 4)
    board = await latest(community)
    assert board.round.closes_at == community.clock.now() + timedelta(hours=1)
    thread = thread_of(community, board)
    clips = {number: clip_of(community, board, number) for number in range(1, 5)}

    voted = await community.ben.click(clips[3], custom_id=f"clip:vote:{board.round.id}:3")
    assert voted.ephemeral
    assert words(voted.response) == "You chose 3."
    assert community.pinged(clips[3]) == set()
    await later(community)
    assert "1 has voted" in board_words(community, board)
    assert "1 vote" not in board_words(community, board)

    await later(community, timedelta(hours=1))
    board = await latest(community)
    assert (board.round.state, board.round.outcome, board.round.winner_number) == (RoundState.ENDED, Outcome.WON, 3)
    card = next(message for message in thread.history() if message.id == board.round.result_message_id)
    assert "Take 3" in words(card)
    assert community.pinged(card) == {community.mia.id}
    there = next(it for it in community.channel.history() if it.id == board.round.channel_result_message_id)
    assert "Take 3" in words(there)
    assert community.pinged(there) == set()
