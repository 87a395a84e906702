"""The words on the forms of brainstorming: titles, labels and what stands below them."""

from __future__ import annotations

from bot.models.brainstorms import VOTES_MOST
from bot.services.brainstorms.drawing.idea import IDEA_MAX_CHARACTERS
from bot.ui.text import formatting
from bot.ui.text.brainstorms import takes as take_text

EDIT_TITLE = "Edit the brainstorm"
VOTE_TITLE = "How takes are voted on"
NEXT_TITLE = "Next round"

IDEA = "Idea"
IDEA_EXPLAINED = f"At most {IDEA_MAX_CHARACTERS:,} characters; choices as {{night|day}}, or a list as {{camera}}"
NEXT_EXPLAINED = f"At most {IDEA_MAX_CHARACTERS:,} characters; this is what the winner was made of"
PROMPT = "Prompt"
TAKES = "Takes"
NEW_TAKES = "New takes"
NEW_TAKES_EXPLAINED = "The winner stands beside them, for free, and can win again"
VARY = "Vary"
VARY_EXPLAINED = "Not used where the idea has choices in braces"
ASPECT = "Shape"
DURATION = "Length of each take"
PLACES_DEFAULT = "The channel's default unless you choose"

CLOCK = "How long the vote goes on"
CLOCK_EXPLAINED = "From when the last take is there"
BY_HAND = "Until it is closed by hand"
VOTES = "Votes each"
COUNTS = "Counts"
COUNTS_HIDDEN = "Hidden until the end"
COUNTS_SHOWN = "Shown while the vote goes on"
VOTERS = "Who votes"
VOTERS_EXPLAINED = "Members with this role; leave it empty for everybody who sees the thread"

VOTES_OFFERED = {count: formatting.counted(count, "vote") for count in range(1, VOTES_MOST + 1)}
CLOCKS_OFFERED: dict[int | None, str] = {**take_text.CLOCKS, None: BY_HAND}


def takes_offered(fewest: int, most: int) -> dict[int, str]:
    """Name the numbers of takes that there are to choose from."""
    return {count: formatting.counted(count, "take") for count in range(fewest, most + 1)}


def reword_title(number: int) -> str:
    """Name the form after the take that is to be made in other words."""
    return f"Reword take {number}"
