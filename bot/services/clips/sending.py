"""Sending a delivered clip once more, to its member directly, while the video service still has the file."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bot.errors import (
    ClipError,
    ClipGoneError,
    ClipUnavailableError,
    DestinationClosedError,
    NotSendableError,
    ProbeDiedError,
)
from bot.models import ClipFile
from bot.services.clips.fitting import DEFAULT_UPLOAD_BYTES, FittingPoster, link_to

if TYPE_CHECKING:
    from pathlib import Path

    from bot.models import Clip, Job, ListedClip, PostedMessage
    from bot.services.clips.downloads import Downloads
    from bot.services.clips.fitting import Media
    from bot.services.clips.library import Library
    from bot.services.clips.workspace import Workspace
    from bot.services.ports import Clock, Publisher

_log = logging.getLogger(__name__)

POSTS_AT_ONCE = 2
"""Of all members together. What comes before has bounds of its own, and a slow host's clip delays no other's."""


class ClipSender:
    """Fetches clips again and sends them; one at a time for each member, so one clip never twice at once."""

    def __init__(
        self,
        *,
        library: Library,
        clock: Clock,
        downloads: Downloads,
        workspace: Workspace,
        media: Media,
        publisher: Publisher,
    ) -> None:
        self._library = library
        self._clock = clock
        self._downloads = downloads
        self._workspace = workspace
        self._media = media
        self._publisher = publisher
        self._poster = FittingPoster(media)
        self._members: set[int] = set()
        self._posts = asyncio.Semaphore(POSTS_AT_ONCE)

    def can_send(self, clip: ListedClip) -> bool:
        """Tell whether a clip may be sent once more, and can as far as is known."""
        return clip.can_be_sent(self._clock.now())

    async def send(self, job_id: str, *, guild_id: int, member_id: int, interaction_id: int) -> PostedMessage:
        """Send one of a member's own clips to them directly.

        Args:
            interaction_id: of the press: the same one is the same message.

        Raises:
            ClipNotFoundError: when there is no such clip of theirs in the server.
            NotSendableError: when it may not be sent, can't be fetched, or can't be posted there.
            PublishError: when Discord did not take it just now.
            StoreUnavailableError: when the database cannot be asked.
        """
        if member_id in self._members:
            raise NotSendableError("busy")
        self._members.add(member_id)
        try:
            job = await self._sendable(job_id, guild_id=guild_id, member_id=member_id)
            return await self._send(job, nonce=f"copy{interaction_id}")
        except ClipGoneError as error:
            raise NotSendableError("expired") from error
        except ClipUnavailableError as error:
            raise NotSendableError("unavailable") from error
        except ClipError as error:
            raise NotSendableError("unusable") from error
        except DestinationClosedError as error:
            raise NotSendableError("closed") from error
        finally:
            self._members.discard(member_id)

    async def _sendable(self, job_id: str, *, guild_id: int, member_id: int) -> Job:
        clip = await self._library.find(job_id, guild_id=guild_id, member_id=member_id)
        if clip.was_removed_by_moderator:
            raise NotSendableError("removed")
        if not self.can_send(clip):
            raise NotSendableError("expired")
        return clip.job

    async def _send(self, job: Job, *, nonce: str) -> PostedMessage:
        async def post(clip: Clip) -> PostedMessage:
            async with self._posts:
                # It may have been removed while it was fetched.
                await self._sendable(job.id, guild_id=job.guild_id, member_id=job.member_id)
                return await self._publisher.post_copy_in_dm(job, clip, nonce=nonce)

        async with self._workspace.folder() as folder:
            path = folder.path / "clip.mp4"
            job = await self._downloads.fetch(job, path, folder)
            original = await self._look(job, path)
            posted = await self._poster.post(job, original, DEFAULT_UPLOAD_BYTES, folder.path, post)
        _log.info("clip sent again", extra={"job_id": job.id, "message_id": posted.message_id})
        return posted

    async def _look(self, job: Job, path: Path) -> Clip:
        """Return the file as a clip, or its address where the look at it dies: whoever pressed a button won't wait."""
        try:
            return ClipFile(path, await self._media.probe(path))
        except ProbeDiedError:
            _log.warning("nobody can look at the clip, sending its address", extra={"job_id": job.id})
            return link_to(job)
