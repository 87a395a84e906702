"""How soon polling goes on after SIGKILL with 1,000 jobs in flight.

``uv run python -m tests.bench.resume [--scale PART]`` prints JSON: for a bot that is started again at once, and for one
that was away for so long that every job is due.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.bench.figures import machine, print_report
from tests.bench.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

JOBS = 1000
TARGET_SECONDS = 5


def due_generations(directory: Path, *, by: datetime) -> list[str]:
    """Read from a bot's database which of its generations are due to be looked at."""
    with closing(sqlite3.connect(directory / "reelay.db")) as database:
        rows = database.execute(
            "SELECT generation_id FROM jobs WHERE state = 'rendering' AND due_at <= ?", (by.strftime(_TIME),)
        )
        return [generation_id for (generation_id,) in rows]


def make_all_due(directory: Path, *, by: datetime) -> None:
    """Change a dead bot's database as if it had been away for long."""
    with closing(sqlite3.connect(directory / "reelay.db")) as database, database:
        database.execute("UPDATE jobs SET due_at = ? WHERE state = 'rendering'", (by.strftime(_TIME),))


_TIME = "%Y-%m-%d %H:%M:%S.%f"
"""As the store writes times into SQLite."""


async def start_again(stage: Stage) -> dict[str, Any]:
    """Start a bot that was killed, kill it once it has polled what was due; return the seconds from its start."""
    directory = stage.directory()
    due = due_generations(directory, by=datetime.now(UTC))
    started_at, started_time = time.monotonic(), time.time()
    async with stage.bot() as bot:
        ready = await stage.wait_ready(bot, started_at=started_at)
        polled = await stage.service.call(
            "wait_polled", since=started_time, count=max(1, len(due)), generation_ids=frozenset(due)
        )
        await bot.kill()
    return {
        "due": len(due),
        "ready_seconds": round(ready["ready_seconds"], 2),
        "first_poll_seconds": round(polled[0] - started_time, 2),
        "first_poll_seconds_target": TARGET_SECONDS,
        "all_due_polled_seconds": round(polled[-1] - started_time, 2),
    }


async def measure(scale: float = 1.0) -> dict[str, Any]:
    """Fill a bot with jobs, kill it while it polls, and start it again twice."""
    jobs = max(1, round(JOBS * scale))
    report: dict[str, Any] = {"machine": machine(), "jobs": jobs}
    async with Stage({"MAX_CONCURRENT_RENDERS": str(jobs)}) as stage:
        started_at, filling_since = time.monotonic(), time.time()
        async with stage.bot() as bot:
            await stage.wait_ready(bot, started_at=started_at)
            await stage.ask_in_groups(jobs)
            await stage.service.call("wait_accepted", count=jobs)
            await stage.service.call("wait_polled", since=filling_since, count=jobs)
            await bot.kill()
        report["at_once"] = await start_again(stage)
        await asyncio.to_thread(make_all_due, stage.directory(), by=datetime.now(UTC))
        report["after_long"] = await start_again(stage)
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the jobs")
    print_report(measure(parser.parse_args().scale))
