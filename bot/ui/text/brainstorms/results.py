"""The words of how a vote came out, and of a brainstorm's start message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.models.brainstorms import Outcome, RoundState
from bot.ui.text import formatting
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models.brainstorms import Board, BoardTake

NEXT_BUTTON = "Next round…"
MORE_BUTTON = "More like it"
EXPORT_BUTTON = "Export"
THREAD_BUTTON = "Open the thread"
DIFFERENCE_CHARACTERS = 240
_FEWEST_TO_TIE = 2
_RESULT_REFERENCE = re.compile(r"-# result of round ([0-9a-z]{1,25})", re.ASCII)
_START_REFERENCE = re.compile(r"-# brainstorm ([0-9a-z]{1,25})", re.ASCII)


def choose_button(number: int) -> str:
    """Name the button by which a winner is chosen."""
    return f"Choose {number}"


def started(board: Board) -> str:
    """Say in the channel who brainstorms what."""
    who, count = formatting.member(board.round.member_id), formatting.counted(len(board.takes), "take")
    idea = formatting.prompt(board.round.idea)
    return f"{who} is brainstorming: {count} of one idea. Watch and vote in the thread.\n{idea}"


def start_reference(brainstorm_id: str) -> str:
    """Write the small line by which a start message is found again."""
    return f"-# brainstorm {brainstorm_id}"


def brainstorm_of_reference(line: str) -> str | None:
    """Return the brainstorm's id that a start message's small line has, or None where it is none."""
    found = _START_REFERENCE.fullmatch(line)
    return None if found is None else found[1]


def result_reference(round_id: str) -> str:
    """Write the small line by which the card of how a vote came out is found again."""
    return f"-# result of round {round_id}"


def round_of_result(line: str) -> str | None:
    """Return the round's id that a result card's small line has, or None where it is none."""
    found = _RESULT_REFERENCE.fullmatch(line)
    return None if found is None else found[1]


def result(board: Board) -> str:
    """Write how a vote came out: what of, the outcome, and the winner, with whoever started the round named once."""
    lines = [take_text.round_title(board), outcome(board)]
    winner = board.winner
    if winner is None:
        if board.round.choose_by is None or board.round.state is RoundState.ENDED:
            lines.append(f"-# Started by {formatting.member(board.round.member_id)}")
        return "\n".join(lines)
    link = take_text.clip_link(board.brainstorm, winner.job)
    words = take_text.difference(winner.difference, DIFFERENCE_CHARACTERS) if winner.difference else ""
    watch = "" if link is None else f"[watch it]({link})"
    lines += [
        " · ".join(filter(None, (words, watch))),
        f"-# Started by {formatting.member(board.round.member_id)}",
    ]
    return "\n".join(filter(None, lines))


def outcome(board: Board) -> str:
    """Say how a vote came out; where it is undecided, who may choose until when."""
    match board.round.outcome:
        case Outcome.WON if board.winner is not None:
            return _won(board, board.winner)
        case Outcome.TIED:
            return f"{_tied(board.candidates)}{_to_choose(board, board.candidates)}"
        case Outcome.NO_VOTES:
            return f"**Nobody voted{_for_what(board)}.**{_to_choose(board, [])}"
        case Outcome.TOO_FEW:
            return "**Fewer than two takes came**, so there was no vote. What came is kept."
        case Outcome.CANCELLED:
            return "**This round was cancelled.** What came is kept."
        case Outcome.THREAD_GONE:
            return "**This round is over**: its thread was deleted or locked."
        case Outcome.WON:
            return "**This vote is over.**"
        case None:  # too few had come, and one is tried again
            return "**This round goes on**: a take is made again."


def _won(board: Board, winner: BoardTake) -> str:
    every = sum(take.votes for take in board.takes)
    if not winner.votes:
        return f"**Take {winner.number} is the winner.** Nobody had voted{_for_what(board)}; it was chosen."
    has_rivals = len(board.candidates) > 1 and winner.votes == board.candidates[0].votes
    how = "wins the tie" if has_rivals else "wins"
    return f"**Take {winner.number} {how}** with {winner.votes:,} of {formatting.counted(every, 'vote')}."


def _for_what(board: Board) -> str:
    """Say for what nobody has voted, where all votes were for takes that have been deleted."""
    return " for a take that is still there" if any(take.votes for take in board.takes) else ""


def _tied(candidates: Sequence[BoardTake]) -> str:
    """Say which takes tie; some of them may have been deleted since."""
    if len(candidates) < _FEWEST_TO_TIE:
        return "**The vote was tied.**"
    votes = formatting.counted(candidates[0].votes, "vote")
    return f"**{take_text.numbers([take.number for take in candidates])} tie** with {votes} each."


def _to_choose(board: Board, tied: Sequence[BoardTake]) -> str:
    """Say who may choose until when, and what happens else; nothing where the time for that is over."""
    if board.round.choose_by is None or board.round.state is RoundState.ENDED:
        return ""
    who = formatting.member(board.round.member_id)
    otherwise = f"take {tied[0].number} wins" if tied else "there is no winner"
    if not board.round.member_id:
        return (
            f" Who could choose has erased their data; after {formatting.moment(board.round.choose_by)}, {otherwise}."
        )
    return f" {who} has until {formatting.moment(board.round.choose_by)} to choose, else {otherwise}."
