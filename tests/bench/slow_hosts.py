"""How long other clips wait beside hosts that drip.

``uv run python -m tests.bench.slow_hosts [--clips NUMBER]`` prints JSON. Four hosts announce 200 MB each and give a few
bytes a second. Meanwhile another host's clips of 10 MiB are fetched, a few at a time, with the lanes and the room on
disk that the bot has, over real sockets. Timed is each clip, from asking for it to its last byte on disk; then likewise
with a hundred clips on each of the four.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from bot.services.clips.downloads import Downloads
from bot.services.clips.workspace import MEGABYTE, Workspace
from bot.toapis.download import Downloader
from tests.bench.figures import MIB, machine, print_report, spread
from tests.support.jobs import make_job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.services.ports import VideoService

CLIPS, AT_ONCE = 24, 4
SLOW_HOSTS, CROWD = 4, 100
CLIP_BYTES, ANNOUNCED_BYTES = 10 * MIB, 200 * MEGABYTE
LEAST_ROOM_BYTES = 500 * MEGABYTE
"""The least that an operator may set."""
TARGET_WAIT_SECONDS = 10.0
_DRIP_BYTES, _DRIP_SECONDS = 16, 0.05


async def measure(*, clips: int = CLIPS, clip_bytes: int = CLIP_BYTES, crowd: int = CROWD) -> dict[str, Any]:
    """Measure how long clips of a quick host take: alone, beside four that drip, and beside a crowd of these."""
    report: dict[str, Any] = {
        "machine": machine(),
        "clip_mib": clip_bytes / MIB,
        "seconds_max_target": TARGET_WAIT_SECONDS,
    }
    for case, each in (("alone", 0), ("beside_four_dripping", 1), ("beside_a_crowd_of_them", crowd)):
        report[case] = await _measure_beside(each, clips, clip_bytes)
    return report


async def _measure_beside(each: int, clips: int, clip_bytes: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reelay-bench-")))
        workspace = Workspace(folder, max_bytes=LEAST_ROOM_BYTES)
        downloads = Downloads(service=cast("VideoService", Downloader(allow_loopback=True)))
        quick = await stack.enter_async_context(_host(clip_bytes, _give_all))
        slow = [await stack.enter_async_context(_host(ANNOUNCED_BYTES, _drip)) for _ in range(SLOW_HOSTS)]
        dripping = [asyncio.create_task(_fetch(downloads, workspace, url)) for url in slow for _ in range(each)]
        await asyncio.sleep(3 * _DRIP_SECONDS)  # by now each has a lane, or waits for one
        turns = asyncio.Semaphore(AT_ONCE)

        async def fetch_in_turn() -> float:
            async with turns:
                return await _fetch(downloads, workspace, quick)

        seconds = await asyncio.gather(*(fetch_in_turn() for _ in range(clips)))
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)
        return {"clips": clips, "dripping": len(dripping), "seconds": spread(seconds)}


async def _fetch(downloads: Downloads, workspace: Workspace, url: str) -> float:
    started = time.perf_counter()
    async with workspace.folder() as folder:
        await downloads.fetch(make_job(result_url=url), folder.path / "clip.mp4", folder)
    return time.perf_counter() - started


@asynccontextmanager
async def _host(
    announced_bytes: int, answer: Callable[[asyncio.StreamWriter, int], Awaitable[None]]
) -> AsyncIterator[str]:
    """Serve an answer to each request; give the address."""

    serving: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served in one"
        serving.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {announced_bytes}\r\n\r\n".encode())
                await answer(writer, announced_bytes)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", backlog=2 * CROWD) as listener:
        name, port = listener.sockets[0].getsockname()
        yield f"http://{name}:{port}/x.mp4"
        listener.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _give_all(writer: asyncio.StreamWriter, announced_bytes: int) -> None:
    writer.write(bytes(announced_bytes))
    await writer.drain()


async def _drip(writer: asyncio.StreamWriter, _announced_bytes: int) -> None:
    while True:
        writer.write(bytes(_DRIP_BYTES))
        await writer.drain()
        await asyncio.sleep(_DRIP_SECONDS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=CLIPS)
    print_report(measure(clips=parser.parse_args().clips))
