"""Clips that may be posted already, though nothing says so: looked for wherever they may be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import DestinationClosedError, MessageRefusedError
from bot.services.refusals import Refusals

if TYPE_CHECKING:
    from bot.models import Job, PostedMessage
    from bot.services.ports import Publisher

_log = logging.getLogger(__name__)


class PostedClips:
    """Looks for the message that an attempt may have posted which nobody could write down."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._refusals = Refusals()

    async def find(self, job: Job) -> PostedMessage | None:
        """Return the clip's message, in the channel or the member's direct messages; a private one's only in these.

        A channel whose history is closed to us has none: Discord's memory of the nonce must do.

        Raises:
            PublishError: when Discord does not say; look again later.
        """
        publisher, posted = self._publisher, None
        for find in (
            (publisher.find_clip_in_dm,) if job.is_private else (publisher.find_clip, publisher.find_clip_in_dm)
        ):
            try:
                posted = await find(job)
            except DestinationClosedError as error:
                _log.info("not looked for: %s", error, extra={"job_id": job.id})
            except MessageRefusedError:
                if not self._refusals.note(job.id, find):
                    raise
            if posted is not None:
                _log.info("clip found already posted", extra={"job_id": job.id, "message_id": posted.message_id})
                break
        self._refusals.forget(job.id)
        return posted
