"""Keeping status cards true: edited only when something visible changed, and at most every 5 s each."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from bot.errors import PublishError
from bot.models import JobState, StatusCard
from bot.store import jobs

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import Job
    from bot.services.gates import ServiceGates
    from bot.services.ports import Clock, Publisher
    from bot.store.database import Database

_log = logging.getLogger(__name__)

SHORTEST_INTERVAL_SECONDS = 5.0
"""Between two edits of one card (the issue): also what Discord lets through for a busy channel."""
EDITS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a card showed last, and when it was put there."""

    look: tuple[object, ...] | None
    at: datetime


class StatusBoard:
    """Edits the cards of open jobs that were touched; the worker settles those of finished ones through it.

    A card is only ever edited under its job's lock, and from the job as it is stored at that moment, so an
    edit that was held up cannot paint over a newer one.
    """

    def __init__(self, *, database: Database, clock: Clock, publisher: Publisher, gates: ServiceGates) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._gates = gates
        self._touched: set[str] = set()
        self._queue_touched = False
        self._shown: dict[str, _Shown] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._wake = asyncio.Event()
        self._stopping = False

    def begin(self, card: StatusCard) -> None:
        """Note the card that the member is shown first, so that it is not edited before it is out of date."""
        self._shown[card.job.id] = _Shown(card.look, card.job.created_at)
        self.touch_queue()

    def touch(self, job_id: str) -> None:
        """Note that a job may look different now."""
        self._touched.add(job_id)
        self._wake.set()

    def touch_queue(self) -> None:
        """Note that every waiting job may look different now."""
        self._queue_touched = True
        self._wake.set()

    async def run(self) -> None:
        """Keep cards true until stopped."""
        while not self._stopping:
            self._wake.clear()
            try:
                pause = await self.tick()
            except Exception:  # noqa: BLE001 (a card is never worth the loop)
                _log.exception("status cards could not be updated")
                pause = SHORTEST_INTERVAL_SECONDS
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue  # the pause is over

    def stop(self) -> None:
        """End ``run`` after the edits in hand."""
        self._stopping = True
        self._wake.set()

    async def tick(self) -> float | None:
        """Edit the most pressing cards that may be edited now.

        Returns:
            Seconds until there is more to do; None when nothing waits.
        """
        now = self._clock.now()
        async with self._database.read() as connection:
            order = await jobs.queue_order(connection)
            touched = self._touched | set(order) if self._queue_touched else set(self._touched)
            self._touched.clear()
            self._queue_touched = False
            found = await jobs.get_many(connection, touched)
        places = {job_id: place for place, job_id in enumerate(order, start=1)}
        for job in found:
            if job.state.is_final and job.due_at is None:
                self.forget(job.id)
        open_jobs = [job for job in found if not job.state.is_final and job.status_message_id is not None]
        changed = [card for card in (self._card(job, places) for job in open_jobs) if self._is_news(card)]
        changed.sort(key=lambda card: (card.queue_place or 0, card.job.id))
        due = [card for card in changed if self._editable_at(card.job) <= now]
        await asyncio.gather(*(self._edit(card) for card in due[:EDITS_AT_ONCE]))
        later = [card for card in changed if card not in due] + due[EDITS_AT_ONCE:]
        self._touched |= {card.job.id for card in later}
        if len(due) > EDITS_AT_ONCE or self._queue_touched:
            return 0.0
        if not self._touched:
            return None
        waits = [(self._editable_at(card.job) - now).total_seconds() for card in later]
        return max(0.0, min(waits, default=SHORTEST_INTERVAL_SECONDS))

    async def settle(self, job: Job) -> None:
        """Show a finished job's end on its card, or take the card away when the clip itself is there.

        Raises:
            PublishError: when Discord did not take it; try again later.
        """
        async with self._lock(job.id):
            if job.state is JobState.DELIVERED:
                await self._publisher.remove_status(job)
            else:
                await self._publisher.show_status(StatusCard(job))
        self.forget(job.id)

    def forget(self, job_id: str) -> None:
        """Drop what is remembered about a job that has ended."""
        self._shown.pop(job_id, None)
        self._touched.discard(job_id)

    def _lock(self, job_id: str) -> asyncio.Lock:
        return self._locks.setdefault(job_id, asyncio.Lock())

    def _card(self, job: Job, places: dict[str, int]) -> StatusCard:
        waiting = job.state is JobState.QUEUED
        return StatusCard(job, queue_place=places.get(job.id), waiting_for_operator=waiting and self._gates.is_paused)

    def _is_news(self, card: StatusCard) -> bool:
        shown = self._shown.get(card.job.id)
        return shown is None or shown.look != card.look

    def _editable_at(self, job: Job) -> datetime:
        shown = self._shown.get(job.id)
        since = job.created_at if shown is None else shown.at
        return since + timedelta(seconds=SHORTEST_INTERVAL_SECONDS)

    async def _edit(self, card: StatusCard) -> None:
        job_id = card.job.id
        async with self._lock(job_id):
            async with self._database.read() as connection:
                job = await jobs.get(connection, job_id)
            if job is None or job.state is not card.job.state:
                return  # it has moved on, and was touched again when it did
            try:
                await self._publisher.show_status(card)
            except PublishError as error:
                _log.warning("status card not updated", extra={"job_id": job_id, "error": type(error).__name__})
                self._touched.add(job_id)
                self._shown[job_id] = _Shown(None, self._clock.now())
            else:
                self._shown[job_id] = _Shown(card.look, self._clock.now())
