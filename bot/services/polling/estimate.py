"""When a clip will be there: a time that four of five clips keep.

That is the 80 % quantile of a sum: waiting for a render slot, the render, and what noticing and posting it take. The
render is as those of its length that are done. The waiting is played through some 100 times: each slot is free when the
render in it ends, given for how long it has run already, and then takes the next job in line. Only the next few starts
are played; by then the slots are out of step, so that further starts follow at an even rate, and scatter as a sum does.

Everything here is a pure function of its arguments, chance included: the random numbers are the points of a lattice
(a Korobov rule), which cover a distribution more evenly than so many that were drawn.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import timedelta
from functools import lru_cache
from heapq import heapify, heappop, heapreplace
from statistics import NormalDist, fmean, pstdev
from typing import TYPE_CHECKING, NamedTuple

from bot.services.polling.schedule import FEW_RENDERS, RenderTimes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

KEPT_SHARE = 0.8
"""How many clips are there by the time that is shown."""
NOTICED_SECONDS = 4.5
"""From the end of a render to the poll that sees it, on average (``tests/bench/pacing.py``); so long a slot is held."""
DELIVERED_SECONDS = 5.0
"""From there to the posted clip: fetching, checking and uploading some megabytes."""
SHORTEST_MOVE_SECONDS = 30.0
MOVED_SHARE = 0.2
"""A time that is shown is rewritten when it moved by so many seconds and by this part of what was left of it."""
PASSING_SECONDS = 10.0
"""How long before a time would pass its card is rewritten: an edit may have to wait for 5 s, and take a few."""

_PLAYED, _STEP = 127, 3
"""A prime, and a number whose powers are all others below it: what the lattice is made of."""
_MOST_PLAYED_STARTS = 48
_PLAYED_ROUNDS = 3
"""After so many starts in each slot the slots are out of step."""
_KEPT = 22
"""Of the waits that were played, how many go on to be added to renders; one less than a prime."""
_RENDERS = 32
"""Likewise of the renders."""


class Running(NamedTuple):
    """A render that holds a slot."""

    render_times: RenderTimes
    elapsed_seconds: float


class Waits(NamedTuple):
    """How long it is to the next starts.

    Attributes:
        played: for each of the next starts, some equally probable waits in seconds, ascending.
        mean_seconds, deviation_seconds: from one start to the next after those, and how much that scatters.
    """

    played: list[list[float]]
    mean_seconds: float
    deviation_seconds: float

    def until_start(self, place: int) -> list[float]:
        """Return some equally probable waits for the job at a place in the queue, 1 for the next."""
        beyond = place - len(self.played)
        if beyond <= 0:
            return self.played[place - 1]
        ahead, scatter = beyond * self.mean_seconds, math.sqrt(beyond) * self.deviation_seconds
        deviates = (_NORMAL[5 * number % (_KEPT + 1) - 1] for number in range(1, _KEPT + 1))
        return [max(0.0, wait + ahead + scatter * z) for wait, z in zip(self.played[-1], deviates, strict=True)]


def waits(slots: int, running: Sequence[Running], waiting: Mapping[RenderTimes, int]) -> Waits:
    """Play the queue through.

    Args:
        slots: how many renders go on at a time.
        running: those that hold one now.
        waiting: how many jobs wait, by how long such renders take.
    """
    renders = [seconds + NOTICED_SECONDS for seconds in _mixed(waiting)]
    starts = min(_PLAYED_ROUNDS * slots, _MOST_PLAYED_STARTS)
    played: list[list[float]] = [[] for _ in range(starts)]
    left = [_left(*each) for each in running]
    free = [0.0] * (slots - len(running))
    for number in range(1, _PLAYED):
        share = number  # of 127
        ends = list(free)
        for each in left:
            share = share * _STEP % _PLAYED
            ends.append(each[share - 1] + NOTICED_SECONDS)
        heapify(ends)
        for _ in range(len(running) - slots):  # more than there are slots now: those end first
            heappop(ends)
        for start in played:
            share = share * _STEP % _PLAYED
            start.append(ends[0])
            heapreplace(ends, ends[0] + renders[share - 1])
    return Waits([_thinned(start) for start in played], fmean(renders) / slots, pstdev(renders) / slots)


def seconds_to_arrival(render_times: RenderTimes, waited: Sequence[float] = (0.0,)) -> float:
    """Return in how many seconds four of five clips are there.

    Args:
        render_times: of the clip's length.
        waited: some equally probable waits for the start, in seconds.
    """
    after = NOTICED_SECONDS + DELIVERED_SECONDS
    if max(waited) <= 0:
        return after + _quantile(_known(render_times), KEPT_SHARE)
    known = _known(render_times)
    renders = [_quantile(known, (number + 0.5) / _RENDERS) for number in range(_RENDERS)]
    sums = sorted([wait + render for wait in waited for render in renders])
    return after + sums[round(KEPT_SHARE * len(sums) - 0.5)]


def has_moved(shown: datetime, expected: datetime, now: datetime) -> bool:
    """Tell whether a time that is shown is to be rewritten: it is off by enough, or is about to pass."""
    if shown - now <= timedelta(seconds=PASSING_SECONDS):
        return True
    off = abs(expected - shown)
    return off >= timedelta(seconds=SHORTEST_MOVE_SECONDS) and off >= MOVED_SHARE * (shown - now)


# Distributions -----------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _known(render_times: RenderTimes) -> tuple[float, ...]:
    """Return render times in ascending order: as they were, or while few are known, as they are thought to be."""
    if render_times.count >= FEW_RENDERS:
        return tuple(sorted(render_times.latest))
    forecast = render_times.forecast
    return tuple(math.exp(forecast.mean_log + forecast.deviation_log * z) for z in _NORMAL)


def _quantile(ascending: Sequence[float], share: float) -> float:
    """Return what a further value is below with this probability (by n + 1, as few values leave out the extremes)."""
    place = min(max(share * (len(ascending) + 1) - 1, 0.0), len(ascending) - 1.0)
    before = int(place)
    after = min(before + 1, len(ascending) - 1)
    return ascending[before] + (place - before) * (ascending[after] - ascending[before])


def _left(render_times: RenderTimes, elapsed_seconds: float) -> list[float]:
    """Return 126 equally probable times, ascending, for which a render goes on that has taken so long already."""
    shares = [number / _PLAYED for number in range(1, _PLAYED)]
    known = _known(render_times)
    longer = known[bisect_right(known, elapsed_seconds) :]
    if longer:
        return [longer[int(share * len(longer))] - elapsed_seconds for share in shares]
    hazard = render_times.forecast.hazard(max(1.0, elapsed_seconds))  # longer than any: go on as its curve would
    return [-math.log(1 - share) / hazard for share in shares]


def _mixed(counts: Mapping[RenderTimes, int]) -> list[float]:
    """Return 126 equally probable renders of jobs of several lengths, ascending."""
    total, mixed, taken = sum(counts.values()), list[float](), 0
    for render_times, count in counts.items():
        taken += count
        wanted = round((_PLAYED - 1) * taken / total) - len(mixed)
        known = _known(render_times)
        mixed += [_quantile(known, (number + 0.5) / wanted) for number in range(wanted)]
    return sorted(mixed)


def _thinned(values: list[float]) -> list[float]:
    ascending = sorted(values)
    return [ascending[int((number + 0.5) * len(ascending) / _KEPT)] for number in range(_KEPT)]


_NORMAL = tuple(NormalDist().inv_cdf((number + 0.5) / _KEPT) for number in range(_KEPT))
