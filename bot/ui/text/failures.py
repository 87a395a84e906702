"""The words for what goes wrong with an accepted clip: told to its member and, where the operator must act, to them."""

from __future__ import annotations

from bot.models import JobError, OperatorAlert

SENTENCES = {
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
    JobError.SERVER_LEFT: ("I was removed from the server before this clip was started.", "Invite me again."),
}
"""What happened, and what to do about it."""
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


def failure(error_code: JobError | None) -> str:
    """Say what happened to a job that failed, to whomever."""
    return SENTENCES[error_code or JobError.INTERNAL][0]


def operator_alert(alert: OperatorAlert) -> str:
    """Tell the operator what to act upon."""
    return _ALERTS[alert]
