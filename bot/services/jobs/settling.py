"""The last step of a job that has ended: its card shows the end, or goes when the clip itself is there.

A failure is then told in the channel as well, by an answer to the card: the row has said so since the job's end.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import DestinationClosedError, MessageRefusedError, PublishError
from bot.models import JobState, StatusCard
from bot.services.jobs.lost_cards import LostCards
from bot.services.jobs.policy import backoff_seconds
from bot.services.refusals import Refusals

if TYPE_CHECKING:
    from bot.models import Job
    from bot.services.jobs.context import WorkContext
    from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater

_log = logging.getLogger(__name__)

SETTLE_ATTEMPTS = 10
"""After so many refusals by Discord, most of an hour, a card is left as it is."""


class CardSettler:
    """Settles one leased job's card, then lets go of the job.

    Raises: ``LeaseLostError``, ``StoreUnavailableError``.
    """

    def __init__(self, context: WorkContext, *, card_updater: StatusCardUpdater, card_changes: CardChanges) -> None:
        self._work = context
        self._card_updater = card_updater
        self._card_changes = card_changes
        self._lost_cards = LostCards(database=context.database, publisher=context.publisher, clock=context.clock)
        self._refusals = Refusals()

    async def settle(self, job: Job) -> None:
        """Show a finished job's end on its card, and tell of a failure; look for a card that no row names."""
        if (early_seconds := self._seconds_to_settle(job)) > 0:
            await self._work.leased_jobs.release(job, due_in_seconds=early_seconds)
            return
        for step in (self._show_end, self._tell_failure):
            try:
                job = await step(job)
            except DestinationClosedError:
                _log.info("status card out of reach", extra={"job_id": job.id})
            except PublishError as error:
                attempts = job.attempts + 1
                is_believed = isinstance(error, MessageRefusedError) and self._refusals.note(job.id, step)
                if attempts < SETTLE_ATTEMPTS and not is_believed:
                    delay = backoff_seconds(attempts, self._work.jitter())
                    await self._work.leased_jobs.release(job, due_in_seconds=delay, attempts=attempts)
                    return
                _log.warning("status card left as it is", extra={"job_id": job.id, "error": type(error).__name__})
        self._refusals.forget(job.id)
        await self._work.leased_jobs.settle(job)

    async def _show_end(self, job: Job) -> Job:
        if job.status_message_id is None and job.round_id is None:
            job = await self._find_card(job)
        if job.status_message_id is not None:
            await self._card_updater.settle(job)
        return job

    async def _tell_failure(self, job: Job) -> Job:
        """Answer the card, unless somebody did before they could write it down."""
        if job.failure_mentions is None or job.failure_message_id is not None or job.status_message_id is None:
            return job
        publisher = self._work.publisher
        found = await publisher.find_failure(job)
        return replace(job, failure_message_id=await publisher.post_failure(job) if found is None else found)

    def _seconds_to_settle(self, job: Job) -> float:
        """Return how long to wait before the card is looked for, or edited; a take's is its round's board."""
        if job.round_id is not None:
            return 0.0
        if job.status_message_id is None:
            return self._lost_cards.seconds_to_look(job)
        if job.state is JobState.DELIVERED:
            return 0.0
        return (self._card_changes.editable_at(job) - self._work.clock.now()).total_seconds()

    async def _find_card(self, job: Job) -> Job:
        """Look for a card that nobody knows of; a failure is said even where there is none."""
        found = await self._lost_cards.find(job)
        if found is None and job.state is JobState.FAILED:
            found = await self._work.publisher.post_status(StatusCard(job))
        return job if found is None else await self._work.leased_jobs.hold(job, status_message_id=found)
