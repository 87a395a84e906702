"""Votes: who may, how many, and what is done to a vote."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.models import BlockedError, JobError, JobState
from bot.models.brainstorms import Outcome, RoundRefusal, RoundRefusedError, RoundState, VoteTerms
from bot.services.brainstorms import rules
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from bot.errors import RefusedError
    from bot.models.brainstorms import Board
    from tests.support.brainstorming import Brainstorms

VOTER_ID, ROLE_ID = 41, 71
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def board(team: Brainstorms) -> Board:
    """Give a round whose takes have landed, and whose clock runs."""
    return await team.arrive((await team.start()).round.id)


async def counts(team: Brainstorms, board: Board) -> list[int]:
    return [take.votes for take in (await team.board(board.round.id)).takes]


def reason_of(caught: pytest.ExceptionInfo[RefusedError]) -> RoundRefusal:
    assert isinstance(caught.value, RoundRefusedError)
    return caught.value.reason


async def test_pressing_votes_and_pressing_again_takes_it_back(team: Brainstorms, board: Board) -> None:
    first = await team.vote(board.round.id, 3, VOTER_ID)
    assert await counts(team, board) == [0, 0, 1, 0]
    second = await team.vote(board.round.id, 3, VOTER_ID)
    assert await counts(team, board) == [0, 0, 0, 0]
    await team.vote(board.round.id, 3, VOTER_ID)

    assert (first.chosen, second.chosen) == ((3,), ())
    assert await counts(team, board) == [0, 0, 1, 0]


async def test_a_single_vote_moves(team: Brainstorms, board: Board) -> None:
    await team.vote(board.round.id, 3, VOTER_ID)
    ballot = await team.vote(board.round.id, 1, VOTER_ID)

    assert ballot.chosen == (1,)
    assert await counts(team, board) == [1, 0, 0, 0]


async def test_several_votes_are_never_more_than_so_many_and_never_two_for_one(team: Brainstorms) -> None:
    board = await team.arrive((await team.start(vote=VoteTerms(votes_each=2))).round.id)
    for number in (1, 2):
        await team.vote(board.round.id, number, VOTER_ID)

    with pytest.raises(RoundRefusedError) as caught:
        await team.vote(board.round.id, 3, VOTER_ID)
    assert reason_of(caught) is RoundRefusal.VOTES_USED
    assert (await team.vote(board.round.id, 1, VOTER_ID)).chosen == (2,)
    assert (await team.vote(board.round.id, 3, VOTER_ID)).chosen == (2, 3)


async def test_a_press_that_two_processes_hear_of_counts_once(team: Brainstorms, board: Board) -> None:
    other = team.workshop.start("local/2").services.brainstorms.voting
    by = {"interaction_id": team.interaction_id()}

    ballots = [
        await voting.vote(board.round.id, 2, team.member(VOTER_ID), **by) for voting in (team.services.voting, other)
    ]

    assert [ballot.chosen for ballot in ballots] == [(2,), (2,)]
    assert await counts(team, board) == [0, 1, 0, 0]


@pytest.mark.slow
async def test_two_hundred_members_vote_at_once_and_none_is_lost(team: Brainstorms, board: Board) -> None:
    before = len(team.threads.boards[board.round.id])
    await asyncio.gather(*(team.vote(board.round.id, 1 + voter % 4, 1000 + voter) for voter in range(200)))
    await team.keep()
    await team.later()

    assert await counts(team, board) == [50] * 4
    assert len(team.threads.boards[board.round.id]) - before <= 2
    assert team.shown(board.round.id).voters == 200


async def test_who_is_blocked_does_not_vote(team: Brainstorms, board: Board) -> None:
    await team.process.services.servers.block(GUILD_ID, VOTER_ID, reason="spam", days=None, set_by_id=MODERATOR_ID)

    with pytest.raises(BlockedError):
        await team.vote(board.round.id, 1, VOTER_ID)


@pytest.mark.parametrize("is_servers", [True, False])
async def test_where_a_role_is_named_only_its_members_vote(team: Brainstorms, *, is_servers: bool) -> None:
    await team.process.services.brainstorm_settings.change(
        GUILD_ID,
        per_channel=3,
        per_member=1,
        voter_role_id=ROLE_ID if is_servers else None,
        allows_own_votes=True,
        set_by_id=MODERATOR_ID,
    )
    terms = VoteTerms(voter_role_id=None if is_servers else ROLE_ID)
    board = await team.arrive((await team.start(vote=terms)).round.id)

    with pytest.raises(RoundRefusedError) as caught:
        await team.vote(board.round.id, 1, VOTER_ID)
    assert reason_of(caught) is RoundRefusal.NEEDS_ROLE
    await team.vote(board.round.id, 1, team.member(VOTER_ID, role_ids=(ROLE_ID,)))


async def test_where_it_is_forbidden_nobody_votes_for_a_take_of_their_own(team: Brainstorms, board: Board) -> None:
    await team.vote(board.round.id, 1)
    await team.process.services.brainstorm_settings.change(
        GUILD_ID, per_channel=3, per_member=1, voter_role_id=None, allows_own_votes=False, set_by_id=MODERATOR_ID
    )

    with pytest.raises(RoundRefusedError) as caught:
        await team.vote(board.round.id, 2)

    assert reason_of(caught) is RoundRefusal.OWN_TAKE
    await team.vote(board.round.id, 2, VOTER_ID)


async def test_only_what_has_landed_can_be_voted_for(team: Brainstorms) -> None:
    board = await team.start()

    for number in (1, 8):
        with pytest.raises(RoundRefusedError) as caught:
            await team.vote(board.round.id, number)
        assert reason_of(caught) is RoundRefusal.NOT_THERE


async def test_a_clip_that_was_removed_can_not_win(team: Brainstorms, board: Board) -> None:
    for number, voters in ((1, 3), (2, 1)):
        for voter in range(voters):
            await team.vote(board.round.id, number, 100 * number + voter)
    await team.process.jobs.remove_clip(
        board.takes[0].job.id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False
    )

    with pytest.raises(RoundRefusedError):
        await team.vote(board.round.id, 1, VOTER_ID)
    await team.later(HOUR)
    assert (await team.board(board.round.id)).round.winner_number == 2


@pytest.mark.parametrize("how", ["time", "close", "cancel"])
async def test_a_press_after_the_end_changes_nothing(team: Brainstorms, board: Board, how: str) -> None:
    await team.vote(board.round.id, 2, VOTER_ID)
    if how == "time":
        team.workshop.time.advance(HOUR.total_seconds())
    elif how == "close":
        await team.services.voting.close(board.round.id, team.presser())
    else:
        await team.services.voting.cancel(board.round.id, team.presser())

    for number in (2, 3):
        with pytest.raises(RoundRefusedError) as caught:
            await team.vote(board.round.id, number, VOTER_ID)
        assert reason_of(caught) is RoundRefusal.OVER
    assert await counts(team, board) == [0, 1, 0, 0]


# Deciding ----------------------------------------------------------------------------------------


async def test_the_starter_and_moderators_decide_and_nobody_else(team: Brainstorms, board: Board) -> None:
    voting = team.services.voting
    for presser in (team.presser(VOTER_ID),):
        for work in (
            voting.close(board.round.id, presser),
            voting.cancel(board.round.id, presser),
            voting.extend(board.round.id, presser, clock_minutes=1),
            voting.look_to_decide(board.round.id, presser),
        ):
            with pytest.raises(RoundRefusedError) as caught:
                await work
            assert reason_of(caught) is RoundRefusal.NOT_STARTER
    await voting.look_to_decide(board.round.id, team.presser(VOTER_ID, is_moderator=True))
    await voting.close(board.round.id, team.presser(VOTER_ID, is_moderator=True))


async def extend(team: Brainstorms, board: Board) -> Board:
    """Press *1 hour more* as it is shown now."""
    minutes = (await team.board(board.round.id)).round.clock_minutes or 0
    return await team.services.voting.extend(board.round.id, team.presser(), clock_minutes=minutes)


@pytest.mark.slow
async def test_an_extension_is_an_hour_for_each_press_and_a_week_at_most(team: Brainstorms, board: Board) -> None:
    by = {"clock_minutes": board.round.clock_minutes or 0}
    extended = [await team.services.voting.extend(board.round.id, team.presser(), **by) for _ in range(2)]

    assert board.round.closes_at is not None
    assert {each.round.closes_at for each in extended} == {board.round.closes_at + HOUR}
    hours = (board.round.created_at + rules.LONGEST_VOTE - board.round.closes_at) // HOUR
    for _ in range(hours - 1):
        await extend(team, board)
    with pytest.raises(RoundRefusedError) as caught:
        await extend(team, board)
    assert reason_of(caught) is RoundRefusal.LONGEST


async def test_what_is_extended_closes_later(team: Brainstorms, board: Board) -> None:
    await team.vote(board.round.id, 1, VOTER_ID)
    await extend(team, board)
    await team.later(HOUR)
    assert (await team.board(board.round.id)).round.state is RoundState.OPEN
    await team.later(HOUR)
    assert (await team.board(board.round.id)).round.outcome is Outcome.WON


async def test_a_vote_on_fewer_than_two_takes_can_not_be_closed(team: Brainstorms) -> None:
    board = await team.start()

    with pytest.raises(RoundRefusedError) as caught:
        await team.services.voting.close(board.round.id, team.presser())
    assert reason_of(caught) is RoundRefusal.TOO_FEW_THERE
    with pytest.raises(RoundRefusedError) as caught:
        await team.services.voting.extend(board.round.id, team.presser(), clock_minutes=1)
    assert reason_of(caught) is RoundRefusal.NO_CLOCK


@pytest.mark.parametrize(
    ("is_moderator", "error_code"), [(False, JobError.VOTE_OVER), (True, JobError.CANCELLED_BY_MODERATOR)]
)
async def test_cancelling_gives_back_what_had_not_started(
    team: Brainstorms, *, is_moderator: bool, error_code: JobError
) -> None:
    started = await team.press_start(await team.plan())
    presser = team.presser(MODERATOR_ID if is_moderator else MEMBER_ID, is_moderator=is_moderator)

    board = await team.services.voting.cancel(started.round.id, presser)
    await team.keep()

    assert (board.round.state, board.round.outcome) == (RoundState.ENDED, Outcome.CANCELLED)
    assert [(take.job.state, take.job.error_code) for take in board.takes] == [(JobState.CANCELLED, error_code)] * 4
    for take in board.takes:
        assert await team.workshop.entries(take.job.id) == [("charge", 6), ("refund", 6)]
    await team.start()


async def test_another_server_sees_and_changes_nothing(team: Brainstorms, board: Board) -> None:
    stranger = team.member(guild_id=GUILD_ID + 1)
    voting = team.services.voting
    for work in (
        voting.vote(board.round.id, 1, stranger, interaction_id=1),
        voting.look(board.round.id, stranger),
        voting.choose(board.round.id, 1, stranger),
        team.services.next_rounds.find(board.round.id, stranger),
        team.services.records.export(board.round.id, type(team.presser())(stranger, is_moderator=True)),
    ):
        with pytest.raises(RoundRefusedError) as caught:
            await work
        assert reason_of(caught) is RoundRefusal.UNKNOWN
    assert (await team.services.records.page(GUILD_ID + 1, 1, length=5)).summaries == []
