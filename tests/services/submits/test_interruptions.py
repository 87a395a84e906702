"""Between two steps of a submit something else happens: a moderator, another process, an outage, a write that fails."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from bot.models import GenerationNotFoundError, JobState, OperatorAlert, SubmitOutcome
from bot.sandbox.faults import Fault
from bot.services.jobs.policy import RateLimit, RateLimits
from tests.support.faults import FlakyDatabase, Hold, SurprisingService
from tests.support.workshop import GUILD_ID, Workshop, open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from bot.models import Generation
    from bot.services.ports import VideoService
    from tests.support.workshop import Process

# A moderator -------------------------------------------------------------------------------------


async def test_a_job_cancelled_between_claim_and_send_is_not_sent(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_id = await workshop.accept(process)
    hold = database.holds["read"] = Hold()  # whether the lease still holds

    pass_ = asyncio.create_task(process.worker.tick())
    await hold.arrival()
    await workshop.start("b/1").cancel(job_id)
    hold.release.set()
    await pass_

    assert workshop.server.submits == []
    assert (await workshop.job(job_id)).state is JobState.CANCELLED
    assert await workshop.spent_seconds() == 0


async def test_a_submit_taken_after_its_jobs_cancel_is_asked_about_to_its_end(workshop: Workshop) -> None:
    process = workshop.start()
    arrived = asyncio.Event()
    workshop.server.faults.submit.append(Fault(hold=arrived))
    workshop.server.faults.render.append(Fault.failed("oom"))
    job_id = await workshop.accept(process)
    pass_ = asyncio.create_task(process.worker.tick())
    await workshop.server.until(lambda: len(workshop.server.submits) == 1)
    await process.cancel(job_id)
    await process.worker.tick()
    arrived.set()
    await pass_

    for _ in range(100):
        await process.worker.tick()
        workshop.time.advance(60)

    assert await workshop.outcomes(job_id) == [SubmitOutcome.FAILED]
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 0


# The operator's alert ----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["write", "commit"])
async def test_an_alert_is_not_lost_with_the_write_after_the_refusal(workshop: Workshop, trouble: str) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    workshop.server.key_credits = 0
    job_id = await workshop.accept(process)
    database.troubles.extend([None, trouble])

    await workshop.run_for(process, 600)

    assert workshop.discord.alerts == [OperatorAlert.INSUFFICIENT_FUNDS]
    assert (await workshop.job(job_id)).error_code is None


async def test_an_alert_is_not_lost_when_the_refused_job_was_cancelled_meanwhile(workshop: Workshop) -> None:
    service = SurprisingService(workshop.client)
    hold = service.holds["before submit"] = Hold()
    process = workshop.start(service=service)
    workshop.server.key_credits = 0
    job_id = await workshop.accept(process)
    pass_ = asyncio.create_task(process.worker.tick())
    await hold.arrival()
    await process.cancel(job_id)
    hold.release.set()
    await pass_

    await workshop.accept(process, "another")
    await workshop.run_for(process, 600)

    assert workshop.discord.alerts == [OperatorAlert.INSUFFICIENT_FUNDS]


async def test_an_alert_that_is_slow_to_be_sent_holds_no_loop_up(tmp_path: Path) -> None:
    async with open_workshop(tmp_path, clock=time.time, queue_seconds=0.0, render_seconds=0.1) as workshop:
        process = workshop.start(poll_time_scale=0.02)
        workshop.server.key_credits = 0
        hold = workshop.discord.hold("alert_operator")
        await workshop.accept(process)
        run = asyncio.create_task(process.worker.run())
        await hold.arrival()

        await process.services.jobs.accept(workshop.request("a second"))
        process.wake.set()
        second = await process.services.jobs.accept(workshop.request("a third"))
        await process.jobs.cancel(second.job.id, guild_id=GUILD_ID, member_id=second.job.member_id)

        assert not run.done()
        hold.release.set()
        process.worker.stop()
        await run


@pytest.mark.slow
async def test_proxies_that_answer_ever_more_jobs_are_told_of_once(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=100)
    workshop.server.faults.poll.append(Fault.page(404, times=None))

    for place in range(6):
        await workshop.accept(process, f"fox {place}")
        await workshop.run_for(process, 120)

    assert sorted(workshop.discord.alerts) == [OperatorAlert.FOREIGN_ANSWERS, OperatorAlert.SERVICE_TROUBLE]


# Whether our id finds a generation ---------------------------------------------------------------


@pytest.fixture
async def unknown(tmp_path: Path) -> AsyncGenerator[Workshop]:
    async with open_workshop(tmp_path, queue_seconds=2.0, render_seconds=20.0, finds_by_job_id=None) as opened:
        opened.server.finds_by_business_id = False
        yield opened


async def expect_a_lost_answer_is_not_paid_twice(workshop: Workshop, process: Process) -> None:
    for place in range(3):
        job_id = await workshop.accept(process, f"a fine fox {place}")
        await workshop.run_until_idle(process)
        await workshop.expect_clip(job_id)
    workshop.server.faults.submit.append(Fault(drop=True, accept=True))
    lost = await workshop.accept(process, "a lost fox")
    await workshop.run_until_idle(process)

    assert len(workshop.server.paid(lost)) == 1


@pytest.mark.slow
async def test_an_outage_does_not_keep_it_from_being_found_out(unknown: Workshop) -> None:
    process = unknown.start()
    first = await unknown.accept(process)
    await unknown.run_until(process, first, JobState.RENDERING)
    unknown.server.faults.poll.append(Fault.page(502, times=10))
    await unknown.run_until_idle(process)
    await unknown.expect_clip(first)

    await expect_a_lost_answer_is_not_paid_twice(unknown, process)


@pytest.mark.slow
async def test_jobs_of_an_older_database_do_not_keep_it_from_being_found_out(unknown: Workshop) -> None:
    process = unknown.start(max_concurrent_renders=10)
    for place in range(5):
        await unknown.run_until(process, await unknown.accept(process, f"old fox {place}"), JobState.RENDERING)
    unknown.peeking.rows("UPDATE submits SET model = ''")  # as the upgrade leaves them
    unknown.peeking.rows("DELETE FROM models")
    process = unknown.start(max_concurrent_renders=10)
    await process.worker.reclaim_leases()
    await unknown.run_until_idle(process)

    await expect_a_lost_answer_is_not_paid_twice(unknown, process)


# Two processes -----------------------------------------------------------------------------------


class SlowToMiss:
    """The video service, but one "no such task" is held up on its way here."""

    def __init__(self, service: VideoService) -> None:
        self._service = service
        self.hold: Hold | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._service, name)

    async def fetch_generation(self, key: str) -> Generation:
        try:
            return await self._service.fetch_generation(key)
        except GenerationNotFoundError:
            if self.hold is not None:
                hold, self.hold = self.hold, None
                await hold.wait()
            raise


async def test_an_old_no_such_task_says_nothing_against_a_submit_that_was_accepted(workshop: Workshop) -> None:
    slow_to_send, slow_to_miss = SurprisingService(workshop.client), SlowToMiss(workshop.client)
    sending = slow_to_send.holds["before submit"] = Hold()
    one = workshop.start("a/1", service=slow_to_send)
    other = workshop.start("b/1", service=slow_to_miss)  # pyright: ignore[reportArgumentType] (it hands on the rest)
    job_id = await workshop.accept(one)
    submit = asyncio.create_task(one.worker.tick())
    await sending.arrival()
    workshop.time.advance(61)
    await workshop.run_for(other, 44)
    missing = slow_to_miss.hold = Hold()
    workshop.time.advance(10)
    ask = asyncio.create_task(other.worker.tick())
    await missing.arrival()
    sending.release.set()
    await submit
    missing.release.set()
    await ask

    assert SubmitOutcome.MISSING not in await workshop.outcomes(job_id)
    await workshop.run_until_idle(other)
    assert len(workshop.server.paid(job_id)) == 1
    assert await workshop.spent_seconds() == workshop.server.billed_seconds()


@pytest.mark.slow
async def test_polls_of_two_processes_stay_below_the_accounts_limit_together(tmp_path: Path) -> None:
    limits = RateLimits(submits=RateLimit(6000, 6000), queries=RateLimit(per_minute=60, per_10_seconds=10))
    async with open_workshop(
        tmp_path, queue_seconds=0.0, render_seconds=100_000.0, max_rendering=1000, query_limits=(60, 10)
    ) as workshop:
        processes = [
            workshop.start(f"{name}/1", max_concurrent_renders=1000, rate_limits=limits, job_deadline_seconds=50_000.0)
            for name in "ab"
        ]
        for place in range(30):
            await workshop.accept(processes[place % 2], f"fox {place}", member_id=place)
        for _ in range(120):
            for process in processes:
                await process.worker.tick()
            workshop.time.advance(1)

        times = [request.at for request in workshop.server.polls]
    assert max(sum(at <= other < at + 10 for other in times) for at in times) <= 10
    assert max(sum(at <= other < at + 60 for other in times) for at in times) <= 60
    assert len(times) > 60


# A pause -----------------------------------------------------------------------------------------


async def test_a_pause_ends_when_the_job_sent_to_see_is_found_although_its_answer_was_lost(
    workshop: Workshop,
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.extend([Fault.error("insufficient_quota"), Fault(drop=True, accept=True)])
    workshop.server.faults.balance.append(Fault.page(404, times=None))
    workshop.server.faults.account.append(Fault.page(404, times=None))
    first = await workshop.accept(process)
    await process.worker.tick()
    second = await workshop.accept(process, "a second fox")

    with suppress(TimeoutError):
        await workshop.run_until_idle(process)

    for job_id in (first, second):
        await workshop.expect_clip(job_id)
        assert len(workshop.server.paid(job_id)) == 1
    assert not process.throttle.is_paused
