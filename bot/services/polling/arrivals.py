"""When each clip on the way is expected, for its status card."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import RENDER_STATES, Arrival, JobState, StatusCard
from bot.services.polling.estimate import DELIVERED_SECONDS, PASSING_SECONDS, Running, seconds_to_arrival, waits
from bot.services.polling.schedule import FEW_RENDERS, RenderTimes
from bot.store.jobs import ahead

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.models import Job
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.polling.estimate import Waits
    from bot.services.polling.planner import PollPlanner
    from bot.services.throttling.throttle import ServiceThrottle
    from bot.store import Connection

REPLAYED_AFTER_SECONDS = 10.0
"""How long what was played of a queue holds while the same renders go on; to play it takes about a millisecond."""
USUAL_SECONDS = 300.0
"""How long a render usually takes at most where few are known."""


@dataclass(frozen=True, slots=True)
class _Played:
    """A queue as it was played through at a moment, and what came of it by place and clip length."""

    ahead: ahead.Ahead
    at: datetime
    waits: Waits
    seconds: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])


class Arrivals:
    """Says when clips are expected, by the renders that the poll schedule was learned from.

    All that it remembers is what took some time to work out.
    """

    def __init__(self, *, polling: PollPlanner, policy: WorkerPolicy) -> None:
        self._polling = polling
        self._policy = policy
        self._played: _Played | None = None

    async def look(self, connection: Connection, jobs: Iterable[Job], now: datetime) -> ahead.Ahead | None:
        """Read what is ahead of waiting jobs; None where none of these waits, or too little is known to say a time."""
        if not any(job.state is JobState.QUEUED and self._is_known(job) for job in jobs):
            return None
        return await ahead.read(connection, slots_since=self._policy.slots_since(now))

    def card(
        self, job: Job, place: int | None, found: ahead.Ahead | None, now: datetime, *, throttle: ServiceThrottle
    ) -> StatusCard:
        """Return what a job's card shows.

        Args:
            place: of a waiting job, 1 for the next to start.
            found: what ``look`` has found.
            throttle: says whether submitting is paused; then no time can be said for what waits.
        """
        is_waiting = job.state is JobState.QUEUED
        return StatusCard(
            job,
            queue_place=place,
            paused_by_operator=is_waiting and throttle.held_by_operator,
            waiting_for_operator=is_waiting and throttle.waits_for_operator,
            service_in_trouble=is_waiting and throttle.is_in_trouble,
            arrival=None if is_waiting and throttle.holds_back else self.expect(job, place, found, now),
        )

    def expect(self, job: Job, place: int | None, found: ahead.Ahead | None, now: datetime) -> Arrival | None:
        """Say when a clip is expected; None where nothing is to be said of it.

        Args:
            place: of a waiting job, 1 for the next to start.
            found: what ``look`` has found.
        """
        if job.state in RENDER_STATES:
            return self._of_render(job, job.submitted_at or now, now)
        if job.state is not JobState.QUEUED or place is None:
            return None
        if found is None or not self._is_known(job):
            return Arrival()
        return Arrival(now + timedelta(seconds=self._seconds(job, place, found, now)))

    def _is_known(self, job: Job) -> bool:
        return self._render_times(job).count >= FEW_RENDERS

    def _render_times(self, job: Job) -> RenderTimes:
        """Return how long a job renders, or would now: one that waits was perhaps sent to another model before."""
        model = job.model if job.state in RENDER_STATES else None
        return self._polling.render_times(job.spec.duration_seconds, model=model)

    def _of_render(self, job: Job, sent_at: datetime, now: datetime) -> Arrival:
        seconds = USUAL_SECONDS + DELIVERED_SECONDS
        if is_known := self._is_known(job):
            seconds = seconds_to_arrival(self._render_times(job))
        expected = sent_at + timedelta(seconds=seconds * self._polling.time_scale)
        if expected - now <= timedelta(seconds=PASSING_SECONDS):
            return Arrival(is_late=True)
        return Arrival(expected if is_known else None)

    def _seconds(self, job: Job, place: int, found: ahead.Ahead, now: datetime) -> float:
        duration, scale = job.spec.duration_seconds, self._polling.time_scale
        render_times = self._polling.render_times(duration)
        if place <= self._policy.max_concurrent_renders - len(found.running):
            return seconds_to_arrival(render_times) * scale
        played = self._play(found, now)
        key = (place, duration)
        if key not in played.seconds:
            played.seconds[key] = seconds_to_arrival(render_times, played.waits.until_start(place))
        soonest = seconds_to_arrival(render_times)
        return max(soonest, played.seconds[key] - (now - played.at).total_seconds() / scale) * scale

    def _play(self, found: ahead.Ahead, now: datetime) -> _Played:
        """Play a queue through, or take what was played of it a moment ago: places behind it change nothing."""
        last, holds_for = self._played, timedelta(seconds=REPLAYED_AFTER_SECONDS * self._polling.time_scale)
        if last is not None and last.ahead.running == found.running and timedelta() <= now - last.at < holds_for:
            return last
        render_times, scale = self._polling.render_times, self._polling.time_scale
        running = [
            Running(render_times(duration), max(0.0, (now - sent_at).total_seconds() / scale))
            for sent_at, duration in found.running
        ]
        waiting = Counter[RenderTimes]()
        for duration, count in found.waiting:
            waiting[render_times(duration)] += count
        self._played = _Played(found, now, waits(self._policy.max_concurrent_renders, running, waiting))
        return self._played
