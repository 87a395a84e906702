"""The bot's side: each piece of work in a process of its own, which dies with whoever waits for it."""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bot.errors import CannotFitError, ProbeDiedError
from bot.media.process import ProcessDiedError, ProcessOverdueError, end_process, read_answer, start_process
from bot.models import VideoInfo

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Sequence

    from bot.models.usage import BarChart


LONG_FIT_BYTES = 20 * 1024 * 1024
LONG_FIT_PIXELS = 300_000_000
"""What one clip of the service's does not reach, counted in all its pictures; a reel, or one in 4K, does."""


class MediaWorker:
    """``probe``, ``take_still``, ``make_contact_sheet``, ``draw_chart`` and ``fit``, each call in its own process.

    Leaving the context cancels what has begun; so does cancelling a call. The process dies at once in either case, and
    also when the bot itself dies. Ctrl-C in a terminal does not reach it.

    Args:
        probe_seconds: how long a probe or a picture may take; a probe of a 10 MiB clip takes 0.3, a chart 3.
        fit_seconds: how long a fit may take; a busy 10-second clip at 720p takes about 10 on two cores.
        short_fit_seconds: after how long one that should be short is begun anew among the long ones.
        parent: where the folders of the processes are made; by default the system's folder for temporary files.
    """

    def __init__(
        self,
        *,
        probe_seconds: float = 30,
        fit_seconds: float = 180,
        short_fit_seconds: float = 30,
        parent: Path | None = None,
    ) -> None:
        self._probe_seconds = probe_seconds
        self._fit_seconds = fit_seconds
        self._short_fit_seconds = min(short_fit_seconds, fit_seconds)
        self._probing = asyncio.Semaphore(2)
        self._charts = asyncio.Semaphore(1)  # however many are asked for, clips have the rest of the machine
        self._short_fits = asyncio.Semaphore(1)  # one alone takes every core
        self._long_fits = asyncio.Semaphore(1)  # these take minutes, and short ones don't wait for them
        self._parent = parent
        self._calls: set[asyncio.Task[dict[str, Any]]] = set()
        self._processes: set[Process] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    @property
    def process_ids(self) -> list[int]:
        """Return the ids of the processes that run now."""
        return [process.pid for process in self._processes]

    async def probe(self, path: Path) -> VideoInfo:
        """Check that a file is a playable video.

        Raises:
            NotAVideoError: it is not.
            ProbeDiedError: the look at it died or took too long; another may do better.
        """
        try:
            return _video_info(await self._call(self._probing, self._probe_seconds, "probe", path))
        except ProcessDiedError as error:
            raise ProbeDiedError(str(error)) from error

    async def take_still(self, path: Path) -> bytes:
        """Return one picture of a video as WebP, as ``stills.take_still`` does.

        Raises:
            NotAVideoError: no picture of it can be decoded.
            CannotFitError: it can't be made small enough, or the process died or took too long over it.
        """
        try:
            return _picture(await self._call(self._probing, self._probe_seconds, "still", path), "still")
        except ProcessDiedError as error:
            raise CannotFitError(f"still: {error}") from error

    async def make_contact_sheet(self, takes: Sequence[tuple[int, bytes | None]]) -> bytes:
        """Return one picture of several takes' stills as WebP, as ``contact_sheets.make_contact_sheet`` does.

        Raises:
            CannotFitError: it can't be made small enough, or the process died or took too long over it.
        """
        words = [
            (number, None if still is None else base64.b64encode(still).decode("ascii")) for number, still in takes
        ]
        return await self._draw(self._probing, "sheet", words)

    async def draw_chart(self, chart: BarChart) -> bytes:
        """Return a chart as PNG, as ``charts.draw_chart`` does; one is drawn at a time.

        Raises:
            CannotFitError: it can't be made small enough, or the process died or took too long over it.
        """
        return await self._draw(self._charts, "chart", asdict(chart))

    async def fit(self, source: Path, destination: Path, max_bytes: int, found: VideoInfo | None = None) -> VideoInfo:
        """Write to ``destination`` a video that plays, no larger than ``max_bytes``, as ``fitting.fit`` does.

        Whatever else is raised, ``destination`` may hold a part of a video.

        Args:
            found: what a probe found, by which long fits are told from short ones.

        Raises:
            NotAVideoError: the source is not a playable video.
            CannotFitError: it can't be made that small, or the process died or took too long over it.
        """
        arguments = ("fit", source, destination, max_bytes)
        try:
            if not _takes_long(found):
                with suppress(ProcessOverdueError):
                    return _video_info(await self._call(self._short_fits, self._short_fit_seconds, *arguments))
            return _video_info(await self._call(self._long_fits, self._fit_seconds, *arguments))
        except ProcessDiedError as error:
            raise CannotFitError(f"fit: {error}") from error

    async def _draw(self, lane: asyncio.Semaphore, what: str, words: object) -> bytes:
        """Have a picture drawn from what a command line would not hold."""
        try:
            with tempfile.TemporaryDirectory(prefix="reelay-", dir=self._parent) as folder:
                path = Path(folder) / f"{what}.json"
                await asyncio.to_thread(path.write_text, json.dumps(words), "utf-8")
                return _picture(await self._call(lane, self._probe_seconds, what, path), what)
        except (ProcessDiedError, OSError) as error:
            raise CannotFitError(f"{what}: {error}") from error

    async def _call(self, lane: asyncio.Semaphore, seconds: float, *arguments: str | Path | int) -> dict[str, Any]:
        call = asyncio.create_task(self._run(lane, seconds, *arguments))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return await call

    async def _run(self, lane: asyncio.Semaphore, seconds: float, *arguments: str | Path | int) -> dict[str, Any]:
        async with lane:
            try:
                with tempfile.TemporaryDirectory(prefix="reelay-", dir=self._parent) as folder:
                    return await self._ask(await start_process(arguments, Path(folder)), seconds)
            except OSError as error:  # a full disk, no more processes: nothing is wrong with the file
                raise ProcessDiedError(f"not started: {type(error).__name__}") from error

    async def _ask(self, process: Process, seconds: float) -> dict[str, Any]:
        self._processes.add(process)
        try:
            async with asyncio.timeout(seconds):
                return await read_answer(process)
        except TimeoutError:
            raise ProcessOverdueError(f"more than {seconds} s") from None
        finally:
            await end_process(process)
            self._processes.discard(process)


def _takes_long(found: VideoInfo | None) -> bool:
    if found is None:
        return False
    return found.size_bytes > LONG_FIT_BYTES or found.width * found.height * found.pictures > LONG_FIT_PIXELS


def _video_info(answer: dict[str, Any]) -> VideoInfo:
    """Read an answer, which nobody vouches for once a file has got at the process.

    Raises:
        ProcessDiedError: it is none.
    """
    match answer:
        case {
            "width": int(width),
            "height": int(height),
            "duration_seconds": float(duration_seconds),
            "size_bytes": int(size_bytes),
            "codec": str(codec),
            "plays": bool(plays),
            "pictures": int(pictures),
        }:
            return VideoInfo(width, height, duration_seconds, size_bytes, codec, plays, pictures)
        case _:
            raise ProcessDiedError("another answer")


def _picture(answer: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(answer[name], validate=True)
    except (KeyError, TypeError, ValueError) as error:
        raise ProcessDiedError("another answer") from error
