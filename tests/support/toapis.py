"""The sandbox video service on loopback, for tests: its clock is moved by hand and its clips are tiny but real."""

from __future__ import annotations

import functools
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import av
import pytest

from bot.sandbox.toapis_server import SandboxServer
from bot.toapis.client import ToApisClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.sandbox.toapis_server import SandboxGeneration

STARTED_AT = 1_768_380_000.0
QUEUE_SECONDS = 10.0
RENDER_SECONDS = 100.0


class ManualTime:
    """A Unix clock that stands still until it is moved."""

    def __init__(self, seconds: float = STARTED_AT) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@functools.cache
def tiny_clip() -> bytes:
    """Encode a real MP4 of a few frames, 64x36 pixels, that plays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.mp4"
        with av.open(str(path), "w", container_options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
            for _ in range(10):
                container.mux(stream.encode(av.VideoFrame(64, 36, "yuv420p")))
            container.mux(stream.encode())
        return path.read_bytes()


async def _tiny_clip(_: SandboxGeneration) -> bytes:
    return tiny_clip()


def sandbox(time: ManualTime | None = None, **settings: Any) -> SandboxServer:  # noqa: ANN401 - the server's own settings
    """Return a sandbox (not yet started) that queues 10 s and renders 100 s of the given clock."""
    defaults: dict[str, Any] = {
        "queue_seconds": QUEUE_SECONDS,
        "render_seconds": RENDER_SECONDS,
        "clip_maker": _tiny_clip,
        "time": time or ManualTime(),
    }
    return SandboxServer(**(defaults | settings))


@asynccontextmanager
async def client_of(server: SandboxServer, **settings: Any) -> AsyncIterator[ToApisClient]:  # noqa: ANN401 - the client's own settings
    """Open a client of a running sandbox that does not wait between its retries."""
    defaults: dict[str, Any] = {
        "base_url": server.base_url,
        "api_key": server.api_key,
        "model": "gemini_omni",
        "submit_timeout_seconds": 5.0,
        "poll_timeout_seconds": 5.0,
        "retry_delays_seconds": (0.0, 0.0),
    }
    async with aiohttp.ClientSession() as session:
        yield ToApisClient(session=session, **(defaults | settings))


@pytest.fixture
def service_time() -> ManualTime:
    """The sandbox's clock."""
    return ManualTime()


@pytest.fixture
async def server(service_time: ManualTime) -> AsyncIterator[SandboxServer]:
    """A running sandbox on the manual clock."""
    async with sandbox(service_time) as running:
        yield running
