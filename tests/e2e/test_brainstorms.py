"""Brainstorms with which nothing goes wrong: one that goes on from a tie, and a crowd that votes at once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.acts import Act, Scene
from tests.support.brainstormer import WINNER, Brainstormer
from tests.support.discord_server import RouteKind
from tests.support.openapi import OPENAPI
from tests.support.quick_bot import BOARD_EDIT_EVERY

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.discord_server import Request

pytestmark = pytest.mark.asyncio(loop_scope="session")

CROWD = 200
NOT_FOR_THE_WINNER = 50


async def two_hundred_vote_at_once(part: Brainstormer) -> None:
    await part.begin()
    await part.takes_arrive()
    before = len(_edits(part))
    numbers = [1] * NOT_FOR_THE_WINNER + [WINNER] * (CROWD - NOT_FOR_THE_WINNER)

    pressed = [await part.vote(number) for number in numbers]

    await part.until(lambda: all(press.text for press in pressed))
    assert [press.text for press in pressed] == [f"You chose {number}." for number in numbers]
    assert all(press.is_ephemeral for press in pressed)
    assert part.votes_of(part.round["id"]) == part.votes
    assert len(part.votes) == CROWD
    await part.until(lambda: f"{CROWD} have voted" in part.board().text)
    edits = [request.received_at for request in _edits(part)]
    assert all(later - earlier >= BOARD_EDIT_EVERY.total_seconds() for earlier, later in pairwise(edits))
    within = pressed[0].sent_at + BOARD_EDIT_EVERY.total_seconds()
    assert sum(received_at < within for received_at in edits[before:]) <= 2, "edits in the first moment"


def _edits(part: Brainstormer) -> list[Request]:
    """Return the edits of the board, oldest first."""
    board_id = str(part.board().id)
    return [request for request in part.requests(RouteKind.EDIT_MESSAGE) if request.ids["message"] == board_id]


async def tie_is_decided_and_gone_on_from(part: Brainstormer) -> None:
    await part.begin()
    await part.takes_arrive()
    for number in (1, WINNER):
        voted = await part.vote(number)
        await part.until(lambda: "You chose" in voted.text)  # noqa: B023 (called at once)
    await part.decide()
    await part.begin_next()


CROWDED = Act(kind=Brainstormer, scenarios=(two_hundred_vote_at_once,))
CHECKED = Act(
    kind=Brainstormer,
    scenarios=(tie_is_decided_and_gone_on_from,),
    openapi=OPENAPI if OPENAPI.exists() else None,
)


@pytest.mark.parametrize("scene", CROWDED.scenes + CHECKED.scenes, ids=lambda scene: scene.name)
async def test_a_team_has_its_winner_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
