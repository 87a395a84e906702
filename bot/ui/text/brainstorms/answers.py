"""What a member is answered, to themselves alone, when they do something in a brainstorm; and the export's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models.brainstorms import Ballot, Brainstorm

PREVIEW_CANCELLED = "Cancelled. Nothing was charged."
CLOSED = "The vote is closed; how it came out is in the thread in a moment."
CANCELLED = "This round is cancelled. What had not started is refunded."
EXPORTED = "Here is all of this brainstorm: a table of its takes, and a picture of them where there are stills."
COLUMNS = ("round", "take", "prompt", "varied", "votes", "state", "link")
"""Of the table that is exported."""


def started(brainstorm: Brainstorm) -> str:
    """Say that a brainstorm is on its way, and where."""
    if brainstorm.thread_id is None:
        return "Your brainstorm is on its way; its thread opens here in a moment."
    return f"Your brainstorm is on its way, in {formatting.channel(brainstorm.thread_id)}."


def next_started(number: int) -> str:
    """Say that a next round is on its way."""
    return f"Round {number:,} is on its way; its board comes here in a moment."


def chosen(number: int) -> str:
    """Say that a winner was chosen."""
    return f"Take {number} is the winner."


def remade(number: int) -> str:
    """Say that a take that failed is made again."""
    return f"Take {number} is on its way again; the board shows how far it is."


def ballot(cast: Ballot) -> str:
    """Answer a press on *Vote*: what it did, what the member's votes are now, and what is still to come."""
    if cast.pressed in cast.chosen:
        parts = [f"You chose {cast.pressed}."]
        if len(cast.chosen) > 1:
            parts.append(f"Your votes are for {formatting.together(cast.chosen)}.")
    else:
        parts = [f"You took your vote for {cast.pressed} back."]
        if cast.chosen:
            one = len(cast.chosen) == 1
            parts.append(f"Your {'vote is' if one else 'votes are'} for {formatting.together(cast.chosen)}.")
    left = cast.votes_each - len(cast.chosen)
    if left and cast.votes_each > 1:
        parts.append(f"You have {formatting.counted(left, 'vote')} left.")
    if cast.unfinished:
        count = formatting.count_word(cast.unfinished).capitalize()
        verb = "is" if cast.unfinished == 1 else "are"
        parts.append(f"{count} of {formatting.counted(cast.takes, 'take')} {verb} still rendering.")
    return " ".join(parts)


def export_filename(brainstorm: Brainstorm, ending: str) -> str:
    """Name a file of an export."""
    return f"brainstorm-{brainstorm.id}.{ending}"
