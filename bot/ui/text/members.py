"""The words that members read; ``moderator_texts.py`` has those that moderators read.

All of them are put together from facts by the rules of ``writing.py``, so that no exception's text, path, key or
address of the video service can end up in front of anyone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import (
    BlockedError,
    CapReachedError,
    ChannelRefusedError,
    DestinationClosedError,
    InvalidQuotaError,
    InvalidSettingError,
    InvalidSpecError,
    NotCancellableError,
    NotRemovableError,
    PausedError,
    PromptRefusedError,
    PublishError,
    QuotaExceededError,
    ReelayError,
    RulesUnknownError,
    StoreUnavailableError,
    TooManyOpenJobsError,
)
from bot.models import (
    DAYS_MAX,
    DURATIONS_SECONDS,
    PROMPT_MAX_CHARACTERS,
    PROMPT_MIN_CHARACTERS,
    QUOTA_MAX_SECONDS,
    REASON_MAX_CHARACTERS,
    JobError,
    JobState,
    OperatorAlert,
    PromptRuleKind,
    QuotaSource,
)
from bot.services.screening.patterns import PATTERN_MAX_CHARACTERS
from bot.services.screening.rules import MOST_RULES
from bot.services.screening.words import WORDS_MAX_CHARACTERS
from bot.ui.text import formatting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.models import Block, CapStatus, EffectiveQuota, Job, QuotaStatus, StatusCard

CANCEL_BUTTON = "Cancel"
LINK_BUTTON = "Open the clip"
GRANTS_SHOWN = 5

SERVER_ONLY = "This works in servers only."
UNREADABLE_COMMAND = "I could not read that command; choose it and its options from Discord's list and try again."
STORE_UNAVAILABLE = "I can't look that up or change anything just now. Nothing was charged; try again in a minute."

_INVALID_SPEC = {
    ("prompt", "empty"): "Tell me in words what the video should show; I can't see anything in that prompt.",
    ("prompt", "too_short"): f"That prompt is too short; use at least {PROMPT_MIN_CHARACTERS} characters.",
    ("prompt", "too_long"): f"That prompt is too long; use at most {PROMPT_MAX_CHARACTERS:,} characters.",
    ("aspect", "not_offered"): f"That shape is not on offer; choose {' or '.join(formatting.ASPECTS.values())}.",
    ("duration", "not_offered"): (
        f"That length is not on offer; choose {' or '.join(map(str, DURATIONS_SECONDS))} seconds."
    ),
}
_INVALID_QUOTA = {
    "not_a_number": "The seconds have to be a whole number.",
    "negative": "The seconds can't be negative.",
    "not_positive": "Give at least 1 second.",
    "too_large": f"That is too much; use at most {QUOTA_MAX_SECONDS:,} seconds.",
    "contradictory": "Choose either seconds or unlimited, not both.",
    "missing": "Say how many seconds, or choose unlimited.",
    "period": "That period is not on offer; choose day, week or month.",
}
INVALID_SETTINGS = {
    ("days", "out_of_range"): f"Choose 1 to {DAYS_MAX} whole days, written as a number such as 7, or leave it out.",
    ("reason", "missing"): "Give a reason: members are shown it.",
    ("reason", "too_long"): f"That reason is too long; use at most {REASON_MAX_CHARACTERS} characters.",
    ("timezone", "unknown"): "I don't know that time zone; write it as Europe/Berlin or America/New_York.",
    ("channel", "elsewhere"): "That is not a channel of this server that I can see.",
    ("channel", "closed"): (
        "I can't post there: give me View Channel and Send Messages in that channel (for a thread Send Messages in "
        "Threads), then try again."
    ),
    ("subject", "missing"): "Say whose: choose a member or role, or one from the list.",
    ("defaults", "missing"): "Choose an aspect, a duration, or both.",
    ("channel", "missing"): "Say which: choose a channel, or one from the list.",
    ("gift", "gone"): "Nothing is left of that; it may have been used or taken back meanwhile.",
    ("rule", "gone"): "There is no such rule; it may have been removed meanwhile.",
    ("kind", "unknown"): "That kind of rule is not on offer; choose words or a pattern.",
    ("words", "none"): "There is no word in that to look for.",
    ("words", "too_long"): f"That is too long for a word or phrase; use at most {WORDS_MAX_CHARACTERS} characters.",
    ("words", "exists"): "This server has that rule already.",
    ("words", "too_many"): f"This server has {MOST_RULES[PromptRuleKind.WORDS]:,} words and phrases; remove one first.",
    ("pattern", "none"): "That pattern is empty.",
    ("pattern", "too_long"): f"That pattern is too long; use at most {PATTERN_MAX_CHARACTERS} characters.",
    ("pattern", "unreadable"): "I can't read that pattern; it has to be a regular expression as RE2 knows them.",
    ("pattern", "too_complex"): "That pattern is too complex; repeat less in it, or make two of it.",
    ("pattern", "unclear_letters"): (
        "I can't read that for all alphabets: `\\b` has to stand at the start or the end, and `\\W` outside of "
        "brackets; or use a word."
    ),
    ("pattern", "matches_everything"): "That pattern would refuse nearly every prompt; make it say more.",
    ("pattern", "exists"): "This server has that rule already.",
    ("pattern", "too_many"): f"This server has {MOST_RULES[PromptRuleKind.PATTERN]} patterns; remove one first.",
}
_FAILURES = {
    JobError.REJECTED: ("The video service could not use this request.", "Change the prompt and try again."),
    JobError.WRONG_ENDPOINT: (
        "I am not set up correctly for the video service.",
        "The operator has been told; try again later.",
    ),
    JobError.CONTENT_POLICY: (
        "The video service refused this prompt because of its content rules.",
        "Try a different prompt.",
    ),
    JobError.GENERATION_FAILED: (
        "The video service could not make this clip.",
        "Try again, perhaps in other words.",
    ),
    JobError.GENERATION_LOST: ("The video service lost this clip.", "Try again."),
    JobError.SERVICE_FAULT: ("The video service is having trouble.", "Try again in a few minutes."),
    JobError.TIMED_OUT: ("The clip took too long.", "Try again later."),
    JobError.NO_RESULT: ("The video service finished, but gave no clip.", "Try again."),
    JobError.CLIP_GONE: ("The finished clip could not be fetched any more.", "Try again."),
    JobError.CLIP_UNUSABLE: ("What the video service gave was not a playable clip.", "Try again."),
    JobError.UNDELIVERABLE: (
        "The clip could be posted neither in its channel nor to you directly.",
        "Ask a moderator to let me post and attach files, then try again.",
    ),
    JobError.INTERNAL: ("Something went wrong on my side.", "Try again; if it stays so, tell the operator."),
    JobError.UNHEARD: ("Discord did not take my answer in time, so the clip was not made.", "Try again."),
    JobError.CANCELLED_BY_MODERATOR: ("A moderator cancelled this clip.", "Ask them why."),
    JobError.MEMBER_BLOCKED: (
        "A moderator has blocked you from making clips here, so this one is cancelled.",
        "`/video` says why and until when.",
    ),
}
_ALERTS = {
    OperatorAlert.UNAUTHORIZED: (
        "The video service does not accept the key. New clips wait until `TOAPIS_API_KEY` is right."
    ),
    OperatorAlert.INSUFFICIENT_FUNDS: (
        "The account at the video service, or its key's limit, is out of money. New clips wait until it is topped up."
    ),
    OperatorAlert.NO_ACCESS: (
        "The key may not use the model at the video service. New clips wait until the key's models in the service's "
        "console, or `TOAPIS_MODEL`, are right."
    ),
    OperatorAlert.WRONG_ENDPOINT: (
        "The video service does not know the model at this address. Check `TOAPIS_BASE_URL` and `TOAPIS_MODEL`."
    ),
    OperatorAlert.FOREIGN_ANSWERS: (
        "Five answers in a row were not the video service's own but, say, a proxy's page. If that goes on, the address "
        "may be wrong: check `TOAPIS_BASE_URL`. Clips that are under way are kept."
    ),
    OperatorAlert.RECOVERY_INEXACT: (
        "The video service does not find clips of this model (`TOAPIS_MODEL`) by my own id. So a clip whose submit was "
        "cut off can't be found again: it fails, its member gets the seconds back, and you may have paid for it."
    ),
}

# The status card ---------------------------------------------------------------------------------


def card_title(card: StatusCard) -> str:
    """Say in words where the job stands."""
    match card.job.state:
        case JobState.QUEUED | JobState.SUBMITTING if card.waiting_for_operator:
            return "Waiting for the operator"
        case JobState.QUEUED if card.queue_place == 1:
            return "Waiting, next in line"
        case JobState.QUEUED if card.queue_place is not None:
            return f"Waiting, place {card.queue_place:,} in the queue"
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
            return "Cancelled"


def card_details(card: StatusCard) -> str | None:
    """Explain what the title can't, or return None."""
    job = card.job
    came_back = f"Your {formatting.seconds(job.spec.cost_seconds)} came back."
    match job.state:
        case JobState.FAILED:
            happened, advice = _FAILURES[job.error_code or JobError.INTERNAL]
            reference = f" Reference: {job.id}" if job.error_code in {None, JobError.INTERNAL} else ""
            return f"{happened} {came_back} {advice}{reference}"
        case JobState.CANCELLED if job.error_code is not None:
            happened, advice = _FAILURES[job.error_code]
            return f"{happened} {came_back} {advice}"
        case JobState.CANCELLED:
            return came_back
        case JobState.QUEUED | JobState.SUBMITTING if card.waiting_for_operator:
            return "New clips are on hold until the operator has acted. Yours then starts by itself."
        case JobState.RENDERING if job.progress is not None:
            percent = max(0, min(100, int(job.progress)))  # as ``StatusCard.look`` tells cards apart
            return f"{formatting.bar(percent / 100)} {percent} %"
        case _:
            return None


def failure(error_code: JobError | None) -> str:
    """Say what happened to a job that failed, to whomever."""
    return _FAILURES[error_code or JobError.INTERNAL][0]


def card_footer(job: Job) -> str:
    """Write the small line: shape, length, who asked, since when."""
    return f"-# {formatting.described(job.spec)} · asked by <@{job.member_id}> {formatting.relative(job.created_at)}"


# The clip ----------------------------------------------------------------------------------------


def clip_heading(job: Job) -> str:
    """Tell the member that the clip is there."""
    return f"<@{job.member_id}>, your clip is ready."


def clip_footer(job: Job, status: QuotaStatus | None, now: datetime, *, link: bool) -> str:
    """Write the small line: shape, length, how long it took, what is left; with a link, also the job's id."""
    parts = [formatting.described(job.spec), f"took {formatting.elapsed((now - job.created_at).total_seconds())}"]
    if status is not None:
        parts.append(quota_left(status))
    if link:
        parts.append(clip_reference(job))
    return f"-# {' · '.join(parts)}"


def clip_reference(job: Job) -> str:
    """Write the words by which a clip's message is found again when it has no file."""
    return f"job {job.id}"


def link_explained(expires_at: datetime | None) -> str:
    """Say why there is a link instead of a video, and until when it works."""
    until = "for a limited time" if expires_at is None else f"until <t:{int(expires_at.timestamp())}:f>"
    return f"It is too large to post here. The link works {until}."


# Quotas ------------------------------------------------------------------------------------------


def quota_left(status: QuotaStatus) -> str:
    """Write what is left in seconds and clips: ``36 s left today, six 6-second clips``."""
    is_pool = status.effective.source is QuotaSource.CHANNEL
    pool = f" in the pool of {formatting.channel(status.effective.subject_id or 0)}" if is_pool else ""
    if status.left_seconds is None:
        return f"no limit{pool}"
    period = formatting.PERIOD_NOW[status.effective.quota.period]
    return f"{formatting.seconds(status.left_seconds)} left{pool} {period}, {formatting.clips(status.left_seconds)}"


def quota_overview(status: QuotaStatus, cap: CapStatus | None, refusal: ReelayError | None = None) -> str:
    """Write the answer to ``/quota``.

    Args:
        refusal: what else keeps the member from making clips here, if anything does.
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
    rule = formatting.quota_rule(status.effective.quota)
    if status.effective.source is QuotaSource.CHANNEL:
        pool = formatting.channel(status.effective.subject_id or 0)
        lines.append(f"Clips here are charged to the pool of {pool}: {rule}. Your own quota stays untouched.")
    else:
        lines.append(f"The rule that holds is {_whose(status.effective)}: {rule}.")
    if status.granted_seconds:
        lines.append(f"Moderators gave you {formatting.seconds(status.granted_seconds)} more.")
    lines += [
        f"{formatting.seconds(grant.left_seconds)} of that can be used "
        f"{formatting.until(grant.expires_at, otherwise='')}."
        for grant in status.grants[:GRANTS_SHOWN]
        if grant.expires_at != status.resets_at
    ]
    lines.append(f"It resets {formatting.relative(status.resets_at)}.")
    why_not = None if refusal is None else explain(refusal)
    if cap is not None and cap.is_reached:
        why_not = why_not or _cap_reached(cap)
    elif cap is not None and (status.left_seconds is None or cap.left_seconds < status.left_seconds):
        lines.append(f"This server as a whole has only {_cap_left(cap)}.")
    return "\n".join(filter(None, (why_not and f"**{why_not}**", *lines)))


def _whose(effective: EffectiveQuota) -> str:
    match effective.source:
        case QuotaSource.MEMBER:
            return "your own"
        case QuotaSource.ROLE:
            return f"that of <@&{effective.subject_id}>"
        case QuotaSource.SERVER:
            return "this server's default"
        case QuotaSource.OPERATOR:
            return "the bot's default"
        case QuotaSource.CHANNEL:
            return "this channel's"


# When something is not possible ------------------------------------------------------------------


def explain(error: ReelayError) -> str | None:
    """Return the sentence for an error that people may meet, or None where there is none."""
    match error:
        case InvalidSpecError():
            return _INVALID_SPEC.get((error.field, error.reason))
        case InvalidQuotaError():
            return _INVALID_QUOTA.get(error.reason)
        case InvalidSettingError():
            return INVALID_SETTINGS.get((error.field, error.reason))
        case PausedError():
            reason = formatting.sentence(error.pause.reason)
            return f"Moderators have paused video making in this server: {reason} Try again later."
        case BlockedError():
            return _blocked(error.block)
        case ChannelRefusedError(ruled_by=0):  # EVERYWHERE
            return "Moderators allow clips only in certain channels of this server. Try another one."
        case ChannelRefusedError():
            return "Moderators allow no clips in this channel. Try another one."
        case PromptRefusedError():
            return "This server's rules refuse that prompt. Nothing was charged; try other words."
        case RulesUnknownError():
            return "I can't read this server's rules for prompts just now. Nothing was charged; try again in a minute."
        case QuotaExceededError():
            return _quota_exceeded(error.status, error.cost_seconds)
        case CapReachedError() if error.status.is_reached:
            return _cap_reached(error.status)
        case CapReachedError():
            return (
                f"This clip costs {formatting.seconds(error.cost_seconds)}, and this server as a whole has only "
                f"{_cap_left(error.status)}. That resets {formatting.relative(error.status.resets_at)}."
            )
        case TooManyOpenJobsError():
            return (
                f"You already have {error.limit} clip{'' if error.limit == 1 else 's'} on the way. "
                "Wait for one to arrive, or cancel one that is still waiting."
            )
        case NotCancellableError():
            return _not_cancellable(error)
        case NotRemovableError(removed_by_id=None):
            return "There is no such clip here to be removed."
        case NotRemovableError():
            when = "" if error.removed_at is None else f" {formatting.relative(error.removed_at)}"
            return f"<@{error.removed_by_id}> already removed this clip{when}."
        case DestinationClosedError():
            return "I can't get at that channel any more, so nothing was changed; somebody has to do it by hand."
        case PublishError():
            return "Discord did not do that just now. Nothing was changed; try again in a minute."
        case StoreUnavailableError():
            return STORE_UNAVAILABLE
        case _:
            return None


def unknown_failure(reference: str) -> str:
    """Admit an error nobody foresaw; the reference finds its traceback in the log."""
    return f"Something went wrong on my side (reference {reference}). Try again; if it stays so, tell the operator."


def bot_lacks(permissions: Iterable[str]) -> str:
    """Name the permissions that the bot lacks in a channel."""
    names = formatting.permission_names(permissions)
    return f"I can't post videos here: ask a moderator to give me {names} in this channel."


def member_lacks(permissions: Iterable[str]) -> str:
    """Name the permissions that the member lacks."""
    return f"Only members with {formatting.permission_names(permissions)} can do that."


def operator_alert(alert: OperatorAlert) -> str:
    """Tell the operator what to act upon."""
    return _ALERTS[alert]


def _quota_exceeded(status: QuotaStatus, cost_seconds: int) -> str:
    cost, resets = formatting.seconds(cost_seconds), formatting.relative(status.resets_at)
    if status.effective.source is QuotaSource.CHANNEL:
        pool = f"the pool of {formatting.channel(status.effective.subject_id or 0)}, which this clip is charged to,"
        if not status.limit_seconds:
            return f"No clips here: {pool} is 0 s. In channels without a pool your own quota counts."
        return (
            f"This clip costs {cost}, and {pool} has {formatting.seconds(status.left_seconds or 0)} left. "
            f"It resets {resets}; in channels without a pool your own quota counts."
        )
    if not status.limit_seconds:
        return "Your quota here allows no clips. Ask a moderator for one."
    period = formatting.PERIOD_NOW[status.effective.quota.period]
    return (
        f"This clip costs {cost} and you have {formatting.seconds(status.left_seconds or 0)} left {period}. "
        f"Your quota resets {resets}; a moderator can give you more."
    )


def _cap_reached(cap: CapStatus) -> str:
    if not cap.cap.seconds:
        return "Moderators allow no clips in this server: its cap is 0 s."
    resets = formatting.relative(cap.resets_at)
    return f"This server as a whole has only {_cap_left(cap)}, too little for a clip. That resets {resets}."


def _cap_left(cap: CapStatus) -> str:
    return f"{formatting.seconds(cap.left_seconds)} left {formatting.PERIOD_NOW[cap.cap.period]}"


def _blocked(block: Block) -> str:
    ends = formatting.until(block.expires_at, otherwise="until a moderator ends it")
    return f"Moderators have blocked you from making clips here {ends}: {formatting.sentence(block.reason)}"


def _not_cancellable(error: NotCancellableError) -> str:
    match error:
        case NotCancellableError(state=None, by_moderator=True):
            return "There is no such clip in this server."
        case NotCancellableError(state=None):
            return "Only the member who asked for this clip can cancel it."
        case NotCancellableError(state=JobState.CANCELLED):
            return "This clip is already cancelled."
        case NotCancellableError(by_moderator=True):
            return "It is too late to cancel this clip: it is on its way to the channel, or has ended."
        case _:
            return "It is too late to cancel this clip: it has already started."
