"""The MP4 files of the sandbox's generations, made when they are first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from bot.sandbox.clips import make_clip
from bot.sandbox.renders import SandboxGeneration

if TYPE_CHECKING:
    from types import TracebackType

    from bot.models import Aspect

ClipMaker = Callable[[SandboxGeneration], Awaitable[Path | bytes]]
"""Makes the MP4 of a generation."""


class ClipFiles:
    """Clips by what they show, as an async context manager that deletes them at its end.

    Args:
        maker: makes the files; by default real clips with the prompt in them.
    """

    def __init__(self, maker: ClipMaker | None) -> None:
        self._maker = maker or self._draw
        self._directory: TemporaryDirectory[str] | None = None
        self._clips: dict[tuple[str, Aspect, int], asyncio.Task[Path | bytes]] = {}

    async def __aenter__(self) -> Self:
        self._directory = TemporaryDirectory(prefix="reelay-sandbox-")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for clip in self._clips.values():
            clip.cancel()
        await asyncio.gather(*self._clips.values(), return_exceptions=True)
        if self._directory is not None:
            await asyncio.to_thread(self._directory.cleanup)

    async def get(self, generation: SandboxGeneration) -> Path | bytes:
        """Return a generation's clip; several who ask at once share the making."""
        look = (generation.prompt, generation.aspect, generation.duration_seconds)
        if look not in self._clips:
            self._clips[look] = asyncio.ensure_future(self._maker(generation))
        return await asyncio.shield(self._clips[look])

    async def _draw(self, generation: SandboxGeneration) -> Path:
        assert self._directory is not None, "files are asked for over HTTP, so the server is up"
        path = Path(self._directory.name) / f"{generation.id}.mp4"
        await asyncio.to_thread(
            make_clip,
            path,
            prompt=generation.prompt,
            aspect=generation.aspect,
            duration_seconds=generation.duration_seconds,
        )
        return path
