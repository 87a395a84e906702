"""Clips at which every process that looks dies: after some time one stops looking."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services.ports import Clock

DEAD_PROBES_BEFORE_BELIEVED = 3
DEAD_PROBES_SPAN_SECONDS = 600
"""A machine that is short of memory, too, lets processes die, but hardly for as long as this."""
PROBE_AGAIN_SECONDS = DEAD_PROBES_SPAN_SECONDS / (DEAD_PROBES_BEFORE_BELIEVED - 1)


class DeadProbes:
    """Counts them by job."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: dict[str, list[datetime]] = {}

    def note(self, job_id: str) -> bool:
        """Note one more; return whether there have been enough, for long enough, to believe that it is the file."""
        times = self._times.setdefault(job_id, [])
        times.append(self._clock.now())
        span = (times[-1] - times[0]).total_seconds()
        return len(times) >= DEAD_PROBES_BEFORE_BELIEVED and span >= DEAD_PROBES_SPAN_SECONDS

    def forget(self, job_id: str) -> None:
        """Forget a job's: its clip is known by now, or it has ended."""
        self._times.pop(job_id, None)
