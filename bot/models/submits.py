"""A submit: one request to the video service for one job's clip, and what the service said became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class SubmitOutcome(StrEnum):
    """What the service said of a submit; while it has said nothing there is none."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_TAKEN = "not_taken"
    NOT_SENT = "not_sent"
    MISSING = "missing"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"


UNPAID_OUTCOMES = frozenset(
    {
        SubmitOutcome.REFUSED,
        SubmitOutcome.NOT_TAKEN,
        SubmitOutcome.NOT_SENT,
        SubmitOutcome.MISSING,
        SubmitOutcome.FAILED,
    }
)
"""What the service does not bill; all else counts as spent, also what it has not said anything about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """One request for a clip: a durable row, written before the request goes out.

    Attributes:
        number: 1 for a job's first, then counting.
        seconds: what the service bills for it if it makes the clip.
        model: the model it was asked of; empty where that was not written down.
        cut_at: from when on its answer could no longer come: an error, a time-out, or a restart. None while the
            process that sent it waits for the answer, or has died without anybody noticing yet.
        outcome: None while the service has said nothing.
        ended_at: when it was known to be over; None holds a render slot.
        due_at: when to ask about it next, once its job has ended; None when nobody asks any more.
        generation_id: the service's id for it, once accepted.
        attempts: how often in a row the service has said that it knows nothing of it, once its job has ended.
        is_probe: it went out while the service was in trouble, to see whether that is over; if not, it doesn't count.
    """

    job_id: str
    number: int
    seconds: int
    model: str
    sent_at: datetime
    cut_at: datetime | None = None
    outcome: SubmitOutcome | None = None
    ended_at: datetime | None = None
    due_at: datetime | None = None
    generation_id: str | None = None
    attempts: int = 0
    is_probe: bool = False

    @property
    def key(self) -> str:
        """Name the submit among all."""
        return f"{self.job_id}#{self.number}"
