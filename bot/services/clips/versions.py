"""A clip's next version: the same again, in the other shape, longer, or with other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import ClipUnknownError, InvalidSpecError
from bot.models import GEMINI_OMNI, Aspect, Origin
from bot.services.admission.job_request import JobRequest
from bot.store import jobs

if TYPE_CHECKING:
    from bot.models import Job, ModelProfile, Requester
    from bot.store.database import Database


class Versions:
    """Says what is asked for by a button under a clip."""

    def __init__(self, *, database: Database, profile: ModelProfile = GEMINI_OMNI) -> None:
        self._database = database
        self._profile = profile

    async def request(
        self, job_id: str, origin: Origin, *, interaction_id: int, channel_id: int, requester: Requester
    ) -> JobRequest:
        """Return the request for a version of a clip, which is then taken in as any other.

        Raises:
            ClipUnknownError: when there is no such clip in the requester's server, or its prompt was erased.
            InvalidSpecError: when there is nothing longer.
            StoreUnavailableError: when the database cannot be asked.
        """
        clip = await self.find(job_id, guild_id=requester.guild_id)
        aspect, duration_seconds = clip.spec.aspect, clip.spec.duration_seconds
        return JobRequest.parse(
            interaction_id=interaction_id,
            channel_id=channel_id,
            requester=requester,
            prompt=clip.spec.prompt,
            aspect=flipped(aspect) if origin is Origin.FLIP else aspect,
            duration_seconds=self._longer(duration_seconds) if origin is Origin.LONGER else duration_seconds,
            lineage=clip.descent(origin),
        )

    async def find(self, job_id: str, *, guild_id: int) -> Job:
        """Return a clip of a server that can be made again.

        Raises: as ``request``.
        """
        async with self._database.read() as connection:
            clip = await jobs.get(connection, job_id)
        if clip is None or clip.guild_id != guild_id or not clip.spec.prompt:
            raise ClipUnknownError
        return clip

    def _longer(self, seconds: int) -> int:
        longer = self._profile.longer(seconds)
        if longer is None:  # the model was another one when the button was shown
            raise InvalidSpecError("duration", "longest", offered=self._profile.durations_seconds)
        return longer


def flipped(aspect: Aspect) -> Aspect:
    """Return the other shape."""
    return Aspect.PORTRAIT if aspect is Aspect.LANDSCAPE else Aspect.LANDSCAPE
