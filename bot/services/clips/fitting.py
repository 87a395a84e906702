"""Posting a clip where only so much may be uploaded and not every file plays: as it is, made anew, or as a link."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from bot.errors import CannotFitError, NotAVideoError, UploadTooLargeError
from bot.models import ClipFile, ClipLink

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from bot.models import Clip, Job, PostedMessage, VideoInfo
    from bot.models.usage import BarChart

_log = logging.getLogger(__name__)

DEFAULT_UPLOAD_BYTES = 10 * 1024 * 1024
"""What Discord takes from a bot in any server and in direct messages."""
SHRINK = 0.8
"""What is tried after Discord found an upload too large, as a part of the size that was too large."""
SMALLEST_UPLOAD_BYTES = 512 * 1024
"""Below this a clip is not worth looking at; the link is better."""


class Media(Protocol):
    """What is done to a video file, and pictures that are drawn; raises ``ClipError``s."""

    async def probe(self, path: Path) -> VideoInfo:
        """Check that a file is a video, and tell whether it plays as it is."""
        ...

    async def take_still(self, path: Path) -> bytes:
        """Return one picture of a video as WebP, of at most 20 KB."""
        ...

    async def make_contact_sheet(self, takes: Sequence[tuple[int, bytes | None]]) -> bytes:
        """Return the takes' stills, each with its number, as one WebP picture of at most 300 KB.

        Args:
            takes: 2 to 8 numbers with their stills; a take without one, or with a broken one, is a grey field.
        """
        ...

    async def draw_chart(self, chart: BarChart) -> bytes:
        """Return a chart as a PNG picture of at most 300 KB."""
        ...

    async def fit(self, source: Path, destination: Path, max_bytes: int, found: VideoInfo | None = None) -> VideoInfo:
        """Make of a video one that plays and is no larger than ``max_bytes``.

        Args:
            found: what the probe found, so that one which will take long keeps no other waiting.
        """
        ...


class FittingPoster:
    """Posts clips so that they fit, and play."""

    def __init__(self, media: Media) -> None:
        self._media = media

    async def post(
        self,
        job: Job,
        original: Clip,
        limit_bytes: int,
        folder: Path,
        post: Callable[[Clip], Awaitable[PostedMessage]],
    ) -> PostedMessage:
        """Post a clip's file where it plays and fits, else one made of it that does, else the file as it is, or a link.

        Args:
            original: a link where there is no file to be had.
            limit_bytes: how much is known to be taken; whatever is too large all the same is tried smaller.
            folder: for files that are made.

        Raises: what ``post`` raises, but for ``UploadTooLargeError`` of a file.
        """
        if isinstance(original, ClipLink):
            return await post(original)
        clip: Clip = original
        if original.info.size_bytes > limit_bytes or not original.info.plays:
            clip = await self._fit(job, original, folder, limit_bytes)
        while True:
            try:
                return await post(clip)
            except UploadTooLargeError:
                if isinstance(clip, ClipLink):
                    raise
                clip = await self._fit(job, original, folder, int(clip.info.size_bytes * SHRINK))

    async def _fit(self, job: Job, original: ClipFile, folder: Path, limit_bytes: int) -> Clip:
        info = original.info
        fields = {"job_id": job.id, "size_bytes": info.size_bytes, "codec": info.codec, "limit_bytes": limit_bytes}
        if limit_bytes >= SMALLEST_UPLOAD_BYTES:
            path = folder / "fit.mp4"  # in the place of an earlier one: there is room for one
            try:
                made = await self._media.fit(original.path, path, limit_bytes, info)
            except (CannotFitError, NotAVideoError) as error:
                _log.warning("clip cannot be made to fit", extra=fields | {"error": str(error)})
                await asyncio.to_thread(path.unlink, missing_ok=True)
            else:
                _log.info("clip made to fit", extra=fields | {"fitted_bytes": made.size_bytes})
                return ClipFile(path, made)
        if info.size_bytes <= limit_bytes:
            return original  # some can play it
        return link_to(job)


def link_to(job: Job) -> ClipLink:
    """Return the address of a clip, in place of its file."""
    return ClipLink(job.result_url or "", job.result_expires_at)
