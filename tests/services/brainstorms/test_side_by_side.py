"""A round on which several are at work: a worker in the middle of a step and who decides, and two processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from bot.models.brainstorms import Outcome
from tests.support.brainstorming import Brainstorms
from tests.support.simulated_discord import CHANNEL_ID

if TYPE_CHECKING:
    import pytest

    from bot.models.brainstorms import Board

VOTER_ID, OTHER_ID = 41, 42


@pytest_asyncio.fixture
async def board(team: Brainstorms) -> Board:
    """Give a round whose takes have landed, and whose clock runs."""
    return await team.land((await team.start()).round.id)


async def test_what_is_decided_in_the_middle_of_a_step_is_shown_at_once(
    team: Brainstorms, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    await team.vote(board.round.id, 2, VOTER_ID)
    show_board = team.threads.show_board

    async def closed_meanwhile(shown: Board, sheet: bytes | None) -> bool:
        monkeypatch.undo()
        await team.services.voting.close(board.round.id, team.presser())
        return await show_board(shown, sheet)

    monkeypatch.setattr(team.threads, "show_board", closed_meanwhile)
    await team.later()
    assert team.threads.results == {}

    await team.keep()

    [in_thread, in_channel] = [
        team.threads.results[board.round.id, place] for place in (board.brainstorm.thread_id, CHANNEL_ID)
    ]
    assert [it.round.outcome for it in (*in_thread, *in_channel)] == [Outcome.WON] * 2
    assert team.threads.mentions == [board.round.member_id]


async def test_a_board_that_another_process_has_edited_is_not_taken_for_what_was_seen_last(
    team: Brainstorms, board: Board
) -> None:
    other = Brainstorms(team.workshop, team.workshop.start("local/2"))
    await team.vote(board.round.id, 2, VOTER_ID)
    await team.later()
    await team.vote(board.round.id, 2, OTHER_ID)
    await other.later()
    assert team.shown(board.round.id).voters == 2
    await team.vote(board.round.id, 2, OTHER_ID)  # taken back: it is as this process has seen it

    await team.later()

    assert team.shown(board.round.id).voters == 1
