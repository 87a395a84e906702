"""How much memory a clip takes on its way from the video service to the channel.

``uv run python -m tests.bench.clip`` prints JSON: for a clip of 10 MiB that goes through as it is, and
for one of 25 MiB that is re-encoded to fit 10 MiB. Peaks are counted from a bot that has delivered a tiny clip before.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.doubles import QUICK_SECONDS
from tests.bench.figures import MIB, MemoryWatch, machine, memory_mib, peak_rss_mib, print_report
from tests.bench.stage import Stage
from tests.support.videos import video_file

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZES_MIB: Mapping[str, float] = {"passes_through": 10.0, "is_made_to_fit": 25.0}
CLIP_SECONDS = 6
TARGET_ADDED_MIB = 64


def make_clip(path: Path, *, size_mib: float, width: int, height: int) -> None:
    """Write a noisy 6-second video of exactly that size: a little smaller, and filled up with an empty box."""
    size = int(size_mib * MIB)
    bits_per_second = int(size * 8 * 0.8 / CLIP_SECONDS)
    source = video_file(
        width=width, height=height, duration_seconds=CLIP_SECONDS, noise=60, bits_per_second=bits_per_second
    )
    content = source.read_bytes()
    missing = size - len(content)
    if missing < 8:
        raise ValueError(f"{path.name} became {len(content)} bytes")
    path.write_bytes(content + missing.to_bytes(4, "big") + b"free" + bytes(missing - 8))


async def send(clip: Path, *, warm_up: bool = True) -> dict[str, Any]:
    """Have one member ask a warm bot for this clip; return what carrying it took."""
    size_bytes = (await asyncio.to_thread(clip.stat)).st_size
    async with Stage(clip=clip) as stage:
        started_at = time.monotonic()
        async with stage.bot() as bot:
            await stage.wait_ready(bot, started_at=started_at)
            if warm_up:
                await stage.service.call("give_tiny_clips", count=1)
                await stage.discord.call("ask", members=1, duration=QUICK_SECONDS)
                await stage.discord.call("wait_clips", count=1)
            idle = memory_mib(bot.pid)
            async with MemoryWatch(bot.pid) as memory:
                await stage.discord.call("ask", members=1, duration=QUICK_SECONDS)
                ready_at = await stage.service.call("wait_file", count=1 + warm_up)
                posted_bytes = await stage.discord.call("wait_clips", count=1 + warm_up)
                delivery_seconds = time.time() - ready_at
                bot_peak = peak_rss_mib(bot.pid)
    return {
        "clip_mib": round(size_bytes / MIB, 2),
        "posted_mib": round(posted_bytes / MIB, 2),
        "added_tree_rss_peak_mib": round(memory.peak_rss_mib - idle["rss"], 1),
        "added_tree_pss_peak_mib": round(memory.peak_pss_mib - idle["pss"], 1),
        "added_tree_mib_target": TARGET_ADDED_MIB,
        "added_bot_rss_peak_mib": round(bot_peak - idle["rss"], 1),
        "media_process_rss_peak_mib": [round(peak, 1) for peak in memory.peak_child_rss_mib.values()],
        "idle_rss_mib": round(idle["rss"], 1),
        "download_to_post_seconds": round(delivery_seconds, 2),
    }


async def measure(
    sizes_mib: Mapping[str, float] = SIZES_MIB, *, width: int = 1280, height: int = 720, warm_up: bool = True
) -> dict[str, Any]:
    """Send a clip that Discord takes as it is, and one that it does not."""
    report: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="reelay-bench-") as folder:
        for name, size_mib in sizes_mib.items():
            clip = Path(folder) / f"{name}.mp4"
            await asyncio.to_thread(make_clip, clip, size_mib=size_mib, width=width, height=height)
            report[name] = await send(clip, warm_up=warm_up)
    return report


if __name__ == "__main__":
    print_report(measure())
