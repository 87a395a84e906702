"""What becomes of a round as time goes by: when its clock starts, how its vote comes out, when its board is edited.

Pure: from what a board shows and a moment to what changes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models.brainstorms import Outcome, Round, RoundState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models.brainstorms import Board, BoardTake

CLOCK_WAITS_FOR = timedelta(minutes=30)
"""From the second take that can be voted for: so long the clock waits for the others."""
BY_HAND_FOR = timedelta(days=30)
"""A vote that is closed by hand ends then at the latest."""
CHOOSE_WITHIN = timedelta(hours=24)
LONGEST_VOTE = timedelta(days=7)
"""For how long a vote can be extended: Discord archives the thread after as long."""
LOOK_AGAIN = timedelta(minutes=1)
"""While takes are to come, whether the video service can be asked may change without anything else."""
YOUNG_FOR = timedelta(hours=1)
"""Discord lets messages that are older be edited less often."""
EDIT_EVERY = timedelta(seconds=5)
EDIT_OLD_EVERY = timedelta(seconds=15)
TAKES_TO_VOTE_ON = 2


def advance(board: Board, now: datetime) -> Round:
    """Return the round as it stands now: landed, its clock started, closed, decided.

    Args:
        board: ``is_held_up`` says whether the video service can't be asked just now.
    """
    round_, is_finished = board.round, all(take.is_finished for take in board.takes)
    if is_finished and round_.landed_at is None:
        round_ = replace(round_, landed_at=now)
        board = replace(board, round=round_)
    if round_.state is RoundState.STARTING and is_finished:
        return end(round_, Outcome.CANCELLED, now)
    if round_.state is RoundState.OPEN:
        round_ = _with_clock(board, now)
        is_over = round_.closes_at is not None and round_.closes_at <= now
        return close(replace(board, round=round_), now) if is_over or _are_too_few(board) else round_
    if round_.state is RoundState.UNDECIDED and round_.choose_by is not None and round_.choose_by <= now:
        return _decide_by_default(board, now)
    return round_


def close(board: Board, now: datetime) -> Round:
    """Return the round with its vote over, by the votes there are."""
    round_ = board.round
    if len(board.landed) < TAKES_TO_VOTE_ON:
        return end(round_, Outcome.TOO_FEW, now)
    best = board.candidates
    if best[0].votes == 0:
        return _leave_open(round_, Outcome.NO_VOTES, now)
    return _leave_open(round_, Outcome.TIED, now) if len(best) > 1 else win(round_, best[0], now)


def win(round_: Round, take: BoardTake, now: datetime) -> Round:
    """Return the round won by a take."""
    return replace(end(round_, Outcome.WON, now), winner_number=take.number)


def end(round_: Round, outcome: Outcome, now: datetime) -> Round:
    """Return the round at its end."""
    return replace(round_, state=RoundState.ENDED, outcome=outcome, ended_at=now, choose_by=None)


def _leave_open(round_: Round, outcome: Outcome, now: datetime) -> Round:
    return replace(
        round_,
        state=RoundState.UNDECIDED,
        outcome=outcome,
        choose_by=now + CHOOSE_WITHIN,
    )


def _decide_by_default(board: Board, now: datetime) -> Round:
    """Let the earlier of the takes that tie win; without votes nobody does."""
    if board.round.outcome is Outcome.TIED and board.candidates:
        return win(board.round, board.candidates[0], now)
    return end(board.round, Outcome.NO_VOTES, now)


def _with_clock(board: Board, now: datetime) -> Round:
    """Start the clock when it is time."""
    round_, is_finished = board.round, all(take.is_finished for take in board.takes)
    if round_.closes_at is not None or len(board.landed) < TAKES_TO_VOTE_ON:
        return round_
    starts_at = now if is_finished else clock_starts_at(board)
    if starts_at is None or starts_at > now:
        return round_
    clock = round_.vote.clock_seconds
    return replace(round_, closes_at=now + (BY_HAND_FOR if clock is None else timedelta(seconds=clock)))


def clock_starts_at(board: Board) -> datetime | None:
    """Return when the clock starts although takes are still to come; None where that is not known yet."""
    landed_at = sorted(
        board.round.created_at if take.is_reigning else take.job.finished_at
        for take in board.landed
        if take.job.finished_at is not None
    )
    is_known = len(landed_at) >= TAKES_TO_VOTE_ON and not board.is_held_up
    return landed_at[TAKES_TO_VOTE_ON - 1] + CLOCK_WAITS_FOR if is_known else None


def _are_too_few(board: Board) -> bool:
    return all(take.is_finished for take in board.takes) and len(board.landed) < TAKES_TO_VOTE_ON


def edit_every(board: Board, now: datetime) -> timedelta:
    """Say how long to wait between two edits of a board."""
    return EDIT_EVERY if now - board.round.created_at < YOUNG_FOR else EDIT_OLD_EVERY


def editable_at(board: Board, now: datetime) -> datetime:
    """Say when a board may be edited; one that may not for long was edited before a clock was set back."""
    at = board.round.editable_at
    return now if at is None or at > now + EDIT_OLD_EVERY else at


def look_at(board: Board, now: datetime) -> datetime | None:
    """Say when a round has to be looked at next if nothing changes; None is never."""
    round_ = board.round
    if round_.state is RoundState.UNDECIDED:
        return round_.choose_by
    if round_.state is not RoundState.OPEN:
        return None
    times = [round_.closes_at]
    if not all(take.is_finished for take in board.takes):
        times.append(now + LOOK_AGAIN)
        if round_.closes_at is None:
            times.append(clock_starts_at(board))
    return min((at for at in times if at is not None), default=None)
