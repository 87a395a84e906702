"""Posting a clip's file where only so much may be uploaded: as it is, made smaller, or as a link."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from bot.errors import CannotFitError, UploadTooLargeError
from bot.models import ClipFile, ClipLink

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from bot.models import Clip, Job, PostedMessage, VideoInfo

_log = logging.getLogger(__name__)

DEFAULT_UPLOAD_BYTES = 10 * 1024 * 1024
"""What Discord takes from a bot in any server and in direct messages."""
SHRINK = 0.8
"""What is tried after Discord found an upload too large, as a part of the size that was too large."""
SMALLEST_UPLOAD_BYTES = 512 * 1024
"""Below this a clip is not worth looking at; the link is better."""


class Media(Protocol):
    """What is done to a video file; raises ``ClipError``s."""

    async def probe(self, path: Path) -> VideoInfo:
        """Check that a file is a playable video."""
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

    async def fit(self, source: Path, destination: Path, max_bytes: int) -> VideoInfo:
        """Re-encode a video so that it is no larger than ``max_bytes``."""
        ...


class FittingPoster:
    """Posts clips so that they fit."""

    def __init__(self, media: Media) -> None:
        self._media = media

    async def post(
        self,
        job: Job,
        original: ClipFile,
        limit_bytes: int,
        folder: Path,
        post: Callable[[Clip], Awaitable[PostedMessage]],
    ) -> PostedMessage:
        """Post a clip's file, else one re-encoded to fit, else a link.

        Args:
            limit_bytes: how much is known to be taken; whatever is too large all the same is tried smaller.
            folder: for files that are made.

        Raises: what ``post`` raises, but for ``UploadTooLargeError`` of a file.
        """
        clip: Clip = original
        if original.info.size_bytes > limit_bytes:
            clip = await self._fit(job, original, folder, limit_bytes)
        while True:
            try:
                return await post(clip)
            except UploadTooLargeError:
                if isinstance(clip, ClipLink):
                    raise
                clip = await self._fit(job, original, folder, int(clip.info.size_bytes * SHRINK))

    async def _fit(self, job: Job, clip: ClipFile, folder: Path, limit_bytes: int) -> Clip:
        fields = {"job_id": job.id, "size_bytes": clip.info.size_bytes, "limit_bytes": limit_bytes}
        if limit_bytes >= SMALLEST_UPLOAD_BYTES:
            try:
                path = folder / f"fit-{limit_bytes}.mp4"
                info = await self._media.fit(clip.path, path, limit_bytes)
            except CannotFitError:
                _log.warning("clip cannot be made to fit", extra=fields)
            else:
                _log.info("clip made to fit", extra=fields | {"fitted_bytes": info.size_bytes})
                return ClipFile(path, info)
        return ClipLink(job.result_url or "", job.result_expires_at)
