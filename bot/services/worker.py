"""The one loop that carries every job from ``queued`` to its end.

A pass takes what is due and nobody holds, and gives each job one step, concurrently; the loop then sleeps until
it is woken, until the next job is due, or until it is stopped. A step that meets something unexpected puts its
job off and never ends the loop. A crash, a deploy and a second process are the same case: a job whose lease has
run out is anyone's, and a restarted process takes its own back at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import (
    DestinationClosedError,
    LeaseLostError,
    PublishError,
    RateLimitedError,
    StoreUnavailableError,
    VideoServiceError,
)
from bot.models import FINAL_STATES, RENDER_STATES, JobError, JobState
from bot.services.policy import backoff_seconds
from bot.store import jobs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job
    from bot.services.delivery import Deliverer
    from bot.services.gates import ServiceGates
    from bot.services.keeper import JobKeeper
    from bot.services.policy import WorkerPolicy
    from bot.services.ports import Clock, Publisher, VideoService
    from bot.services.rendering import Renderer
    from bot.services.status import CardNews, StatusBoard
    from bot.store.database import Database

_log = logging.getLogger(__name__)

SURPRISES_BEFORE_FAILING = 8
"""Unexpected errors in one state after which a job ends as failed, some five minutes after the first.

Counted in memory, apart from a job's attempts: a delivery that has been put off for hours is not given up for one.
"""
SETTLE_ATTEMPTS = 10
"""After so many refusals by Discord, most of an hour, a card is left as it is."""
_LOOP_RETRY_SECONDS = 1.0
_SHORTEST_PAUSE_SECONDS = 0.02
"""Between two passes that nobody asked for: many jobs due almost together share a pass."""


@dataclass(frozen=True, slots=True)
class _Lane:
    """Steps of one kind, and how many of them at a time."""

    name: str
    states: Collection[JobState]
    at_once: int
    step: Callable[[Job], Awaitable[None]]


def _next_due_at(lane: _Lane, backlog: dict[JobState, jobs.Backlog]) -> datetime | None:
    return min((backlog[state].due_at for state in lane.states if state in backlog), default=None)


class _Pass(NamedTuple):
    """What a pass took, and how long nothing more will be due as far as is known (None: until woken).

    Attributes:
        probes: whether to ask if the operator has acted.
    """

    claimed: list[tuple[Job, _Lane]]
    probes: bool
    pause_seconds: float | None


class Worker:
    """Owns the loop. ``tick`` is one pass, for tests; ``run`` is the process's.

    Args:
        wake: set by whoever has made work for the worker.
        owner: names this process in leases; the same after a restart, and different from any other running one.
    """

    def __init__(
        self,
        *,
        database: Database,
        service: VideoService,
        publisher: Publisher,
        renderer: Renderer,
        deliverer: Deliverer,
        keeper: JobKeeper,
        board: StatusBoard,
        news: CardNews,
        wake: asyncio.Event,
        gates: ServiceGates,
        clock: Clock,
        policy: WorkerPolicy,
        owner: str,
        jitter: Callable[[], float],
    ) -> None:
        self._database = database
        self._service = service
        self._publisher = publisher
        self._keeper = keeper
        self._board = board
        self._news = news
        self._wake = wake
        self._gates = gates
        self._clock = clock
        self._policy = policy
        self._owner = owner
        self._jitter = jitter
        self._submit = _Lane("submit", {JobState.QUEUED}, policy.max_concurrent_renders, renderer.submit)
        self._look = _Lane("look", {JobState.SUBMITTING, JobState.RENDERING}, policy.polls_at_once, renderer.look)
        self._deliver = _Lane(
            "deliver", {JobState.READY, JobState.DELIVERING}, policy.deliveries_at_once, deliverer.deliver
        )
        self._settle = _Lane("settle", FINAL_STATES, policy.settles_at_once, self._settle_card)
        self._in_hand: dict[str, _Lane] = {}
        self._surprises: Counter[tuple[str, JobState]] = Counter()
        self._renewed_at = clock.now()
        self._stopping = False

    def stop(self) -> None:
        """Take nothing more, and let ``run`` end once what is in hand is finished or released."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped, then finish or release what is in hand within the deadline."""
        await self.take_back()
        steps: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._wake.clear()
                taken = await self._claim_or_log()
                for step in self._steps(taken):
                    task = group.create_task(step)
                    steps.add(task)
                    task.add_done_callback(steps.discard)
                await self._sleep(taken.pause_seconds)
            _log.info("stopping", extra={"in_hand": len(steps)})
            if steps:
                await asyncio.wait(steps, timeout=self._policy.stop_deadline_seconds)
            for task in steps:
                task.cancel()
        try:
            await self.take_back()
        except StoreUnavailableError:
            _log.warning("leases not released; they run out, or are taken back at the next start")

    async def tick(self) -> int:
        """Do one pass and wait for its steps; return how many there were."""
        taken = await self._claim()
        async with asyncio.TaskGroup() as group:
            for step in self._steps(taken):
                group.create_task(step)
        return len(taken.claimed)

    async def take_back(self) -> None:
        """Release this worker's own leases: at the start those of a process that was killed, at the end its last."""
        async with self._database.write() as connection:
            released = await jobs.release_leases(connection, owner=self._owner)
        if released:
            _log.info("leases released", extra={"jobs": released})

    # Taking what is due --------------------------------------------------------------------------

    async def _claim_or_log(self) -> _Pass:
        try:
            return await self._claim()
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("the worker could not look for work")
            return _Pass([], False, _LOOP_RETRY_SECONDS)

    async def _claim(self) -> _Pass:
        now = self._clock.now()
        probes = self._gates.take_probe(now)
        claimed: list[tuple[Job, _Lane]] = []
        try:
            async with self._database.write() as connection:
                await self._renew(connection, now)
                backlog = await jobs.backlog(connection)
                claimed += [(job, self._submit) for job in await self._start_waiting(connection, now, backlog)]
                for lane in (self._look, self._deliver, self._settle):
                    due_at = _next_due_at(lane, backlog)
                    if due_at is not None and due_at <= now:
                        claimed += [(job, lane) for job in await self._claim_lane(connection, lane, now)]
                self._in_hand |= {job.id: lane for job, lane in claimed}
                pause_seconds = self._pause_seconds(now, await jobs.backlog(connection) if claimed else backlog)
        except BaseException:  # whatever it was: what was not committed is not in hand
            for job, _ in claimed:
                self._in_hand.pop(job.id, None)
            raise
        for job, lane in claimed:
            if lane is self._submit:
                _log.info("job submitting", extra={"job_id": job.id})
                self._news.touch(job.id)
                self._news.touch_queue()
        return _Pass(claimed, probes, pause_seconds)

    async def _start_waiting(
        self, connection: AsyncConnection, now: datetime, backlog: dict[JobState, jobs.Backlog]
    ) -> list[Job]:
        if self._gates.is_paused or JobState.QUEUED not in backlog:
            return []
        rendering = sum(backlog[state].count for state in RENDER_STATES if state in backlog)
        wanted = self._policy.max_concurrent_renders - rendering
        limit = self._gates.submit.allowance(now, wanted=wanted, in_flight=self._count(self._submit))
        if limit <= 0:
            return []
        return await jobs.start_next(
            connection,
            now=now,
            limit=limit,
            owner=self._owner,
            lease_until=self._lease_until(now),
            in_hand=self._in_hand.keys(),
        )

    async def _claim_lane(self, connection: AsyncConnection, lane: _Lane, now: datetime) -> list[Job]:
        in_flight = self._count(lane)
        limit = lane.at_once - in_flight
        if lane is self._look:
            limit = self._gates.poll.allowance(now, wanted=limit, in_flight=in_flight)
        if limit <= 0:
            return []
        return await jobs.claim_due(
            connection,
            states=lane.states,
            now=now,
            limit=limit,
            owner=self._owner,
            lease_until=self._lease_until(now),
            in_hand=self._in_hand.keys(),
        )

    async def _renew(self, connection: AsyncConnection, now: datetime) -> None:
        if now - self._renewed_at >= timedelta(seconds=self._policy.lease_seconds / 3):
            await jobs.renew_leases(
                connection, self._in_hand.keys(), owner=self._owner, lease_until=self._lease_until(now)
            )
            self._renewed_at = now

    # One step of one job -------------------------------------------------------------------------

    def _steps(self, taken: _Pass) -> Iterator[Coroutine[None, None, None]]:
        for job, lane in taken.claimed:
            yield self._take_step(job, lane)
        if taken.probes:
            yield self._probe()

    async def _probe(self) -> None:
        """Ask, while submitting is paused, whether the operator has acted; go on by ourselves if so."""
        try:
            balance = await self._service.fetch_balance()
        except VideoServiceError as error:
            if isinstance(error, RateLimitedError):
                self._gates.hold_probe(self._clock.now(), error.retry_after_seconds)
            _log.info("still paused", extra={"error": type(error).__name__, "request_id": error.request_id})
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("the worker could not ask whether the operator has acted")
        else:
            if not balance.is_empty:
                self._gates.resume()
                self._news.touch_queue()
                self._wake.set()

    async def _take_step(self, job: Job, lane: _Lane) -> None:
        try:
            await lane.step(job)
        except LeaseLostError:
            _log.info("job is no longer ours", extra={"job_id": job.id})
        except StoreUnavailableError as error:
            _log.warning("the database did not answer: %s", error, extra={"job_id": job.id})
            await self._put_off(job)
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("unexpected error", extra={"job_id": job.id, "generation_id": job.generation_id})
            self._surprises[job.id, job.state] += 1
            await self._put_off(job)
        finally:
            del self._in_hand[job.id]  # nobody takes a job that is in hand
            self._news.touch(job.id)
            if self._gates.is_paused:
                self._news.touch_queue()
            self._wake.set()

    async def _put_off(self, job: Job) -> None:
        """Delay a job that met the unexpected; end one that keeps doing so."""
        try:
            async with self._database.read() as connection:
                current = await jobs.get(connection, job.id)
            if current is None or current.lease_owner != self._owner:
                return
            surprises = self._surprises[job.id, job.state]
            if surprises < SURPRISES_BEFORE_FAILING:
                delay = backoff_seconds(max(1, surprises), self._jitter())
                await self._keeper.release(current, due_in_seconds=delay)
                return
            if current.state.is_final:
                await self._keeper.settle(current)
            else:
                await self._keeper.fail(current, JobError.INTERNAL)
            del self._surprises[job.id, job.state]
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("job could not be put off; its lease will run out", extra={"job_id": job.id})

    async def _settle_card(self, job: Job) -> None:
        try:
            if job.status_message_id is None:
                job = await self._find_card(job)
            early_seconds = (self._news.editable_at(job) - self._clock.now()).total_seconds()
            if job.state is not JobState.DELIVERED and early_seconds > 0:
                await self._keeper.release(job, due_in_seconds=early_seconds)
                return
            if job.status_message_id is not None:
                await self._board.settle(job)
        except DestinationClosedError:
            _log.info("status card out of reach", extra={"job_id": job.id})
        except PublishError as error:
            attempts = job.attempts + 1
            if attempts < SETTLE_ATTEMPTS:
                delay = backoff_seconds(attempts, self._jitter())
                await self._keeper.release(job, due_in_seconds=delay, attempts=attempts)
                return
            _log.warning("status card left as it is", extra={"job_id": job.id, "error": type(error).__name__})
        await self._keeper.settle(job)
        for state in JobState:
            self._surprises.pop((job.id, state), None)

    async def _find_card(self, job: Job) -> Job:
        found = await self._publisher.find_status(job)
        return job if found is None else await self._keeper.hold(job, status_message_id=found)

    # Waiting -------------------------------------------------------------------------------------

    async def _sleep(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for may lose a cancellation in Python 3.11
                await self._wake.wait()

    def _pause_seconds(self, now: datetime, backlog: dict[JobState, jobs.Backlog]) -> float | None:
        """Return how long nothing more will be due; a lane that is full is woken by its own next end."""
        times = [self._gates.probe_at, self._gates.submit.opens_at]
        times = [time for time in times if time is not None and time > now]
        for lane in (self._look, self._deliver, self._settle):
            due_at = _next_due_at(lane, backlog) if self._count(lane) < lane.at_once else None
            opens_at = self._gates.poll.opens_at if lane is self._look else None
            if due_at is not None and not (opens_at and opens_at <= now and self._is_trying(lane, now)):
                times.append(max(due_at, opens_at or due_at))
        if self._in_hand:
            times.append(now + timedelta(seconds=self._policy.lease_seconds / 3))
        return max(_SHORTEST_PAUSE_SECONDS, (min(times) - now).total_seconds()) if times else None

    def _is_trying(self, lane: _Lane, now: datetime) -> bool:
        """Tell whether one request is out to see if the gate holds; its answer wakes the loop."""
        in_flight = self._count(lane)
        return not self._gates.poll.allowance(now, wanted=1, in_flight=in_flight)

    def _count(self, lane: _Lane) -> int:
        return sum(1 for taken in self._in_hand.values() if taken is lane)

    def _lease_until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._policy.lease_seconds)
