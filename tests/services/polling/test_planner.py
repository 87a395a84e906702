from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from bot.store import tables

if TYPE_CHECKING:
    from bot.models import Job
    from tests.support.workshop import Process, Workshop


def delays(process: Process, job: Job) -> list[float]:
    """Say how long a process leaves a job alone, poll by poll, that shows no progress."""
    assert job.submitted_at is not None
    moments = [job.submitted_at + timedelta(seconds=seconds) for seconds in range(5, 60, 5)]
    return [process.reelay.polling.next_delay_seconds(job, None, moment) for moment in moments]


async def test_a_restarted_process_polls_as_the_one_before_that_saw_the_renders(workshop: Workshop) -> None:
    before = workshop.start()
    job_id = await workshop.accept(before)
    await workshop.run_until_idle(before)
    job = await workshop.job(job_id)
    assert job.rendered_at is not None
    async with workshop.database.write() as connection:
        row = (await connection.execute(select(tables.jobs))).one()
        values = {column.key: value for column, value in zip(tables.jobs.c, row, strict=True)}
        for place in range(20):  # twenty more as fast as that one
            await connection.execute(
                insert(tables.jobs).values({**values, "id": f"job{place}", "interaction_id": 100 + place})
            )
            before.reelay.polling.finished(job, job.rendered_at)
    after, forgetful = workshop.start("local/2"), workshop.start("local/3")

    await after.reelay.polling.recall()

    assert delays(after, job) == pytest.approx(delays(before, job), abs=0.01)
    assert delays(after, job) != pytest.approx(delays(forgetful, job), abs=1)
