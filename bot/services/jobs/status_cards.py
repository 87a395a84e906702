"""Keeping status cards true: edited only when something visible changed, and at most every 5 s each."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, replace
from datetime import timedelta
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from bot.errors import DestinationClosedError, MessageRefusedError, PublishError, StoreUnavailableError
from bot.models import Arrival, JobState, StatusCard
from bot.services.jobs.lost_cards import LONGEST_CARD_SECONDS, LOOK_AGAIN_SECONDS, LostCards
from bot.services.loops import Loop
from bot.services.polling.estimate import PASSING_SECONDS, has_moved
from bot.services.refusals import Refusals
from bot.store import jobs
from bot.store.jobs import QUEUE_START

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable
    from datetime import datetime

    from bot.models import Job
    from bot.services.current_jobs import CurrentJobs
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.polling.arrivals import Arrivals
    from bot.services.ports import Clock, Publisher
    from bot.services.throttling.throttle import ServiceThrottle
    from bot.store import Connection
    from bot.store.database import Database
    from bot.store.jobs import QueuePosition

_log = logging.getLogger(__name__)

SHORTEST_INTERVAL_SECONDS = 5.0
"""Between two edits of one card: what Discord lets through for a busy channel, and no slower than a bar should move."""
FIRST_EDIT_SECONDS = 1.0
"""From ``/video`` to a card's first edit: a job that starts at once soon shows "Rendering", never "Starting" first."""
EDITS_AT_ONCE = 8
MOST_REMEMBERED = 10_000
"""Cards whose look is remembered; another process's finished ones among them are dropped when it is more."""
CARDS_AT_ONCE = 40
"""How many touched cards one pass looks at: to read a thousand jobs would hold the event loop up for 50 ms."""
WAITING_AT_ONCE = 16
"""How many waiting ones among them: each costs a look at the queue. That is still twice as many as can be edited."""
SHORTEST_PAUSE_SECONDS = 0.2
"""Between two passes: what a crowd touches meanwhile shares the next one. So 40 edits a second; Discord takes 50."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a card showed last, and when it may show something else."""

    appearance: tuple[object, ...] | None
    editable_at: datetime
    arrival: Arrival | None = None


class CardChanges:
    """What may look different now: noted by whoever changes a job, read by the updater."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self._touched: dict[str, None] = {}  # a set in the order of touching
        self._queue_touched = False
        self._walk: QueuePosition | None = None
        self._shown: dict[str, _Shown] = {}
        self._passing: list[tuple[datetime, str]] = []  # a heap of when cards show a time that is about to pass

    def begin(self, card: StatusCard) -> None:
        """Note the card that the member is shown first, so that it is not edited before it is out of date."""
        if len(self._shown) >= MOST_REMEMBERED:
            self._shown.clear()  # at the price of an edit each for the cards that are still open
            self._passing.clear()
        self._shown[card.job.id] = _Shown(card.appearance, _first_editable_at(card.job), card.arrival)
        self.note_passing(card)

    def touch(self, job_id: str) -> None:
        """Note that a job may look different now."""
        self._touched[job_id] = None
        self.woken.set()

    def touch_queue(self) -> None:
        """Note that every waiting job may look different now."""
        self._queue_touched = True
        self.woken.set()

    @property
    def walks_from(self) -> QueuePosition | None:
        """Say after which waiting job to go on through a queue that was touched; None when there is no need."""
        if self._walk is None and self._queue_touched:
            self._walk, self._queue_touched = QUEUE_START, False  # what is touched from now on needs another walk
        return self._walk

    def walk(self, waiting: list[QueuePosition], *, is_end: bool) -> None:
        """Note the next jobs of a queue that was touched; ``is_end`` when there are no more."""
        self._touched.update(dict.fromkeys(position.job_id for position in waiting))
        self._walk = None if is_end else waiting[-1]

    def note_passing(self, card: StatusCard) -> None:
        """Touch a card that shows a time once that is about to pass."""
        if card.arrival is not None and card.arrival.expected_at is not None:
            at = card.arrival.expected_at - timedelta(seconds=PASSING_SECONDS)
            heappush(self._passing, (at, card.job.id))

    def take(self, now: datetime) -> list[str]:
        """Return some touched jobs whose cards may be edited now, first touched first."""
        while self._passing and self._passing[0][0] <= now:
            job_id = heappop(self._passing)[1]
            if job_id in self._shown:
                self._touched[job_id] = None
        editable = (job_id for job_id in self._touched if self._wait(job_id, now) <= 0)
        taken = list(islice(editable, CARDS_AT_ONCE))
        for job_id in taken:
            del self._touched[job_id]
        return taken

    def seconds_to_next(self, now: datetime) -> float | None:
        """Return how long no touched card may be edited; None when none is touched."""
        if self.walks_from is not None:
            return 0.0
        soonest = math.inf if not self._passing else max(0.0, (self._passing[0][0] - now).total_seconds())
        for job_id in self._touched:
            if (soonest := min(soonest, self._wait(job_id, now))) <= 0:
                break  # of a crowd that is touched most may be edited at once
        return None if soonest == math.inf else soonest

    def put_off(self, job_id: str, until: datetime) -> None:
        """Keep a job for a later time; what its card shows is not forgotten."""
        self._shown[job_id] = replace(self._shown.get(job_id, _Shown(None, until)), editable_at=until)
        self.put_back({job_id})

    def put_back(self, job_ids: Iterable[str]) -> None:
        """Keep jobs for the next time; unlike a touch, this is no news."""
        self._touched.update(dict.fromkeys(job_ids))

    def note_shown(self, card: StatusCard, at: datetime) -> None:
        """Note what a card shows now."""
        until = at + timedelta(seconds=SHORTEST_INTERVAL_SECONDS)
        self._shown[card.job.id] = _Shown(card.appearance, until, card.arrival)

    def note_failed(self, job_id: str, at: datetime, *, seconds: float = SHORTEST_INTERVAL_SECONDS) -> None:
        """Note an edit that may or may not have arrived, to be made again after so many seconds."""
        self._shown[job_id] = _Shown(None, at + timedelta(seconds=seconds))
        self.put_back({job_id})

    def steady(self, card: StatusCard, now: datetime) -> StatusCard:
        """Keep the time that a card shows for as long as it holds by and large."""
        shown = self._shown.get(card.job.id)
        shown_at = None if shown is None or shown.arrival is None else shown.arrival.expected_at
        expected_at = None if card.arrival is None else card.arrival.expected_at
        if card.arrival is not None and card.arrival.is_late:  # by what is known now: perhaps not by what was said
            expected_at = now + timedelta(seconds=PASSING_SECONDS)
        if shown_at is None or expected_at is None or has_moved(shown_at, expected_at, now):
            return card
        return replace(card, arrival=Arrival(shown_at))

    def has_changed(self, card: StatusCard) -> bool:
        """Tell whether a card looks different from what it showed last."""
        shown = self._shown.get(card.job.id)
        return shown is None or shown.appearance != card.appearance

    def editable_at(self, job: Job) -> datetime:
        """Say when a job's card may be edited again."""
        shown = self._shown.get(job.id)
        return _first_editable_at(job) if shown is None else shown.editable_at

    def forget(self, job_id: str) -> None:
        """Drop what is remembered about a job that has ended."""
        self._shown.pop(job_id, None)
        self._touched.pop(job_id, None)

    def _wait(self, job_id: str, now: datetime) -> float:
        shown = self._shown.get(job_id)
        return 0.0 if shown is None else max(0.0, (shown.editable_at - now).total_seconds())


def _first_editable_at(job: Job) -> datetime:
    return job.created_at + timedelta(seconds=FIRST_EDIT_SECONDS)


class StatusCardUpdater:
    """Edits the cards of open jobs that were touched; the worker settles those of finished ones through it.

    A card is only ever edited under its job's lock, and from the job as it is stored at that moment, so an
    edit that was held up cannot paint over a newer one.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        publisher: Publisher,
        throttle: ServiceThrottle,
        arrivals: Arrivals,
        current_jobs: CurrentJobs,
        card_changes: CardChanges,
        answering: Collection[str],
        policy: WorkerPolicy,
    ) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._throttle = throttle
        self._arrivals = arrivals
        self._current_jobs = current_jobs
        self._card_changes = card_changes
        self._policy = policy
        self._lost_cards = LostCards(database=database, publisher=publisher, clock=clock, answering=answering)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._in_flight: set[str] = set()
        self._refusals = Refusals()
        self._loop = Loop(
            "status cards",
            card_changes.woken,
            retry_seconds=SHORTEST_INTERVAL_SECONDS,
            shortest_pause_seconds=SHORTEST_PAUSE_SECONDS,
        )

    async def run(self) -> None:
        """Keep cards true until stopped; one that Discord holds back keeps no other waiting.

        What is in flight then is dropped: the next process makes it anew.
        """
        await self._loop.run(self._pass)

    def stop(self) -> None:
        """End ``run``."""
        self._loop.stop()

    async def _pass(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> float | None:
        for card in await self._pick(now := self._clock.now()):
            spawn(self._edit(card))
        return self._card_changes.seconds_to_next(now)

    async def tick(self) -> float | None:
        """Edit the most pressing cards that may be edited now, and wait for that.

        Returns:
            Seconds until there is more to do; None when nothing waits.
        """
        await asyncio.gather(*map(self._edit, await self._pick(now := self._clock.now())))
        return self._card_changes.seconds_to_next(now)

    async def _pick(self, now: datetime) -> list[StatusCard]:
        """Take the most pressing cards to edit now into hand, and put the others back."""
        changed = await self._changed_cards(now)
        picked = [it for it in changed if it.job.id not in self._in_flight][: EDITS_AT_ONCE - len(self._in_flight)]
        self._in_flight |= {card.job.id for card in picked}
        for card in picked:
            self._card_changes.note_passing(card)
        self._card_changes.put_back(card.job.id for card in changed if card not in picked)
        return picked

    async def settle(self, job: Job) -> None:
        """Show a finished job's end on its card, or take the card away when the clip itself is there.

        Raises:
            PublishError: when Discord did not take it; try again later.
        """
        async with self._locks.setdefault(job.id, asyncio.Lock()):
            if job.state is JobState.DELIVERED:
                await self._publisher.remove_status(job)
            else:
                await self._publisher.show_status(StatusCard(job))
        self._card_changes.forget(job.id)
        self._refusals.forget(job.id)

    async def _changed_cards(self, now: datetime) -> list[StatusCard]:
        """Return touched cards that show something else than they should, most pressing first.

        Those of renders come first, then the queue's by their place; among equals who was touched first.
        """
        async with self._database.read() as connection:
            await self._walk_queue(connection)
            touched = self._card_changes.take(now)
            self._card_changes.put_back(self._in_flight.intersection(touched))  # until it is known what they show
            try:
                found = {job.id: job for job in await jobs.get_many(connection, touched)}
                waiting = [job_id for job_id in touched if job_id in found and found[job_id].state is JobState.QUEUED]
                looked_at, later = waiting[:WAITING_AT_ONCE], waiting[WAITING_AT_ONCE:]
                places = await jobs.places(connection, looked_at, slots_since=self._policy.slots_since(now), now=now)
                ahead = await self._arrivals.look(connection, map(found.__getitem__, looked_at), now)
            except BaseException:  # whatever it was: what was taken and not shown is still news
                self._card_changes.put_back(touched)
                raise
        self._card_changes.put_back(later)
        for job in found.values():
            if job.state.is_final and job.due_at is None:
                self._card_changes.forget(job.id)
        cards = [
            self._arrivals.card(job, places.get(job.id), ahead, now, throttle=self._throttle)
            for job in map(found.get, touched)
            if job is not None and job.id not in later and self._may_be_shown(job, now)
        ]
        cards = [self._card_changes.steady(card, now) for card in cards]
        changed = [it for it in cards if it.job.status_message_id is None or self._card_changes.has_changed(it)]
        return sorted(changed, key=lambda card: card.queue_place or 0)

    def _may_be_shown(self, job: Job, now: datetime) -> bool:
        """Tell whether a job has a card to edit, or one to be looked for; a take's is its round's board."""
        if job.state.is_final or job.round_id is not None:
            return False
        if job.status_message_id is not None:
            return True
        if job.state is JobState.DELIVERING:
            return False  # a clip that comes needs no card any more, and one without a button is not found again
        if seconds := self._lost_cards.seconds_to_look(job):
            self._card_changes.put_off(job.id, now + timedelta(seconds=seconds))
        return not seconds

    async def _walk_queue(self, connection: Connection) -> None:
        """Touch the next few jobs of a queue that was touched as a whole."""
        if (position := self._card_changes.walks_from) is not None:
            waiting = await jobs.list_waiting_after(connection, position, limit=WAITING_AT_ONCE)
            self._card_changes.walk(waiting, is_end=len(waiting) < WAITING_AT_ONCE)

    async def _edit(self, card: StatusCard) -> None:
        """Edit one card, or leave it for later."""
        job_id = card.job.id
        try:
            async with asyncio.timeout(LONGEST_CARD_SECONDS), self._locks.setdefault(job_id, asyncio.Lock()):
                job = await self._current_jobs.get(job_id)
                if job is None or job.state is not card.job.state:
                    return None  # it has moved on, and was touched again when it did
                if job.status_message_id is None:
                    await self._lost_cards.show(card)
                else:
                    await self._publisher.show_status(replace(card, job=job))
        except (PublishError, StoreUnavailableError, TimeoutError) as error:
            level = logging.INFO if isinstance(error, DestinationClosedError) else logging.WARNING
            _log.log(level, "status card not updated", extra={"job_id": job_id, "error": type(error).__name__})
            if isinstance(error, MessageRefusedError) and self._refusals.note(job_id):
                return self._card_changes.note_shown(card, self._clock.now())  # left as it is, as below
            seconds = LOOK_AGAIN_SECONDS if card.job.status_message_id is None else SHORTEST_INTERVAL_SECONDS
            self._card_changes.note_failed(job_id, self._clock.now(), seconds=seconds)
        except Exception:  # noqa: BLE001 (logged; a card is never worth the loop)
            _log.exception("status card left as it is", extra={"job_id": job_id})
            self._card_changes.note_shown(card, self._clock.now())  # until there is something new to show
        else:
            self._refusals.forget(job_id)
            self._card_changes.note_shown(card, self._clock.now())
        finally:
            self._in_flight.discard(job_id)
