"""Taking in a request whose clip goes to its member directly: it starts once its card is in their direct messages."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bot.errors import MessagesClosedError, PublishError, StoreUnavailableError
from bot.models import JobError

if TYPE_CHECKING:
    from bot.services.admission.job_request import JobRequest
    from bot.services.jobs.requests import Accepted, JobService
    from bot.services.ports import Publisher

_log = logging.getLogger(__name__)

SHOWN_WITHIN_SECONDS = 60.0
"""How long Discord may take to say what became of the card, its rate limits included; then the job starts without."""


class PrivateRequests:
    """Accepts private jobs and shows their first cards."""

    def __init__(self, *, jobs: JobService, publisher: Publisher, shown_within_seconds: float) -> None:
        self._jobs = jobs
        self._publisher = publisher
        self._shown_within_seconds = shown_within_seconds

    async def accept(self, request: JobRequest) -> Accepted:
        """Accept a job as any other, and hold it until it is known what became of its card.

        Only Discord's word that the member takes no direct messages undoes it. After any other outcome it starts, as it
        does after a restart: the card may have arrived, and is looked for in the end.

        Raises:
            MessagesClosedError: when they don't; the worker refunds the job in its next pass.
            RefusedError, StoreUnavailableError: as ``JobService.accept_held``.
        """
        accepted = await self._jobs.accept_held(request)
        job_id = accepted.card.job.id
        message_id = None
        try:
            async with asyncio.timeout(self._shown_within_seconds):
                message_id = await self._publisher.post_status(accepted.card)
        except MessagesClosedError:
            self._jobs.withdraw_unheard(accepted, JobError.MESSAGES_CLOSED)
            raise
        except (PublishError, TimeoutError) as error:
            _log.warning("private card not shown", extra={"job_id": job_id, "error": type(error).__name__})
        except BaseException:  # whatever it was: a job that is accepted all the same is held by nobody
            self._jobs.abandon(request.interaction_id)
            raise
        try:
            await self._jobs.let_start(accepted, message_id, is_heard=message_id is not None)
        except StoreUnavailableError:
            _log.warning("status card not remembered", extra={"job_id": job_id, "message_id": message_id})
        return accepted
