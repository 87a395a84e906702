"""What 1,000 jobs in flight cost: memory of the bot, its processor for each poll, and how late its event loop is.

``uv run python -m tests.bench.flight [--scale PART]`` prints JSON. The jobs come through ``/video``, each with its
status card; none is done before the end. ``accepted_per_processor_second`` counts all that the bot does until the video
service has the last of them: its card, its submit, and the first polls of those before it. Two figures tell the bot
from a busy machine: ``own_lag``, which leaves out what the bot waited for a processor, and ``machine_lag``, the lag of
a loop beside it that has next to nothing to do.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.bench.doubles import QUICK_SECONDS
from tests.bench.figures import MemoryWatch, machine, memory_mib, print_report, processor_seconds, tail
from tests.bench.lag import LagProbe
from tests.bench.stage import Stage

if TYPE_CHECKING:
    from tests.support.bot_process import BotProcess

JOBS = 1000
WARM_UP_JOBS = 4
STEADY_SECONDS = 15.0
TARGET_KIB_PER_JOB, TARGET_LAG_MS = 13, 50
TARGET_MS_PER_POLL, TARGET_ACCEPTED_PER_SECOND = 2, 200
SECONDS_PER_JOB = 0.12
"""What filling may take on a machine that has other things to do."""


async def measure(
    scale: float = 1.0,
    steady_seconds: float = STEADY_SECONDS,
    warm_up_jobs: int = WARM_UP_JOBS,
    profile: str = "",
) -> dict[str, Any]:
    """Fill a bot with jobs, watch it poll them, and stop it."""
    jobs = max(1, round(JOBS * scale))
    patience_seconds = max(2 * 60, jobs * SECONDS_PER_JOB)
    report: dict[str, Any] = {"machine": machine(), "jobs": jobs}
    async with Stage({"MAX_CONCURRENT_RENDERS": str(jobs)}) as stage:
        lag_file = stage.directory() / "lag"
        arguments = (str(lag_file), profile) if profile else (str(lag_file),)
        started_at = time.monotonic()
        async with stage.bot(module="tests.bench._measured_bot", arguments=arguments) as bot:
            await stage.wait_ready(bot, started_at=started_at)
            await _warm_up(stage, warm_up_jobs)
            idle = memory_mib(bot.pid)
            filling_since = time.monotonic(), time.time()
            used = processor_seconds(bot.pid)
            await stage.ask_in_groups(jobs)
            await stage.service.call("wait_accepted", count=jobs + warm_up_jobs, within_seconds=patience_seconds)
            filled_at, used = time.monotonic(), processor_seconds(bot.pid) - used
            await stage.service.call("wait_polled", since=filling_since[1], count=jobs, within_seconds=patience_seconds)
            steady = await _watch(stage, bot, steady_seconds)
            flying = memory_mib(bot.pid)
            await bot.terminate()
        probe = await asyncio.to_thread(LagProbe.load, lag_file)
    since, until = steady.pop("between")
    lag = tail(probe.lags_ms(since=since, until=until))
    own_lag = tail(probe.own_lags_ms(since=since, until=until))
    added = {kind: round(flying[kind] - idle[kind], 1) for kind in ("rss", "pss")}
    return report | {
        "idle_rss_mib": round(idle["rss"], 1),
        "added_rss_mib": added["rss"],
        "added_pss_mib": added["pss"],
        "added_pss_kib_per_job": round(1024 * added["pss"] / jobs, 1),
        "added_pss_kib_per_job_target": TARGET_KIB_PER_JOB,
        "added_tree_pss_peak_mib": round(steady.pop("peak_pss_mib") - idle["pss"], 1),
        "lag_p50_ms": lag["p50"],
        "lag_p99_ms": lag["p99"],
        "lag_p99_ms_target": TARGET_LAG_MS,
        "lag_max_ms": lag["max"],
        "own_lag_p99_ms": own_lag["p99"],
        "own_lag_max_ms": own_lag["max"],
        **steady,
        "filling_seconds": round(filled_at - filling_since[0], 1),
        "filling_processor_seconds": round(used, 1),
        "accepted_per_processor_second": round(jobs / max(used, 0.01)),
        "accepted_per_processor_second_target": TARGET_ACCEPTED_PER_SECOND,
        "lag_p99_ms_while_filling": tail(probe.lags_ms(since=filling_since[0], until=filled_at))["p99"],
        "own_lag_p99_ms_while_filling": tail(probe.own_lags_ms(since=filling_since[0], until=filled_at))["p99"],
    }


async def _warm_up(stage: Stage, jobs: int) -> None:
    """Carry some jobs to their end, so that all code is loaded and every pool has what it keeps."""
    if jobs:
        await stage.discord.call("ask", members=jobs, duration=QUICK_SECONDS)
        await stage.discord.call("wait_clips", count=jobs)


async def _watch(stage: Stage, bot: BotProcess, seconds: float) -> dict[str, Any]:
    """Let the bot poll for a while; return what it did and what it took."""
    control = LagProbe()
    control.start()
    since, since_time, used = time.monotonic(), time.time(), processor_seconds(bot.pid)
    async with MemoryWatch(bot.pid) as memory:
        await asyncio.sleep(seconds)
    used = processor_seconds(bot.pid) - used
    until = time.monotonic()
    asked = await stage.service.call("count_requests", since=since_time, until=time.time())
    return {
        "between": (since, until),
        "peak_pss_mib": memory.peak_pss_mib,
        "machine_lag_p99_ms": tail(control.lags_ms(since=since, until=until))["p99"],
        "steady_seconds": round(until - since, 1),
        "polls_per_second": round(asked.get("poll", 0) / (until - since), 1),
        "processor_ms_per_poll": round(1000 * used / max(1, asked.get("poll", 0)), 2),
        "processor_ms_per_poll_target": TARGET_MS_PER_POLL,
        "processor_percent": round(100 * used / (until - since)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the jobs")
    parser.add_argument("--steady-seconds", type=float, default=STEADY_SECONDS, help="how long to watch")
    parser.add_argument("--profile", default="", metavar="FILE", help="also profile the bot, which slows it down")
    options = parser.parse_args()
    print_report(measure(options.scale, options.steady_seconds, profile=options.profile))
