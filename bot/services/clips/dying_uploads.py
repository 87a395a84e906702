"""Clips whose upload keeps dying while Discord takes everything else: they are made smaller, then sent as a link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services.ports import Clock

SMALL_UPLOAD_BYTES = 2 * 1024 * 1024
"""What gets through nearly every line, and what a larger clip is made to fit."""
DEATHS_BEFORE_SMALLER = 3
SMALLER_AFTER = timedelta(minutes=10)
LINK_AFTER = timedelta(hours=1)
CHANGED_SECONDS = 2.0
"""Until something else is tried than what has just died."""


@dataclass(slots=True)
class _Deaths:
    first_at: datetime
    latest_at: datetime
    count: int = 0
    was_heard: bool = False
    is_turn: bool = False

    @property
    def lasted(self) -> timedelta:
        """The time between the first and the latest."""
        return self.latest_at - self.first_at


class DyingUploads:
    """Counts them by job, in memory; since when is the job's to keep, so that the file is tried for no longer then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deaths: dict[str, _Deaths] = {}

    def note(self, job_id: str, since: datetime | None = None) -> None:
        """Note that an upload died; whatever else may have come of it.

        Args:
            since: when the first did, where another process noted that.
        """
        now = self._clock.now()
        deaths = self._deaths.setdefault(job_id, _Deaths(since or now, now))
        lasted_before = deaths.lasted
        deaths.count += 1
        deaths.latest_at = now
        deaths.is_turn = any(lasted_before < turn <= deaths.lasted for turn in (SMALLER_AFTER, LINK_AFTER))

    def since(self, job_id: str) -> datetime | None:
        """Return when a job's first upload died; None where none has."""
        deaths = self._deaths.get(job_id)
        return None if deaths is None else deaths.first_at

    def note_heard(self, job_id: str) -> None:
        """Note that Discord answered another request of the same job's: it is there."""
        if job_id in self._deaths:
            self._deaths[job_id].was_heard = True

    def limit(self, job_id: str, size_bytes: int) -> int | None:
        """Return how large the next upload of a file may be: 0 for none at all, None for as large as ever."""
        deaths = self._deaths.get(job_id)
        if deaths is None or size_bytes <= SMALL_UPLOAD_BYTES:
            return None
        if deaths.count < DEATHS_BEFORE_SMALLER or not deaths.was_heard or deaths.lasted < SMALLER_AFTER:
            return None
        return 0 if deaths.lasted >= LINK_AFTER else SMALL_UPLOAD_BYTES

    def pause_seconds(self, job_id: str, seconds: float) -> float:
        """Return how long to wait before the next try, ``seconds`` at most: what is due to change is not waited out."""
        deaths = self._deaths.get(job_id)
        if deaths is None or not deaths.was_heard:
            return seconds
        if deaths.is_turn:
            deaths.is_turn = False  # once: what fails from now on may be something else
            return min(seconds, CHANGED_SECONDS)
        so_far = self._clock.now() - deaths.first_at
        ahead = [(turn - so_far).total_seconds() for turn in (SMALLER_AFTER, LINK_AFTER) if turn > so_far]
        return min([seconds, *ahead])

    def forget(self, job_id: str) -> None:
        """Forget a job's: its clip is there, or it has ended."""
        self._deaths.pop(job_id, None)
