"""Two bots on one database and one token brainstorm as one: every press is heard by both, and counts once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.acts import DOWN, Act, Moments, Scene, copies
from tests.support.another_program import read_time
from tests.support.brainstormer import BOARD, RESULT, WINNER, Brainstormer
from tests.support.discord_server import RouteKind

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome

pytestmark = pytest.mark.asyncio(loop_scope="session")

MORTAL = "/2#"
"""In what the bot that is killed writes into leases, since it was started second."""

# Both at work --------------------------------------------------------------------------------------


async def everything_is_heard_by_both(part: Brainstormer) -> None:
    await part.begin()
    await part.decide()
    await part.begin_next()


async def vote_that_is_taken_back_is_heard_by_both(part: Brainstormer) -> None:
    await part.begin()
    await part.takes_arrive()
    fickle = part.add_voter()
    for words in ("You chose 1", "You took your vote for 1 back"):
        pressed = await part.vote(1, fickle)
        await part.until(lambda: words in pressed.text)  # noqa: B023 (called at once)
    del part.votes[fickle.id]
    voted = await part.vote(WINNER)
    await part.until(lambda: f"You chose {WINNER}" in voted.text)


async def vote_that_is_moved_is_heard_by_both(part: Brainstormer) -> None:
    await part.begin()
    await part.takes_arrive()
    voter = part.add_voter()
    for number in (1, WINNER):
        pressed = await part.vote(number, voter)
        await part.until(lambda: f"You chose {number}" in pressed.text)  # noqa: B023 (called at once)


async def extension_is_heard_by_both(part: Brainstormer) -> None:
    await part.begin()
    await part.takes_arrive()
    await part.until(lambda: part.round["closes_at"])
    before = part.round["closes_at"]
    managed = await part.use(part.board(), "round:manage:")
    await part.until(lambda: part.offers(managed, "round:extend:"))
    assert managed.response is not None
    extended = await part.use(managed.response, "round:extend:")
    await part.until(lambda: len(part.answers(extended)) == 2 and part.round["closes_at"] != before)
    assert read_time(part.round["closes_at"]) == read_time(before) + timedelta(hours=1)


async def tie_is_heard_by_both(part: Brainstormer) -> None:
    await part.begin()
    await part.takes_arrive()
    for number in (1, WINNER):
        await part.vote(number)
    await part.until(lambda: len(part.votes_of(part.round["id"])) == 2)


async def one_dies_in_the_middle_of_a_vote(part: Brainstormer) -> Moments:
    await part.begin()
    await part.takes_arrive()
    voted = await part.vote(WINNER)
    await part.until(lambda: f"You chose {WINNER}" in voted.text)
    yield DOWN


async def bot_that_is_left_alone_goes_on(part: Brainstormer) -> Moments:
    yield DOWN
    # Leases run out in a minute; here at once. The surviving bot would notice then, or when there is other work.
    for table in ("rounds", "jobs"):
        part.stage.execute(
            f"UPDATE {table} SET lease_until = '2000-01-01 00:00:00.000000' WHERE leased_to LIKE '%{MORTAL}%'"
        )
    await part.begin()


BOTH = Act(
    kind=Brainstormer,
    scenarios=(
        *copies(everything_is_heard_by_both, 2),
        vote_that_is_taken_back_is_heard_by_both,
        vote_that_is_moved_is_heard_by_both,
        extension_is_heard_by_both,
        tie_is_heard_by_both,
        one_dies_in_the_middle_of_a_vote,
        bot_that_is_left_alone_goes_on,
    ),
    companions=1,
)

# One at work, the other idle -----------------------------------------------------------------------


async def thread_of_the_dead_bot_is_taken_over(part: Brainstormer) -> Moments:
    thread = part.hold_here(RouteKind.CREATE_THREAD, stored=True)
    await part.begin(heard_by=part.stage.bot)
    await thread.arrived.wait()
    assert MORTAL in part.round["leased_to"]
    yield DOWN
    part.heard_by = None


async def board_that_the_dead_bot_had_posted_is_found(part: Brainstormer) -> Moments:
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=BOARD)
    await part.begin(heard_by=part.stage.bot)
    await board.arrived.wait()
    assert MORTAL in part.round["leased_to"]
    yield DOWN
    part.heard_by = None


async def winners_card_that_the_dead_bot_had_posted_is_found(part: Brainstormer) -> Moments:
    await part.begin(heard_by=part.stage.bot)
    await part.takes_arrive()
    voted = await part.vote(WINNER)
    await part.until(lambda: f"You chose {WINNER}" in voted.text)
    card = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=RESULT)
    await part.close()
    await card.arrived.wait()
    assert MORTAL in part.round["leased_to"]
    yield DOWN
    part.heard_by = None


ONE = Act(
    kind=Brainstormer,
    scenarios=(
        thread_of_the_dead_bot_is_taken_over,
        board_that_the_dead_bot_had_posted_is_found,
        winners_card_that_the_dead_bot_had_posted_is_found,
        bot_that_is_left_alone_goes_on,
    ),
    companions=1,
)


@pytest.mark.parametrize("scene", BOTH.scenes + ONE.scenes, ids=lambda scene: scene.name)
async def test_with_two_bots_every_brainstorm_has_one_winner_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
