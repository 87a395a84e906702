"""The words of ``/clips``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models import ClipQuery, Job, ListedClip

NEWER_BUTTON = "Newer"
OLDER_BUTTON = "Older"
SEARCH_BUTTON = "Search…"
ALL_BUTTON = "Show all"
FAVOURITES_BUTTON = "Favourites"
OPEN_SELECT = "Open one of these clips"
BACK_BUTTON = "Back to the list"
AGAIN_BUTTON = "Again"
REMIX_BUTTON = "Remix…"
DETAILS_BUTTON = "Details"
SEND_BUTTON = "Send again"
MARK_BUTTON = "Favourite"
UNMARK_BUTTON = "No favourite any more"
SEARCH_TITLE = "Search your clips"
SEARCH_LABEL = "What the prompt holds"
SEARCH_EXPLAINED = "Any part of it, in small letters or large; empty for all"
_OPTION_CHARACTERS = 100
_MARK = "★ "


def heading(query: ClipQuery, *, is_own: bool) -> str:
    """Say which clips these are."""
    what = "favourite clips" if query.favourites_only else "clips"
    whose = f"Your {what}" if is_own else f"The {what} of {formatting.member(query.member_id)}"
    searched = f" with {formatting.in_line(query.text)}" if query.text else ""
    return f"**{whose} in this server{searched}**"


def nothing(query: ClipQuery, *, is_own: bool) -> str:
    """Say that there are none, and what to do."""
    if query.text:
        return "No prompt holds that. Search for less of it, or show all."
    if query.favourites_only:
        return "None yet: open a clip and press *Favourite*."
    return "None yet: `/video` makes one." if is_own else "None yet."


def entry(clip: ListedClip, *, is_own: bool) -> str:
    """Write a clip as a list has it: prompt, when, where."""
    job = clip.job
    mark = _MARK if clip.is_favourite else ""
    return f"{mark}{formatting.prompt(job.spec.prompt, formatting.LINE_CHARACTERS)}\n{_small_line(clip, is_own=is_own)}"


def option(job: Job) -> str:
    """Name a clip in a select, which reads no markup."""
    return formatting.plain(job.spec.prompt, _OPTION_CHARACTERS) or job.id


def opened(clip: ListedClip, *, is_own: bool, can_be_sent: bool) -> str:
    """Write one clip."""
    job = clip.job
    lines = [f"{_MARK if clip.is_favourite else ''}{formatting.prompt(job.spec.prompt)}"]
    if job.removed_at is not None:
        by = "you" if job.removed_by_id == job.member_id and is_own else f"<@{job.removed_by_id}>"
        lines.append(f"Removed by {by} {formatting.relative(job.removed_at)}.")
    if not can_be_sent and is_own and job.spec.prompt and not clip.was_removed_by_moderator:
        lines.append("The video service no longer has the file; *Again* makes it anew, which costs as a new clip.")
    lines.append(_small_line(clip, is_own=is_own))
    return "\n".join(lines)


def sent(channel_id: int, message_id: int) -> str:
    """Say that a clip was sent directly, and where."""
    return f"Here it is, in your direct messages: https://discord.com/channels/@me/{channel_id}/{message_id}"


def _small_line(clip: ListedClip, *, is_own: bool) -> str:
    job = clip.job
    parts = [formatting.relative(job.created_at), formatting.described(job.spec)]
    link = _link(job, is_own=is_own)
    if job.removed_at is not None:
        parts.append("removed")
    elif link is not None:
        parts.append(f"[Go to it]({link})")
    return f"-# {' · '.join(parts)}"


def _link(job: Job, *, is_own: bool) -> str | None:
    """Return the address of a clip's message; one that was sent directly is its member's alone."""
    if job.message_id is None or job.message_channel_id is None:
        return None
    is_direct = job.message_channel_id != job.channel_id
    if is_direct and not is_own:
        return None
    place = "@me" if is_direct else job.guild_id
    return f"https://discord.com/channels/{place}/{job.message_channel_id}/{job.message_id}"
