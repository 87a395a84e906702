"""``python -m bot`` with limits, the account's and the queue's, that are above anything a bench asks of it."""

from __future__ import annotations

import sys
from dataclasses import replace

from bot import serving
from bot.command_line import main
from bot.services.jobs.policy import FloodLimits, RateLimit, RateLimits, WorkerPolicy

POLICY = WorkerPolicy(
    rate_limits=RateLimits(submits=RateLimit(10**6, 10**6), queries=RateLimit(10**6, 10**6)),
    waiting_per_server=10**6,
    waiting_per_slot=10**6,
    flood_limits=FloodLimits(videos=10**6, presses=10**6, autocompletes=10**6),
)


def stay_visible() -> None:
    """Don't hide from other processes: one of them measures this, and need not be root's."""
    serving.hide_from_other_processes = lambda: None


def run(poll_time_scale: float = 1.0) -> int:
    """Run it until it ends; return its exit code."""
    stay_visible()
    return main([], policy=replace(POLICY, poll_time_scale=poll_time_scale))


if __name__ == "__main__":
    sys.exit(run())
