"""The words that members read beside the clip and about their quota.

All of them are put together from values by the rules of ``formatting.py``, so that no exception's text, path, key or
address of the video service can end up in front of anyone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.models import JobState, Origin, QuotaSource
from bot.ui.text import ceilings, formatting, limits, refusals
from bot.ui.text.moderation.modlog import clip_link

if TYPE_CHECKING:
    from datetime import datetime

    from bot.errors import ReelayError
    from bot.models import CapStatus, CeilingReachedError, EffectiveQuota, Job, QuotaStatus
    from bot.services.clips.history import ClipDetails

EDIT_AGAIN_BUTTON = "Edit again"
LINK_BUTTON = "Open the clip"
VERSION_BUTTONS = {Origin.AGAIN: "Again", Origin.REMIX: "Remix", Origin.FLIP: "Flip", Origin.LONGER: "Longer"}
MORE_BUTTON = "⋯"
VOTE_BUTTON = "Vote"
DELETE_BUTTON, DELETE_AND_REFUND_BUTTON = "Delete", "Delete and refund"
SPOILER_LINK_BUTTON = "Open the clip (spoiler)"
PRIVATE_ACCEPTED = "Your clip comes to your direct messages; there you also see how far it is."
MENTION_OFF_BUTTON, MENTION_ON_BUTTON = "Don't mention me", "Mention me"
GRANTS_SHOWN = 5
_MADE = {
    Origin.AGAIN: "made again from",
    Origin.REMIX: "remixed from",
    Origin.FLIP: "flipped from",
    Origin.LONGER: "made longer from",
    Origin.ROUND: "another take of",
}
_REFERENCE_AT_END = re.compile(r"\b(?:clip|job) ([0-9a-z]{1,25})\Z", re.ASCII)
"""Clips that were posted before have the other word."""

# The clip ----------------------------------------------------------------------------------------

COPY_HEADING = "Here is your clip again."


def clip_heading(job: Job, difference: str | None = None) -> str:
    """Tell the member that the clip is there, or say which take of a brainstorm it is and in what it differs."""
    if job.round_id is not None and job.number:
        words = f" · {formatting.in_line(difference)}" if difference else ""
        return f"**Take {job.number}**{words}"
    return f"<@{job.member_id}>, your clip is ready."


def clip_footer(job: Job, now: datetime, parent: Job | None = None, *, link: bool) -> str:
    """Write the small line: shape, length, how long it took; with a link, also the job's id.

    Args:
        parent: what it was made from, as far as that is stored.
    """
    parts = [formatting.described(job.spec), f"took {formatting.elapsed((now - job.created_at).total_seconds())}"]
    made = _made(job)
    if made:
        reader_id = job.member_id if job.is_private else None
        address = None if parent is None else clip_address(parent, reader_id=reader_id)
        parts.append(f"{made} {_named('another clip', address)}")
    if link:
        parts.append(clip_reference(job))
    return f"-# {' · '.join(parts)}"


def clip_address(clip: Job, *, reader_id: int | None = None) -> str | None:
    """Return the address of a clip's message; None where it has none that is open to its readers.

    Args:
        reader_id: the one member who reads it: a message sent to them directly is open to them; None is everybody.
    """
    if clip.removed_at is not None or clip.message_id is None:
        return None
    if clip.message_channel_id != clip.channel_id and clip.member_id == reader_id:
        return f"https://discord.com/channels/@me/{clip.message_channel_id}/{clip.message_id}"
    return clip_link(clip)


def _made(job: Job) -> str:
    """Say how a clip came of another; nothing where it did not."""
    return "" if job.lineage is None else _MADE.get(job.lineage.origin, "")


def _named(words: str, address: str | None) -> str:
    return words if address is None else f"[{words}]({address})"


def clip_reference(job: Job) -> str:
    """Write the words by which a clip's message is found again when it has no file."""
    return f"clip {job.id}"


def job_of_footer(line: str) -> str | None:
    """Return the job's id that a clip's small line ends with, or None where it is none, or has none."""
    found = _REFERENCE_AT_END.search(line) if line.startswith("-# ") else None
    return None if found is None else found[1]


def link_explained(expires_at: datetime | None) -> str:
    """Say why there is a link instead of a video, and until when it works."""
    until = "for a limited time" if expires_at is None else f"until <t:{int(expires_at.timestamp())}:f>"
    return f"It is too large to post here. The link works {until}."


# A clip, looked at closely -----------------------------------------------------------------------

DELETE_CONFIRM = "Delete this clip? Its message goes for everyone, and a clip that was posted gives no seconds back."
DELETE_CONFIRM_OWN = f"{DELETE_CONFIRM} If it should, ask a moderator first: they can delete it with a refund."


def clip_details(details: ClipDetails, *, reader_id: int) -> list[str]:
    """Write all that there is to know of a clip: its prompt as a block to copy, then the rest.

    Args:
        reader_id: the one member who is shown it.
    """
    job = details.job
    times = [f"Asked for by {formatting.member(job.member_id)} {formatting.moment(job.created_at)}"]
    if job.state is JobState.DELIVERED and job.finished_at is not None:
        took = formatting.elapsed((job.finished_at - job.created_at).total_seconds())
        times.append(f"posted {formatting.moment(job.finished_at)}, {took} later")
    came_back = ", which came back" if details.is_refunded else ""
    lines = [
        formatting.described(job.spec),
        ", ".join(times),
        f"Cost: {formatting.seconds(job.charged_seconds)}{came_back}",
        _came_from(details, reader_id),
        _came_of_it(details, reader_id),
        f"-# {clip_reference(job)}",
    ]
    return [formatting.block(job.spec.prompt), "\n".join(filter(None, lines))]


def clip_deleted(job: Job, *, refunded: bool) -> str:
    """Confirm that a clip is deleted."""
    return f"The clip is deleted{f'; its {formatting.seconds(job.spec.cost_seconds)} came back' if refunded else ''}."


def _came_from(details: ClipDetails, reader_id: int) -> str:
    made, parent = _made(details.job), details.parent
    if not made:
        return ""
    start = f"{made[0].upper()}{made[1:]}"
    if parent is None:
        return f"{start} a clip that is no longer stored"
    if parent.removed_at is not None:
        return f"{start} a clip that was deleted {formatting.relative(parent.removed_at)}"
    address = clip_address(parent, reader_id=reader_id)
    return f"{start} {'a clip that was sent directly' if address is None else _named('this clip', address)}"


def _came_of_it(details: ClipDetails, reader_id: int) -> str:
    made = [
        f"{_named(VERSION_BUTTONS[child.lineage.origin], clip_address(child, reader_id=reader_id))} "
        f"{formatting.relative(child.created_at)}"
        for child in details.made_from_it
        if child.lineage is not None and child.lineage.origin in VERSION_BUTTONS
    ]
    return f"Made from it: {', '.join(made)}{' and more' if details.has_more else ''}" if made else ""


# Quotas ------------------------------------------------------------------------------------------


def quota_left(status: QuotaStatus) -> str:
    """Write what is left in seconds and clips: ``36 s left today, 6 clips of 6 s``."""
    is_pool = status.effective.source is QuotaSource.CHANNEL
    pool = f" in the pool of {formatting.channel(status.effective.subject_id or 0)}" if is_pool else ""
    if status.left_seconds is None:
        return f"no limit{pool}"
    period = formatting.PERIOD_NOW[status.effective.quota.period]
    clips = formatting.clips(status.left_seconds, status.profile)
    return f"{formatting.seconds(status.left_seconds)} left{pool} {period}, {clips}"


def last_clip(status: QuotaStatus) -> str:
    """Tell a member, where nobody else reads it, that what is left is too little for another clip."""
    is_pool = status.effective.source is QuotaSource.CHANNEL
    whose = f"the last clip of the pool of {formatting.channel(status.effective.subject_id or 0)}"
    period = formatting.PERIOD_NOW[status.effective.quota.period]
    left = formatting.seconds(status.left_seconds or 0)
    resets = f"{'It' if is_pool else 'Your quota'} resets {formatting.relative(status.resets_at)}."
    return f"That was {whose if is_pool else 'your last clip'} {period}: {left} left. {resets}"


def quota_overview(
    status: QuotaStatus,
    cap: CapStatus | None,
    refusal: ReelayError | None = None,
    ceiling: CeilingReachedError | None = None,
) -> str:
    """Write the answer to ``/quota``.

    Args:
        refusal: what else keeps the member from making clips here, if anything does.
        ceiling: the operator's limit that leaves room for no clip, if one does.
    """
    period = formatting.PERIOD_NOW[status.effective.quota.period]
    used = formatting.seconds(status.used_seconds)
    limit = status.limit_seconds
    if limit is None:
        lines = ["**No limit**", f"{used} used {period}."]
    else:
        left = status.left_seconds or 0
        share = 1 - left / limit if limit else 1.0
        lines = [f"**{quota_left(status)}**", f"{formatting.bar(share)} {used} of {formatting.seconds(limit)} used"]
    lines.append(_rule_that_holds(status.effective))
    if status.granted_seconds:
        lines.append(f"Moderators gave you {formatting.seconds(status.granted_seconds)} more.")
    lines += [
        f"{formatting.seconds(grant.left_seconds)} of that can be used "
        f"{formatting.until(grant.expires_at, otherwise='')}."
        for grant in status.grants[:GRANTS_SHOWN]
        if grant.expires_at != status.resets_at
    ]
    lines += filter(None, [limits.resets(status)])
    why_not = None if refusal is None else refusals.explain(refusal)
    if cap is not None and cap.is_reached:
        why_not = why_not or limits.cap_reached(cap)
    elif cap is not None and (status.left_seconds is None or cap.left_seconds < status.left_seconds):
        lines.append(f"This server as a whole has only {limits.cap_left(cap)}.")
    if ceiling is not None:
        why_not = why_not or ceilings.reached(ceiling)
    return "\n".join(filter(None, (why_not and f"**{why_not}**", *lines)))


def mention_line(*, is_mentioned: bool) -> str:
    """Say whether a member is mentioned when a clip of theirs is ready or has failed, and what is done instead."""
    if is_mentioned:
        return "-# When a clip is ready or has failed I mention you, in all servers."
    return (
        "-# When a clip is ready I name you without a mention, and when one has failed only its card says so, in all "
        "servers."
    )


def _rule_that_holds(effective: EffectiveQuota) -> str:
    rule = formatting.quota_rule(effective.quota)
    match effective.source:
        case QuotaSource.CHANNEL:
            pool = formatting.channel(effective.subject_id or 0)
            return f"Clips here are charged to the pool of {pool}: {rule}. Your own quota stays untouched."
        case QuotaSource.MEMBER:
            whose = "your own"
        case QuotaSource.ROLE:
            whose = f"that of <@&{effective.subject_id}>"
        case QuotaSource.SERVER:
            whose = "this server's default"
        case QuotaSource.OPERATOR:
            whose = "the bot's default"
    return f"The rule that holds is {whose}: {rule}."
