"""What is done to a video file, without the process of its own."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from bot.media.contact_sheets import make_contact_sheet
from bot.media.fitting import fit
from bot.media.probing import probe
from bot.media.stills import take_still

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.models import VideoInfo
    from bot.models.usage import BarChart

Found = TypeVar("Found")

_known: dict[tuple[object, ...], Any] = {}
"""What came of a file's bytes, by what was done to them: thousands of clips are the same few files."""


class DirectMedia:
    """The media functions in a thread, without the worker process of the real thing; once for the same bytes."""

    async def probe(self, path: Path) -> VideoInfo:
        return await asyncio.to_thread(_once, probe, path)

    async def take_still(self, path: Path) -> bytes:
        return await asyncio.to_thread(_once, take_still, path)

    async def make_contact_sheet(self, takes: Sequence[tuple[int, bytes | None]]) -> bytes:
        return await asyncio.to_thread(make_contact_sheet, takes)

    async def draw_chart(self, chart: BarChart) -> bytes:
        return await asyncio.to_thread(_draw_chart, chart)

    async def fit(self, source: Path, destination: Path, max_bytes: int, found: VideoInfo | None = None) -> VideoInfo:
        return await asyncio.to_thread(_fit_once, source, destination, max_bytes)


def _once(do: Callable[..., Found], path: Path, *details: object) -> Found:
    key = (do, sha256(path.read_bytes()).digest(), *details)
    if key not in _known:
        _known[key] = do(path, *details)
    return _known[key]


def _fit_once(source: Path, destination: Path, max_bytes: int) -> VideoInfo:
    info, content = _once(_fitted, source, max_bytes)
    destination.write_bytes(content)
    return info


def _fitted(source: Path, max_bytes: int) -> tuple[VideoInfo, bytes]:
    with TemporaryDirectory() as folder:
        destination = Path(folder) / "fitted.mp4"
        return fit(source, destination, max_bytes), destination.read_bytes()


def _draw_chart(chart: BarChart) -> bytes:
    from bot.media.charts import draw_chart  # Matplotlib takes a second to load

    return draw_chart(chart)
