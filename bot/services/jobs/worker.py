"""The one loop that carries every job from ``queued`` to its end.

A pass takes what is due and nobody holds, and gives each job one step, concurrently; the loop then sleeps until
it is woken, until the next job is due, or until it is stopped. A step that meets something unexpected puts its
job off and never ends the loop. A crash, a deploy and a second process are the same case: a job whose lease has
run out is anyone's, and a restarted process takes its own back at once.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.errors import LeaseLostError, StoreRefusedError, StoreUnavailableError
from bot.models import JobError, JobState
from bot.services.jobs.claims import Claims
from bot.services.jobs.policy import backoff_seconds
from bot.services.loops import Loop
from bot.store import jobs
from bot.store.brainstorms import rounds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from datetime import datetime

    from bot.models import Job
    from bot.services.backups.recall import Recall
    from bot.services.brainstorms.keeper import RoundKeeper
    from bot.services.jobs.claims import Claim
    from bot.services.jobs.context import WorkContext
    from bot.services.jobs.delivery import Deliverer
    from bot.services.jobs.expiry import Expiry
    from bot.services.jobs.held import HeldJobs
    from bot.services.jobs.rendering import Renderer
    from bot.services.jobs.settling import CardSettler
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.operating.departures import Departures
    from bot.services.spend.watch import SpendWatch
    from bot.services.submits.submitting import Submitter
    from bot.services.submits.unattended import UnattendedSubmits
    from bot.services.throttling.account import AccountCheck
    from bot.services.throttling.sign import TroubleSign
    from bot.store import Connection

_log = logging.getLogger(__name__)

UNEXPECTED_ERRORS_BEFORE_FAILING = 8
"""Unexpected errors in one state after which a job ends as failed, some five minutes after the first.

Counted in memory, apart from a job's attempts: a delivery that has been put off for hours is not given up for one.
"""
SHORTEST_PAUSE_SECONDS = 0.1
"""Between two passes, which cost much more than one job more in a pass: what becomes due meanwhile shares the next."""


class Worker:
    """Owns the loop. ``tick`` is one pass, for tests; ``run`` is the process's.

    Args:
        wake: set by whoever has made work for the worker.
        held: jobs that wait for their acknowledgement, whose leases are renewed with the worker's.
    """

    def __init__(
        self,
        context: WorkContext,
        *,
        submitter: Submitter,
        renderer: Renderer,
        unattended: UnattendedSubmits,
        deliverer: Deliverer,
        settler: CardSettler,
        recall: Recall,
        keeper: RoundKeeper,
        account: AccountCheck,
        spend_watch: SpendWatch,
        card_changes: CardChanges,
        held: HeldJobs,
        expiry: Expiry,
        departures: Departures,
        trouble_sign: TroubleSign,
        wake: asyncio.Event,
    ) -> None:
        self._work = context
        self._submitter = submitter
        self._unattended = unattended
        self._recall = recall
        self._keeper = keeper
        self._account = account
        self._spend_watch = spend_watch
        self._card_changes = card_changes
        self._held = held
        self._expiry = expiry
        self._departures = departures
        self._trouble_sign = trouble_sign
        self._wake = wake
        self._claims = Claims(context)
        lanes = self._claims.lanes
        self._steps_of_jobs: dict[str, Callable[[Job], Awaitable[None]]] = {
            lanes.reconcile.name: submitter.reconcile,
            lanes.poll.name: renderer.poll,
            lanes.deliver.name: deliverer.deliver,
            lanes.settle.name: settler.settle,
        }
        self._loop = Loop("worker", wake, shortest_pause_seconds=SHORTEST_PAUSE_SECONDS)
        self._unexpected_errors: Counter[tuple[str, JobState]] = Counter()
        self._renewed_at = context.clock.now()
        self._reclaimed_as = context.instance.name
        self._is_alerting = False

    def stop(self) -> None:
        """Take nothing more, and let ``run`` end once what is in flight is finished or released."""
        self._loop.stop()

    async def run(self) -> None:
        """Work until stopped, then finish or release what is in flight within the deadline."""
        await self.reclaim_leases()
        self._card_changes.touch_queue()  # what cards have shown until now is not remembered
        await self._loop.run(self._pass, finish_seconds=self._work.policy.stop_deadline_seconds)
        try:
            await self.reclaim_leases()
        except StoreUnavailableError:
            _log.warning("leases not released; they run out, or are taken back at the next start")

    async def tick(self) -> int:
        """Do one pass and wait for its steps; return how many there were."""
        steps: list[Coroutine[Any, Any, None]] = []
        await self._pass(steps.append)
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
        return len(steps)

    async def reclaim_leases(self) -> None:
        """Release the leases under this worker's name: of a process that was killed at the start, its own at the end.

        Raises:
            StoreUnavailableError: when the database cannot be asked, or this process has no name.
        """
        self._work.instance.require()
        name = self._work.instance.name
        async with self._work.database.write() as connection:
            released = await jobs.release_leases(connection, name=name)
            released += await rounds.release_leases(connection, name=name)
        self._reclaimed_as = name
        if released:
            _log.info("leases released", extra={"leases": released})

    # One pass ------------------------------------------------------------------------------------

    async def _pass(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> float:
        """Take what is due and spawn its steps; return the seconds until the next look, if nobody wakes it before."""
        self._work.instance.require()
        if self._reclaimed_as != self._work.instance.name:
            await self.reclaim_leases()
        now = self._work.clock.now()
        checks_account = self._work.throttle.take_probe(now)
        claims, leaving, pause_seconds = await self._claim(now)
        for claim in claims:
            if claim.lane is self._claims.lanes.submit:
                _log.info("job submitting", extra={"job_id": claim.key})
                self._card_changes.touch(claim.key)
                self._card_changes.touch_queue()
            spawn(self._do(claim))
        for guild_id in leaving:
            spawn(self._leave(guild_id))
        if checks_account:
            spawn(self._check_account())
        for look in self._spend_watch.take_due(now, is_working=bool(claims)):
            spawn(self._look_at_spend(look))
        if self._trouble_sign.is_due:
            spawn(self._change_sign())
        if self._work.alerts.are_waiting and not self._is_alerting:
            spawn(self._send_alerts())
        # One that has nothing to do looks as well: another process may have died, or an operator have acted by hand.
        longest_seconds = self._work.policy.lease_seconds / 3
        return min(longest_seconds, math.inf if pause_seconds is None else pause_seconds)

    async def _claim(self, now: datetime) -> tuple[list[Claim], list[int], float | None]:
        claims: list[Claim] = []
        try:
            async with self._work.database.write() as connection:
                await self._renew(connection, now)
                undone = await self._held.withdraw(connection, now, owner=self._work.owner)
                expired = await self._expiry.take(connection, now)
                refitted = await self._work.refitting.take(connection, now)
                pause_seconds = await self._claims.take(connection, now, claims)
                leaving = await self._departures.take(connection, now)
        except BaseException:  # whatever it was: what was not committed is not in flight
            self._claims.drop(claims)
            raise
        if undone:
            self._held.withdrawn(undone)
            self._card_changes.touch_queue()
        self._expiry.tell(expired)
        self._work.refitting.tell(refitted)
        return claims, leaving, min((it for it in (pause_seconds, expired.seconds) if it is not None), default=None)

    async def _renew(self, connection: Connection, now: datetime) -> None:
        if now - self._renewed_at >= timedelta(seconds=self._work.policy.lease_seconds / 3):
            if mine := self._claims.in_flight.keys() | self._held.job_ids:
                lease_until = self._claims.lease_until(now)
                await jobs.renew_leases(connection, mine, owner=self._work.owner, lease_until=lease_until)
                await rounds.renew_leases(connection, mine, owner=self._work.owner, lease_until=lease_until)
            self._renewed_at = now

    # One step ------------------------------------------------------------------------------------

    def _step(self, claim: Claim) -> Callable[[], Awaitable[None]]:
        if claim.round is not None:
            return partial(self._keeper.step, claim.round)
        if claim.job is None:
            assert claim.submit is not None, "a claim is of a job, of a submit or of a round"
            return partial(self._unattended.poll, claim.submit)
        if claim.submit is not None:
            return partial(self._submitter.submit, claim.job, claim.submit)
        return partial(self._go_on, claim.job, self._steps_of_jobs[claim.lane.name])

    async def _go_on(self, job: Job, step: Callable[[Job], Awaitable[None]]) -> None:
        if await self._recall.look(job):
            await step(job)

    async def _do(self, claim: Claim) -> None:
        was_paused = self._work.throttle.is_paused
        fields = {"key": claim.key} if claim.job is None else {"job_id": claim.job.id}
        try:
            with self._work.measures.time_step(claim.lane.name):
                await self._step(claim)()
        except LeaseLostError:
            _log.info("job is no longer ours", extra=fields)
        except StoreUnavailableError as error:
            _log.warning("the database did not answer: %s", error, extra=fields)
            await self._put_off(claim)
        except StoreRefusedError as error:
            _log.error("the database does not take a value: %s", error, extra=fields)
            await self._put_off(claim, is_hopeless=True)
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            generation_id = None if claim.job is None else claim.job.generation_id
            _log.exception("unexpected error", extra=fields | {"generation_id": generation_id})
            if claim.job is not None:
                self._unexpected_errors[claim.job.id, claim.job.state] += 1
            await self._put_off(claim)
        else:
            if claim.job is not None and claim.lane is self._claims.lanes.settle:
                for state in JobState:
                    self._unexpected_errors.pop((claim.job.id, state), None)
        finally:
            self._claims.in_flight.pop(claim.key, None)  # nobody takes what is in flight
            if claim.job is not None:
                self._card_changes.touch(claim.job.id)
            elif claim.submit is not None:
                self._card_changes.touch_queue()  # its slot may count no more for whose turn it is
            self._note_pause(was_paused)
            self._wake.set()

    async def _check_account(self) -> None:
        """Ask whether the operator has acted, or has to."""
        was_paused = self._work.throttle.is_paused
        try:
            await self._account.check()
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("the worker could not ask whether the operator has acted")
        self._note_pause(was_paused)
        self._wake.set()

    async def _look_at_spend(self, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except StoreUnavailableError as error:
            _log.warning("the database did not say what is spent: %s", error)
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("the worker could not look at what is spent")

    async def _leave(self, guild_id: int) -> None:
        try:
            await self._departures.leave(guild_id)
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("a server could not be left", extra={"guild_id": guild_id})

    async def _change_sign(self) -> None:
        try:
            await self._trouble_sign.change()
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("the sign of trouble could not be changed")

    async def _send_alerts(self) -> None:
        self._is_alerting = True
        try:
            await self._work.alerts.send()
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("the operator's channel could not be told")
        finally:
            self._is_alerting = False

    def _note_pause(self, was_paused: bool) -> None:
        if was_paused or self._work.throttle.is_paused:
            self._card_changes.touch_queue()

    async def _put_off(self, claim: Claim, *, is_hopeless: bool = False) -> None:
        """Delay what met the unexpected; end a job that keeps doing so, or that is hopeless from the first.

        A submit without a job is put off already.
        """
        job = claim.job
        try:
            if claim.round is not None:
                await self._keeper.put_off(claim.round)
            if job is None:
                return
            current = await self._work.current_jobs.get(job.id)
            if current is None or current.lease_owner != self._work.owner:
                return
            unexpected_errors = self._unexpected_errors[job.id, job.state]
            if unexpected_errors < UNEXPECTED_ERRORS_BEFORE_FAILING and not is_hopeless:
                delay = backoff_seconds(max(1, unexpected_errors), self._work.jitter())
                await self._work.leased_jobs.release(current, due_in_seconds=delay)
                return
            if current.state.is_final:
                await self._work.leased_jobs.settle(current)
            else:
                await self._work.leased_jobs.fail(current, JobError.INTERNAL)
            self._unexpected_errors.pop((job.id, job.state), None)
        except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
            _log.exception("not put off; its lease will run out", extra={"key": claim.key})
