"""Every word people read.

Text that a person wrote goes through ``plain`` first. All other functions put our own words together from facts, so
that no exception's text, path, key or address of the video service can end up in front of anyone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bot.errors import (
    InvalidQuotaError,
    InvalidSpecError,
    NotCancellableError,
    QuotaExceededError,
    ReelayError,
    StoreUnavailableError,
    TooManyOpenJobsError,
)
from bot.models import (
    DURATIONS_SECONDS,
    PROMPT_MAX_CHARACTERS,
    PROMPT_MIN_CHARACTERS,
    QUOTA_MAX_SECONDS,
    Aspect,
    JobError,
    JobState,
    OperatorAlert,
    Period,
    QuotaSource,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.models import EffectiveQuota, Job, Quota, QuotaRule, QuotaStatus, StatusCard, VideoSpec

PROMPT_SHOWN_CHARACTERS = 500
"""How much of a prompt a message shows.

Escaped and in UTF-8 that is at most 2,000 bytes, far from Discord's 4,000 characters and 10,000 bytes a message.
"""
RULES_SHOWN = 20
"""How many rules ``/moderate quota list`` shows: at about 90 characters each they stay under 2,000 a message."""
BAR_CELLS = 12
COMBINING_MARKS_IN_A_ROW = 4
"""More than any script needs; stacked higher, marks run over the lines above and below."""

ASPECTS = {Aspect.LANDSCAPE: "Landscape 16:9", Aspect.PORTRAIT: "Portrait 9:16"}

VIDEO_COMMAND = "Turn a line of text into a short video"
VIDEO_PROMPT = "What the video shows: subject, action, scene, style"
VIDEO_ASPECT = "The video's shape; landscape unless you choose"
VIDEO_DURATION = "How long the video is; 6 seconds unless you choose"
QUOTA_COMMAND = "See how much video you have left"
MODERATE_COMMAND = "Moderate video making in this server"
MODERATE_QUOTA_GROUP = "Set, clear, list and top up quotas"
MODERATE_SET = "Set how much video a member, a role or (with @everyone) the whole server may make"
MODERATE_CLEAR = "Remove the quota of a member, a role or (with @everyone) the whole server"
MODERATE_LIST = "List the quotas of this server"
MODERATE_GRANT = "Give a member extra seconds in the present period"
OPTION_WHO = "A member or a role; @everyone is the server's default"
OPTION_SECONDS = "Seconds of video per period; 0 allows none"
OPTION_PERIOD = "The period the seconds are counted in; a day unless you choose"
OPTION_UNLIMITED = "No limit at all, instead of seconds"
OPTION_MEMBER = "The member who gets the seconds"
OPTION_GRANT_SECONDS = "How many extra seconds of video"

CANCEL_BUTTON = "Cancel"
LINK_BUTTON = "Open the clip"

SERVER_ONLY = "This works in servers only."
UNREADABLE_COMMAND = "I could not read that command; choose it and its options from Discord's list and try again."
STORE_UNAVAILABLE = "I can't look that up or change anything just now. Nothing was charged; try again in a minute."

_NUMBER_WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_PERIOD_NOW = {Period.DAY: "today", Period.WEEK: "this week", Period.MONTH: "this month"}
_PERMISSIONS = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
    "moderate_members": "Timeout Members",
}

_INVALID_SPEC = {
    ("prompt", "empty"): "Tell me in words what the video should show; I can't see anything in that prompt.",
    ("prompt", "too_short"): f"That prompt is too short; use at least {PROMPT_MIN_CHARACTERS} characters.",
    ("prompt", "too_long"): f"That prompt is too long; use at most {PROMPT_MAX_CHARACTERS:,} characters.",
    ("aspect", "not_offered"): f"That shape is not on offer; choose {' or '.join(ASPECTS.values())}.",
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
}
_ALERTS = {
    OperatorAlert.UNAUTHORIZED: (
        "The video service does not accept the key. New clips wait until `TOAPIS_API_KEY` is right."
    ),
    OperatorAlert.INSUFFICIENT_FUNDS: (
        "The account at the video service is out of money. New clips wait until it is topped up."
    ),
    OperatorAlert.WRONG_ENDPOINT: (
        "The video service does not know the model at this address. Check `TOAPIS_BASE_URL` and `TOAPIS_MODEL`."
    ),
}

# What a person wrote -----------------------------------------------------------------------------

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_JOINERS = frozenset("\u200c\u200d")
"""Hidden, but parts of emoji and of Persian and Indic words."""
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


def quoted(prompt: str) -> str:
    """Return a prompt between quotation marks, its Markdown, mentions and links made harmless.

    The marks keep it from being a heading or a list; the invisible isolates around it keep right-to-left text in.
    """
    escaped = _MARKUP.sub(r"\\\1", plain(prompt))
    return f"“\u2068{escaped}\u2069”"


# Numbers and times -------------------------------------------------------------------------------


def seconds(count: int) -> str:
    """Write a length of video."""
    return f"{count:,} s"


def clips(count_seconds: int) -> str:
    """Write how many of the shortest clips a number of seconds is: ``six 6-second clips``."""
    shortest = min(DURATIONS_SECONDS)
    count = count_seconds // shortest
    number = _NUMBER_WORDS[count] if count < len(_NUMBER_WORDS) else f"{count:,}"
    return f"{number} {shortest}-second clip{'' if count == 1 else 's'}"


def elapsed(total_seconds: float) -> str:
    """Write how long something took: ``1 min 32 s``."""
    minutes, rest = divmod(max(0, round(total_seconds)), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{rest} s"


def relative(moment: datetime) -> str:
    """Write a time so that each reader's Discord says how far off it is, and keeps saying it right."""
    return f"<t:{int(moment.timestamp())}:R>"


def bar(share: float) -> str:
    """Draw a share from 0 to 1 as a bar."""
    filled = round(max(0.0, min(1.0, share)) * BAR_CELLS)
    return "▰" * filled + "▱" * (BAR_CELLS - filled)


def described(spec: VideoSpec) -> str:
    """Write a clip's shape and length: ``Landscape 16:9 · 6 s``."""
    return f"{ASPECTS[spec.aspect]} · {seconds(spec.duration_seconds)}"


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
    came_back = f"Your {seconds(job.spec.cost_seconds)} came back."
    match job.state:
        case JobState.FAILED:
            happened, advice = _FAILURES[job.error_code or JobError.INTERNAL]
            reference = f" Reference: {job.id}" if job.error_code in {None, JobError.INTERNAL} else ""
            return f"{happened} {came_back} {advice}{reference}"
        case JobState.CANCELLED:
            return came_back
        case JobState.QUEUED | JobState.SUBMITTING if card.waiting_for_operator:
            return "New clips are on hold until the operator has acted. Yours then starts by itself."
        case JobState.RENDERING if job.progress is not None:
            percent = max(0, min(100, int(job.progress)))  # as ``StatusCard.look`` tells cards apart
            return f"{bar(percent / 100)} {percent} %"
        case _:
            return None


def card_footer(job: Job) -> str:
    """Write the small line: shape, length, who asked, since when."""
    return f"-# {described(job.spec)} · asked by <@{job.member_id}> {relative(job.created_at)}"


# The clip ----------------------------------------------------------------------------------------


def clip_heading(job: Job) -> str:
    """Tell the member that the clip is there."""
    return f"<@{job.member_id}>, your clip is ready."


def clip_footer(job: Job, status: QuotaStatus | None, now: datetime, *, link: bool) -> str:
    """Write the small line: shape, length, how long it took, what is left; with a link, also the job's id."""
    parts = [described(job.spec), f"took {elapsed((now - job.created_at).total_seconds())}"]
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
    if status.left_seconds is None:
        return "no limit"
    period = _PERIOD_NOW[status.effective.quota.period]
    return f"{seconds(status.left_seconds)} left {period}, {clips(status.left_seconds)}"


def quota_rule(quota: Quota) -> str:
    """Write a rule: ``60 s per day``."""
    return "unlimited" if quota.seconds is None else f"{seconds(quota.seconds)} per {quota.period.value}"


def quota_overview(status: QuotaStatus) -> str:
    """Write the answer to ``/quota``."""
    period = _PERIOD_NOW[status.effective.quota.period]
    used = seconds(status.used_seconds)
    limit = status.limit_seconds
    if limit is None:
        lines = ["**No limit**", f"{used} used {period}."]
    else:
        left = status.left_seconds or 0
        share = 1 - left / limit if limit else 1.0
        lines = [f"**{quota_left(status)}**", f"{bar(share)} {used} of {seconds(limit)} used"]
    lines.append(f"The rule that holds is {_whose(status.effective)}: {quota_rule(status.effective.quota)}.")
    if status.granted_seconds:
        lines.append(f"Moderators gave you {seconds(status.granted_seconds)} more {period}.")
    lines.append(f"It resets {relative(status.resets_at)}.")
    return "\n".join(lines)


def rule_set(rule: QuotaRule) -> str:
    """Confirm what now holds for a subject."""
    quota = rule.quota
    if quota.seconds is None:
        return f"{_subject(rule.source, rule.subject_id)}: no limit now."
    count = f" ({clips(quota.seconds)})" if quota.seconds else ""
    return f"{_subject(rule.source, rule.subject_id)}: {quota_rule(quota)} now{count}."


def rule_cleared(source: QuotaSource, subject_id: int, *, existed: bool) -> str:
    """Confirm that a subject has no rule of its own."""
    subject = _subject(source, subject_id)
    if not existed:
        return f"{subject}: there was no quota to clear."
    return f"{subject}: the quota is cleared; the next more general rule holds now."


def granted(member_id: int, given_seconds: int, status: QuotaStatus) -> str:
    """Confirm a gift."""
    period = _PERIOD_NOW[status.effective.quota.period]
    return f"<@{member_id}> got {seconds(given_seconds)} more {period}: {quota_left(status)}."


def rule_list(rules: Sequence[QuotaRule]) -> str:
    """List a server's rules from general to particular, and say how many more there are."""
    if not rules:
        return "This server has no quotas of its own; my operator's default holds for everyone."
    order = (QuotaSource.SERVER, QuotaSource.ROLE, QuotaSource.MEMBER)
    ranked = sorted(rules, key=lambda rule: (order.index(rule.source), rule.subject_id))
    lines = [
        f"{_subject(rule.source, rule.subject_id)}: {quota_rule(rule.quota)}, set by <@{rule.set_by}>"
        for rule in ranked[:RULES_SHOWN]
    ]
    if len(ranked) > RULES_SHOWN:
        lines.append(f"… and {len(ranked) - RULES_SHOWN:,} more")
    return "\n".join(lines)


def _subject(source: QuotaSource, subject_id: int) -> str:
    match source:
        case QuotaSource.MEMBER:
            return f"<@{subject_id}>"
        case QuotaSource.ROLE:
            return f"<@&{subject_id}>"
        case QuotaSource.SERVER | QuotaSource.OPERATOR:
            return "Everyone (the server's default)"


def _whose(effective: EffectiveQuota) -> str:
    match effective.source:
        case QuotaSource.MEMBER:
            return "your own"
        case QuotaSource.ROLE:
            return f"that of <@&{effective.subject_id}>"
        case QuotaSource.SERVER:
            return "this server's default"
        case QuotaSource.OPERATOR:
            return "my operator's default"


# When something is not possible ------------------------------------------------------------------


def explain(error: ReelayError) -> str | None:
    """Return the sentence for an error that people may meet, or None where there is none."""
    match error:
        case InvalidSpecError():
            return _INVALID_SPEC.get((error.field, error.reason))
        case InvalidQuotaError():
            return _INVALID_QUOTA.get(error.reason)
        case QuotaExceededError():
            return _quota_exceeded(error.status, error.cost_seconds)
        case TooManyOpenJobsError():
            return (
                f"You already have {error.limit} clip{'' if error.limit == 1 else 's'} on the way. "
                "Wait for one to arrive, or cancel one that is still waiting."
            )
        case NotCancellableError(state=None):
            return "Only the member who asked for this clip can cancel it."
        case NotCancellableError(state=JobState.CANCELLED):
            return "This clip is already cancelled."
        case NotCancellableError():
            return "It is too late to cancel this clip: it has already started."
        case StoreUnavailableError():
            return STORE_UNAVAILABLE
        case _:
            return None


def unknown_failure(reference: str) -> str:
    """Admit an error nobody foresaw; the reference finds its traceback in the log."""
    return f"Something went wrong on my side (reference {reference}). Try again; if it stays so, tell the operator."


def bot_lacks(permissions: Iterable[str]) -> str:
    """Name the permissions that the bot lacks in a channel."""
    return f"I can't post videos here: ask a moderator to give me {_permission_names(permissions)} in this channel."


def member_lacks(permissions: Iterable[str]) -> str:
    """Name the permissions that the member lacks."""
    return f"Only members with {_permission_names(permissions)} can do that."


def operator_alert(alert: OperatorAlert) -> str:
    """Tell the operator what to act upon."""
    return _ALERTS[alert]


def _permission_names(permissions: Iterable[str]) -> str:
    names = [f"**{_PERMISSIONS[permission]}**" for permission in permissions]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _quota_exceeded(status: QuotaStatus, cost_seconds: int) -> str:
    cost, resets = seconds(cost_seconds), relative(status.resets_at)
    if not status.limit_seconds:
        return "Your quota here allows no clips. Ask a moderator for one."
    period = _PERIOD_NOW[status.effective.quota.period]
    return (
        f"This clip costs {cost} and you have {seconds(status.left_seconds or 0)} left {period}. "
        f"Your quota resets {resets}; a moderator can give you more."
    )
