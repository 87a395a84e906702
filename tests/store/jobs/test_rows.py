"""What becomes of a job's row on its way into the database and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import Aspect, EffectiveQuota, Period, Quota, QuotaSource, VideoSpec
from bot.store import jobs
from bot.store.database import Database
from tests.support.databases import fresh_database
from tests.support.jobs import make_job

if TYPE_CHECKING:
    from pathlib import Path


async def test_job_accepted_under_other_rules_is_still_read(tmp_path: Path) -> None:
    """A row nobody can read would stop every pass of the worker."""
    spec = VideoSpec.accepted("\u3164" * 3000, Aspect.PORTRAIT, 7)
    quota = EffectiveQuota(Quota.accepted(10**9, Period.MONTH), QuotaSource.SERVER)
    job = make_job(spec=spec, effective_quota=quota)

    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            await jobs.insert(connection, job)
        async with database.read() as connection:
            assert await jobs.get(connection, job.id) == job
