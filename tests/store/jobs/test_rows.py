"""What becomes of a job's row on its way into the database and back."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.models import Account, AccountKind, Aspect, EffectiveQuota, JobState, Period, Quota, QuotaSource, VideoSpec
from bot.store import jobs
from bot.store.database import Database
from bot.store.quotas import ledger
from bot.store.quotas.ledger import UsageSpan
from tests.support.jobs import make_job

if TYPE_CHECKING:
    from pathlib import Path

POSTGRESQL_URL = os.environ.get("TEST_POSTGRESQL_URL", "")


async def test_job_accepted_under_other_rules_is_still_read(tmp_path: Path) -> None:
    """A row nobody can read would stop every pass of the worker."""
    spec = VideoSpec.accepted("\u3164" * 3000, Aspect.PORTRAIT, 7)
    quota = EffectiveQuota(Quota.accepted(10**9, Period.MONTH), QuotaSource.SERVER)
    job = make_job(spec=spec, effective_quota=quota)

    async with Database.open(f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}") as database:
        async with database.write() as connection:
            await jobs.insert(connection, job)
        async with database.read() as connection:
            assert await jobs.get(connection, job.id) == job


@pytest.mark.skipif(not POSTGRESQL_URL, reason="TEST_POSTGRESQL_URL names no empty PostgreSQL database to use")
async def test_job_goes_into_postgresql_and_back_with_its_charge_and_its_refund() -> None:
    moment = datetime.now(UTC)
    number = int(moment.timestamp() * 1_000_000)  # a row of its own in each run
    job = make_job(id=f"test-{number}", interaction_id=number, member_id=number, due_at=moment)

    async with Database.open(POSTGRESQL_URL) as database:
        async with database.write() as connection:
            await jobs.insert(connection, job)
            await ledger.charge(connection, job, now=moment)
        async with database.write() as connection:
            claimed = await jobs.claim_due(
                connection,
                states=[JobState.QUEUED],
                now=moment,
                limit=1000,
                owner="a",
                lease_until=moment,
                in_flight=[],
            )
            await ledger.refund(connection, job, now=moment, made_by_id=0)
            withdrawn = await jobs.withdraw(connection, job, now=moment)
        async with database.read() as connection:
            kept = await jobs.get(connection, job.id)
            [used] = await ledger.sum_periods(
                connection,
                [
                    UsageSpan(
                        Account(job.guild_id, AccountKind.MEMBER, number),
                        moment - timedelta(minutes=15),
                        moment + timedelta(days=1),
                    )
                ],
            )

    leased = replace(job, lease_owner="a", lease_until=moment)
    assert leased in claimed
    assert withdrawn is not None
    assert kept == replace(withdrawn, lease_owner="a", lease_until=moment)
    assert used == (0, 0)
