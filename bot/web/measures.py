"""What is measured while the bot works: histograms and counters, which cost an addition each."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

STEP_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)
NOTICE_BUCKETS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0, 3600.0)
SHORT_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
LAG_EVERY_SECONDS = 0.5
_BEFORE_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class PrometheusMeasures:
    """Measures for Prometheus; implements ``services.ports.Measures``.

    Args:
        now: seconds of a clock that is never set.

    Attributes:
        registry: has all of it.
    """

    def __init__(self, *, now: Callable[[], float] = time.perf_counter) -> None:
        self.registry = registry = CollectorRegistry()
        self._now = now
        ProcessCollector(registry=registry)
        self._steps = Histogram(
            "reelay_step_seconds",
            "How long the worker's steps took, the wait for the database included.",
            ["step"],
            registry=registry,
            buckets=STEP_BUCKETS,
        )
        self._notice_delays = Histogram(
            "reelay_notice_delay_seconds",
            "How long after the video service had finished a clip the bot has heard of it.",
            registry=registry,
            buckets=NOTICE_BUCKETS,
        )
        self._write_waits = Histogram(
            "reelay_write_lock_wait_seconds",
            "How long writers of this process have waited for their turn.",
            registry=registry,
            buckets=SHORT_BUCKETS,
        )
        self._lag = Histogram(
            "reelay_loop_lag_seconds",
            "How much later than it was to the event loop has called, asked twice a second.",
            registry=registry,
            buckets=SHORT_BUCKETS,
        )
        self._refusals = Counter(
            "reelay_refusals_total", "What people were told was not done, by why.", ["kind"], registry=registry
        )
        self._refusals.labels("unexpected")  # from the start, so that the first one is an increase

    def time_step(self, name: str) -> AbstractContextManager[object]:
        """Time one of the worker's steps, named by its lane, for as long as the context is open."""
        return self._steps.labels(name).time()

    def note_notice_delay(self, seconds: float) -> None:
        """Note how long after the service had finished a clip the bot has heard of it."""
        self._notice_delays.observe(seconds)

    def wait_to_write(self) -> Callable[[], None]:
        """Note that somebody wants to write to the database; what it returns is to be called when it is their turn."""
        began_at = self._now()
        return lambda: self._write_waits.observe(self._now() - began_at)

    async def note_refused(self, error_name: str) -> None:
        """Count that somebody was told why something was not done.

        Args:
            error_name: the error's class, or a word of its own.
        """
        self._refusals.labels(_BEFORE_WORD.sub("_", error_name.removesuffix("Error")).lower()).inc()

    async def watch_lag(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Measure until cancelled how late the event loop calls."""
        while True:
            wanted_at = self._now() + LAG_EVERY_SECONDS
            await sleep(LAG_EVERY_SECONDS)
            self._lag.observe(max(0.0, self._now() - wanted_at))
