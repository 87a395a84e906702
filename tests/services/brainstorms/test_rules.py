"""What becomes of a round as time goes by: its clock, how its vote comes out, when it is looked at next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import JobState
from bot.models.brainstorms import Board, BoardTake, Outcome, RoundState, VoteTerms
from bot.services.brainstorms import rules
from tests.support.brainstorms import make_board, make_take
from tests.support.jobs import CREATED_AT

HOUR = timedelta(hours=1)
ENDS = st.sampled_from([JobState.DELIVERED, JobState.FAILED, JobState.CANCELLED, JobState.QUEUED, JobState.RENDERING])


def take(
    number: int, state: JobState = JobState.DELIVERED, *, after: timedelta = timedelta(), votes: int = 0
) -> BoardTake:
    """Return a take that ended so long after the round was started, if it has ended."""
    is_over = state in {JobState.DELIVERED, JobState.FAILED, JobState.CANCELLED}
    return make_take(number, votes=votes, state=state, finished_at=CREATED_AT + after if is_over else None)


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Draw an open round of any takes and votes."""
    count = draw(st.integers(2, 8))
    minutes = st.integers(0, 120)
    takes = [
        take(number, draw(ENDS), after=timedelta(minutes=draw(minutes)), votes=draw(st.integers(0, 3)))
        for number in range(1, count + 1)
    ]
    clock = draw(st.sampled_from([None, 900, 3600, 86_400]))
    return make_board(takes, vote=VoteTerms(clock_seconds=clock), is_held_up=draw(st.booleans()))


@given(board=boards(), minutes=st.integers(0, 24 * 60))
def test_a_round_is_open_until_all_has_landed_or_failed_and_its_clock_starts_once(board: Board, minutes: int) -> None:
    now = CREATED_AT + timedelta(minutes=minutes)
    after = rules.advance(board, now)
    is_finished = all(each.is_finished for each in board.takes)

    assert (after.landed_at is not None) == is_finished
    if after.closes_at is not None:
        assert len(board.landed) >= 2
        landed_at = sorted(each.job.finished_at for each in board.landed if each.job.finished_at)
        is_late = landed_at[1] + rules.CLOCK_WAITS_FOR <= now and not board.is_held_up
        assert is_finished or is_late
        length = board.round.vote.clock_seconds
        assert after.closes_at - now == (rules.BY_HAND_FOR if length is None else timedelta(seconds=length))
        again = rules.advance(replace(board, round=after), now + timedelta(seconds=1))
        assert again.closes_at == after.closes_at
    if is_finished and len(board.landed) < 2:
        assert (after.state, after.outcome) == (RoundState.ENDED, Outcome.TOO_FEW)


@given(board=boards())
def test_a_round_whose_takes_have_landed_or_failed_ends_by_being_looked_at_when_it_says_so(board: Board) -> None:
    finished = [each for each in board.takes if each.is_finished]
    board, now = replace(board, takes=finished), CREATED_AT + timedelta(hours=3)
    for _ in range(4):  # closed, then chosen by default
        board = replace(board, round=rules.advance(board, now))
        at = rules.look_at(board, now)
        if at is None:
            break
        assert at > now
        assert rules.advance(board, at - timedelta(seconds=1)) == board.round
        now = at

    assert board.round.state is RoundState.ENDED


@given(board=boards())
def test_the_vote_comes_out_as_it_was_cast(board: Board) -> None:
    after = rules.close(board, CREATED_AT)
    votes = {each.number: each.votes for each in board.landed}
    most = max(votes.values(), default=0)
    best = [number for number, count in votes.items() if count == most]

    if len(votes) < 2:
        assert after.outcome is Outcome.TOO_FEW
    elif most == 0:
        assert (after.state, after.outcome) == (RoundState.UNDECIDED, Outcome.NO_VOTES)
    elif len(best) == 1:
        assert (after.state, after.outcome, after.winner_number) == (RoundState.ENDED, Outcome.WON, best[0])
    else:
        assert (after.state, after.outcome, after.winner_number) == (RoundState.UNDECIDED, Outcome.TIED, None)
        assert after.choose_by == CREATED_AT + timedelta(hours=24)
        decided = rules.advance(replace(board, round=after), CREATED_AT + timedelta(hours=24))
        assert (decided.outcome, decided.winner_number) == (Outcome.WON, min(best))


def test_the_winner_of_the_last_round_counts_as_the_first_take_that_is_there() -> None:
    reigning = replace(take(1, after=-HOUR), is_reigning=True)
    second = take(2, after=timedelta(minutes=2))
    board = make_board([reigning, second, take(3, JobState.RENDERING)])

    assert rules.clock_starts_at(board) == CREATED_AT + timedelta(minutes=32)


@pytest.mark.parametrize(
    ("age", "every"),
    [
        (timedelta(), 5),
        (timedelta(minutes=59), 5),
        (HOUR, 15),
        (timedelta(days=2), 15),
    ],
)
def test_a_board_is_edited_less_often_once_it_is_an_hour_old(age: timedelta, every: int) -> None:
    assert rules.edit_every(make_board([take(1), take(2)]), CREATED_AT + age) == timedelta(seconds=every)


def test_a_round_whose_takes_are_withdrawn_before_its_thread_is_there_ends() -> None:
    board = make_board([take(1, JobState.CANCELLED), take(2, JobState.CANCELLED)], state=RoundState.STARTING)

    assert rules.advance(board, CREATED_AT).outcome is Outcome.CANCELLED
