"""The bot is killed with SIGKILL between any two steps of a brainstorm, started again, and brings it to one winner.

Each scenario brings its part to the point it is named after. Whatever is left is done after the restart, and what must
be true in the end is ``Brainstormer.check``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acts import DOWN, UP, Act, Moments, Scene
from tests.support.brainstormer import BOARD, RESULT, START, TAKES, WINNER, Brainstormer
from tests.support.discord_server import RouteKind

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.discord_server import Fault, Message

pytestmark = pytest.mark.asyncio(loop_scope="session")


def states(part: Brainstormer) -> list[str]:
    return [job["state"] for job in part.jobs]


# Starting ------------------------------------------------------------------------------------------


async def preview_is_shown_and_nothing_started(part: Brainstormer) -> Moments:
    asked = await part.ask()
    assert not part.jobs
    yield DOWN
    yield UP
    assert asked.response is not None
    await part.use(asked.response, "preview:start:")


async def start_is_stored_but_unanswered(part: Brainstormer) -> Moments:
    asked = await part.ask()
    answer = part.hold(RouteKind.CALLBACK, stored=False)
    start = part.hold_here(RouteKind.CREATE_MESSAGE, stored=False, words=START)
    assert asked.response is not None
    await part.use(asked.response, "preview:start:")
    await answer.arrived.wait()
    await start.arrived.wait()
    yield DOWN
    answer.drop()
    start.drop()
    yield UP
    await part.use(asked.response, "preview:start:")  # as somebody does who was told nothing


async def start_message_never_arrives(part: Brainstormer) -> Moments:
    start = part.hold_here(RouteKind.CREATE_MESSAGE, stored=False, words=START)
    await part.begin()
    await start.arrived.wait()
    assert states(part) == ["held"] * TAKES
    yield DOWN
    start.drop()


async def start_message_is_posted_after_the_death(part: Brainstormer) -> Moments:
    start = part.hold_here(RouteKind.CREATE_MESSAGE, stored=False, words=START)
    await part.begin()
    await start.arrived.wait()
    yield DOWN
    start.release()
    await part.until(part.starts_here)


async def start_message_is_posted_but_not_noted(part: Brainstormer) -> Moments:
    start = part.hold_here(RouteKind.CREATE_MESSAGE, stored=True, words=START)
    await part.begin()
    await start.arrived.wait()
    yield DOWN


async def start_message_is_posted_only_after_the_restarted_bot_has_posted_again(part: Brainstormer) -> Moments:
    start = part.hold_here(RouteKind.CREATE_MESSAGE, stored=False, words=START)
    await part.begin()
    await start.arrived.wait()
    yield DOWN
    again = part.hold_here(RouteKind.CREATE_MESSAGE, stored=False, words=START)
    yield UP
    await again.arrived.wait()
    start.release()
    await part.until(part.starts_here)
    again.release()


STARTING = Act(
    kind=Brainstormer,
    scenarios=(
        preview_is_shown_and_nothing_started,
        start_is_stored_but_unanswered,
        start_message_never_arrives,
        start_message_is_posted_after_the_death,
        start_message_is_posted_but_not_noted,
        start_message_is_posted_only_after_the_restarted_bot_has_posted_again,
    ),
)

# From the thread to the first take -----------------------------------------------------------------


async def thread_is_never_made(part: Brainstormer) -> Moments:
    thread = part.hold_here(RouteKind.CREATE_THREAD, stored=False)
    await part.begin()
    await thread.arrived.wait()
    yield DOWN
    thread.drop()


async def thread_is_made_after_the_death(part: Brainstormer) -> Moments:
    thread = part.hold_here(RouteKind.CREATE_THREAD, stored=False)
    await part.begin()
    await thread.arrived.wait()
    yield DOWN
    thread.release()
    await part.until(lambda: part.stage.server.world.threads_in(part.channel))


async def thread_is_made_but_not_noted(part: Brainstormer) -> Moments:
    thread = part.hold_here(RouteKind.CREATE_THREAD, stored=True)
    await part.begin()
    await thread.arrived.wait()
    yield DOWN


async def board_never_arrives(part: Brainstormer) -> Moments:
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=False, words=BOARD)
    await part.begin()
    await board.arrived.wait()
    assert states(part) == ["held"] * TAKES
    yield DOWN
    board.drop()


async def board_is_posted_but_not_noted(part: Brainstormer) -> Moments:
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=BOARD)
    await part.begin()
    await board.arrived.wait()
    assert states(part) == ["held"] * TAKES
    yield DOWN


async def board_is_posted_but_not_noted_twice(part: Brainstormer) -> Moments:
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=BOARD)
    await part.begin()
    await board.arrived.wait()
    yield DOWN
    again = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=BOARD)
    yield UP
    await again.arrived.wait()
    yield DOWN


async def take_is_posted_but_not_noted(part: Brainstormer) -> Moments:
    upload = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, clip=True)
    await part.begin()
    await upload.arrived.wait()
    yield DOWN


OPENING = Act(
    kind=Brainstormer,
    scenarios=(
        thread_is_never_made,
        thread_is_made_after_the_death,
        thread_is_made_but_not_noted,
        board_never_arrives,
        board_is_posted_but_not_noted,
        board_is_posted_but_not_noted_twice,
        take_is_posted_but_not_noted,
    ),
)

# A take arrives ------------------------------------------------------------------------------------


async def take_is_submitted_but_unanswered(part: Brainstormer) -> Moments:
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=BOARD)
    await part.begin()
    await board.arrived.wait()
    part.hold_at_service("submit", accept=True)
    board.release()
    await part.until_paid(TAKES)
    yield DOWN


async def take_never_arrives(part: Brainstormer) -> Moments:
    upload = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=False, clip=True)
    await part.begin()
    await upload.arrived.wait()
    yield DOWN
    upload.drop()


async def takes_are_there_but_not_on_the_board(part: Brainstormer) -> Moments:
    board = await _edit_of_board(part, stored=False)
    await part.begin()
    await board.arrived.wait()
    yield DOWN
    board.drop()


async def takes_are_on_the_board_but_its_edit_is_unanswered(part: Brainstormer) -> Moments:
    board = await _edit_of_board(part, stored=True)
    await part.begin()
    await board.arrived.wait()
    yield DOWN


async def _edit_of_board(part: Brainstormer, *, stored: bool) -> Fault:
    """Hold the edit by which the board first links to a take's clip."""
    return part.hold_in_thread(RouteKind.EDIT_MESSAGE, stored=stored, words="https://discord.com/channels/")


ARRIVING = Act(  # with one upload that is held at most: four go on at a time, and its takes are two of them
    kind=Brainstormer,
    scenarios=(
        take_is_submitted_but_unanswered,
        take_never_arrives,
        takes_are_there_but_not_on_the_board,
        takes_are_on_the_board_but_its_edit_is_unanswered,
    ),
)

# The vote ------------------------------------------------------------------------------------------


async def _voted(part: Brainstormer) -> None:
    await part.begin()
    await part.takes_arrive()
    voted = await part.vote(WINNER)
    await part.until(lambda: f"You chose {WINNER}" in voted.text)


async def vote_is_counted_but_unanswered(part: Brainstormer) -> Moments:
    await part.begin()
    await part.takes_arrive()
    answer = part.hold(RouteKind.CALLBACK, stored=False)
    await part.vote(WINNER)
    await answer.arrived.wait()
    await part.until(lambda: part.votes_of(part.round["id"]))
    yield DOWN
    answer.drop()


async def vote_is_counted_but_not_on_the_board(part: Brainstormer) -> Moments:
    await part.begin()
    await part.takes_arrive()
    board = part.hold_in_thread(RouteKind.EDIT_MESSAGE, stored=False, words="1 has voted")
    await part.vote(WINNER)
    await board.arrived.wait()
    yield DOWN
    board.drop()
    yield UP
    await part.until(lambda: "1 has voted" in part.board().text)


async def vote_is_closed_but_no_card_arrives(part: Brainstormer) -> Moments:
    await _voted(part)
    card = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=False, words=RESULT)
    await part.close()
    await card.arrived.wait()
    assert part.round["state"] == "ended"
    yield DOWN
    card.drop()


async def winners_card_is_posted_but_not_noted(part: Brainstormer) -> Moments:
    await _voted(part)
    card = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=RESULT)
    await part.close()
    await card.arrived.wait()
    yield DOWN


async def winners_card_is_in_the_thread_and_not_in_the_channel(part: Brainstormer) -> Moments:
    await _voted(part)
    card = part.hold_here(RouteKind.CREATE_MESSAGE, stored=False, words=RESULT)
    await part.close()
    await card.arrived.wait()
    assert part.results(part.thread, part.round["id"])
    yield DOWN
    card.drop()


async def winners_card_is_in_the_channel_but_not_noted(part: Brainstormer) -> Moments:
    await _voted(part)
    card = part.hold_here(RouteKind.CREATE_MESSAGE, stored=True, words=RESULT)
    await part.close()
    await card.arrived.wait()
    yield DOWN


async def winner_is_not_yet_on_the_board(part: Brainstormer) -> Moments:
    await _voted(part)
    board = part.hold_in_thread(RouteKind.EDIT_MESSAGE, stored=False, words="wins")
    await part.close()
    await board.arrived.wait()
    yield DOWN
    board.drop()


VOTING = Act(
    kind=Brainstormer,
    scenarios=(
        vote_is_counted_but_unanswered,
        vote_is_counted_but_not_on_the_board,
        vote_is_closed_but_no_card_arrives,
        winners_card_is_posted_but_not_noted,
        winners_card_is_in_the_thread_and_not_in_the_channel,
        winners_card_is_in_the_channel_but_not_noted,
        winner_is_not_yet_on_the_board,
    ),
)

# A tie, and the next round -------------------------------------------------------------------------


async def _tied(part: Brainstormer) -> None:
    """Close a vote of one for each take."""
    await part.begin()
    await part.takes_arrive()
    for number in range(1, TAKES + 1):
        voted = await part.vote(number)
        await part.until(lambda: "You chose" in voted.text)  # noqa: B023 (called at once)
    await part.close()


async def _shown_tie(part: Brainstormer) -> Message:
    """Return the tie's card, when that is shown everywhere."""
    await _tied(part)
    await part.until(lambda: part.results(part.channel, part.round["id"]))
    return await part.result_says("tie")


async def ties_card_is_posted_but_not_noted(part: Brainstormer) -> Moments:
    card = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=RESULT)
    await _tied(part)
    await card.arrived.wait()
    assert part.round["state"] == "undecided"
    yield DOWN


async def choice_is_stored_but_not_on_the_card(part: Brainstormer) -> Moments:
    card = await _shown_tie(part)
    edit = part.hold_in_thread(RouteKind.EDIT_MESSAGE, stored=False, words=RESULT)
    await part.use(card, f"round:choose:{part.round['id']}:{WINNER}")
    await edit.arrived.wait()
    assert part.round["state"] == "ended"
    yield DOWN
    edit.drop()


async def choice_is_on_the_card_but_not_noted(part: Brainstormer) -> Moments:
    card = await _shown_tie(part)
    edit = part.hold_in_thread(RouteKind.EDIT_MESSAGE, stored=True, words=RESULT)
    await part.use(card, f"round:choose:{part.round['id']}:{WINNER}")
    await edit.arrived.wait()
    yield DOWN


async def choice_is_in_the_thread_and_not_in_the_channel(part: Brainstormer) -> Moments:
    card = await _shown_tie(part)
    edit = part.hold_here(RouteKind.EDIT_MESSAGE, stored=False, words=RESULT)
    await part.use(card, f"round:choose:{part.round['id']}:{WINNER}")
    await edit.arrived.wait()
    yield DOWN
    edit.drop()


async def next_rounds_board_never_arrives(part: Brainstormer) -> Moments:
    await part.begin()
    await part.decide()
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=False, words=BOARD)
    await part.begin_next()
    await board.arrived.wait()
    assert states(part) == ["delivered"] * TAKES + ["held"] * TAKES
    yield DOWN
    board.drop()


async def next_rounds_board_is_posted_but_not_noted(part: Brainstormer) -> Moments:
    await part.begin()
    await part.decide()
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=BOARD)
    await part.begin_next()
    await board.arrived.wait()
    yield DOWN


GOING_ON = Act(
    kind=Brainstormer,
    scenarios=(
        ties_card_is_posted_but_not_noted,
        choice_is_stored_but_not_on_the_card,
        choice_is_on_the_card_but_not_noted,
        choice_is_in_the_thread_and_not_in_the_channel,
        next_rounds_board_never_arrives,
        next_rounds_board_is_posted_but_not_noted,
    ),
)

# Inside a transaction: in turns, since each keeps all others from writing ---------------------------


async def start_is_not_yet_committed(part: Brainstormer) -> Moments:
    asked = await part.ask()
    assert asked.response is not None
    part.stage.stick("INSERT", "ledger", "NEW.kind = 'charge'")
    await part.use(asked.response, "preview:start:")
    await part.stage.until_written()
    yield DOWN
    part.stage.unstick("ledger")
    assert not any([part.round_rows, part.jobs, part.ledger])
    for _ in range(3):
        yield UP  # the turns of the others
        yield DOWN
    yield UP
    await part.use(asked.response, "preview:start:")


async def release_of_the_takes_is_not_yet_committed(part: Brainstormer) -> Moments:
    yield DOWN  # the start's turn
    yield UP
    await part.ask()
    part.stage.stick("UPDATE", "jobs", "OLD.state = 'held'")
    board = part.hold_in_thread(RouteKind.CREATE_MESSAGE, stored=True, words=BOARD)
    assert part.asked.response is not None
    await part.use(part.asked.response, "preview:start:")
    await board.arrived.wait()
    board.release()
    await part.stage.until_written()
    yield DOWN
    part.stage.unstick("jobs")
    assert (part.round["state"], states(part)) == ("starting", ["held"] * TAKES)


async def vote_is_not_yet_committed(part: Brainstormer) -> Moments:
    for _ in range(2):
        yield DOWN  # the turns of the others
        yield UP
    await part.begin()
    await part.takes_arrive()
    voter = part.add_voter()
    part.stage.stick("INSERT", "votes", "NEW.number > 0")
    voted = await part.vote(WINNER, voter)
    await voted.acknowledged  # without an answer, since the transaction does not end
    await part.stage.until_written()
    yield DOWN
    part.stage.unstick("votes")
    assert not part.votes_of(part.round["id"])
    yield UP  # the other's turn
    yield DOWN
    yield UP
    await part.vote(WINNER, voter)
    await part.until(lambda: part.votes_of(part.round["id"]))


async def end_of_the_vote_is_not_yet_committed(part: Brainstormer) -> Moments:
    for _ in range(3):
        yield DOWN  # the turns of the others
        yield UP
    await _voted(part)
    part.stage.stick("UPDATE", "rounds", "NEW.state = 'ended'")
    await part.close()
    await part.stage.until_written()
    yield DOWN
    part.stage.unstick("rounds")
    assert (part.round["state"], part.votes_of(part.round["id"])) == ("open", part.votes)


COMMITTING = Act(
    kind=Brainstormer,
    scenarios=(
        start_is_not_yet_committed,
        release_of_the_takes_is_not_yet_committed,
        vote_is_not_yet_committed,
        end_of_the_vote_is_not_yet_committed,
    ),
)

ACTS = (STARTING, OPENING, ARRIVING, VOTING, GOING_ON, COMMITTING)


@pytest.mark.parametrize("scene", [scene for act in ACTS for scene in act.scenes], ids=lambda scene: scene.name)
async def test_killed_bot_is_started_again_and_brings_the_brainstorm_to_one_winner_when(
    scene: Scene, outcome: Outcome
) -> None:
    await outcome(scene)
