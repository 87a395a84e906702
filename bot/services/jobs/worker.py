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
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import DestinationClosedError, LeaseLostError, PublishError, StoreUnavailableError
from bot.models import FINAL_STATES, JobError, JobState
from bot.services.jobs.policy import backoff_seconds
from bot.services.jobs.throttle import BURST_SECONDS, MINUTE_SECONDS, Sent, window_start
from bot.store import jobs, submits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import Job, Submit
    from bot.services.jobs.account import AccountCheck
    from bot.services.jobs.delivery import Deliverer
    from bot.services.jobs.leases import LeasedJobs
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.jobs.rendering import Renderer
    from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater
    from bot.services.jobs.throttle import ServiceThrottle
    from bot.services.ports import Clock, Publisher
    from bot.services.submits.submitting import Submitter
    from bot.services.submits.unattended import UnattendedSubmits
    from bot.store.database import Database

_log = logging.getLogger(__name__)

UNEXPECTED_ERRORS_BEFORE_FAILING = 8
"""Unexpected errors in one state after which a job ends as failed, some five minutes after the first.

Counted in memory, apart from a job's attempts: a delivery that has been put off for hours is not given up for one.
"""
SETTLE_ATTEMPTS = 10
"""After so many refusals by Discord, most of an hour, a card is left as it is."""
_LOOP_RETRY_SECONDS = 1.0
_SHORTEST_PAUSE_SECONDS = 0.02
"""Between two passes that nobody asked for: many jobs due almost together share a pass."""


@dataclass(frozen=True, slots=True, eq=False)
class _Lane:
    """Steps of one kind, and how many of them at a time; ``states`` are those of the jobs they are for."""

    name: str
    at_once: int
    states: Collection[JobState] = ()
    polls: bool = False


def _next_due_at(lane: _Lane, backlog: dict[JobState, jobs.Backlog]) -> datetime | None:
    return min((backlog[state].due_at for state in lane.states if state in backlog), default=None)


@dataclass(frozen=True, slots=True)
class _Step:
    """Something to do for one job, or for a submit whose job has ended; ``key`` names what is in hand meanwhile."""

    key: str
    lane: _Lane
    act: Callable[[], Awaitable[None]]
    job: Job | None = None


class _Pass(NamedTuple):
    """What a pass took, and how long nothing more will be due as far as is known (None: until woken).

    Attributes:
        looks_at_account: whether to ask if the operator has acted.
    """

    steps: list[_Step]
    checks_account: bool
    pause_seconds: float | None


class Worker:
    """Owns the loop. ``tick`` is one pass, for tests; ``run`` is the process's.

    Args:
        model: what clips are asked of.
        held: jobs that this process holds by lease outside the worker, whose leases are renewed with the worker's.
        wake: set by whoever has made work for the worker.
        owner: names this process in leases; the same after a restart, and different from any other running one.
    """

    def __init__(
        self,
        *,
        database: Database,
        publisher: Publisher,
        submitter: Submitter,
        renderer: Renderer,
        unattended: UnattendedSubmits,
        deliverer: Deliverer,
        account: AccountCheck,
        leased_jobs: LeasedJobs,
        card_updater: StatusCardUpdater,
        card_changes: CardChanges,
        wake: asyncio.Event,
        held: Collection[str],
        throttle: ServiceThrottle,
        clock: Clock,
        policy: WorkerPolicy,
        model: str,
        owner: str,
        jitter: Callable[[], float],
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._submitter = submitter
        self._unattended = unattended
        self._account = account
        self._leased_jobs = leased_jobs
        self._card_updater = card_updater
        self._card_changes = card_changes
        self._wake = wake
        self._held = held
        self._throttle = throttle
        self._clock = clock
        self._policy = policy
        self._model = model
        self._owner = owner
        self._jitter = jitter
        self._submit = _Lane("submit", policy.max_concurrent_renders)
        self._reconcile = _Lane("reconcile", policy.polls_at_once, {JobState.SUBMITTING}, polls=True)
        self._poll = _Lane("look", policy.polls_at_once, {JobState.RENDERING}, polls=True)
        self._follow = _Lane("follow", policy.polls_at_once, polls=True)
        self._deliver = _Lane("deliver", policy.deliveries_at_once, {JobState.READY, JobState.DELIVERING})
        self._settle = _Lane("settle", policy.settles_at_once, FINAL_STATES)
        self._acts: dict[_Lane, Callable[[Job], Awaitable[None]]] = {
            self._reconcile: submitter.reconcile,
            self._poll: renderer.poll,
            self._deliver: deliverer.deliver,
            self._settle: self._settle_card,
        }
        self._in_flight: dict[str, _Lane] = {}
        self._unexpected_errors: Counter[tuple[str, JobState]] = Counter()
        self._renewed_at = clock.now()
        self._stopping = False

    def stop(self) -> None:
        """Take nothing more, and let ``run`` end once what is in hand is finished or released."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped, then finish or release what is in hand within the deadline."""
        await self.reclaim_leases()
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
            _log.info("stopping", extra={"in_flight": len(steps)})
            if steps:
                await asyncio.wait(steps, timeout=self._policy.stop_deadline_seconds)
            for task in steps:
                task.cancel()
        try:
            await self.reclaim_leases()
        except StoreUnavailableError:
            _log.warning("leases not released; they run out, or are taken back at the next start")

    async def tick(self) -> int:
        """Do one pass and wait for its steps; return how many there were."""
        taken = await self._claim()
        async with asyncio.TaskGroup() as group:
            for step in self._steps(taken):
                group.create_task(step)
        return len(taken.steps)

    async def reclaim_leases(self) -> None:
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
        checks_account = self._throttle.take_probe(now)
        steps: list[_Step] = []
        try:
            async with self._database.write() as connection:
                await self._renew(connection, now)
                backlog = await jobs.backlog(connection)
                rendering = backlog.get(JobState.RENDERING)
                self._throttle.poll.shared_by = 0 if rendering is None else rendering.count
                taken_slots = await self._start_waiting(connection, now, backlog, steps)
                for lane in self._acts:
                    due_at = _next_due_at(lane, backlog)
                    if due_at is not None and due_at <= now:
                        self._take(await self._claim_lane(connection, lane, now), steps)
                unattended_at = await self._claim_unattended(connection, now, steps)
                if steps:
                    backlog = await jobs.backlog(connection)
                pause_seconds = self._pause_seconds(now, backlog, taken_slots, unattended_at)
        except BaseException:  # whatever it was: what was not committed is not in hand
            for step in steps:
                self._in_flight.pop(step.key, None)
            raise
        for step in steps:
            if step.lane is self._submit:
                _log.info("job submitting", extra={"job_id": step.key})
                self._card_changes.touch(step.key)
                self._card_changes.touch_queue()
        return _Pass(steps, checks_account, pause_seconds)

    def _take(self, taken: Iterable[_Step], steps: list[_Step]) -> None:
        """Take steps in hand."""
        for step in taken:
            steps.append(step)
            self._in_flight[step.key] = step.lane

    async def _start_waiting(
        self,
        connection: AsyncConnection,
        now: datetime,
        backlog: dict[JobState, jobs.Backlog],
        steps: list[_Step],
    ) -> submits.Slots | None:
        """Start waiting jobs in free render slots; return the slots as they were if a job has to wait for one."""
        if JobState.QUEUED not in backlog or (self._throttle.is_paused and not self._throttle.tries_one):
            return None
        since = now - timedelta(seconds=self._policy.slot_seconds)
        slots = await submits.slots(connection, since=since)
        wanted = self._policy.max_concurrent_renders - slots.taken
        if wanted <= 0:
            return slots
        limit = self._throttle.submit.allowance(
            now,
            wanted=1 if self._throttle.is_paused else wanted,
            in_flight=self._count(self._submit),
            sent=(
                Sent(*await submits.count_sent(connection, since=window_start(now, BURST_SECONDS))),
                Sent(*await submits.count_sent(connection, since=window_start(now, MINUTE_SECONDS))),
            ),
        )
        if limit <= 0:
            return None
        started = await jobs.start_next(
            connection,
            now=now,
            limit=limit,
            owner=self._owner,
            lease_until=self._lease_until(now),
            in_flight=self._in_flight.keys(),
            last=self._throttle.suspects.last,
        )
        if started and self._throttle.is_paused:
            self._throttle.note_tried()
        added = await submits.add(connection, started, model=self._model, now=now)
        self._take((self._submit_step(job, added[job.id]) for job in started), steps)
        return None

    def _submit_step(self, job: Job, submit: Submit) -> _Step:
        return _Step(job.id, self._submit, partial(self._submitter.submit, job, submit), job)

    async def _claim_lane(self, connection: AsyncConnection, lane: _Lane, now: datetime) -> list[_Step]:
        limit = lane.at_once - self._count(lane)
        if lane.polls:
            limit = self._throttle.poll.allowance(now, wanted=limit, in_flight=self._count_polls())
        if limit <= 0:
            return []
        claimed = await jobs.claim_due(
            connection,
            states=lane.states,
            now=now,
            limit=limit,
            owner=self._owner,
            lease_until=self._lease_until(now),
            in_flight=self._in_flight.keys(),
        )
        if lane.polls:
            self._throttle.poll.note_sent(now, len(claimed))
        return [_Step(job.id, lane, partial(self._acts[lane], job), job) for job in claimed]

    async def _claim_unattended(
        self, connection: AsyncConnection, now: datetime, steps: list[_Step]
    ) -> datetime | None:
        """Take due submits whose jobs have ended; return when the next is due."""
        due_at = await submits.next_unattended_at(connection)
        if due_at is None or due_at > now:
            return due_at
        free = self._follow.at_once - self._count(self._follow)
        limit = self._throttle.poll.allowance(now, wanted=free, in_flight=self._count_polls())
        if limit > 0:
            due = await submits.claim_unattended(connection, now=now, until=self._lease_until(now), limit=limit)
            self._throttle.poll.note_sent(now, len(due))
            self._take(map(self._follow_step, due), steps)
        return await submits.next_unattended_at(connection)

    def _follow_step(self, submit: Submit) -> _Step:
        return _Step(f"{submit.job_id}#{submit.number}", self._follow, partial(self._unattended.poll, submit))

    async def _renew(self, connection: AsyncConnection, now: datetime) -> None:
        if now - self._renewed_at >= timedelta(seconds=self._policy.lease_seconds / 3):
            mine = self._in_flight.keys() | self._held
            await jobs.renew_leases(connection, mine, owner=self._owner, lease_until=self._lease_until(now))
            self._renewed_at = now

    # One step of one job -------------------------------------------------------------------------

    def _steps(self, taken: _Pass) -> Iterator[Coroutine[None, None, None]]:
        for step in taken.steps:
            yield self._do(step)
        if taken.checks_account:
            yield self._check_account()

    async def _check_account(self) -> None:
        """Ask whether the operator has acted, or has to."""
        was_paused = self._throttle.is_paused
        try:
            await self._account.check()
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("the worker could not ask whether the operator has acted")
        self._pause_may_have_changed(was_paused)

    async def _do(self, step: _Step) -> None:
        was_paused = self._throttle.is_paused
        fields = {"job_id": step.key} if step.job is None else {"job_id": step.job.id}
        try:
            await step.act()
        except LeaseLostError:
            _log.info("job is no longer ours", extra=fields)
        except StoreUnavailableError as error:
            _log.warning("the database did not answer: %s", error, extra=fields)
            await self._put_off(step.job)
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception(
                "unexpected error",
                extra=fields | {"generation_id": None if step.job is None else step.job.generation_id},
            )
            if step.job is not None:
                self._unexpected_errors[step.job.id, step.job.state] += 1
            await self._put_off(step.job)
        finally:
            del self._in_flight[step.key]  # nobody takes a job that is in hand
            if step.job is not None:
                self._card_changes.touch(step.job.id)
            self._pause_may_have_changed(was_paused)
            self._wake.set()

    def _pause_may_have_changed(self, was_paused: bool) -> None:
        if was_paused or self._throttle.is_paused:
            self._card_changes.touch_queue()
            self._wake.set()

    async def _put_off(self, job: Job | None) -> None:
        """Delay a job that met the unexpected; end one that keeps doing so. A submit without one is put off already."""
        if job is None:
            return
        try:
            async with self._database.read() as connection:
                current = await jobs.get(connection, job.id)
            if current is None or current.lease_owner != self._owner:
                return
            unexpected_errors = self._unexpected_errors[job.id, job.state]
            if unexpected_errors < UNEXPECTED_ERRORS_BEFORE_FAILING:
                delay = backoff_seconds(max(1, unexpected_errors), self._jitter())
                await self._leased_jobs.release(current, due_in_seconds=delay)
                return
            if current.state.is_final:
                await self._leased_jobs.settle(current)
            else:
                await self._leased_jobs.fail(current, JobError.INTERNAL)
            del self._unexpected_errors[job.id, job.state]
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("job could not be put off; its lease will run out", extra={"job_id": job.id})

    async def _settle_card(self, job: Job) -> None:
        try:
            if job.status_message_id is None:
                job = await self._find_card(job)
            early_seconds = (self._card_changes.editable_at(job) - self._clock.now()).total_seconds()
            if job.state is not JobState.DELIVERED and early_seconds > 0:
                await self._leased_jobs.release(job, due_in_seconds=early_seconds)
                return
            if job.status_message_id is not None:
                await self._card_updater.settle(job)
        except DestinationClosedError:
            _log.info("status card out of reach", extra={"job_id": job.id})
        except PublishError as error:
            attempts = job.attempts + 1
            if attempts < SETTLE_ATTEMPTS:
                delay = backoff_seconds(attempts, self._jitter())
                await self._leased_jobs.release(job, due_in_seconds=delay, attempts=attempts)
                return
            _log.warning("status card left as it is", extra={"job_id": job.id, "error": type(error).__name__})
        await self._leased_jobs.settle(job)
        for state in JobState:
            self._unexpected_errors.pop((job.id, state), None)

    async def _find_card(self, job: Job) -> Job:
        found = await self._publisher.find_status(job)
        return job if found is None else await self._leased_jobs.hold(job, status_message_id=found)

    # Waiting -------------------------------------------------------------------------------------

    async def _sleep(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for may lose a cancellation in Python 3.11
                await self._wake.wait()

    def _pause_seconds(
        self,
        now: datetime,
        backlog: dict[JobState, jobs.Backlog],
        slots: submits.Slots | None,
        unattended_at: datetime | None,
    ) -> float | None:
        """Return how long nothing more will be due; a lane that is full is woken by its own next end."""
        times = [self._throttle.probe_at, self._throttle.submit.opens_at]
        if JobState.QUEUED in backlog:  # where it isn't past, the next is held, and free when its lease has ended
            times.append(backlog[JobState.QUEUED].due_at)
        if slots is not None and slots.oldest_sent_at is not None:
            times.append(slots.oldest_sent_at + timedelta(seconds=self._policy.slot_seconds))
        times = [time for time in times if time is not None and time > now]
        due = [(lane, _next_due_at(lane, backlog)) for lane in self._acts]
        for lane, due_at in [*due, (self._follow, unattended_at)]:
            if due_at is None or self._count(lane) >= lane.at_once:
                continue
            if lane.polls and not self._throttle.poll.allowance(now, wanted=1, in_flight=self._count_polls()):
                opens_at = self._throttle.poll.opens_at
                if opens_at is None or opens_at <= now:
                    continue  # one poll is out to see if the gate holds; its answer wakes the loop
                due_at = max(due_at, opens_at)
            times.append(due_at)
        if self._in_flight or self._held:
            times.append(now + timedelta(seconds=self._policy.lease_seconds / 3))
        return max(_SHORTEST_PAUSE_SECONDS, (min(times) - now).total_seconds()) if times else None

    def _count_polls(self) -> int:
        return sum(lane.polls for lane in self._in_flight.values())

    def _count(self, lane: _Lane) -> int:
        return sum(1 for taken in self._in_flight.values() if taken is lane)

    def _lease_until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._policy.lease_seconds)
