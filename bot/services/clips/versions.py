"""A clip's next version: the same again, in the other shape, longer, or with other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import ClipRemovedError, ClipUnknownError, InvalidSpecError, OthersClipError
from bot.models import CLIPLESS_STATES, GEMINI_OMNI, Aspect, ClipButtons, JobState, Origin
from bot.services.admission.job_request import JobRequest
from bot.store import jobs
from bot.store.moderation import servers

if TYPE_CHECKING:
    from bot.models import Job, ModelProfile, Requester
    from bot.store.database import Database


class Versions:
    """Says what is asked for by a button under a clip, or on the card of one that failed."""

    def __init__(self, *, database: Database, profile: ModelProfile = GEMINI_OMNI) -> None:
        self._database = database
        self._profile = profile

    async def request(
        self, job_id: str, origin: Origin, *, interaction_id: int, channel_id: int | None, requester: Requester
    ) -> JobRequest:
        """Return the request for a version of a clip, which is then taken in as any other.

        Args:
            origin: which version; ``RETRY`` is of a job that failed.
            channel_id: where it is asked for; None is in direct messages: then it goes there, by the rules of the
                clip's own place.

        Raises:
            ClipUnknownError: when there is no such clip in the requester's server, or its prompt was erased.
            InvalidSpecError: when there is nothing longer.
            ClipRemovedError: when moderators have removed the clip.
            OthersClipError: when it ended without a clip, and somebody else asked for it.
            StoreUnavailableError: when the database cannot be asked.
        """
        clip = await self._find_whole(job_id, requester)
        if origin is Origin.RETRY and clip.state is not JobState.FAILED:
            raise ClipUnknownError
        aspect, duration_seconds = clip.spec.aspect, clip.spec.duration_seconds
        return JobRequest.parse(
            interaction_id=interaction_id,
            channel_id=clip.channel_id if channel_id is None else channel_id,
            requester=requester,
            prompt=clip.spec.prompt,
            aspect=flipped(aspect) if origin is Origin.FLIP else aspect,
            duration_seconds=self._longer(duration_seconds) if origin is Origin.LONGER else duration_seconds,
            lineage=clip.descent(origin),
            parent_member_id=clip.member_id,
            is_spoiler=clip.is_spoiler,
            is_private=clip.is_private or channel_id is None,
        )

    async def find_failed(self, job_id: str, *, requester: Requester) -> Job:
        """Return a job of the requester's own that failed; its prompt may be erased by now.

        Raises: as ``request``, but not for an erased prompt.
        """
        job = await self._find(job_id, requester)
        if job.state is not JobState.FAILED:
            raise ClipUnknownError
        return job

    async def find(self, job_id: str, *, requester: Requester) -> Job:
        """Return a clip whose words the requester may change.

        Raises: as ``request``; and OthersClipError when moderators keep a clip's buttons to whoever asked for it.
        """
        clip = await self._find_whole(job_id, requester)
        if clip.member_id != requester.member_id:
            async with self._database.read() as connection:
                server = await servers.get(connection, clip.guild_id)
            if server.clip_buttons is ClipButtons.REQUESTER:
                raise OthersClipError("buttons")
        return clip

    async def remix(
        self,
        job_id: str,
        *,
        interaction_id: int,
        channel_id: int | None,
        requester: Requester,
        prompt: str,
        aspect: str | None,
        duration_seconds: int | None,
    ) -> JobRequest:
        """Return the request for a clip with other words; its own may be erased by now.

        Args:
            channel_id: as ``request`` takes it.

        Raises:
            InvalidSpecError: when prompt, aspect or duration, as they were typed, are outside what is offered.
            ClipUnknownError, ClipRemovedError, OthersClipError, StoreUnavailableError: as ``request``, but not for an
                erased prompt.
        """
        clip = await self._find(job_id, requester)
        return JobRequest.parse(
            interaction_id=interaction_id,
            channel_id=clip.channel_id if channel_id is None else channel_id,
            requester=requester,
            prompt=prompt,
            aspect=aspect,
            duration_seconds=duration_seconds,
            lineage=clip.descent(Origin.REMIX),
            parent_member_id=clip.member_id,
            is_spoiler=clip.is_spoiler,
            is_private=clip.is_private or channel_id is None,
        )

    async def _find_whole(self, job_id: str, requester: Requester) -> Job:
        clip = await self._find(job_id, requester)
        if not clip.spec.prompt:
            raise ClipUnknownError
        return clip

    async def _find(self, job_id: str, requester: Requester) -> Job:
        async with self._database.read() as connection:
            clip = await jobs.get(connection, job_id)
        if clip is None or clip.guild_id != requester.guild_id:
            raise ClipUnknownError
        if clip.removed_by_id not in {None, clip.member_id}:
            raise ClipRemovedError
        if clip.state in CLIPLESS_STATES and clip.member_id != requester.member_id:
            raise OthersClipError("retry")
        return clip

    def _longer(self, seconds: int) -> int:
        longer = self._profile.longer(seconds)
        if longer is None:  # the model was another one when the button was shown
            raise InvalidSpecError("duration", "longest", offered=self._profile.durations_seconds)
        return longer


def flipped(aspect: Aspect) -> Aspect:
    """Return the other shape."""
    return Aspect.PORTRAIT if aspect is Aspect.LANDSCAPE else Aspect.LANDSCAPE
