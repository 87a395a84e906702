"""When to poll a render next, learned from the renders that are done.

Polling often finds a finished clip soon and costs requests. With polls at a rate r(t), the mean delay between
"completed" and our noticing is ∫f/2r and their number is ∫S·r, where f is the density and S the survival of render
times. For a given number of polls the delay is least where r follows the root of the hazard, √(f/S). So polls are
spaced that way: about as many as the service's advised schedule (5 s, then every 10 s) would need for the same
renders, and never closer than the 5 s it allows. A render that reports a usable progress has a hazard of its own.

Everything here is a pure function of its arguments; the caller brings time, randomness and memory:

- for each clip length a ``PollSchedule``, made anew from ``RenderTimes`` when a render is done (some milliseconds of
  work). After a restart the finished jobs' rows give it back: ``rendered_at - submitted_at``, oldest first;
- for each rendering job a ``ProgressTrack``. It is not stored: an empty one has caught up in three polls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FIRST_POLL_SECONDS = 5.0
"""When to poll first (``docs/video-service.md``, "Poll")."""
SHORTEST_SECONDS = 5.0
"""Never poll one job more often (``docs/video-service.md``, "Poll": the least interval advised)."""
ADVISED_SECONDS = 10.0
"""The service's own advice for a render in progress (``docs/video-service.md``, "Poll")."""
LONGEST_SECONDS = 45.0
"""Never leave a job alone for longer: what a member may wait in vain when a render ends against all odds.

On the benchmark's renders, 30 s would make the mean delay 5 % longer, and 60 s would not make it shorter.
"""

_TYPICAL_SECONDS = (60.0, 300.0)
"""The service's own "typical render"; counts as two finished renders, and fades as real ones come."""
_PLAUSIBLE_SECONDS = (1.0, 3600.0)
"""Where a render time is cut off: two clocks that disagree can make it negative, or absurd."""
FEW_RENDERS = 10
"""With fewer than this, the advised schedule is better than a guess."""
_MEMORY = 500
"""Renders that weigh in: enough to know the mean within 2 %, few enough to follow a service that changes."""
_THRIFT = 0.96
"""The part of the advised number of polls to plan for; the rest is for what was learned inexactly."""

_ARRIVED_PERCENT = 99.0
"""Progress that says "any moment now", and where many services stay until the end."""
_PATIENCE = 1.5
"""How long, as a multiple of the time it was due or arrived, to believe a progress that has promised the end."""
_ENOUGH_POLLS = 3
"""Polls it takes to tell a line from an accident."""
_VAGUEST = 0.3
"""A predicted end less certain than this part of itself is no better than what finished renders tell."""
_NOISE_VARIANCE = 0.1**2
"""How far progress (0 to 1) is taken to scatter before its own scatter shows; weighs as four polls."""
_RATE = 2.0
"""How much denser to poll by progress: it saves so many early polls that late ones are cheap."""

_NARROWEST = 0.02
"""The least spread believed: a service that has been regular so far may still change."""
_STEP_SECONDS = 1.0
"""How finely a hazard is summed up, early in a render; later, 1/200 of the time so far is as fine for its shape."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A log-normal distribution of the moment when a render ends.

    Attributes:
        mean_log: the mean of the logarithm of seconds.
        variance_log: the variance of that logarithm.
    """

    mean_log: float
    variance_log: float

    @property
    def deviation_log(self) -> float:
        """The standard deviation of that logarithm, never quite zero."""
        return max(_NARROWEST, math.sqrt(self.variance_log))

    def survival(self, seconds: float) -> float:
        """Return how probable it is that the render takes longer."""
        return math.erfc((math.log(seconds) - self.mean_log) / self.deviation_log / math.sqrt(2)) / 2

    def hazard(self, seconds: float) -> float:
        """Return how probable the end is within the next second of a render that goes on."""
        deviation = self.deviation_log
        z = (math.log(seconds) - self.mean_log) / deviation
        if z > 30:  # beyond, both parts of the fraction vanish; this is its limit
            return z / (deviation * seconds)
        tail = math.sqrt(math.pi / 2) * math.erfc(z / math.sqrt(2))
        return math.exp(-z * z / 2) / (tail * deviation * seconds)

    def interval(self, elapsed_seconds: float, rate: float) -> float:
        """Return the seconds until ``rate * ∫√hazard`` has grown by one, within the bounds."""
        step_seconds = max(_STEP_SECONDS, elapsed_seconds / 200)
        polls, waited = 0.0, 0.0
        while waited < LONGEST_SECONDS:
            middle = elapsed_seconds + waited + step_seconds / 2
            step_polls = rate * math.sqrt(self.hazard(middle)) * step_seconds
            if polls + step_polls >= 1:
                waited += step_seconds * (1 - polls) / step_polls
                return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, waited))
            polls += step_polls
            waited += step_seconds
        return LONGEST_SECONDS

    def expected_polls(self, interval: Callable[[float], float]) -> float:
        """Return how many polls a render needs on average, where ``interval`` gives the wait after each."""
        polls, elapsed_seconds = 1.0, FIRST_POLL_SECONDS
        while elapsed_seconds < _PLAUSIBLE_SECONDS[1] and (unfinished := self.survival(elapsed_seconds)) > 1e-3:
            polls += unfinished
            elapsed_seconds += interval(elapsed_seconds)
        return polls


@dataclass(frozen=True, slots=True)
class RenderTimes:
    """How long renders of one clip length take: a log-normal distribution fitted to those that are done.

    Attributes:
        count: how many have been counted.
        mean_log: the mean of the logarithms of their seconds.
        variance_log: the variance of those logarithms.
        latest: the seconds of the latest 500, first to last, as they were: renders of two kinds fit no such curve.
    """

    count: int = 0
    mean_log: float = math.log(math.prod(_TYPICAL_SECONDS)) / 2
    variance_log: float = (math.log(_TYPICAL_SECONDS[1] / _TYPICAL_SECONDS[0]) / 2) ** 2
    latest: tuple[float, ...] = ()

    @property
    def forecast(self) -> Forecast:
        """The distribution that was fitted."""
        return Forecast(self.mean_log, self.variance_log)

    @classmethod
    def of(cls, seconds: Iterable[float]) -> RenderTimes:
        """Fit to finished renders, oldest first."""
        render_times = cls()
        for each in seconds:
            render_times = render_times.including(each)
        return render_times

    def including(self, seconds: float) -> RenderTimes:
        """Return the distribution with one more finished render, from submit to completion.

        The latest 500 carry most of the weight.
        """
        shortest, longest = _PLAUSIBLE_SECONDS
        believed = min(max(seconds, shortest), longest)
        difference = math.log(believed) - self.mean_log
        weight = 1 / min(self.count + len(_TYPICAL_SECONDS) + 1, _MEMORY)
        return RenderTimes(
            count=self.count + 1,
            mean_log=self.mean_log + weight * difference,
            variance_log=(1 - weight) * (self.variance_log + weight * difference**2),
            latest=(*self.latest[1 - _MEMORY :], believed),
        )


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """What finished renders of one clip length teach about polling the next.

    Attributes:
        render_times: what it was learned from.
        rate: the factor on √hazard with which polls number about as many as by the advised schedule.
    """

    render_times: RenderTimes
    rate: float

    @classmethod
    @lru_cache(maxsize=8)
    def learned(cls, render_times: RenderTimes) -> PollSchedule:
        """Work out the rate; takes some milliseconds, so keep it until another render is done."""
        forecast = render_times.forecast
        budget = _THRIFT * forecast.expected_polls(lambda _: ADVISED_SECONDS)
        rate = 1.0
        for _ in range(4):  # polls grow nearly in proportion to the rate, so few rounds come close
            polls = forecast.expected_polls(lambda elapsed, now=rate: forecast.interval(elapsed, now))
            rate *= budget / polls
        return cls(render_times, rate)


@dataclass(frozen=True, slots=True)
class ProgressTrack:
    """What the polls of one render have shown: sums for a line through its progress.

    Attributes:
        arrived_seconds: when progress was first seen at its top (99 % and more), or None while it is not there.
        polls: how many polls showed a progress between nothing and that.
    """

    arrived_seconds: float | None = None
    polls: int = 0
    _sum_elapsed: float = 0.0
    _sum_progress: float = 0.0
    _sum_elapsed_squared: float = 0.0
    _sum_products: float = 0.0
    _sum_progress_squared: float = 0.0

    def seeing(self, progress_percent: float | None, *, elapsed_seconds: float) -> ProgressTrack:
        """Return what is known after a poll; no progress, 0 and what is not a percentage add nothing."""
        if progress_percent is None or not 0 < progress_percent <= 100:
            return replace(self, arrived_seconds=None)
        if progress_percent >= _ARRIVED_PERCENT:
            return self if self.arrived_seconds else replace(self, arrived_seconds=elapsed_seconds)
        progress = progress_percent / 100
        return ProgressTrack(
            None,
            self.polls + 1,
            self._sum_elapsed + elapsed_seconds,
            self._sum_progress + progress,
            self._sum_elapsed_squared + elapsed_seconds**2,
            self._sum_products + elapsed_seconds * progress,
            self._sum_progress_squared + progress**2,
        )

    def forecast(self, render_times: RenderTimes) -> Forecast | None:
        """Extend the line to 100 % and weigh the result with what is usual; None where there is no such line.

        The line need not start at zero, so a render that waited in the service's queue is understood.
        """
        if self.polls < _ENOUGH_POLLS:
            return None
        mean_elapsed, mean_progress = self._sum_elapsed / self.polls, self._sum_progress / self.polls
        spread = self._sum_elapsed_squared - self._sum_elapsed * mean_elapsed
        common = self._sum_products - self._sum_elapsed * mean_progress
        if spread < 1 or (slope := common / spread) < 1 / _PLAUSIBLE_SECONDS[1]:
            return None  # all polls at one moment, or no climb to speak of
        ahead_seconds = (1 - mean_progress) / slope
        scatter = max(0.0, self._sum_progress_squared - self._sum_progress * mean_progress - slope * common)
        variance = (scatter + 4 * _NOISE_VARIANCE) / (self.polls + 2)
        end_seconds = mean_elapsed + ahead_seconds
        end_variance = variance / slope**2 * (1 / self.polls + ahead_seconds**2 / spread)
        variance_log = end_variance / end_seconds**2
        if variance_log > _VAGUEST**2:
            return None
        weight = render_times.variance_log / (render_times.variance_log + variance_log)
        return Forecast(
            mean_log=render_times.mean_log + weight * (math.log(end_seconds) - render_times.mean_log),
            variance_log=weight * variance_log,
        )


def next_poll_delay(schedule: PollSchedule, track: ProgressTrack, *, elapsed_seconds: float, jitter: float) -> float:
    """Return in how many seconds to poll a render again, asked right after the submit and after each poll.

    The result is between 5 s and 45 s.

    Args:
        schedule: what finished renders of this clip length teach.
        track: what the polls of this render have shown, the latest included.
        elapsed_seconds: since the submit.
        jitter: at random from [0, 1). It moves the part of the delay above 5 s by a tenth at most, the first poll
            to 6 s at most.
    """
    if elapsed_seconds < FIRST_POLL_SECONDS:
        return FIRST_POLL_SECONDS + jitter
    spare = _interval(schedule, track, elapsed_seconds) - SHORTEST_SECONDS
    return min(LONGEST_SECONDS, SHORTEST_SECONDS + spare * (0.9 + 0.2 * jitter))


def _interval(schedule: PollSchedule, track: ProgressTrack, elapsed_seconds: float) -> float:
    if track.arrived_seconds is not None:
        if elapsed_seconds < _PATIENCE * track.arrived_seconds:
            return SHORTEST_SECONDS
    elif forecast := track.forecast(schedule.render_times):
        if elapsed_seconds < _PATIENCE * math.exp(forecast.mean_log):
            return forecast.interval(elapsed_seconds, _RATE * schedule.rate)
    elif 0 < track.polls < _ENOUGH_POLLS:
        return ADVISED_SECONDS  # there is a progress: see soon whether it can be used
    if schedule.render_times.count < FEW_RENDERS:
        return ADVISED_SECONDS
    return schedule.render_times.forecast.interval(elapsed_seconds, schedule.rate)
