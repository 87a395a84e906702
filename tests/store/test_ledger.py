"""The ledger against a model in plain Python: usage never passes the limit, refunds never exceed charges."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import NotCancellableError, QuotaExceededError
from bot.models import JobError, JobState, Period, Quota, VideoSpec
from bot.services.keeper import JobKeeper
from bot.services.periods import period_bounds
from bot.store import jobs, ledger
from bot.store.tables import ledger as ledger_table
from tests.support.workshop import GUILD_ID, MEMBER_ID, Process, ServiceClock, Workshop, open_workshop

MEMBERS = (MEMBER_ID, MEMBER_ID + 1)
MODERATOR_ID = 900
LIMIT_SECONDS = 30

Deed = tuple[str, int, int]

DEEDS: st.SearchStrategy[Deed] = st.one_of(
    st.tuples(st.just("accept"), st.sampled_from(MEMBERS), st.sampled_from([6, 10])),
    st.tuples(st.just("accept"), st.just(MEMBER_ID), st.sampled_from([6, 10])),
    st.tuples(st.just("grant"), st.sampled_from(MEMBERS), st.integers(1, 12)),
    st.tuples(st.sampled_from(["cancel", "fail", "deliver", "refund again"]), st.just(0), st.integers(0, 30)),
)
BATCHES = st.lists(
    st.one_of(st.lists(DEEDS, min_size=1, max_size=6), st.just([("tomorrow", 0, 0)])), min_size=1, max_size=6
)


@dataclass
class Model:
    """What the ledger should come to: entries of (member, day, seconds) by kind."""

    charges: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    refunded: set[str] = field(default_factory=set)
    grants: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))

    def used(self, member_id: int, day: int) -> int:
        return sum(
            seconds
            for job_id, (charged, charged_on, seconds) in self.charges.items()
            if (charged, charged_on) == (member_id, day) and job_id not in self.refunded
        )


class Bookkeeping:
    """Does deeds on the real thing, and to the model what really came of them."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.process: Process = workshop.start()
        self.keeper = JobKeeper(database=workshop.database, clock=ServiceClock(workshop.time), owner="local/1")
        self.model = Model()
        self.day = 0
        self.interaction_ids = itertools.count(1)

    async def do(self, deed: Deed, *, alone: bool) -> None:
        match deed:
            case ("accept", member_id, seconds):
                await self._accept(member_id, seconds, alone=alone)
            case ("grant", member_id, seconds):
                await self.process.quotas.grant(
                    guild_id=GUILD_ID,
                    member_id=member_id,
                    role_ids=(),
                    seconds=seconds,
                    granted_by=MODERATOR_ID,
                    interaction_id=next(self.interaction_ids),
                )
                self.model.grants[member_id, self.day] += seconds
            case ("tomorrow", _, _):
                self.workshop.time.advance(24 * 3600)
                self.day += 1
            case (kind, _, place) if self.model.charges:
                await self._end(kind, sorted(self.model.charges)[place % len(self.model.charges)])
            case _:
                return  # there is no job to do it to

    async def _accept(self, member_id: int, seconds: int, *, alone: bool) -> None:
        fits = self.model.used(member_id, self.day) + seconds <= LIMIT_SECONDS + self.model.grants[member_id, self.day]
        spec = VideoSpec("a fox", duration_seconds=seconds)
        try:
            card = await self.process.jobs.accept(self.workshop.request(member_id=member_id, spec=spec))
        except QuotaExceededError:
            assert not (alone and fits)
            return
        assert fits or not alone
        self.model.charges[card.job.id] = (member_id, self.day, seconds)

    async def _end(self, kind: str, job_id: str) -> None:
        job = await self.workshop.job(job_id)
        if kind == "cancel":
            try:
                await self.process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=job.member_id)
            except NotCancellableError:
                return
            self.model.refunded.add(job_id)
        elif kind == "refund again":
            if job_id in self.model.refunded:
                async with self.workshop.database.write() as connection:
                    await ledger.refund(connection, job, now=ServiceClock(self.workshop.time).now(), made_by=0)
        else:
            await self._finish(job_id, delivers=kind == "deliver")

    async def _finish(self, job_id: str, *, delivers: bool) -> None:
        now = ServiceClock(self.workshop.time).now()
        async with self.workshop.database.write() as connection:
            started = await jobs.start_next(
                connection, now=now, limit=100, owner="local/1", lease_until=now, in_hand=()
            )
        for job in started:
            ends_here = job.id == job_id
            if ends_here and delivers:
                await self.keeper.deliver(job, channel_id=1, message_id=1)
            elif ends_here:
                await self.keeper.fail(job, JobError.GENERATION_FAILED)
                self.model.refunded.add(job.id)
            else:
                await self.keeper.release(job, due_in_seconds=0, state=JobState.QUEUED)

    async def check(self) -> None:
        for member_id in MEMBERS:
            status = await self.process.quotas.status(guild_id=GUILD_ID, member_id=member_id, role_ids=())
            assert status.used_seconds == self.model.used(member_id, self.day)
            assert status.granted_seconds == self.model.grants[member_id, self.day]
            for day in range(self.day + 1):
                assert 0 <= self.model.used(member_id, day) <= LIMIT_SECONDS + self.model.grants[member_id, day]

    async def check_all_days_and_jobs(self) -> None:
        async with self.workshop.database.read() as connection:
            for member_id in MEMBERS:
                for day in range(self.day + 1):
                    start, end = self._bounds(day)
                    sums = await ledger.sum_period(
                        connection, guild_id=GUILD_ID, member_id=member_id, start=start, end=end
                    )
                    assert sums == (self.model.used(member_id, day), self.model.grants[member_id, day])
            rows = await connection.execute(ledger_table.select().where(ledger_table.c.job_id.is_not(None)))
            entries = sorted((row.job_id, row.kind, row.seconds) for row in rows)
        charges = [(job_id, "charge", seconds) for job_id, (_, _, seconds) in self.model.charges.items()]
        refunds = [(job_id, "refund", self.model.charges[job_id][2]) for job_id in self.model.refunded]
        assert entries == sorted(charges + refunds)

    def _bounds(self, day: int) -> tuple[datetime, datetime]:
        seconds_ago = (self.day - day) * 24 * 3600
        return period_bounds(Period.DAY, ServiceClock(self.workshop.time).now() - timedelta(seconds=seconds_ago))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=BATCHES)
def test_in_any_interleaving_usage_never_passes_the_limit_and_the_sums_are_right(batches: list[list[Deed]]) -> None:
    async def play() -> None:
        with TemporaryDirectory() as folder:
            async with open_workshop(Path(folder)) as workshop:
                workshop.quota = Quota(LIMIT_SECONDS)
                books = Bookkeeping(workshop)
                for batch in batches:
                    await asyncio.gather(*(books.do(deed, alone=len(batch) == 1) for deed in batch))
                    await books.check()
                await books.check_all_days_and_jobs()

    asyncio.run(play())
