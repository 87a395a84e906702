"""The words of a board, and of what can be done with its round."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.models import JobError, JobState
from bot.models.brainstorms import Outcome, RoundState
from bot.ui.text import formatting
from bot.ui.text.brainstorms import results as result_text
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import Job
    from bot.models.brainstorms import Board, BoardTake

MANAGE_BUTTON = "Manage…"
CLOSE_BUTTON = "Close now"
EXTEND_BUTTON = "1 hour more"
CANCEL_BUTTON = "Cancel"
CONFIRM_CANCEL_BUTTON = "Yes, cancel it"
FAILED_SELECT = "For a take that failed (whoever started the round)"
SHEET_ALT_TEXT = "A still of each take, with its number"
CANCEL_QUESTION = (
    "**Cancel this round?** There will be no winner. Takes that have not started are cancelled and refunded; what "
    "has come stays."
)
DIFFERENCE_CHARACTERS = 80
_PROMPT_REFUSED = "no clip this time"
"""Why, only the form to reword it says, to whoever may open that."""
FAILURES = {
    JobError.REJECTED: _PROMPT_REFUSED,
    JobError.CONTENT_POLICY: _PROMPT_REFUSED,
    JobError.WRONG_ENDPOINT: "I am not set up correctly for the video service",
    JobError.GENERATION_FAILED: "the video service could not make it",
    JobError.GENERATION_LOST: "the video service lost it",
    JobError.SERVICE_FAULT: "the video service is having trouble",
    JobError.TIMED_OUT: "it took too long",
    JobError.WAITED_TOO_LONG: "it did not get its turn in time",
    JobError.NOT_OFFERED: "the video model makes none as short any more",
    JobError.NO_RESULT: "the video service gave no clip",
    JobError.CLIP_GONE: "the finished clip could not be fetched",
    JobError.CLIP_UNUSABLE: "what came was not a playable clip",
    JobError.UNDELIVERABLE: "it could not be posted",
    JobError.MESSAGES_CLOSED: "it could not be sent",
    JobError.INTERNAL: "something went wrong on my side",
    JobError.UNHEARD: "it was not started",
    JobError.DISCARDED: "discarded after it had started",
    JobError.DISCARDED_UNBILLED: "discarded after it had started",
    JobError.CANCELLED_BY_MODERATOR: "cancelled by a moderator",
    JobError.CANCELLED_BY_OPERATOR: "cancelled by the bot's operator",
    JobError.MEMBER_BLOCKED: "its member may make no clips any more",
    JobError.SERVER_LEFT: "I had left the server",
    JobError.THREAD_GONE: "its thread could not be opened",
    JobError.VOTE_OVER: "the vote was over before it was started",
}
"""Why a take came to nothing, to all who see the thread: ``failures.py`` says it to its member alone."""
REWORD_SAYS_WHY = "Says why there is no clip"
_MAKING = {
    JobState.HELD: "waiting",
    JobState.QUEUED: "waiting",
    JobState.SUBMITTING: "starting",
    JobState.RENDERING: "rendering",
    JobState.READY: "being posted",
    JobState.DELIVERING: "being posted",
}
_REFERENCE = re.compile(r"-# round ([0-9a-z]{1,25})", re.ASCII)


def state(board: Board, now: datetime) -> str:
    """Say in words where a round stands, until when the vote goes on, and how many have voted."""
    match board.round.state:
        case RoundState.STARTING:
            return "Starting."
        case RoundState.OPEN:
            return f"{_progress(board, now)}\n{_voted(board)}"
        case RoundState.UNDECIDED | RoundState.ENDED:
            return "\n".join(filter(None, (result_text.outcome(board), _voted(board) if board.voters else "")))


def take_lines(board: Board) -> str:
    """Write the takes, one a line."""
    return "\n".join(_take_line(board, take) for take in board.takes)


def reference(round_id: str) -> str:
    """Write the small line by which a board is found again."""
    return f"-# round {round_id}"


def round_of_reference(line: str) -> str | None:
    """Return the round's id that a board's small line has, or None where it is none."""
    found = _REFERENCE.fullmatch(line)
    return None if found is None else found[1]


def vote_button(number: int) -> str:
    """Name the button by which a take is voted for."""
    return f"Vote {number}"


def retry_option(number: int) -> str:
    """Offer to have a take made again."""
    return f"Try take {number} again"


def reword_option(number: int) -> str:
    """Offer to have a take made in other words."""
    return f"Reword take {number}"


def _progress(board: Board, now: datetime) -> str:
    """Say until when the vote goes on, or what it waits for."""
    round_, closes_at = board.round, board.round.closes_at
    if board.is_held_up and closes_at is None:
        return "Waiting for the video service. The vote's clock has not started."
    if closes_at is not None:
        if closes_at <= now:
            return "The vote is being counted."
        by_hand = round_.vote.clock_seconds is None
        ends = f"goes on {take_text.BY_HAND}, and ends" if by_hand else "ends"
        return f"The vote {ends} {formatting.relative(closes_at)}{' at the latest' if by_hand else ''}."
    finished = sum(take.is_finished for take in board.takes)
    waits = finished < len(board.takes)
    verb = "is" if finished == 1 else "are"
    here = f"{finished} of {formatting.counted(len(board.takes), 'take')} {verb} finished. " if waits else ""
    if round_.vote.clock_seconds is None:
        return f"{here}The vote goes on {take_text.BY_HAND}."
    clock = take_text.CLOCKS[round_.vote.clock_seconds]
    if not waits:
        return f"The vote goes on for {clock}."
    return f"{here}Vote for any that is there; once all are, the vote goes on for {clock}."


def _voted(board: Board) -> str:
    if not board.voters:
        return "Nobody has voted yet."
    return f"{board.voters:,} {'has' if board.voters == 1 else 'have'} voted."


def _take_line(board: Board, take: BoardTake) -> str:
    is_known = bool(take.difference or board.round.idea) and not take.job.hides_prompt
    words = take_text.difference(take.difference, DIFFERENCE_CHARACTERS) if is_known else ""
    reigning = "won the last round" if take.is_reigning else ""
    parts = [f"**{take.number}**", words, reigning, *_state_of(board, take)]
    return " · ".join(filter(None, parts))


def _state_of(board: Board, take: BoardTake) -> list[str]:
    job = take.job
    if take.has_failed:
        return [_failure(job)]
    if job.state is JobState.RENDERING and job.progress is not None:
        return [f"rendering {max(0, min(100, int(job.progress)))} %"]
    if not take.is_finished:
        return [_MAKING[job.state]]
    votes = formatting.counted(take.votes, "vote") if _shows_counts(board) else ""
    if job.removed_at is not None:
        return ["deleted", votes]
    link = take_text.clip_link(board.brainstorm, job)
    return ["sent directly" if link is None else f"[watch it]({link})", votes]


def _shows_counts(board: Board) -> bool:
    is_counted = board.round.outcome in {Outcome.WON, Outcome.TIED, Outcome.NO_VOTES}
    return is_counted or board.round.vote.shows_counts


def _failure(job: Job) -> str:
    """Say why a take has ended without a clip, and what became of its cost."""
    if job.state is JobState.CANCELLED and job.error_code is None:
        return "cancelled, refunded"
    why = FAILURES[job.error_code or JobError.INTERNAL]
    return f"{why}; {'it stays charged' if job.error_code is JobError.DISCARDED else 'refunded'}"
