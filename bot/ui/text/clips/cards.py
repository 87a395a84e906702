"""The words on the status card, and of the message that answers it where there is no clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import JobError, JobState, StatusCard, VideoSpec
from bot.ui.text import failures, formatting

if TYPE_CHECKING:
    from bot.models import Arrival, Job

CANCEL_BUTTON = "Cancel"
TRY_AGAIN_BUTTON = "Try again"
WHY_BUTTON = "Why?"
TROUBLE_SIGN = "The video service is having trouble; clips wait"
IN_TROUBLE = "The video service is having trouble; yours starts by itself"


def card_title(card: StatusCard) -> str:
    """Say in words where the job stands."""
    match card.job.state:
        case JobState.QUEUED if card.paused_by_operator:
            return "Paused by the bot's operator"
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


def card_details(card: StatusCard, *, operator_hears: bool = False) -> str | None:
    """Explain what the title can't, or return None.

    Args:
        operator_hears: the operator is told of what they have to mend.
    """
    job = card.job
    came_back = failures.came_back(job)
    match job.state:
        case JobState.FAILED if job.hides_prompt:
            return f"{came_back} {failures.ASK_WHY}"
        case JobState.FAILED:
            return failures.explained(job, operator_hears=operator_hears)
        case JobState.CANCELLED if job.error_code is not None:
            happened, advice = failures.SENTENCES[job.error_code]
            if job.error_code is JobError.DISCARDED:
                came_back = failures.kept(job)
            return f"{happened} {came_back} {advice}"
        case JobState.CANCELLED:
            return came_back
        case JobState.QUEUED if card.paused_by_operator:
            return _lines(
                refitted(job),
                "The bot's operator has paused new clips. Yours keeps its place, and starts by itself when they go on.",
            )
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


def told(job: Job, *, operator_hears: bool) -> str:
    """Tell a member that there is no clip, and why, where others may read that.

    Args:
        operator_hears: as ``card_details`` takes it.
    """
    details = card_details(StatusCard(job), operator_hears=operator_hears)
    return f"{formatting.member(job.member_id)}, there is no clip this time. {details}"
