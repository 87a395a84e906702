"""The words of moderators' changes: in the audit, and on the log's cards."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bot.models import (
    EVERYWHERE,
    Access,
    Aspect,
    ChangeKind,
    ChannelRule,
    ClipButtons,
    Period,
    PromptRuleKind,
    Quota,
    QuotaSource,
)
from bot.ui.text import formatting
from bot.ui.text import moderators as moderator_text
from bot.ui.text import rules as rule_text
from bot.ui.text.moderation import brainstorms

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.models import AuditDetails, Change

PROMPT_CHARACTERS = 300
"""Of a prompt, or of what else a person wrote, on a card."""
_AUDIT_CHARACTERS = 50
"""Of what else a person wrote: ten entries with both sides of a change stay under 4,000 characters, escapes and all."""


def change_title(change: Change) -> str:
    """Name what happened in a few words."""
    is_over = change.after is None
    match change.kind:
        case ChangeKind.QUOTA:
            return "Quota cleared" if is_over else "Quota set"
        case ChangeKind.POOL:
            return "Pool cleared" if is_over else "Pool set"
        case ChangeKind.GRANT:
            return "Seconds taken back" if is_over else "Seconds given"
        case ChangeKind.CAP:
            return "Server's cap removed" if is_over else "Server's cap set"
        case ChangeKind.TIMEZONE:
            return "Time zone set"
        case ChangeKind.LOG_CHANNEL if is_over:
            return "Log turned off"
        case ChangeKind.LOG_CHANNEL:
            return "Log channel set" if _is_same_place(change) else "Log moved"
        case ChangeKind.CHANNEL:
            return "Channel's rule cleared" if is_over else "Channel's rule set"
        case ChangeKind.CLIP_BUTTONS:
            return "Clips' buttons set"
        case ChangeKind.PRIVATE_CLIPS:
            return "Private clips set"
        case ChangeKind.PAUSE:
            return "Clips resumed" if is_over else "Clips paused"
        case ChangeKind.BLOCK:
            return "Member unblocked" if is_over else "Member blocked"
        case ChangeKind.PROMPT_RULE:
            return "Prompt rule removed" if is_over else "Prompt rule added"
        case ChangeKind.PHRASE_LIST if is_over:
            return "Phrase list removed"
        case ChangeKind.PHRASE_LIST:
            return "Phrase list added" if change.before is None else "Phrase list changed"
        case ChangeKind.BRAINSTORMS:
            return "Brainstorming set"
        case ChangeKind.JOB_CANCELLED:
            return "Clip cancelled"
        case ChangeKind.CLIP_REMOVED:
            return "Clip removed"


def change_words(change: Change, deleted: Collection[int] = (), *, said_characters: int = PROMPT_CHARACTERS) -> str:
    """Write who changed what, from what to what.

    Args:
        said_characters: how much to show of what a person wrote.
    """
    who, subject = f"<@{change.made_by_id}>", _change_subject(change, deleted)
    before = "none" if change.before is None else _details_words(change, change.before, said_characters, deleted)
    after = "none" if change.after is None else _details_words(change, change.after, said_characters, deleted)
    is_over, was = change.after is None, "" if change.before is None else f" (before: {before})"
    match change.kind:
        case ChangeKind.GRANT if is_over:
            return f"{who} took back from {subject} {before}"
        case ChangeKind.GRANT:
            return f"{who} gave {subject} {after}"
        case ChangeKind.JOB_CANCELLED:
            return f"{who} cancelled {subject}'s clip {after}"
        case ChangeKind.CLIP_REMOVED:
            return f"{who} removed {subject}'s clip {after}"
        case ChangeKind.LOG_CHANNEL if is_over:
            return f"{who} turned the log off (it was in {before})"
        case ChangeKind.LOG_CHANNEL if not _is_same_place(change):
            return f"{who} moved the log from {before} to {after}"
        case ChangeKind.PROMPT_RULE:
            return f"{who} {f'removed {before}' if is_over else f'added {after}'}"
        case ChangeKind.PHRASE_LIST if not is_over:
            return f"{who} {'changed' if was else 'added'} {after}{was}"
        case ChangeKind.PHRASE_LIST:
            return f"{who} removed {before}"
        case ChangeKind.PAUSE:
            return f"{who} resumed clips (paused for: {before})" if is_over else f"{who} paused clips: {after}{was}"
        case ChangeKind.BLOCK:
            return (
                f"{who} unblocked {subject} (before: {before})" if is_over else f"{who} blocked {subject} {after}{was}"
            )
        case _ if is_over:
            return f"{who} cleared {subject} (it was {before})"
        case _:
            return f"{who} set {subject} to {after} (before: {before})"


def _is_same_place(change: Change) -> bool:
    """Tell whether the log's channel was chosen first, or anew since it was closed to the bot."""
    before, after = change.before or {}, change.after or {}
    return before.get("channel_id", after.get("channel_id")) == after.get("channel_id")


def audit_line(change: Change, deleted: Collection[int] = ()) -> str:
    """Write an entry of the audit."""
    is_of_clip = change.kind in {ChangeKind.JOB_CANCELLED, ChangeKind.CLIP_REMOVED}
    said_characters = formatting.LINE_CHARACTERS if is_of_clip else _AUDIT_CHARACTERS
    words = change_words(change, deleted, said_characters=said_characters)
    return f"{formatting.relative(change.made_at)} **{change_title(change)}** · {words}"


def _change_subject(change: Change, deleted: Collection[int]) -> str:
    """Name what was changed: a setting, or whose clip, quota or block it is."""
    match change.kind:
        case ChangeKind.QUOTA:
            source = QuotaSource((change.after or change.before or {})["source"])
            whose = (
                "everyone" if source is QuotaSource.SERVER else formatting.subject(source, change.subject_id, deleted)
            )
            return f"the quota of {whose}"
        case ChangeKind.POOL:
            return f"the pool of {formatting.channel(change.subject_id or 0, deleted)}"
        case ChangeKind.CHANNEL if change.subject_id == EVERYWHERE:
            return "everywhere else"
        case ChangeKind.CHANNEL:
            return formatting.channel(change.subject_id or 0, deleted)
        case ChangeKind.CAP:
            return "the server's cap"
        case ChangeKind.CLIP_BUTTONS:
            return "the buttons under clips"
        case ChangeKind.TIMEZONE:
            return "the time zone"
        case ChangeKind.LOG_CHANNEL:
            return "the log"
        case ChangeKind.PRIVATE_CLIPS:
            return "private clips"
        case ChangeKind.BRAINSTORMS:
            return "brainstorming"
        case _:
            return formatting.member(change.subject_id)


def _details_words(change: Change, details: AuditDetails, said_characters: int, deleted: Collection[int]) -> str:
    match change.kind:
        case ChangeKind.QUOTA | ChangeKind.POOL | ChangeKind.CAP:
            then = details.get("then")
            return quota_words(details) + _ends(details) + (f", then {quota_words(then)} again" if then else "")
        case ChangeKind.GRANT:
            return f"{formatting.seconds(details['seconds'])}, to be used{_ends(details)}"
        case ChangeKind.TIMEZONE:
            return details["timezone"]
        case ChangeKind.LOG_CHANNEL:
            return formatting.channel(details["channel_id"], deleted) + (
                ", closed to me" if details.get("closed") else ""
            )
        case ChangeKind.CHANNEL:
            return moderator_text.channel_details(
                ChannelRule(
                    guild_id=change.guild_id,
                    channel_id=change.subject_id or 0,
                    access=Access(details["access"]) if details["access"] else None,
                    aspect=Aspect(details["aspect"]) if details["aspect"] else None,
                    duration_seconds=details["duration"],
                )
            )
        case ChangeKind.CLIP_BUTTONS:
            return moderator_text.CLIP_BUTTONS[ClipButtons(details["for"])]
        case ChangeKind.PRIVATE_CLIPS:
            return moderator_text.private_clips(allowed=details["allowed"])
        case ChangeKind.PAUSE:
            return _said(details["reason"], said_characters)
        case ChangeKind.BLOCK:
            until = _ends(details).strip() or "until a moderator ends it"
            return f"{until}: {_said(details['reason'], said_characters)}"
        case ChangeKind.PROMPT_RULE:
            kind = rule_text.KINDS[PromptRuleKind(details["kind"])]
            return f"{kind.lower()} {_said(details['text'], said_characters)}"
        case ChangeKind.PHRASE_LIST:
            return brainstorms.list_words(details["name"], details["phrases"], said_characters)
        case ChangeKind.BRAINSTORMS:
            return brainstorms.settings(details, deleted)
        case ChangeKind.JOB_CANCELLED:
            return _clip_prompt(details, said_characters)
        case ChangeKind.CLIP_REMOVED:
            back = f", {formatting.seconds(details['seconds'])} came back" if details["seconds"] else ""
            return f"{_clip_prompt(details, said_characters)}{back}"


def _clip_prompt(details: AuditDetails, max_characters: int) -> str:
    return formatting.prompt(details["prompt"], max_characters)


def _said(text: str, max_characters: int) -> str:
    return formatting.quoted(formatting.plain(text, max_characters))


def quota_words(details: AuditDetails) -> str:
    """Write the quota that an entry is about."""
    return formatting.quota_rule(Quota.accepted(details["seconds"], Period(details["period"])))


def _ends(details: AuditDetails) -> str:
    until = details.get("until")
    return "" if until is None else f" {formatting.until(datetime.fromisoformat(until), otherwise='')}"
