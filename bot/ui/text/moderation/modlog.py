"""The words of the log's cards."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bot.models import (
    Aspect,
    JobState,
    LogKind,
    QuotaSource,
)
from bot.models.brainstorms import Outcome
from bot.ui.text import failures, formatting
from bot.ui.text import moderators as moderator_text
from bot.ui.text.moderation.changes import PROMPT_CHARACTERS, change_title, change_words, quota_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import AuditDetails, Block, Job, LogEntry

REMOVE_BUTTON = "Remove"
REFUND_BUTTON = "Remove and refund"
BLOCK_BUTTON = "Block member…"
RECENT_BUTTON = "Recent clips"
OPEN_BUTTON = "Open"

_REASONS = {
    "paused": "video making is paused",
    "blocked": "the member is blocked",
    "channel": "no clips in this channel",
    "others_clip": "made from another member's clip",
    "private_clips": "no private clips in this server",
    "prompt_rule": "a prompt rule",
    "automod": "an AutoMod rule",
    "open_jobs": "the member has enough clips on the way",
    "quota": "the quota is used up",
    "quota_small": "the quota is less than it costs",
    "cap": "the server's cap is reached",
    "cap_small": "the server's cap is less than it costs",
}
_OUTCOMES = {
    JobState.HELD: "waiting",
    JobState.QUEUED: "waiting",
    JobState.SUBMITTING: "starting",
    JobState.RENDERING: "rendering",
    JobState.READY: "on its way",
    JobState.DELIVERING: "on its way",
    JobState.DELIVERED: "posted",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}

_NO_WINNER: dict[str | None, str] = {
    Outcome.TOO_FEW: "no vote, fewer than two takes came",
    Outcome.CANCELLED: "cancelled",
    Outcome.THREAD_GONE: "its thread was deleted or locked",
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
        case LogKind.BRAINSTORM_STARTED:
            return _started_words(entry.details)
        case LogKind.BRAINSTORM_ENDED:
            return _ended_words(entry.details)
        case _:
            return ["**This server's cap is reached**", _cap_words(entry.details)]


def reference(entry: LogEntry) -> str:
    """Write the small line by which a card is found again."""
    return f"-# card {entry.id}"


def removed_line(job: Job, *, refunded: bool) -> str:
    """Say on a clip's card who took it away."""
    done = "Deleted" if job.removed_by_id == job.member_id else "Removed"
    when = "" if job.removed_at is None else f", {formatting.moment(job.removed_at)}"
    back = f"; {formatting.seconds(job.spec.cost_seconds)} came back" if refunded else ""
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
    return formatting.message_address(job.guild_id, job.channel_id, job.message_id)


def recent_jobs(member_id: int, jobs: Sequence[Job]) -> str:
    """List a member's latest clips."""
    lines = [f"**The latest clips of <@{member_id}>**"]
    for job in jobs:
        outcome = "removed" if job.removed_at else _OUTCOMES[job.state]
        prompt = formatting.prompt(job.spec.prompt, formatting.LINE_CHARACTERS)
        length = formatting.seconds(job.spec.duration_seconds)
        lines.append(f"{formatting.relative(job.created_at)} {outcome}, {length}, {_where(job)}: {prompt}")
    return "\n".join(lines)


def job_line(job: Job) -> str:
    """Write a job as the settings panel has it."""
    prompt = formatting.prompt(job.spec.prompt, formatting.LINE_CHARACTERS)
    outcome = "removed" if job.removed_at else _OUTCOMES[job.state]
    return (
        f"{formatting.member(job.member_id)} in {_where(job)}, {outcome}, "
        f"asked {formatting.relative(job.created_at)}, "
        f"{formatting.seconds(job.spec.duration_seconds)}\n{prompt}"
    )


def _where(job: Job) -> str:
    """Write a clip's channel, with the way to its message there, or to its card while it is made."""
    address = None if job.removed_at else clip_link(job) or formatting.card_address(job)
    return f"<#{job.channel_id}>{'' if address is None else f' ([open]({address}))'}"


def _clip_words(job: Job) -> list[str]:
    effective = job.effective_quota
    rule = f"{formatting.quota_rule(effective.quota)}, {formatting.subject(effective.source, effective.subject_id)}"
    place = f"<#{job.channel_id}>"
    if job.state is JobState.FAILED:
        happened = failures.failure(job.error_code)
        back = f"{formatting.seconds(job.charged_seconds)} came back." if job.charged_seconds else "It cost nothing."
        return [
            f"**Clip failed** for {formatting.member(job.member_id)} in {place}",
            _prompt(job.spec.prompt),
            f"{happened} {back}",
            f"{formatting.described(job.spec)} · {rule}",
        ]
    went = place if job.message_channel_id == job.channel_id else f"direct messages, {place} was closed to me"
    if job.is_private:
        went = f"direct messages, asked in {place}"
    title = "Clip posted"
    if job.removed_at is not None:
        title = "Clip deleted" if job.removed_by_id == job.member_id else "Clip removed"
    return [
        f"**{title}** for {formatting.member(job.member_id)} in {went}",
        _prompt(job.spec.prompt),
        f"{formatting.described(job.spec)} · cost {formatting.seconds(job.charged_seconds)} · {rule}",
    ]


def _refusal_words(details: AuditDetails) -> list[str]:
    rule = details.get("rule")
    because = f": {formatting.quoted(rule)}" if isinstance(rule, str) else ""
    match details["reason"]:
        case "quota" | "quota_small":
            whose = formatting.subject(QuotaSource(details["source"]), details["subject_id"])
            because = f": {quota_words(details)}, {whose}"
        case "cap" | "cap_small":
            because = f": {quota_words(details)}"
        case _:
            pass
    return [
        f"**Clip refused** for {formatting.member(details.get('member_id'))} in <#{details['channel_id']}>",
        _prompt(details["prompt"]),
        f"{formatting.ASPECTS[Aspect(details['aspect'])]} · {formatting.seconds(details['duration'])} · cost nothing · "
        f"{_REASONS[details['reason']]}{because}",
    ]


def _started_words(details: AuditDetails) -> list[str]:
    takes = formatting.counted(details["takes"], "take")
    return [
        f"**Brainstorm: round {details['round']:,} started** by {_starter(details)}",
        f"{takes} · cost {formatting.seconds(details['seconds'])}",
    ]


def _ended_words(details: AuditDetails) -> list[str]:
    winner = details["winner"]
    came_to = _NO_WINNER.get(details["outcome"], "no winner") if winner is None else f"take {winner} won"
    voted = f"{details['voters']:,} voted" if details["voters"] else "nobody voted"
    return [
        f"**Brainstorm: round {details['round']:,} ended**, started by {_starter(details)}",
        f"{came_to.capitalize()} · {voted}",
    ]


def _starter(details: AuditDetails) -> str:
    return f"{formatting.member(details.get('member_id'))} in {formatting.channel(details['channel_id'])}"


def _cap_words(details: AuditDetails) -> str:
    used, resets_at = formatting.seconds(details["used"]), datetime.fromisoformat(details["resets_at"])
    return f"{used} of {quota_words(details)}; it resets {formatting.relative(resets_at)}"


def _percent(details: AuditDetails) -> int:
    return min(100, details["used"] * 100 // details["seconds"])


def _prompt(prompt: str) -> str:
    return formatting.prompt(prompt, PROMPT_CHARACTERS)
