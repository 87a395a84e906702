"""The ledger in any interleaving: no limit is ever passed, refunds never exceed charges, and the sums are right."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.errors import LeaseLostError, NotRemovableError
from bot.models import (
    Account,
    AccountKind,
    CapReachedError,
    JobError,
    JobState,
    NotCancellableError,
    Period,
    Quota,
    QuotaExceededError,
    QuotaSource,
    VideoSpec,
)
from bot.services.jobs.leases import LeasedJobs
from bot.services.quotas.periods import period_bounds
from bot.store import jobs
from bot.store.quotas import ledger
from bot.store.quotas.ledger import UsageSpan
from bot.store.tables import grant_uses as draws_table
from bot.store.tables import ledger as ledger_table
from bot.store.tables import usage as usage_table
from tests.support.clocks import ServiceClock
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, Process, Workshop, open_workshop, requester

MEMBERS = (MEMBER_ID, MEMBER_ID + 1)
POOL_ID = CHANNEL_ID + 1
MODERATOR_ID = 900
LIMIT_SECONDS, POOL_SECONDS, CAP_SECONDS = 30, 24, 70

Deed = tuple[str, int, int]

ACCEPT = st.tuples(st.sampled_from(["accept", "accept", "accept in pool"]), st.sampled_from(MEMBERS))
DEEDS: st.SearchStrategy[Deed] = st.one_of(
    st.builds(lambda who, seconds: (*who, seconds), ACCEPT, st.sampled_from([6, 10])),
    st.tuples(st.just("accept"), st.just(MEMBER_ID), st.sampled_from([6, 10])),
    st.tuples(st.sampled_from(["grant", "grant for 2 days"]), st.sampled_from(MEMBERS), st.integers(1, 12)),
    st.tuples(
        st.sampled_from(["cancel", "call off", "fail", "deliver", "remove", "refund again"]),
        st.just(0),
        st.integers(0, 30),
    ),
)
BATCHES = st.lists(
    st.one_of(st.lists(DEEDS, min_size=1, max_size=6), st.just([("tomorrow", 0, 0)])), min_size=1, max_size=6
)


@dataclass
class Model:
    """What was said to have happened: charges by job as (account, day, seconds), and whose were given back."""

    charges: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    refunded: set[str] = field(default_factory=set)

    def used(self, account_id: int, day: int) -> int:
        return sum(
            seconds
            for job_id, (charged, charged_on, seconds) in self.charges.items()
            if (charged, charged_on) == (account_id, day) and job_id not in self.refunded
        )

    def used_by_all(self, day: int) -> int:
        return sum(self.used(account_id, day) for account_id in (*MEMBERS, POOL_ID))


class Bookkeeping:
    """Does deeds on the real thing, and notes in the model what is said to have come of them."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.process: Process = workshop.start()
        self.clock = ServiceClock(workshop.time)
        self.leased_jobs = LeasedJobs(
            database=workshop.database,
            clock=self.clock,
            audit_trail=self.process.services.audit_trail,
            card_changes=self.process.card_changes,
            instance=self.process.instance,
        )
        self.model = Model()
        self.day = 0
        self.interaction_ids = itertools.count(1)

    async def prepare(self) -> None:
        await self.process.quotas.set_rule(
            guild_id=GUILD_ID,
            source=QuotaSource.CHANNEL,
            subject_id=POOL_ID,
            quota=Quota(POOL_SECONDS),
            set_by_id=MODERATOR_ID,
        )
        await self.process.services.servers.set_cap(GUILD_ID, Quota(CAP_SECONDS), set_by_id=MODERATOR_ID)

    async def do(self, deed: Deed, *, alone: bool) -> None:
        match deed:
            case ("accept" | "accept in pool" as kind, member_id, seconds):
                await self._accept(member_id, seconds, in_pool=kind != "accept", alone=alone)
            case ("grant" | "grant for 2 days" as kind, member_id, seconds):
                await self.process.quotas.grant(
                    requester(member_id),
                    seconds=seconds,
                    granted_by_id=MODERATOR_ID,
                    interaction_id=next(self.interaction_ids),
                    days=None if kind == "grant" else 2,
                )
            case ("tomorrow", _, _):
                self.workshop.time.advance(24 * 3600)
                self.day += 1
            case (kind, _, place) if self.model.charges:
                await self._end(kind, sorted(self.model.charges)[place % len(self.model.charges)])
            case _:
                return  # there is no job to do it to

    async def _accept(self, member_id: int, seconds: int, *, in_pool: bool, alone: bool) -> None:
        places = (POOL_ID,) if in_pool else (CHANNEL_ID,)
        status, cap = await self.process.stand(requester(member_id, places=places))
        assert status.left_seconds is not None
        assert cap is not None
        fits = seconds <= min(status.left_seconds, cap.left_seconds)
        request = self.workshop.request(
            spec=VideoSpec("a fox", duration_seconds=seconds), member_id=member_id, places=places
        )
        try:
            card = await self.process.jobs.accept(request)
        except (QuotaExceededError, CapReachedError):
            assert not (alone and fits)
            return
        assert fits or not alone
        self.model.charges[card.job.id] = (POOL_ID if in_pool else member_id, self.day, seconds)

    async def _end(self, kind: str, job_id: str) -> None:
        job = await self.workshop.job(job_id)
        match kind:
            case "cancel" | "call off":
                try:
                    if kind == "cancel":
                        await self.process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=job.member_id)
                    else:
                        await self.process.jobs.cancel_as_moderator(
                            job_id, guild_id=GUILD_ID, cancelled_by_id=MODERATOR_ID
                        )
                except NotCancellableError:
                    return
                self.model.refunded.add(job_id)
            case "remove":
                try:
                    await self.process.jobs.remove_clip(
                        job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True
                    )
                except NotRemovableError:
                    return
                self.model.refunded.add(job_id)
            case "refund again" if job_id in self.model.refunded:
                async with self.workshop.database.write() as connection:
                    assert not await ledger.refund(connection, job, now=self.clock.now(), made_by_id=0)
            case "fail" | "deliver":
                await self._finish(job_id, delivers=kind == "deliver")
            case _:
                return  # it has not been given back, so it cannot be once more

    async def _finish(self, job_id: str, *, delivers: bool) -> None:
        now = self.clock.now()
        async with self.workshop.database.write() as connection:
            started = await jobs.start_next(
                connection,
                now=now,
                limit=100,
                owner=self.process.instance.owner,
                lease_until=now,
                slots_since=now,
                in_flight=(),
            )
        for job in started:
            with suppress(LeaseLostError):  # a moderator has called it off meanwhile
                if job.id != job_id:
                    await self.leased_jobs.release(job, due_in_seconds=0, state=JobState.QUEUED)
                elif delivers:
                    await self.leased_jobs.deliver(job, channel_id=1, message_id=1)
                else:
                    await self.leased_jobs.fail(job, JobError.GENERATION_FAILED)
                    self.model.refunded.add(job.id)

    async def check(self) -> None:
        """Check that what people are told is what happened, and that no limit was passed on any day."""
        for member_id in MEMBERS:
            status, cap = await self.process.stand(requester(member_id))
            assert status.used_seconds == self.model.used(member_id, self.day)
            assert cap is not None
            assert cap.used_seconds == self.model.used_by_all(self.day)
        for day in range(self.day + 1):
            assert self.model.used_by_all(day) <= CAP_SECONDS
            assert self.model.used(POOL_ID, day) <= POOL_SECONDS
            for member_id in MEMBERS:
                used, from_grants = await self._sum(Account(GUILD_ID, AccountKind.MEMBER, member_id), day)
                assert used == self.model.used(member_id, day)
                assert 0 <= used - from_grants <= LIMIT_SECONDS

    async def check_entries(self) -> None:
        """Check that charges and refunds are those there were, that grants paid what they had, and the kept sums."""
        async with self.workshop.database.read() as connection:
            entries = (await connection.execute(select(ledger_table))).all()
            from_grants = (await connection.execute(select(draws_table))).all()
            kept = (await connection.execute(select(usage_table))).all()
        said = [(job_id, "charge", seconds) for job_id, (_, _, seconds) in self.model.charges.items()]
        said += [(job_id, "refund", self.model.charges[job_id][2]) for job_id in self.model.refunded]
        assert sorted((row.job_id, row.kind, row.seconds) for row in entries if row.job_id) == sorted(said)
        self._check_grants({row.id: row for row in entries if row.kind == "grant"}, entries, from_grants)
        sums: Counter[tuple[str, int, datetime]] = Counter()
        for row in entries:
            if row.kind != "grant":
                payer = ("channel", row.pool_id) if row.pool_id else ("member", row.member_id)
                quarter_at = row.counted_at - timedelta(
                    minutes=row.counted_at.minute % 15, seconds=row.counted_at.second
                )
                for account in (payer, ("server", GUILD_ID)):
                    signed = row.seconds if row.kind == "charge" else -row.seconds
                    sums[*account, quarter_at.replace(microsecond=0)] += signed
        assert {(row.account_kind, row.account_id, row.quarter_at): row.seconds for row in kept} == dict(sums)

    def _check_grants(self, grants: dict[int, object], entries: list, from_grants: list) -> None:  # type: ignore[type-arg] (rows)
        charges = {row.job_id: row for row in entries if row.kind == "charge"}
        by_grant: defaultdict[int, int] = defaultdict(int)
        by_job: defaultdict[str, int] = defaultdict(int)
        for row in from_grants:
            grant, charge = grants[row.grant_id], charges[row.job_id]
            assert grant.made_at <= charge.made_at < grant.expires_at
            assert grant.member_id == charge.member_id
            by_job[row.job_id] += row.seconds
            if row.job_id not in self.model.refunded:
                by_grant[row.grant_id] += row.seconds
        assert all(by_grant[grant_id] <= grant.seconds for grant_id, grant in grants.items())
        assert all(by_job[job_id] == charge.from_grants_seconds for job_id, charge in charges.items())

    async def _sum(self, account: Account, day: int) -> tuple[int, int]:
        seconds_ago = (self.day - day) * 24 * 3600
        start, end = period_bounds(Period.DAY, self.clock.now() - timedelta(seconds=seconds_ago))
        async with self.workshop.database.read() as connection:
            [used] = await ledger.sum_periods(connection, [UsageSpan(account, start, end)])
            return used


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=BATCHES)
def test_in_any_interleaving_usage_never_passes_a_limit_and_the_sums_are_right(batches: list[list[Deed]]) -> None:
    async def play() -> None:
        with TemporaryDirectory() as folder:
            async with open_workshop(Path(folder)) as workshop:
                workshop.quota = Quota(LIMIT_SECONDS)
                books = Bookkeeping(workshop)
                await books.prepare()
                for batch in batches:
                    await asyncio.gather(*(books.do(deed, alone=len(batch) == 1) for deed in batch))
                    await books.check()
                await books.check_entries()

    asyncio.run(play())
