"""The words that members read on the status card, beside the clip and about their quota.

All of them are put together from values by the rules of ``formatting.py``, so that no exception's text, path, key or
address of the video service can end up in front of anyone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.models import JobError, JobState, Origin, QuotaSource, VideoSpec
from bot.ui.text import ceilings, failures, formatting, limits, refusals
from bot.ui.text.moderation.modlog import clip_link

if TYPE_CHECKING:
    from datetime import datetime

    from bot.errors import ReelayError
    from bot.models import Arrival, CapStatus, CeilingReachedError, EffectiveQuota, Job, QuotaStatus, StatusCard
    from bot.services.clips.history import ClipDetails

CANCEL_BUTTON = "Cancel"
TRY_AGAIN_BUTTON = "Try again"
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
TROUBLE_SIGN = "The video service is having trouble; clips wait"
IN_TROUBLE = "The video service is having trouble; yours starts by itself"
_MADE = {
    Origin.AGAIN: "made again from",
    Origin.REMIX: "remixed from",
    Origin.FLIP: "flipped from",
    Origin.LONGER: "made longer from",
    Origin.ROUND: "another take of",
}
_REFERENCE_AT_END = re.compile(r"\bjob ([0-9a-z]{1,25})\Z", re.ASCII)

# The status card ---------------------------------------------------------------------------------


def card_title(card: StatusCard) -> str:
    """Say in words where the job stands."""
    match card.job.state:
        case JobState.QUEUED | JobState.SUBMITTING if card.waiting_for_operator:
            return "Waiting for the operator"
        case JobState.QUEUED if card.service_in_trouble:
            return IN_TROUBLE
        case JobState.QUEUED if card.queue_place == 1:
            return "Waiting, next in line"
        case JobState.QUEUED if card.queue_place is not None:
            return f"Waiting, place {card.queue_place:,} in the queue"
        case JobState.HELD:
            return "Waiting for its thread"
        case JobState.QUEUED:
            return "Waiting in the queue"
        case JobState.SUBMITTING:
            return "Starting"
        case JobState.RENDERING:
            return "Rendering"
        case JobState.READY | JobState.DELIVERING:
            return "Rendered, on its way here"
        case JobState.DELIVERED:
            return "Delivered"
        case JobState.FAILED:
            return "No clip this time"
        case JobState.CANCELLED:
            return "Cancelled" if card.job.submitted_at is None else "Discarded"


def card_details(card: StatusCard) -> str | None:
    """Explain what the title can't, or return None."""
    job = card.job
    came_back = f"Your {formatting.seconds(job.spec.cost_seconds)} came back."
    match job.state:
        case JobState.FAILED:
            happened, advice = failures.SENTENCES[job.error_code or JobError.INTERNAL]
            reference = f" Reference: {job.id}" if job.error_code in {None, JobError.INTERNAL} else ""
            return f"{happened} {came_back} {advice}{reference}"
        case JobState.CANCELLED if job.error_code is not None:
            happened, advice = failures.SENTENCES[job.error_code]
            if job.error_code is JobError.DISCARDED:
                came_back = failures.kept(formatting.seconds(job.spec.cost_seconds))
            return f"{happened} {came_back} {advice}"
        case JobState.CANCELLED:
            return came_back
        case JobState.QUEUED | JobState.SUBMITTING if card.waiting_for_operator:
            return _lines(
                refitted(job), "New clips are on hold until the operator has acted. Yours then starts by itself."
            )
        case JobState.RENDERING if job.progress is not None:
            percent = max(0, min(100, int(job.progress)))  # as ``StatusCard.appearance`` tells cards apart
            return _lines(refitted(job), f"{formatting.bar(percent / 100)} {percent} %", _arrival(card.arrival))
        case _:
            return _lines(refitted(job), _arrival(card.arrival)) or None


def refitted(job: Job) -> str | None:
    """Say what is made in place of what was asked for, since the model was changed; None where nothing is."""
    if job.asked_duration_seconds is None or job.asked_aspect is None:
        return None
    asked = VideoSpec.accepted("", job.asked_aspect, job.asked_duration_seconds)
    less = asked.cost_seconds - job.spec.cost_seconds
    came_back = f", and {formatting.seconds(less)} came back" if less else ""
    return (
        f"The video model was changed and does not make {formatting.described(asked)}: "
        f"yours will be {formatting.described(job.spec)}{came_back}."
    )


def _lines(*lines: str | None) -> str:
    return "\n".join(filter(None, lines))


def _arrival(arrival: Arrival | None) -> str | None:
    """Say when a clip is expected."""
    if arrival is None:
        return None
    if arrival.is_late:
        return "Taking longer than usual."
    if arrival.expected_at is None:
        return "Usually 1 to 5 minutes once it starts."
    return f"Should be here {formatting.relative(arrival.expected_at)}."


def card_footer(job: Job) -> str:
    """Write the small line: shape, length, who asked, since when."""
    return f"-# {formatting.described(job.spec)} · asked by <@{job.member_id}> {formatting.relative(job.created_at)}"


# The clip ----------------------------------------------------------------------------------------

COPY_HEADING = "Here is your clip again."


def clip_heading(job: Job, difference: str | None = None) -> str:
    """Tell the member that the clip is there, or say which take of a brainstorm it is and in what it differs."""
    if job.round_id is not None and job.number:
        words = f" · {formatting.in_line(difference)}" if difference else ""
        return f"**Take {job.number}**{words}"
    return f"<@{job.member_id}>, your clip is ready."


def clip_footer(job: Job, status: QuotaStatus | None, now: datetime, parent: Job | None = None, *, link: bool) -> str:
    """Write the small line: shape, length, how long it took, what is left; with a link, also the job's id.

    Args:
        parent: what it was made from, as far as that is stored.
    """
    parts = [formatting.described(job.spec), f"took {formatting.elapsed((now - job.created_at).total_seconds())}"]
    made = _made(job)
    if made:
        reader_id = job.member_id if job.is_private else None
        address = None if parent is None else clip_address(parent, reader_id=reader_id)
        parts.append(f"{made} {_named('another clip', address)}")
    if status is not None:
        parts.append(quota_left(status))
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
    return f"job {job.id}"


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
        f"Cost: {formatting.seconds(job.spec.cost_seconds)}{came_back}",
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
    """Write what is left in seconds and clips: ``36 s left today, six 6-second clips``."""
    is_pool = status.effective.source is QuotaSource.CHANNEL
    pool = f" in the pool of {formatting.channel(status.effective.subject_id or 0)}" if is_pool else ""
    if status.left_seconds is None:
        return f"no limit{pool}"
    period = formatting.PERIOD_NOW[status.effective.quota.period]
    clips = formatting.clips(status.left_seconds, status.profile)
    return f"{formatting.seconds(status.left_seconds)} left{pool} {period}, {clips}"


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
    """Say whether a member is mentioned when a clip of theirs is ready."""
    if is_mentioned:
        return "-# When a clip is ready I mention you, in all servers."
    return "-# When a clip is ready I name you without a mention, in all servers."


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
