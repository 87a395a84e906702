"""Jobs whose rows come from a backup: what became of them since is looked for before anything is done again.

The video service is asked about them on the same way as after a crash: ``bot/store/backups/marking.py`` has put them on
it. Here it is the channel that is asked: for the clip, and for a card that says that there will be none.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import DestinationClosedError, MessageRefusedError, PublishError
from bot.models import JobError, JobState
from bot.services.clips.posted import PostedClips
from bot.services.refusals import Refusals

if TYPE_CHECKING:
    from bot.models import Job
    from bot.services.jobs.context import WorkContext

_log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 10.0
"""Until Discord is asked again that did not say."""
_ERRORS = {JobState.FAILED: JobError.INTERNAL, JobState.CANCELLED: JobError.DISCARDED}
"""Why a job is taken to have ended that its card shows as ended: for a reason that is lost, or by its member."""


class Recall:
    """Looks once for each leased job that was restored, in each process that takes it up."""

    def __init__(self, context: WorkContext) -> None:
        self._work = context
        self._posted = PostedClips(context.publisher)
        self._refusals = Refusals()
        self._looked: set[str] = set()  # memory only: at worst it is looked once more

    async def look(self, job: Job) -> bool:
        """End a job that the channel shows as ended; tell whether it is to be gone on with, and still held.

        Raises:
            LeaseLostError, StoreUnavailableError: nothing is lost; whoever holds the job looks again.
        """
        if job.restored_at is None or job.state.is_final or job.id in self._looked:
            return True
        try:
            posted = await self._posted.find(job)
            end = None if posted is not None or job.round_id is not None else await self._find_end(job)
        except PublishError as error:
            _log.warning("restored job put off", extra={"job_id": job.id, "error": type(error).__name__})
            await self._work.leased_jobs.release(job, due_in_seconds=LOOK_AGAIN_SECONDS)
            return False
        self._looked.add(job.id)
        if posted is not None:
            await self._work.leased_jobs.deliver(job, channel_id=posted.channel_id, message_id=posted.message_id)
        elif end is not None:
            await self._work.leased_jobs.end_as_shown(job, end, _ERRORS[end])
        return posted is None and end is None

    async def _find_end(self, job: Job) -> JobState | None:
        """Return the end without a clip that the job's card shows; a take's card is its round's board."""
        try:
            cards = await self._work.publisher.find_status(job)
        except DestinationClosedError:
            return None
        except MessageRefusedError:
            if not self._refusals.note(job.id):
                raise
            return None
        return next((card.end for card in cards if card.end is not None), None)
