"""From ``ready`` to ``delivered``: fetch the clip, make it fit, hand it over, once."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from bot.errors import (
    ClipError,
    ClipGoneError,
    ClipUnavailableError,
    DestinationClosedError,
    MessageRefusedError,
    NotAVideoError,
    ProbeDiedError,
    PublishUnavailableError,
)
from bot.models import ClipFile, ClipLink, JobError, JobState
from bot.services.clips.dead_probes import PROBE_AGAIN_SECONDS, DeadProbes
from bot.services.clips.dying_uploads import DyingUploads
from bot.services.clips.fitting import DEFAULT_UPLOAD_BYTES, FittingPoster, link_to
from bot.services.clips.posted import PostedClips
from bot.services.jobs.policy import backoff_seconds
from bot.services.refusals import Refusals
from bot.store import jobs
from bot.store.brainstorms import rounds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.models import Clip, Job, PostedMessage
    from bot.services.clips.downloads import Downloads
    from bot.services.clips.fitting import Media
    from bot.services.clips.mentions import Mentions
    from bot.services.clips.workspace import WorkFolder, Workspace
    from bot.services.jobs.context import WorkContext

_log = logging.getLogger(__name__)

FETCHES_BEFORE_BELIEVED = 3
"""How often in a row an address may give "not there", or no video, before it is believed: file hosts lag behind."""


class _Post(Protocol):
    async def __call__(
        self,
        job: Job,
        clip: Clip,
        parent: Job | None,
        *,
        is_mentioned: bool,
        difference: str | None,
    ) -> PostedMessage: ...


class Deliverer:
    """Hands over one leased job's clip, then lets go of it.

    The clip goes to the channel, else to the member directly; as a file, else as one made to play and to fit, else as a
    link; as a link, too, when nobody could look at the file without dying of it. A private one goes to the member and
    never to the channel. Only when none of that can be done does the job fail, and then it is refunded.
    """

    def __init__(
        self,
        context: WorkContext,
        *,
        downloads: Downloads,
        workspace: Workspace,
        media: Media,
        mentions: Mentions,
    ) -> None:
        self._work = context
        self._downloads = downloads
        self._workspace = workspace
        self._uploads = asyncio.Semaphore(context.policy.uploads_at_once)
        self._media = media
        self._poster = FittingPoster(media)
        self._mentions = mentions
        self._doubts: Counter[str] = Counter()  # memory only: at worst an address is asked some times more
        self._dead_probes = DeadProbes(context.clock)  # memory only, too
        self._refusals = Refusals()
        self._dying_uploads = DyingUploads(context.clock)
        self._posted = PostedClips(context.publisher)
        self._in_channel: _Post = context.publisher.post_clip
        self._directly: _Post = context.publisher.post_clip_in_dm

    async def deliver(self, job: Job) -> None:
        """Take a job from ``ready``, or from a ``delivering`` that was cut short, to its clip's message.

        What may be posted already is looked for first.

        Raises:
            LeaseLostError, StoreUnavailableError: nothing is lost; whoever holds the job goes on.
        """
        try:
            posted = None
            if job.state is JobState.DELIVERING or job.restored_at is not None:
                posted = await self._posted.find(job)
                self._dying_uploads.note_heard(job.id)
            if posted is None:
                async with self._workspace.folder() as folder:
                    job, clip = await self._fetch(job, folder)
                    if job.state is not JobState.DELIVERING:
                        still = await self._take_still(job, clip)
                        job = await self._work.leased_jobs.begin_delivery(job, still=still)
                    self._work.instance.require()
                    posted = await self._post(job, clip, folder.path)
        except ClipGoneError as error:
            await self._doubt(job, error, JobError.CLIP_GONE)
        except NotAVideoError as error:
            await self._doubt(job, error, JobError.CLIP_UNUSABLE)
        except ProbeDiedError as error:
            await self._again_or_fail(job, error, JobError.UNDELIVERABLE, least_seconds=PROBE_AGAIN_SECONDS)
        except (ClipUnavailableError, MessageRefusedError, PublishUnavailableError) as error:
            await self._again_or_fail(job, error, JobError.UNDELIVERABLE)
        except ClipError as error:
            await self._fail(job, error, JobError.CLIP_UNUSABLE)
        except DestinationClosedError as error:
            await self._fail(job, error, JobError.MESSAGES_CLOSED if job.is_private else JobError.UNDELIVERABLE)
        else:
            self._refusals.forget(job.id)
            self._dying_uploads.forget(job.id)
            await self._work.leased_jobs.deliver(job, channel_id=posted.channel_id, message_id=posted.message_id)

    async def _fetch(self, job: Job, folder: WorkFolder) -> tuple[Job, Clip]:
        """Fetch a job's clip; return it with the job, whose address may be another now."""
        path = folder.path / "clip.mp4"
        fetched = await self._downloads.fetch(job, path, folder, tries=job.attempts)
        if fetched.result_url != job.result_url:
            fetched = await self._work.leased_jobs.hold(
                job, result_url=fetched.result_url, result_expires_at=fetched.result_expires_at
            )
        try:
            clip: Clip = ClipFile(path, await self._media.probe(path))
        except ProbeDiedError:
            if not self._dead_probes.note(job.id):
                raise
            _log.warning("nobody can look at the clip, sending its address", extra={"job_id": job.id})
            clip = link_to(fetched)
        self._dead_probes.forget(job.id)
        self._doubts.pop(job.id, None)
        return fetched, clip

    async def _take_still(self, job: Job, clip: Clip) -> bytes | None:
        """Take the clip's still; a clip of which none can be taken goes without."""
        if isinstance(clip, ClipLink):
            return None
        try:
            return await self._media.take_still(clip.path)
        except (ClipError, OSError) as error:
            _log.warning("no still of the clip", extra={"job_id": job.id, "error": f"{type(error).__name__}: {error}"})
            return None

    async def _post(self, job: Job, clip: Clip, folder: Path) -> PostedMessage:
        job, parent = await self._with_source(job)
        is_mentioned = job.round_id is None and await self._mentions.are_wanted(job.member_id)
        difference = await self._difference(job)
        clip, most_bytes = self._changed_if_it_keeps_dying(job, clip)

        def to(destination: _Post) -> Callable[[Clip], Awaitable[PostedMessage]]:
            async def post(fitting: Clip) -> PostedMessage:
                try:
                    async with self._uploads:  # not while a clip is made to fit
                        return await destination(job, fitting, parent, is_mentioned=is_mentioned, difference=difference)
                except PublishUnavailableError:
                    if isinstance(fitting, ClipFile):
                        self._dying_uploads.note(job.id, job.upload_dying_since)
                    raise
                except MessageRefusedError as error:
                    if self._refusals.note(job.id, destination):
                        raise DestinationClosedError(str(error)) from error
                    raise

            return post

        if not job.is_private:
            limit = min(await self._upload_limit(job), most_bytes)
            try:
                return await self._poster.post(job, clip, limit, folder, to(self._in_channel))
            except DestinationClosedError:
                _log.warning("channel closed, sending to the member", extra={"job_id": job.id})
        return await self._poster.post(job, clip, min(DEFAULT_UPLOAD_BYTES, most_bytes), folder, to(self._directly))

    def _changed_if_it_keeps_dying(self, job: Job, clip: Clip) -> tuple[Clip, int]:
        """Return what to upload, and how large it may be in bytes; the same file is not tried for ever."""
        limit = None if isinstance(clip, ClipLink) else self._dying_uploads.limit(job.id, clip.info.size_bytes)
        if limit is None:
            return clip, sys.maxsize
        _log.warning("upload keeps dying", extra={"job_id": job.id, "limit_bytes": limit})
        return (clip, limit) if limit else (link_to(job), limit)

    async def _with_source(self, job: Job) -> tuple[Job, Job | None]:
        """Return a job with what people see that its clip was made from, and that clip, as it is now."""
        if job.lineage is None:
            return job, None
        async with self._work.database.read() as connection:
            lineage, parent = await jobs.find_source(connection, job)
        return replace(job, lineage=lineage), parent

    async def _difference(self, job: Job) -> str | None:
        """Return in which words a take differs from the others of its round; None for a clip of its own."""
        if job.round_id is None:
            return None
        async with self._work.database.read() as connection:
            return await rounds.find_difference(connection, job.round_id, job.number)

    async def _upload_limit(self, job: Job) -> int:
        try:
            return await self._work.publisher.upload_limit_bytes(job)
        except DestinationClosedError:
            return DEFAULT_UPLOAD_BYTES

    async def _doubt(self, job: Job, error: ClipError, error_code: JobError) -> None:
        """Fetch again, unless the address has said the same often enough to be believed."""
        self._doubts[job.id] += 1
        if self._doubts[job.id] >= FETCHES_BEFORE_BELIEVED:
            await self._fail(job, error, error_code)
        else:
            await self._again_or_fail(job, error, error_code)

    async def _again_or_fail(
        self, job: Job, error: Exception, error_code: JobError, *, least_seconds: float = 0
    ) -> None:
        """Try later, for as long as the result's address works."""
        attempts = job.attempts + 1
        if job.result_expires_at is not None and self._work.clock.now() >= job.result_expires_at:
            await self._fail(job, error, error_code)
            return
        delay = self._dying_uploads.pause_seconds(job.id, backoff_seconds(attempts, self._work.jitter()))
        delay = max(delay, least_seconds)
        _log.warning(
            "delivery put off: %s",
            type(error).__name__,
            extra={"job_id": job.id, "attempts": attempts, "seconds": delay},
        )
        dying_since = self._dying_uploads.since(job.id) or job.upload_dying_since
        await self._work.leased_jobs.release(
            job, due_in_seconds=delay, attempts=attempts, upload_dying_since=dying_since
        )

    async def _fail(self, job: Job, error: Exception, error_code: JobError) -> None:
        self._doubts.pop(job.id, None)
        self._dead_probes.forget(job.id)
        self._refusals.forget(job.id)
        self._dying_uploads.forget(job.id)
        _log.error("clip not delivered: %s", type(error).__name__, extra={"job_id": job.id})
        await self._work.leased_jobs.fail(job, error_code)
