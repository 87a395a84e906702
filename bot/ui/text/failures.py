"""The words for what goes wrong with an accepted clip, and for taking back one that is already being made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import JobError
from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models import Job

DISCARD_BUTTON = "Discard"
CONFIRM_BUTTON = "Yes, discard it"
ASK_WHY = "*Why?* tells you the reason, and nobody else."
OPERATOR_HEARS = "The operator has been told; try again later."

SENTENCES = {
    JobError.REJECTED: ("The video service could not use this request.", "Change the prompt and try again."),
    JobError.WRONG_ENDPOINT: (
        "I am not set up correctly for the video service.",
        "Only the operator can mend that; try again later.",
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
    JobError.WAITED_TOO_LONG: (
        "Too many clips were waiting, and this one did not get its turn in time.",
        "Try again later.",
    ),
    JobError.NOT_OFFERED: (
        "The video model was changed while this clip waited, and the new one makes none as short.",
        "Ask for it again, a little longer.",
    ),
    JobError.NO_RESULT: ("The video service finished, but gave no clip.", "Try again."),
    JobError.CLIP_GONE: ("The finished clip could not be fetched any more.", "Try again."),
    JobError.CLIP_UNUSABLE: ("What the video service gave was not a playable clip.", "Try again."),
    JobError.UNDELIVERABLE: (
        "The clip could be posted neither in its channel nor to you directly.",
        "Ask a moderator to let me post and attach files, then try again.",
    ),
    JobError.MESSAGES_CLOSED: (
        "I could not send you direct messages, where this clip was to go.",
        "Allow direct messages from this server's members, or leave `private` out.",
    ),
    JobError.INTERNAL: ("Something went wrong on my side.", "Try again; if it stays so, tell the operator."),
    JobError.UNHEARD: ("Discord did not take my answer in time, so the clip was not made.", "Try again."),
    JobError.DISCARDED: ("You discarded this clip after it had started.", "`/video` makes another one."),
    JobError.DISCARDED_UNBILLED: (
        "You discarded this clip after it had started, and the video service made none.",
        "`/video` makes another one.",
    ),
    JobError.CANCELLED_BY_MODERATOR: ("A moderator cancelled this clip.", "Ask them why."),
    JobError.CANCELLED_BY_OPERATOR: ("The bot's operator cancelled this clip.", "Ask them why."),
    JobError.MEMBER_BLOCKED: (
        "A moderator has blocked you from making clips here, so this one is cancelled.",
        "`/video` says why and until when.",
    ),
    JobError.THREAD_GONE: (
        "The brainstorm's thread could not be opened, or is deleted or locked.",
        "Start it again where I may make threads and post in them.",
    ),
    JobError.VOTE_OVER: ("The vote was over before this take was started.", "Ask for it in the next round."),
    JobError.SERVER_LEFT: ("I was removed from the server before this clip was started.", "Invite me again."),
}
"""What happened, and what to do about it."""


def failure(error_code: JobError | None) -> str:
    """Say what happened to a job that failed, to whomever."""
    return SENTENCES[error_code or JobError.INTERNAL][0]


def explained(job: Job, *, operator_hears: bool) -> str:
    """Say what happened to a job that failed, that its seconds came back, and what its member can do.

    Args:
        operator_hears: the operator is told of what they have to mend.
    """
    error_code = job.error_code or JobError.INTERNAL
    happened, advice = SENTENCES[error_code]
    if error_code is JobError.WRONG_ENDPOINT and operator_hears:
        advice = OPERATOR_HEARS
    reference = f" Reference: {job.id}" if error_code is JobError.INTERNAL else ""
    return f"{happened} {came_back(job)} {advice}{reference}"


def came_back(job: Job) -> str:
    """Say that what a job was charged came back; what posts the clip of an earlier one was not charged."""
    if not job.charged_seconds:
        return "It cost nothing."
    return f"Your {formatting.seconds(job.charged_seconds)} came back."


def why(job: Job) -> str:
    """Tell its member alone why a prompt was refused."""
    return f"{formatting.prompt(job.spec.prompt)}\n{explained(job, operator_hears=False)}"


# Discards ----------------------------------------------------------------------------------------


def question(job: Job, *, is_own: bool) -> str:
    """Ask whether a clip is to be discarded, and say what that does to its cost."""
    cost = formatting.seconds(job.charged_seconds)
    if not job.charged_seconds:
        charge = "it cost nothing" if is_own else "it cost nothing, and the log has it"
    elif is_own:
        charge = f"your {cost} stay charged unless the service reports a failure"
    else:
        charge = f"{formatting.member(job.member_id)}'s {cost} come back, and the log has it"
    return (
        "**Discard this clip?** It has already started, and the video service can't be stopped. The clip will not be "
        f"posted; {charge}."
    )


def discarded(job: Job, *, is_own: bool) -> str:
    """Say what became of a clip and of its cost."""
    if not is_own and job.charged_seconds:
        return f"Discarded. {formatting.member(job.member_id)}'s {formatting.seconds(job.charged_seconds)} came back."
    if job.error_code is JobError.DISCARDED:
        return f"Discarded. {kept(job)}"
    return f"{'Cancelled' if job.submitted_at is None else 'Discarded'}. {came_back(job)}"


def kept(job: Job) -> str:
    """Say to its member that a clip which they discarded stays charged; a retry was not."""
    if not job.charged_seconds:
        return came_back(job)
    return f"Your {formatting.seconds(job.charged_seconds)} stay charged, unless the video service reports a failure."
