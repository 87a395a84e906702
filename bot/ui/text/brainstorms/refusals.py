"""The words for what is asked of a brainstorm and is not done: nothing has changed, and nothing was charged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models.brainstorms import (
    TAKES_FEWEST,
    VOTES_MOST,
    NoThreadsError,
    PreviewChangedError,
    PreviewGoneError,
    RoundRefusal,
    RoundRefusedError,
    TooFewTakesError,
    TooManyBrainstormsError,
)
from bot.services.brainstorms.drawing.idea import (
    COMBINATIONS_MOST,
    IDEA_MAX_CHARACTERS,
    SLOTS_MOST,
    BrokenIdeaError,
    IdeaFault,
)
from bot.services.brainstorms.drawing.phrases import LISTS
from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.errors import ReelayError

EXCERPT_CHARACTERS = 60

INVALID_SPECS = {
    ("takes", "not_offered"): "That number of takes is not on offer; choose {} to {}.",
    ("vary", "not_offered"): "I don't know that way to vary an idea; choose one from the list.",
}
INVALID_SETTINGS = {
    ("clock", "not_offered"): "A vote can't go on for that long; choose a time from the list, or by hand.",
    ("votes", "out_of_range"): f"Members can have 1 to {VOTES_MOST} votes each; choose one of these.",
    ("counts", "not_offered"): "Votes are shown while the vote goes on, or hidden until its end; choose one of both.",
    ("voters", "unknown"): "I don't know that role; choose one of this server's, or leave it empty for everybody.",
}
_ROUND = {
    RoundRefusal.UNKNOWN: "I don't know that brainstorm any more: it is no longer stored here.",
    RoundRefusal.OVER: "This vote is over, so your press was not counted. The board shows how it came out.",
    RoundRefusal.NOT_OVER: "This vote still goes on. Close it first, under *Manage…* on the board.",
    RoundRefusal.UNDER_WAY: "The next round is on its way already; look further down in the thread.",
    RoundRefusal.NOT_STARTER: "That is for whoever started this round, and for moderators.",
    RoundRefusal.NOT_FAILED: "That take has not failed, or is being made again already.",
    RoundRefusal.LONGEST: "This vote goes on for as long as it may. It can still be closed by hand.",
    RoundRefusal.NOT_TO_CHOOSE: "That take is not one of those to choose from.",
    RoundRefusal.TOO_FEW_THERE: "Fewer than two takes are there, too few to close the vote; wait, or cancel the round.",
    RoundRefusal.NO_CLOCK: "This vote has no end yet that could be moved.",
    RoundRefusal.ERASED: "What this round was about has been erased, so nothing goes on from it.",
}


def explain(error: ReelayError) -> str | None:
    """Return the sentence for an error that people may meet in a brainstorm, or None where there is none."""
    match error:
        case BrokenIdeaError():
            return _broken(error)
        case PreviewGoneError():
            return "That preview is gone: it stays for a day, for whoever asked for it. Nothing was charged."
        case PreviewChangedError():
            return "The preview has changed, and so has what would be made. Nothing was charged; look at it once more."
        case TooFewTakesError():
            return (
                f"A brainstorm needs at least {formatting.count_word(TAKES_FEWEST)} takes, and fewer of this idea can "
                "be made here. Nothing was charged; change the idea, or what is varied."
            )
        case NoThreadsError():
            return (
                "Brainstorms need threads, and this kind of channel has none. Nothing was charged; try a text channel."
            )
        case TooManyBrainstormsError():
            return _too_many(error)
        case RoundRefusedError():
            return _refused(error)
        case _:
            return None


def _broken(error: BrokenIdeaError) -> str:
    place = f"at character {error.position + 1:,}"
    slot = _excerpt(error.excerpt)
    match error.fault:
        case IdeaFault.TOO_LONG:
            return f"That idea is too long; use at most {IDEA_MAX_CHARACTERS:,} characters."
        case IdeaFault.NOT_CLOSED:
            return f"The brace {place} is never closed: {slot}"
        case IdeaFault.NOT_OPENED:
            return f"The brace {place} closes nothing. If it is meant as a sign, write `\\}}`."
        case IdeaFault.NESTED:
            return f"The brace {place} stands inside of a slot, which can't hold another one: {slot}"
        case IdeaFault.NO_CHOICE:
            return f"The slot {place} is empty; write choices such as `{{night|day}}`, or the name of a list."
        case IdeaFault.EMPTY_CHOICE:
            return f"The slot {place} has an empty choice: {slot}"
        case IdeaFault.SAME_CHOICE:
            return f"The slot {place} has the same choice twice: {slot}"
        case IdeaFault.UNKNOWN_LIST:
            lists = formatting.together([*LISTS, "this server's own"])
            return f"I don't know the list {place}: {slot}. There are {lists}; choices are written `{{night|day}}`."
        case IdeaFault.TOO_MANY_SLOTS:
            return f"That idea has too many slots; use at most {SLOTS_MOST}."
        case IdeaFault.TOO_MANY_COMBINATIONS:
            return f"That idea stands for too many combinations; {COMBINATIONS_MOST:,} are the most."


def _excerpt(typed: str) -> str:
    """Write a part of an idea so that it reads as it was typed: as code, where only a backtick means anything."""
    return f"`{formatting.plain(typed, EXCERPT_CHARACTERS).replace('`', 'ˋ').strip() or '…'}`"


def _too_many(error: TooManyBrainstormsError) -> str:
    where = "" if error.thread_id is None else f", in {formatting.channel(error.thread_id)}"
    one = error.most == 1
    count = formatting.counted(error.most, "brainstorm")
    if error.in_channel:
        are = f"is being made in this channel{where}" if one else "are being made in this channel"
        return f"{count} {are}, and no more may be. Nothing was charged; try again when its takes are there."
    return f"You already have {count} on the way{where}. Nothing was charged; try again when its takes are there."


def _refused(error: RoundRefusedError) -> str:
    take = "That take" if error.number is None else f"Take {error.number}"
    match error.reason:
        case RoundRefusal.NOT_THERE:
            return f"{take} has no clip to vote for."
        case RoundRefusal.VOTES_USED if error.votes_each == 1:
            return "You have used your vote. Press the take you chose again to take it back, then choose another."
        case RoundRefusal.VOTES_USED:
            return (
                f"You have used your {formatting.count_word(error.votes_each)} votes. Press a take you chose again to "
                "take one back, then choose another."
            )
        case RoundRefusal.NEEDS_ROLE if error.role_id is not None:
            return f"Only members with the role <@&{error.role_id}> may vote here."
        case RoundRefusal.NEEDS_ROLE:
            return "You don't have the role that is needed to vote here."
        case RoundRefusal.OWN_TAKE:
            return "In this server nobody votes for a take of their own. Choose another one."
        case reason:
            return _ROUND[reason]
