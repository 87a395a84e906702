"""The words of ``/brainstorms``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models.brainstorms import Outcome, RoundState
from bot.ui.text import formatting
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from bot.models.brainstorms import BrainstormSummary, Round

HEADING = "**Brainstorms of this server**"
NOTHING = "None yet: `/brainstorm` makes several takes of one idea, for all to choose from."
HIDDEN = "(in a channel or thread that is not open to you now)"
NEWER_BUTTON = "Newer"
OLDER_BUTTON = "Older"
DIFFERENCE_CHARACTERS = 80
_STATES = {RoundState.STARTING: "starting", RoundState.OPEN: "open", RoundState.UNDECIDED: "undecided"}
_OUTCOMES = {
    Outcome.WON: "won",
    Outcome.TIED: "tied",
    Outcome.NO_VOTES: "nobody voted",
    Outcome.TOO_FEW: "too few takes came",
    Outcome.CANCELLED: "cancelled",
    Outcome.THREAD_GONE: "its thread is gone",
}


def heading(page: int, pages: int) -> str:
    """Say what this is, and where there are several pages, which one."""
    return HEADING if pages <= 1 else f"{HEADING} · page {page:,} of {pages:,}"


def entry(summary: BrainstormSummary) -> str:
    """Write a brainstorm: its idea, how it stands, who won, and where it is."""
    brainstorm, round_ = summary.brainstorm, summary.round
    title = formatting.prompt(brainstorm.title, formatting.LINE_CHARACTERS)
    thread = take_text.thread_link(brainstorm)
    parts = [
        f"round {round_.number:,}: {_state(round_)}",
        formatting.counted(summary.takes, "take"),
        f"by {formatting.member(brainstorm.member_id)} {formatting.relative(brainstorm.created_at)}",
        "" if thread is None else f"[thread]({thread})",
    ]
    return "\n".join(filter(None, (title, _winner(summary), f"-# {' · '.join(filter(None, parts))}")))


def hidden_entry(summary: BrainstormSummary) -> str:
    """Write of a brainstorm only that there is one: it goes on where whoever looks can't see it."""
    return f"{HIDDEN}\n-# round {summary.round.number:,}: {_state(summary.round)}"


def _state(round_: Round) -> str:
    return _STATES.get(round_.state) or ("over" if round_.outcome is None else _OUTCOMES[round_.outcome])


def _winner(summary: BrainstormSummary) -> str:
    job = summary.winner
    if job is None:
        return ""
    words = summary.winner_difference
    difference = take_text.difference(words, DIFFERENCE_CHARACTERS) if words else ""
    link = take_text.clip_link(summary.brainstorm, job)
    watch = "" if link is None else f"[watch it]({link})"
    return " · ".join(filter(None, (f"Winner: take {job.number}", difference, watch)))
