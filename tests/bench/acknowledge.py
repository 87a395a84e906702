"""How fast ``/video`` is acknowledged, one alone and many at once: from the gateway event to the callback at Discord.

``uv run python -m tests.bench.acknowledge [--scale PART]`` prints JSON. Each round is a new bot with an empty
database that has served one member before.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

from tests.bench.figures import machine, print_report, spread, tail
from tests.bench.stage import Stage

MEMBERS, BUSY_MEMBERS = 200, 10
ROUNDS = 3
LONE_REQUESTS, LONE_PAUSE_SECONDS = 60, 0.15
"""The pause is long enough for what the bot does after its answer."""
TARGET_LONE_MS = 7
TARGET_P99_MS, LIMIT_MS = 500, 3000
"""The target, and what Discord leaves a bot for its first answer."""


async def ask_at_once(stage: Stage, name: str, *, members: int, each: int) -> dict[str, Any]:
    """Start a bot, let members ask, and return what it did for them."""
    started_at = time.monotonic()
    async with stage.bot(name) as bot:
        await stage.wait_ready(bot, started_at=started_at)
        await stage.discord.call("ask", members=1)
        outcome = await stage.discord.call("ask", members=members, each=each)
        accepted = sum(line["message"] == "job accepted" for line in bot.logs) - 1
    latencies = outcome["latencies_ms"]
    return {
        **{f"{name}_ms": value for name, value in tail(latencies).items()},
        "p99_ms_target": TARGET_P99_MS,
        "asked": outcome["asked"],
        "acknowledged": len(latencies),
        "acknowledged_after_3_s": sum(latency > LIMIT_MS for latency in latencies),
        "deferred": outcome["deferred"],
        "accepted_by_then": accepted,
        "sending_ms": round(outcome["sending_ms"], 1),
    }


async def ask_alone(stage: Stage, *, count: int) -> dict[str, Any]:
    """Start a bot, let one member after the other ask, and return how it answered each."""
    started_at = time.monotonic()
    latencies: list[float] = []
    async with stage.bot("alone") as bot:
        await stage.wait_ready(bot, started_at=started_at)
        await stage.discord.call("ask", members=1)
        for _ in range(count):
            await asyncio.sleep(LONE_PAUSE_SECONDS)
            latencies += (await stage.discord.call("ask", members=1))["latencies_ms"]
    return {
        **{f"{name}_ms": value for name, value in spread(latencies, digits=2).items()},
        "median_ms_target": TARGET_LONE_MS,
    }


async def measure(scale: float = 1.0, rounds: int = ROUNDS) -> dict[str, Any]:
    """Ask with one member after the other, with many members once each, and with few members often."""
    total = max(2, round(MEMBERS * scale))
    busy = max(1, round(BUSY_MEMBERS * scale))
    report: dict[str, Any] = {"machine": machine()}
    crowds = {"different_members": (total, 1), "busy_members": (busy, total // busy)}
    async with Stage() as stage:
        report["alone"] = await ask_alone(stage, count=max(2, round(LONE_REQUESTS * scale)))
        for crowd, (members, each) in crowds.items():
            runs = [
                await ask_at_once(stage, f"{crowd}{number}", members=members, each=each) for number in range(rounds)
            ]
            report[crowd] = {
                "members": members,
                "each": each,
                "median_p99_ms": statistics.median(run["p99_ms"] for run in runs),
                "p99_ms_target": TARGET_P99_MS,
                "acknowledged_after_3_s": sum(run["acknowledged_after_3_s"] for run in runs),
                "runs": runs,
            }
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the members")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    print_report(measure(options.scale, options.rounds))
