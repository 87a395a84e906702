"""Measure how many clips are there by the first time that their card shows, on simulated renders.

``uv run python -m tests.bench.estimates [--tries NUMBER]`` prints JSON. Renders are log-normal, or of two kinds: seven
of ten take a minute, the others five. The queues are of 0 to 50 jobs ahead, with all slots taken, and with slots that
are free; nobody comes later. What is shown was learned from 500 renders of that kind. The figures depend on the seeds
alone, except ``milliseconds``.
"""

from __future__ import annotations

import argparse
import bisect
import heapq
import math
import random
import time
from typing import TYPE_CHECKING, Any

from bot.services.polling.estimate import Running, seconds_to_arrival, waits
from bot.services.polling.schedule import PollSchedule, ProgressTrack, RenderTimes, next_poll_delay
from tests.bench.figures import machine, print_report
from tests.bench.pacing import DEVIATION_LOG, MEAN_LOG

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SLOTS = (1, 4, 16)
AHEAD = (0, 1, 2, 3, 5, 8, 12, 13, 20, 30, 40, 50)
TRIES, LEARNED_RENDERS, LEARNINGS = 2000, 500, 20
TARGET_PERCENT = (75, 85)


def log_normal(rng: random.Random) -> float:
    """5 % under 60 s, 5 % over 300 s."""
    return rng.lognormvariate(MEAN_LOG, DEVIATION_LOG)


def bimodal(rng: random.Random) -> float:
    return rng.lognormvariate(math.log(60 if rng.random() < 0.7 else 300), 0.12)


KINDS = {"log_normal": log_normal, "bimodal": bimodal}


class Learned:
    """What was learned of renders of a kind, and when such a render is polled."""

    def __init__(self, draw: Callable[[random.Random], float], seed: int) -> None:
        rng = random.Random(seed)
        schedule = PollSchedule.learned(RenderTimes.of(draw(rng) for _ in range(LEARNED_RENDERS)))
        self.render_times = schedule.render_times
        self.polls = [0.0]
        while self.polls[-1] < 3600:
            elapsed = self.polls[-1]
            self.polls.append(elapsed + next_poll_delay(schedule, ProgressTrack(), elapsed_seconds=elapsed, jitter=0.5))


class Simulation:
    """A service with so many slots, all of them at work for long, and what was learned of it before."""

    def __init__(
        self, draw: Callable[[random.Random], float], slots: int, learned: Learned, rng: random.Random
    ) -> None:
        self._draw, self._slots, self._learned, self._rng = draw, slots, learned, rng
        self.milliseconds: list[float] = []

    def keeps(self, ahead: int, *, busy: bool) -> bool:
        """Tell whether a new job arrives by the first time shown, with so many waiting before it."""
        running = [self._run() for _ in range(self._slots if busy else min(ahead, self._slots - 1))]
        shown = self._shown(0 if not busy else ahead, [elapsed for elapsed, _ in running])
        free_at = [left for _, left in running] + [0.0] * (self._slots - len(running))
        heapq.heapify(free_at)
        start = 0.0
        for _ in range((ahead if busy else 0) + 1):
            start = free_at[0]
            held = self._noticed(self._draw(self._rng))
            heapq.heapreplace(free_at, start + held)
        return start + held + self._rng.uniform(2, 8) <= shown

    def _shown(self, ahead: int, elapsed: list[float]) -> float:
        render_times = self._learned.render_times
        started = time.perf_counter()
        if len(elapsed) < self._slots:
            shown = seconds_to_arrival(render_times)
        else:
            running = [Running(render_times, seconds) for seconds in elapsed]
            shown = seconds_to_arrival(
                render_times, waits(self._slots, running, {render_times: ahead + 1}).until_start(ahead + 1)
            )
        self.milliseconds.append(1000 * (time.perf_counter() - started))
        return shown

    def _run(self) -> tuple[float, float]:
        """Return for how long a slot's render goes on already, and how long the slot is still held."""
        moment = self._rng.uniform(1000, 3000)
        while True:
            held = self._noticed(self._draw(self._rng))
            if held > moment:
                return moment, held - moment
            moment -= held

    def _noticed(self, render_seconds: float) -> float:
        """Return when the poll comes that sees the end: at any time within the interval, as they drift by chance."""
        polls = self._learned.polls
        following = min(bisect.bisect_left(polls, render_seconds), len(polls) - 1)
        return render_seconds + self._rng.random() * (polls[following] - polls[following - 1])


def percent_kept(
    draw: Callable[[random.Random], float],
    slots: int,
    ahead: int,
    learnings: list[Learned],
    tries: int,
    *,
    busy: bool = True,
) -> tuple[float, list[float]]:
    """Return how many of a hundred keep the first time shown, and what it took to work it out."""
    kept, milliseconds = 0, list[float]()
    each = max(1, tries // len(learnings))
    for seed, learned in enumerate(learnings):
        simulation = Simulation(draw, slots, learned, random.Random(1000 * seed + 10 * ahead + slots))
        kept += sum(simulation.keeps(ahead, busy=busy) for _ in range(each))
        milliseconds += simulation.milliseconds
    return round(100 * kept / (len(learnings) * each), 1), milliseconds


async def measure(
    tries: int = TRIES, *, slots: Sequence[int] = SLOTS, ahead: Sequence[int] = AHEAD, learnings: int = LEARNINGS
) -> dict[str, Any]:
    """Measure for each kind of renders, number of slots and length of the queue."""
    report: dict[str, Any] = {"machine": machine(), "tries": tries, "percent_target": TARGET_PERCENT}
    for name, draw in KINDS.items():
        learned = [Learned(draw, seed) for seed in range(learnings)]
        for number in slots:
            figures: dict[str, Any] = {}
            figures["slot_free"], _ = percent_kept(draw, number, 0, learned, tries, busy=False)
            longest = 0.0
            for length in ahead:
                figures[f"ahead_{length}"], taken = percent_kept(draw, number, length, learned, tries)
                longest = max(longest, sorted(taken)[len(taken) // 2])
            report[f"{name}_{number}_slots"] = figures | {"milliseconds": round(longest, 2)}
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=TRIES)
    print_report(measure(parser.parse_args().tries))
