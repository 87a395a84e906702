"""How anything is written: what a person wrote, lengths, times, and who or what is meant.

Text that a person wrote goes through ``plain`` first, and through ``quoted`` where Markdown is read.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bot.models import Aspect, Period, QuotaSource, is_blank

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from bot.models import Job, ModelProfile, Quota, VideoSpec

PROMPT_SHOWN_CHARACTERS = 500
"""How much of a prompt a message shows.

Escaped and in UTF-8 that is at most 2,000 bytes, far from Discord's 4,000 characters and 10,000 bytes a message.
"""
LINE_CHARACTERS = 100
"""How much of what a person wrote a list shows in one line: ten lines stay under 4,000 characters, escapes and all."""
BAR_CELLS = 12
COMBINING_MARKS_IN_A_ROW = 4
"""More than any script needs; stacked higher, marks run over the lines above and below."""

ASPECTS = {Aspect.LANDSCAPE: "Landscape 16:9", Aspect.PORTRAIT: "Portrait 9:16"}
_NUMBER_WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
PERIOD_NOW = {Period.DAY: "today", Period.WEEK: "this week", Period.MONTH: "this month"}
_PERMISSIONS = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "use_application_commands": "Use Application Commands",
    "create_public_threads": "Create Public Threads",
    "send_messages_in_threads": "Send Messages in Threads",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
    "moderate_members": "Timeout Members",
    "manage_guild": "Manage Server",
}
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs"})
"""Unassigned characters (``Cn``) are not among them: emoji may be newer than the Python that runs."""
_JOINERS = frozenset("\u200c\u200d")
"""Hidden, but parts of emoji and of Persian and Indic words."""
_FENCE, _BROKEN = re.compile("``(?=`)"), "``\u200b"
_MARKUP = re.compile(r"([\\*_~`|<>@:#\[\]()])")


def plain(text: str, max_characters: int = PROMPT_SHOWN_CHARACTERS) -> str:
    """Return text as one line that nobody can style, link or ping with, cut to a length; not yet escaped.

    Controls that hide text or turn its direction are dropped, so it can't rearrange the words around it.
    """
    kept: list[str] = []
    marks = 0
    for character in " ".join(text.split()):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks <= COMBINING_MARKS_IN_A_ROW and (category not in _HIDDEN_CATEGORIES or character in _JOINERS):
            kept.append(character)
    if len(kept) > max_characters:
        return "".join(kept[: max_characters - 1]).rstrip("\u200c\u200d ") + "…"
    return "".join(kept)


def in_line(text: str) -> str:
    """Write what a person wrote as part of a line of a list."""
    return quoted(plain(text, LINE_CHARACTERS))


def bare(text: str, max_characters: int) -> str:
    """Return text for where no markup is read and nothing may look like a mention, cut to a length; "" if unseen."""
    kept = plain(_MARKUP.sub(" ", text.replace("|", "/")), max_characters).strip()
    return "" if is_blank(kept) else kept


def quoted(prompt: str) -> str:
    """Return a prompt between quotation marks, its Markdown, mentions and links made harmless.

    The marks keep it from being a heading or a list; the invisible isolates around it keep right-to-left text in.
    """
    escaped = _MARKUP.sub(r"\\\1", plain(prompt))
    return f"“\u2068{escaped}\u2069”"


def member(member_id: int | None) -> str:
    """Write a member, who may have erased their data."""
    return f"<@{member_id}>" if member_id else "somebody who erased their data"


def prompt(text: str, max_characters: int = PROMPT_SHOWN_CHARACTERS) -> str:
    """Quote a prompt, cut to a length; it may be kept no longer."""
    return quoted(plain(text, max_characters)) if text else "(the prompt is not kept any more)"


def block(text: str) -> str:
    """Write a prompt in full as a block that can be copied; it may be kept no longer.

    Nothing in it is read as Markdown or as a mention; an invisible space keeps it from ending the block itself.
    """
    return f"```\n{_FENCE.sub(_BROKEN, text)}\n```" if text else prompt(text)


def clip_of(job: Job, max_characters: int) -> str:
    """Write whose clip it is, and its prompt, cut to a length."""
    return f"{member(job.member_id)}'s clip {prompt(job.spec.prompt, max_characters)}"


def message_address(guild_id: int, channel_id: int, message_id: int) -> str:
    """Return the address of a message in a server."""
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"


def card_address(job: Job) -> str | None:
    """Return the address of a job's status card; there is none that all may see of a private one, nor of a take."""
    if job.status_message_id is None or job.is_private:
        return None
    return message_address(job.guild_id, job.channel_id, job.status_message_id)


def sentence(text: str) -> str:
    """Quote what a person wrote at the end of a sentence, which ends there if theirs does not."""
    ends = plain(text).endswith((".", "!", "?", "…"))
    return quoted(text) if ends else f"{quoted(text)}."


# Numbers and times -------------------------------------------------------------------------------


def seconds(count: int) -> str:
    """Write a length of video."""
    return f"{count:,} s"


def either(choices: Iterable[object]) -> str:
    """Write choices: ``4, 6 or 10``."""
    *others, last = map(str, choices)
    return " or ".join(filter(None, (", ".join(others), last)))


def together(parts: Iterable[object]) -> str:
    """Write what belongs together: ``1, 2 and 5``."""
    *others, last = map(str, parts)
    return " and ".join(filter(None, (", ".join(others), last)))


def count_word(count: int) -> str:
    """Write a small number as a word: ``two``."""
    return _NUMBER_WORDS[count] if count < len(_NUMBER_WORDS) else f"{count:,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write how many there are of something: ``1 vote``, ``2 votes``.

    Args:
        many: what several of them are called, where that is not ``one`` and an *s*.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def no_or_counted(count: int, one: str, many: str | None = None) -> str:
    """Write the same, and where there is none, ``no votes``."""
    return counted(count, one, many) if count else f"no {many or f'{one}s'}"


def durations(profile: ModelProfile) -> dict[int, str]:
    """Name the lengths that there are."""
    return {seconds: f"{seconds} seconds" for seconds in profile.durations_seconds}


def clips(count_seconds: int, profile: ModelProfile) -> str:
    """Write how many of the shortest clips a number of seconds is: ``6 clips of 6 s``."""
    count = count_seconds // profile.shortest_seconds
    return f"{counted(count, 'clip') if count else 'no clip'} of {seconds(profile.shortest_seconds)}"


def elapsed(total_seconds: float) -> str:
    """Write how long something took: ``1 min 32 s``."""
    minutes, rest = divmod(max(0, round(total_seconds)), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{rest} s"


def relative(when: datetime) -> str:
    """Write a time so that each reader's Discord says how far off it is, and keeps saying it right."""
    return f"<t:{int(when.timestamp())}:R>"


def moment(when: datetime) -> str:
    """Write a time as a date and time of day in each reader's own zone."""
    return f"<t:{int(when.timestamp())}:f>"


def bar(share: float) -> str:
    """Draw a share from 0 to 1 as a bar."""
    filled = round(max(0.0, min(1.0, share)) * BAR_CELLS)
    return "▰" * filled + "▱" * (BAR_CELLS - filled)


def described(spec: VideoSpec) -> str:
    """Write a clip's shape and length: ``Landscape 16:9 · 6 s``."""
    return f"{ASPECTS[spec.aspect]} · {seconds(spec.duration_seconds)}"


def quota_rule(quota: Quota) -> str:
    """Write a rule: ``60 s per day``."""
    return "unlimited" if quota.seconds is None else f"{seconds(quota.seconds)} per {quota.period.value}"


def permission_names(permissions: Iterable[str]) -> str:
    """Name permissions as Discord's client does."""
    return together(f"**{_PERMISSIONS[permission]}**" for permission in permissions)


def subject(source: QuotaSource, subject_id: int | None, deleted: Collection[int] = ()) -> str:
    """Write whose rule it is.

    Args:
        deleted: ids of roles and channels that are known to be deleted.
    """
    match source:
        case QuotaSource.CHANNEL:
            return channel(subject_id or 0, deleted)
        case QuotaSource.MEMBER:
            return member(subject_id)
        case QuotaSource.ROLE if subject_id in deleted:
            return f"a deleted role (`{subject_id}`)"
        case QuotaSource.ROLE:
            return f"<@&{subject_id}>"
        case QuotaSource.SERVER:
            return "Everyone (the server's default)"
        case QuotaSource.OPERATOR:
            return "the bot's default"


def deleted_name(subject_id: int, *, is_role: bool) -> str:
    """Name a role or a channel that is not there, for a list that reads no markup."""
    return f"{'deleted' if is_role else 'deleted or archived'} ({subject_id})"


def channel(channel_id: int, deleted: Collection[int] = ()) -> str:
    """Write a channel, a category or a thread."""
    return f"a deleted channel or archived thread (`{channel_id}`)" if channel_id in deleted else f"<#{channel_id}>"


def until(end: datetime | None, *, otherwise: str) -> str:
    """Write until when something holds: ``until`` the moment in each reader's time."""
    return otherwise if end is None else f"until {moment(end)}"
