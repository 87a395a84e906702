"""The words of the log's cards and of the audit."""

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
    JobState,
    LogKind,
    Period,
    PromptRuleKind,
    Quota,
    QuotaSource,
)
from bot.ui.text import failures, formatting
from bot.ui.text import moderators as moderator_text
from bot.ui.text import rules as rule_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.models import AuditDetails, Block, Change, Job, LogEntry

REMOVE_BUTTON = "Remove"
REFUND_BUTTON = "Remove and refund"
BLOCK_BUTTON = "Block member…"
RECENT_BUTTON = "Recent clips"
OPEN_BUTTON = "Open"

_PROMPT_CHARACTERS = 300
_RECENT_CHARACTERS = 30
_AUDIT_CHARACTERS = 50
"""Of what a person wrote: ten entries with both sides of a change stay under 4,000 characters, escapes and all."""
_REASONS = {
    "paused": "video making is paused",
    "blocked": "the member is blocked",
    "channel": "no clips in this channel",
    "others_clip": "made from another member's clip",
    "prompt_rule": "a prompt rule",
    "automod": "an AutoMod rule",
    "open_jobs": "the member has enough clips on the way",
    "quota": "the quota is used up",
    "cap": "the server's cap is reached",
}
_OUTCOMES = {
    JobState.QUEUED: "waiting",
    JobState.SUBMITTING: "starting",
    JobState.RENDERING: "rendering",
    JobState.READY: "on its way",
    JobState.DELIVERING: "on its way",
    JobState.DELIVERED: "posted",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}

# Cards -------------------------------------------------------------------------------------------


def card_words(entry: LogEntry) -> list[str]:
    """Write a card's lines, the title first."""
    match entry.kind:
        case LogKind.POSTED | LogKind.DELETED | LogKind.FAILED if entry.job is not None:
            return _clip_words(entry.job)
        case LogKind.REFUSED:
            return _refusal_words(entry.details)
        case LogKind.CHANGED if entry.change is not None:
            return [f"**{change_title(entry.change)}**", change_words(entry.change)]
        case LogKind.CAP_NEAR:
            return [f"**{_percent(entry.details)} % of this server's cap is used**", _cap_words(entry.details)]
        case _:
            return ["**This server's cap is reached**", _cap_words(entry.details)]


def reference(entry: LogEntry) -> str:
    """Write the small line by which a card is found again."""
    return f"-# log entry {entry.id}"


def removed_line(job: Job, *, refunded: bool) -> str:
    """Say on a clip's card who took it away."""
    done = "Deleted" if job.removed_by_id == job.member_id else "Removed"
    when = "" if job.removed_at is None else f", {formatting.moment(job.removed_at)}"
    back = f"; {formatting.seconds(job.spec.cost_seconds)} went back" if refunded else ""
    return f"**{done}** by {formatting.member(job.removed_by_id)}{when}{back}"


def blocked_line(block: Block) -> str:
    """Say on a card who blocked its member."""
    return (
        f"**Blocked** by <@{block.set_by_id}>, {formatting.moment(block.set_at)}: {moderator_text.block_words(block)}"
    )


def clip_link(job: Job) -> str | None:
    """Return the address of a clip's message in the server; one that was sent directly has none to show."""
    if job.message_id is None or job.message_channel_id != job.channel_id:
        return None
    return f"https://discord.com/channels/{job.guild_id}/{job.channel_id}/{job.message_id}"


def recent_jobs(member_id: int, jobs: list[Job]) -> str:
    """List a member's latest clips."""
    lines = [f"**The latest clips of <@{member_id}>**"]
    for job in jobs:
        outcome = "removed" if job.removed_at else _OUTCOMES[job.state]
        link = None if job.removed_at else clip_link(job)
        place = f"<#{job.channel_id}>" if link is None else link
        prompt = formatting.prompt(job.spec.prompt, _RECENT_CHARACTERS)
        lines.append(
            f"{formatting.relative(job.created_at)} {outcome}, {job.spec.duration_seconds} s, {place}: {prompt}"
        )
    return "\n".join(lines)


def job_line(job: Job) -> str:
    """Write a job as the settings panel has it."""
    prompt = formatting.prompt(job.spec.prompt, 100)
    outcome = "removed" if job.removed_at else _OUTCOMES[job.state]
    return (
        f"{formatting.member(job.member_id)} in <#{job.channel_id}>, {outcome}, "
        f"asked {formatting.relative(job.created_at)}, "
        f"{job.spec.duration_seconds} s\n{prompt}"
    )


def _clip_words(job: Job) -> list[str]:
    effective = job.effective_quota
    rule = f"{formatting.quota_rule(effective.quota)}, {formatting.subject(effective.source, effective.subject_id)}"
    place = f"<#{job.channel_id}>"
    if job.state is JobState.FAILED:
        happened = failures.failure(job.error_code)
        return [
            f"**Clip failed** for {formatting.member(job.member_id)} in {place}",
            _prompt(job.spec.prompt),
            f"{happened} {formatting.seconds(job.spec.cost_seconds)} came back.",
            f"{formatting.described(job.spec)} · {rule}",
        ]
    went = place
    if job.message_channel_id != job.channel_id:
        went = "direct messages" if job.is_private else f"direct messages, {place} was closed to me"
    title = "Clip posted"
    if job.removed_at is not None:
        title = "Clip deleted" if job.removed_by_id == job.member_id else "Clip removed"
    return [
        f"**{title}** for {formatting.member(job.member_id)} in {went}",
        _prompt(job.spec.prompt),
        f"{formatting.described(job.spec)} · cost {formatting.seconds(job.spec.cost_seconds)} · {rule}",
    ]


def _refusal_words(details: AuditDetails) -> list[str]:
    rule = details.get("rule")
    because = f": {formatting.quoted(rule)}" if isinstance(rule, str) else ""
    match details["reason"]:
        case "quota":
            whose = formatting.subject(QuotaSource(details["source"]), details["subject_id"])
            because = f": {_quota(details)}, {whose}"
        case "cap":
            because = f": {_quota(details)}"
        case _:
            pass
    return [
        f"**Clip refused** for {formatting.member(details.get('member_id'))} in <#{details['channel_id']}>",
        _prompt(details["prompt"]),
        f"{formatting.ASPECTS[Aspect(details['aspect'])]} · {details['duration']} s · cost nothing · "
        f"{_REASONS[details['reason']]}{because}",
    ]


def _cap_words(details: AuditDetails) -> str:
    resets_at = datetime.fromisoformat(details["resets_at"])
    return f"{details['used']:,} s of {_quota(details)}; it resets {formatting.relative(resets_at)}"


def _percent(details: AuditDetails) -> int:
    return min(100, details["used"] * 100 // details["seconds"])


def _prompt(prompt: str) -> str:
    return formatting.prompt(prompt, _PROMPT_CHARACTERS)


# Changes -----------------------------------------------------------------------------------------


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
        case ChangeKind.LOG_CHANNEL:
            return "Log ended" if is_over else "Log channel set"
        case ChangeKind.CHANNEL:
            return "Channel's rule cleared" if is_over else "Channel's rule set"
        case ChangeKind.CLIP_BUTTONS:
            return "Clips' buttons set"
        case ChangeKind.PAUSE:
            return "Clips resumed" if is_over else "Clips paused"
        case ChangeKind.BLOCK:
            return "Member unblocked" if is_over else "Member blocked"
        case ChangeKind.PROMPT_RULE:
            return "Prompt rule removed" if is_over else "Prompt rule added"
        case ChangeKind.JOB_CANCELLED:
            return "Clip cancelled"
        case ChangeKind.CLIP_REMOVED:
            return "Clip removed"


def change_words(change: Change, deleted: Collection[int] = (), *, said_characters: int = _PROMPT_CHARACTERS) -> str:
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
        case ChangeKind.PROMPT_RULE:
            return f"{who} {f'removed {before}' if is_over else f'added {after}'}"
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


def audit_line(change: Change, deleted: Collection[int] = ()) -> str:
    """Write an entry of the audit."""
    words = change_words(change, deleted, said_characters=_AUDIT_CHARACTERS)
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
        case _:
            return formatting.member(change.subject_id)


def _details_words(change: Change, details: AuditDetails, said_characters: int, deleted: Collection[int]) -> str:
    match change.kind:
        case ChangeKind.QUOTA | ChangeKind.POOL | ChangeKind.CAP:
            then = details.get("then")
            return _quota(details) + _ends(details) + (f", then {_quota(then)} again" if then else "")
        case ChangeKind.GRANT:
            return f"{details['seconds']:,} s, to be used{_ends(details)}"
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
        case ChangeKind.PAUSE:
            return _said(details["reason"], said_characters)
        case ChangeKind.BLOCK:
            until = _ends(details).strip() or "until a moderator ends it"
            return f"{until}: {_said(details['reason'], said_characters)}"
        case ChangeKind.PROMPT_RULE:
            kind = rule_text.KINDS[PromptRuleKind(details["kind"])]
            return f"{kind.lower()} {_said(details['text'], said_characters)}"
        case ChangeKind.JOB_CANCELLED:
            return _clip_prompt(details, said_characters)
        case ChangeKind.CLIP_REMOVED:
            back = f", {details['seconds']} s went back" if details["seconds"] else ""
            return f"{_clip_prompt(details, said_characters)}{back}"


def _clip_prompt(details: AuditDetails, max_characters: int) -> str:
    return formatting.prompt(details["prompt"], max_characters)


def _said(text: str, max_characters: int) -> str:
    return formatting.quoted(formatting.plain(text, max_characters))


def _quota(details: AuditDetails) -> str:
    return formatting.quota_rule(Quota.accepted(details["seconds"], Period(details["period"])))


def _ends(details: AuditDetails) -> str:
    until = details.get("until")
    return "" if until is None else f" {formatting.until(datetime.fromisoformat(until), otherwise='')}"
