"""How long the bot takes from its start to ready, and to the gateway's identify, with its files in the cache.

``uv run python -m tests.bench.start [--runs NUMBER]`` prints JSON. Each run starts a bot twice: with no database
yet, so that it migrates and registers its commands, and again on what it left.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from tests.bench.figures import machine, print_report, spread
from tests.bench.stage import Stage

RUNS = 5
TARGET_SECONDS = 3


async def start_once(stage: Stage, name: str) -> dict[str, float]:
    """Start a bot, stop it, and return the seconds to ready and to identify."""
    started_at = time.monotonic()
    async with stage.bot(name) as bot:
        figures = await stage.wait_ready(bot, started_at=started_at)
        await bot.terminate()
    return figures


async def measure(runs: int = RUNS, *, warm_up: bool = True) -> dict[str, Any]:
    """Start new and known bots in turn; the first start of all only warms the cache."""
    report: dict[str, Any] = {"machine": machine(), "runs": runs, "ready_seconds_target": TARGET_SECONDS}
    figures: dict[str, list[dict[str, float]]] = {"new_database": [], "restart": []}
    async with Stage() as stage:
        if warm_up:
            await start_once(stage, "warm-up")
        for number in range(runs):
            for starts in figures.values():
                starts.append(await start_once(stage, f"bot{number}"))
    for kind, starts in figures.items():
        report[kind] = {figure: spread(start[figure] for start in starts) for figure in starts[0]}
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    print_report(measure(parser.parse_args().runs))
