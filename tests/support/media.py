"""What is done to a video file, without the process of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.media.contact_sheets import make_contact_sheet
from bot.media.fitting import fit
from bot.media.probing import probe
from bot.media.stills import take_still

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.models import VideoInfo
    from bot.models.usage import BarChart


class DirectMedia:
    """The media functions in a thread, without the worker process of the real thing."""

    async def probe(self, path: Path) -> VideoInfo:
        return await asyncio.to_thread(probe, path)

    async def take_still(self, path: Path) -> bytes:
        return await asyncio.to_thread(take_still, path)

    async def make_contact_sheet(self, takes: Sequence[tuple[int, bytes | None]]) -> bytes:
        return await asyncio.to_thread(make_contact_sheet, takes)

    async def draw_chart(self, chart: BarChart) -> bytes:
        return await asyncio.to_thread(_draw_chart, chart)

    async def fit(self, source: Path, destination: Path, max_bytes: int, found: VideoInfo | None = None) -> VideoInfo:
        return await asyncio.to_thread(fit, source, destination, max_bytes)


def _draw_chart(chart: BarChart) -> bytes:
    from bot.media.charts import draw_chart  # Matplotlib takes a second to load

    return draw_chart(chart)
