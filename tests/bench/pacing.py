"""Measure pacing on simulated renders, beside the service's advised schedule on the same renders.

``uv run python -m tests.bench.pacing`` prints JSON. Seconds are simulated: the figures depend on the seeds alone,
except ``microseconds_per_call``.
"""

from __future__ import annotations

import json
import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.services.polling.schedule import (
    ADVISED_SECONDS,
    SHORTEST_SECONDS,
    PollSchedule,
    ProgressTrack,
    RenderTimes,
    next_poll_delay,
)

RENDERS = 1000
TRAINING_RENDERS = 200
SEEDS = range(1, 10)

_Z95 = statistics.NormalDist().inv_cdf(0.95)
MEAN_LOG = (math.log(60) + math.log(300)) / 2
DEVIATION_LOG = (math.log(300) - math.log(60)) / 2 / _Z95
"""Log-normal render times with 5 % under 60 s and 5 % over 300 s."""

Progress = Callable[[float, random.Random], float | None]
"""From the part of the render that is done (0 to 1) to the percentage that is reported."""


def no_progress(_done: float, _random: random.Random) -> None:
    return None


def scaled_noise(done: float, rng: random.Random) -> float:
    """Off by 10 % of itself; 90 % when it jumps to 99."""
    return 99.0 if done >= 0.9 else min(99.0, 100 * done * max(0.0, 1 + rng.gauss(0, 0.1)))


def added_noise(done: float, rng: random.Random) -> float:
    """Off by 10 points; 90 % when it jumps to 99."""
    return 99.0 if done >= 0.9 else min(99.0, max(0.0, 100 * done + rng.gauss(0, 10)))


def scaled_noise_reaching_99(done: float, rng: random.Random) -> float:
    """Off by 10 % of itself; climbs to 99 by the time it sticks there."""
    return 99.0 if done >= 0.9 else min(99.0, 110 * done * max(0.0, 1 + rng.gauss(0, 0.1)))


def stuck_progress(_done: float, _random: random.Random) -> float:
    """Always the same, as some gateways report it."""
    return 50.0


SCENARIOS: dict[str, Progress] = {
    "no_progress": no_progress,
    "progress": scaled_noise,
    "progress_noise_added": added_noise,
    "progress_reaching_99": scaled_noise_reaching_99,
    "progress_stuck_at_50": stuck_progress,
}


@dataclass(frozen=True)
class Outcome:
    """What watching some renders cost: looks in all, and seconds from completion to noticing on average."""

    polls: int
    mean_delay_seconds: float


def draw_renders(count: int, rng: random.Random) -> list[float]:
    return [rng.lognormvariate(MEAN_LOG, DEVIATION_LOG) for _ in range(count)]


def watch_advised(renders: list[float]) -> Outcome:
    """Look after 5 s, then every 10 s."""
    polls = [1 + max(0, math.ceil((seconds - 5) / 10)) for seconds in renders]
    delays = [5 + 10 * (polls - 1) - seconds for polls, seconds in zip(polls, renders, strict=True)]
    return Outcome(sum(polls), statistics.fmean(delays))


def watch_paced(renders: list[float], schedule: PollSchedule, progress: Progress, rng: random.Random) -> Outcome:
    """Look when ``next_poll_delay`` says so."""
    polls, delays = 0, []
    for seconds in renders:
        elapsed, watch = 0.0, ProgressTrack()
        while True:
            elapsed += next_poll_delay(schedule, watch, elapsed_seconds=elapsed, jitter=rng.random())
            polls += 1
            if elapsed >= seconds:
                break
            watch = watch.seeing(progress(elapsed / seconds, rng), elapsed_seconds=elapsed)
        delays.append(elapsed - seconds)
    return Outcome(polls, statistics.fmean(delays))


def compare(progress: Progress, *, seed: int, training_renders: int = TRAINING_RENDERS) -> tuple[Outcome, Outcome]:
    """Learn from some renders, then watch 1,000 others; return our outcome and the advised schedule's."""
    rng = random.Random(seed)
    schedule = PollSchedule.learned(RenderTimes.of(draw_renders(training_renders, rng)))
    renders = draw_renders(RENDERS, rng)
    return watch_paced(renders, schedule, progress, rng), watch_advised(renders)


def bound_without_progress(step_seconds: float = 0.1) -> float:
    """Return (∫√(f·S) dt)² / E[T]: the least part of the advised delay that any schedule can reach."""
    log_time = statistics.NormalDist(MEAN_LOG, DEVIATION_LOG)
    integral = 0.0
    for index in range(30_000):
        seconds = (index + 0.5) * step_seconds
        density = log_time.pdf(math.log(seconds)) / seconds
        integral += math.sqrt(density * (1 - log_time.cdf(math.log(seconds)))) * step_seconds
    return integral**2 / math.exp(MEAN_LOG + DEVIATION_LOG**2 / 2)


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "min": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "max": round(max(values), 3),
    }


def measure(progress: Progress, training_renders: int) -> dict[str, object]:
    """Compare on every seed; the first seed's figures in full, the ratios over all of them."""
    pairs = [compare(progress, seed=seed, training_renders=training_renders) for seed in SEEDS]
    ours, advised = pairs[0]
    return {
        "seed": SEEDS[0],
        "polls": ours.polls,
        "polls_advised": advised.polls,
        "mean_delay_seconds": round(ours.mean_delay_seconds, 3),
        "mean_delay_seconds_advised": round(advised.mean_delay_seconds, 3),
        "delay_ratio": round(ours.mean_delay_seconds / advised.mean_delay_seconds, 3),
        "delay_ratio_over_seeds": _spread([a.mean_delay_seconds / b.mean_delay_seconds for a, b in pairs]),
        "poll_ratio_over_seeds": _spread([a.polls / b.polls for a, b in pairs]),
    }


def microseconds_per_call(calls: int = 5_000) -> float:
    """Time ``next_poll_delay`` where it has the most to do: long before the end."""
    schedule = PollSchedule.learned(RenderTimes.of(draw_renders(TRAINING_RENDERS, random.Random(1))))
    started = time.perf_counter()
    for _ in range(calls):
        next_poll_delay(schedule, ProgressTrack(), elapsed_seconds=6.0, jitter=0.5)
    return (time.perf_counter() - started) / calls * 1e6


def main() -> None:
    """Print what was measured."""
    report: dict[str, object] = {
        "renders": RENDERS,
        "training_renders": TRAINING_RENDERS,
        "seeds": len(SEEDS),
        "bound_no_progress": round(bound_without_progress(), 4),
        # Looks 5 s apart notice after 2.5 s on average, those 10 s apart after 5 s; to beat that, a schedule has to
        # know the end within a second or two, which 10 % of noise does not give away.
        "floor_at_5_seconds": SHORTEST_SECONDS / ADVISED_SECONDS,
        "microseconds_per_call": round(microseconds_per_call(), 1),
    }
    for name, progress in SCENARIOS.items():
        report[name] = measure(progress, TRAINING_RENDERS)
        report[f"{name}_cold"] = measure(progress, 0)
    json.dump(report, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
