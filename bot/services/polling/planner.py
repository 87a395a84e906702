"""What the worker remembers while renders run: how long renders take, and what each one's polls have shown.

All of it can be lost: the times are read again from finished jobs, and a job's polls are merely counted anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import GEMINI_OMNI
from bot.services.polling.schedule import FIRST_POLL_SECONDS, PollSchedule, ProgressTrack, RenderTimes, next_poll_delay
from bot.store import jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.models import Job, ModelProfile
    from bot.store.database import Database

REMEMBERED_RENDERS = 500
"""Finished renders read back at start, for each clip length; older ones hardly count."""


class PollPlanner:
    """Says when to poll each render next.

    Args:
        jitter: returns a number from 0 to 1.
        profile: of the model that clips are asked of; each model has its own times.
        time_scale: a factor on every delay; 1 but for a sandbox that renders in seconds.
    """

    def __init__(
        self,
        *,
        database: Database,
        jitter: Callable[[], float],
        profile: ModelProfile = GEMINI_OMNI,
        time_scale: float = 1.0,
    ) -> None:
        self._database = database
        self._jitter = jitter
        self.time_scale = time_scale
        self._profile = profile
        self._schedules: dict[tuple[str | None, int], PollSchedule] = {}
        self._unlearned = PollSchedule.learned(RenderTimes())
        self._tracks: dict[str, ProgressTrack] = {}

    async def recall(self) -> None:
        """Learn from the renders that earlier processes saw finished.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            for duration in self._profile.durations_seconds:
                model = self._profile.model
                seconds = await jobs.recent_render_seconds(connection, model, duration, REMEMBERED_RENDERS)
                self._schedules[model, duration] = PollSchedule.learned(RenderTimes.of(reversed(seconds)))

    def render_times(self, duration_seconds: int, *, model: str | None = None) -> RenderTimes:
        """Return how long renders of a clip length take, as far as is known; times ``time_scale`` in seconds.

        Args:
            model: None is the one that clips are asked of now.
        """
        return self._schedules.get((model or self._profile.model, duration_seconds), self._unlearned).render_times

    def first_delay_seconds(self) -> float:
        """Return how long to leave a job alone that has just been submitted."""
        return (FIRST_POLL_SECONDS + self._jitter()) * self.time_scale

    def next_delay_seconds(self, job: Job, progress: float | None, now: datetime) -> float:
        """Note what a poll showed; return how long to leave the job alone now."""
        elapsed = (now - (job.submitted_at or job.created_at)).total_seconds() / self.time_scale
        track = self._tracks.get(job.id, ProgressTrack()).seeing(progress, elapsed_seconds=elapsed)
        self._tracks[job.id] = track
        schedule = self._schedule_of(job)
        delay = next_poll_delay(schedule, track, elapsed_seconds=elapsed, jitter=self._jitter())
        return delay * self.time_scale

    def finished(self, job: Job, rendered_at: datetime) -> None:
        """Learn from a render that is done, unless it was another job's, and drop what was remembered of it."""
        self.forget(job.id)
        if job.submitted_at is None:
            return
        seconds = (rendered_at - job.submitted_at).total_seconds() / self.time_scale
        render_times = self._schedule_of(job).render_times.including(seconds)
        self._schedules[_kind_of(job)] = PollSchedule.learned(render_times)

    def forget(self, job_id: str) -> None:
        """Drop what is remembered of a job's polls."""
        self._tracks.pop(job_id, None)

    def _schedule_of(self, job: Job) -> PollSchedule:
        return self._schedules.get(_kind_of(job), self._unlearned)


def _kind_of(job: Job) -> tuple[str | None, int]:
    """Return what renders of one kind have in common: the model, and the clip's length."""
    return job.model, job.spec.duration_seconds
