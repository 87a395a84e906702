"""The words of ``/moderate diagnose``: what the bot may do in a place, and what keeps a clip from being made there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import formatting
from bot.ui.text import members as member_text
from bot.ui.text import rules as rule_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.models import Aspect, QuotaStatus
    from bot.services.screening.automod_rules import AutomodRules

AGAIN_BUTTON, SETTINGS_BUTTON = "Look again", "Settings"
THINGS = {
    "post": "Post cards and clips",
    "attach": "Attach the videos",
    "history": "Read the history, to post no clip twice",
    "threads": "Brainstorm in threads",
}
"""What people can ask of the bot in a place, as far as it goes by its permissions there."""
PROMPTS = "-# The words of a prompt may still be refused: `/moderate rules test` tells."
LARGER, HIGHER, FEWER = "to make it larger", "to raise it", "to cancel some, or wait"
GIVE_AS_ABOVE = "See above what to give me."
OPEN_THREAD = "Open the thread again, or use another one."
OPERATOR_ONLY = "Only the bot's operator can change that."
WAIT_FOR_RULES = "Wait a minute; if it stays so, give me **Manage Server**."
_NO_THREADS = "**no**, there are no threads in a channel of this kind"


def heading_of_bot(channel_id: int) -> str:
    """Head what the bot may do in a channel."""
    return f"### What I may do in <#{channel_id}>"


def heading_of_member(member_id: int) -> str:
    """Head what becomes of a member's clip there."""
    return f"### A `/video` of <@{member_id}> there"


def unblocking(label: str) -> str:
    """Say what to do among the blocked members."""
    return f"then *{label}*"


def may_do(thing: str, lacking: Sequence[str] | None) -> str:
    """Say whether the bot may do one of ``THINGS``, and what it has to be given where not.

    Args:
        lacking: permissions; None where it can't be done there whatever the bot is given.
    """
    if lacking is None:
        can = _NO_THREADS
    elif "view_channel" in lacking:  # of a channel that is not seen nothing else is granted either
        can = f"**no**, {give_bot(['view_channel'])}"
    else:
        can = f"**no**, {give_bot(lacking)}" if lacking else "yes"
    return f"- {THINGS[thing]}: {can}"


def automod(rules: AutomodRules | None) -> str:
    """Say how the server's AutoMod comes in."""
    return f"- AutoMod: {rule_text.automod_count(rules)}"


def log(channel_id: int | None, *, arrives: bool) -> str:
    """Say where the log goes, and whether it gets there."""
    if channel_id is None:
        return "- The log: none is kept; *Log* chooses a channel"
    if arrives:
        return f"- The log: goes to <#{channel_id}>, where I may post"
    needed = formatting.permission_names(["view_channel", "send_messages"])
    return f"- The log: **does not get to** <#{channel_id}>: give me {needed} there, and choose a channel under *Log*"


def would_be_made(aspect: Aspect, duration_seconds: int, status: QuotaStatus) -> str:
    """Say what `/video` makes where only a prompt is given."""
    shape = f"{formatting.ASPECTS[aspect]} · {formatting.seconds(duration_seconds)}"
    return f"- It would be made: {shape}; {member_text.quota_left(status)}\n{PROMPTS}"


def refused(sentence: str, mends: str) -> str:
    """Say what a member would be told, and what mends it."""
    return f"- “{sentence}” {mends}"


def give_bot(lacking: Sequence[str]) -> str:
    """Say what mends that the bot lacks permissions in a channel."""
    return f"give me {formatting.permission_names(lacking)} there (*Edit Channel*, *Permissions*)"


def give_member(member_id: int, lacking: Sequence[str]) -> str:
    """Say what mends that a member lacks permissions in a channel."""
    names = formatting.permission_names(lacking)
    return f"Give <@{member_id}> or a role of theirs {names} there (*Edit Channel*, *Permissions*)."


def end_timeout(member_id: int, until: datetime) -> str:
    """Say what mends that a member is timed out."""
    timed_out = f"<@{member_id}> is timed out {formatting.until(until, otherwise='')}"
    return f"{timed_out}: *Remove Timeout* in the menu of their name ends it."


def press(label: str, then: str = "") -> str:
    """Say which button mends it.

    Args:
        then: what to do there.
    """
    return f"Press *{label}*{f', {then}' if then else ''}."
