"""How takes, and what is varied in them, are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models.brainstorms import CLOCKS_SECONDS, Vary
from bot.ui.text import formatting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import Job
    from bot.models.brainstorms import Board, Brainstorm, VoteTerms

AS_IT_IS = "the idea as it is"
VARIED = {
    Vary.AUTO: "Auto",
    Vary.CAMERA: "Camera",
    Vary.STYLE: "Style",
    Vary.LIGHT: "Light",
    Vary.PLACE: "Place",
    Vary.MOOD: "Mood",
    Vary.NOTHING: "Nothing",
}
VARIED_EXPLAINED = {
    Vary.AUTO: "Whole looks: camera, light and style that belong together",
    Vary.CAMERA: "Only the camera differs, so that takes can be compared",
    Vary.STYLE: "Only the style differs, so that takes can be compared",
    Vary.LIGHT: "Only the light differs, so that takes can be compared",
    Vary.PLACE: "Only the place differs, so that takes can be compared",
    Vary.MOOD: "Only the mood differs, so that takes can be compared",
    Vary.NOTHING: "The same prompt each time; the video model differs by itself",
}
BY_HAND = "until it is closed by hand"
CLOCKS: dict[int, str] = dict(zip(CLOCKS_SECONDS, ("15 minutes", "1 hour", "4 hours", "1 day", "3 days"), strict=True))
_THREAD_NAME_CHARACTERS = 100
_UNNAMED = "Brainstorm"


def difference(words: str, max_characters: int) -> str:
    """Write in what a take differs from the others, cut to a length."""
    return formatting.quoted(formatting.plain(words, max_characters)) if words else AS_IT_IS


def numbers(chosen: Sequence[int]) -> str:
    """Name takes by their numbers: ``Take 2``, ``Takes 2 and 5``."""
    return f"Take{'' if len(chosen) == 1 else 's'} {formatting.together(chosen)}"


def vote_terms(terms: VoteTerms) -> str:
    """Write in one line how takes will be voted on."""
    clock = BY_HAND if terms.clock_seconds is None else f"for {CLOCKS[terms.clock_seconds]}"
    counts = "counts are shown" if terms.shows_counts else "counts are hidden until the end"
    voters = "whoever sees the thread" if terms.voter_role_id is None else f"members with <@&{terms.voter_role_id}>"
    return f"Vote: {clock}, {formatting.counted(terms.votes_each, 'vote')} each by {voters}; {counts}"


def thread_name(brainstorm: Brainstorm) -> str:
    """Name a brainstorm's thread, in a line that reads no markup: Discord takes 1 to 100 characters."""
    return formatting.bare(brainstorm.title, _THREAD_NAME_CHARACTERS) or _UNNAMED


def thread_link(brainstorm: Brainstorm) -> str | None:
    """Return the address of a brainstorm's thread; None while it is not there."""
    if brainstorm.thread_id is None:
        return None
    return f"https://discord.com/channels/{brainstorm.guild_id}/{brainstorm.thread_id}"


def clip_link(brainstorm: Brainstorm, job: Job) -> str | None:
    """Return the address of a take's clip; None where there is none for everybody who sees the thread."""
    if job.message_id is None or job.removed_at is not None:
        return None
    if job.message_channel_id not in {brainstorm.thread_id, job.channel_id}:
        return None
    return f"https://discord.com/channels/{job.guild_id}/{job.message_channel_id}/{job.message_id}"


def round_title(board: Board) -> str:
    """Write which round of what it is."""
    return f"**Round {board.round.number:,}** · {formatting.prompt(board.round.idea, formatting.LINE_CHARACTERS)}"
