"""Jobs that wait too long for their turn: what counts as waiting, what the member is told, what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StoreUnavailableError
from bot.models import JobError, JobState, LogKind, OperatorAlert, Quota
from bot.sandbox.faults import Fault
from bot.services.jobs.expiry import EXPIRED_AT_ONCE, waiting_since
from bot.store.database import Database
from bot.store.moderation import servers
from bot.store.operating import pauses
from bot.store.operating.pauses import SubmitPause
from bot.store.tables import jobs as jobs_table
from bot.ui.text import failures
from tests.support.clocks import ServiceClock
from tests.support.faults import FlakyDatabase
from tests.support.workshop import GUILD_ID, MEMBER_ID

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.support.workshop import Process, Workshop

HOUR = 3600.0
ONE_SLOT: dict[str, Any] = {"max_concurrent_renders": 1, "job_deadline_seconds": 1000 * HOUR}
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def minutes(count: int) -> datetime:
    return NOW + timedelta(minutes=count)


# What counts ---------------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(-60, 10), st.one_of(st.none(), st.integers(-60, 10))), max_size=6),
)
def test_pauses_are_left_out_once_however_they_lie(waited: int, spans: list[tuple[int, int | None]]) -> None:
    paused = {
        minute
        for began, ended in spans
        for minute in range(began, 0 if ended is None else min(ended, 0))  # each stands for the minute after it
    }
    known = [
        SubmitPause("local/1", minutes(began), None if ended is None else minutes(ended)) for began, ended in spans
    ]
    moment, left = 0, waited
    while left:
        moment -= 1
        left -= moment not in paused

    assert waiting_since(NOW, timedelta(minutes=waited), known) == minutes(moment)


# A job that waits ----------------------------------------------------------------------------------------------------


async def start_with_a_full_slot(workshop: Workshop, **policy: float) -> Process:
    """Start a process whose only slot is taken by a render that does not end."""
    workshop.server.faults.render.append(Fault(change={"status": "thinking", "progress": None, "result": None}))
    process = workshop.start(**(ONE_SLOT | policy))
    job_id = await workshop.accept(process, "the first")
    await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.RENDERING
    return process


async def pass_time(workshop: Workshop, seconds: float, *processes: Process) -> None:
    workshop.time.advance(seconds)
    for process in processes:
        await process.worker.tick()


async def state(workshop: Workshop, job_id: str) -> tuple[JobState, JobError | None]:
    job = await workshop.job(job_id)
    return job.state, job.error_code


async def known_pauses(workshop: Workshop) -> list[SubmitPause]:
    async with workshop.database.read() as connection:
        return await pauses.list_since(connection, datetime(1, 1, 1, tzinfo=UTC))


def run_out_of_money(workshop: Workshop) -> None:
    """Let the account be found empty, and say nothing when it is looked at."""
    workshop.server.faults.submit.append(Fault.error("insufficient_quota", times=None))
    let_account_be_silent(workshop)


def pause(workshop: Workshop, process: Process) -> None:
    """Let a process wait for the operator."""
    let_account_be_silent(workshop)
    process.throttle.confirm(ServiceClock(workshop.time).now(), OperatorAlert.UNAUTHORIZED)


def let_account_be_silent(workshop: Workshop) -> None:
    workshop.server.faults.balance.append(Fault.page(404, times=None))
    workshop.server.faults.account.append(Fault.page(404, times=None))


WAITS = (JobState.QUEUED, None)
HAS_FAILED = (JobState.FAILED, JobError.WAITED_TOO_LONG)


async def test_a_job_that_has_waited_six_hours_fails_is_refunded_and_its_card_and_the_log_say_so(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    process = await start_with_a_full_slot(workshop)
    async with workshop.database.write() as connection:
        await servers.put(connection, replace(await servers.get(connection, GUILD_ID), log_channel_id=77))
    late = await workshop.accept(process, "a late fox")
    await pass_time(workshop, 6 * HOUR - 1, process)
    assert await state(workshop, late) == WAITS

    await pass_time(workshop, 1, process)
    await process.worker.tick()
    await process.log.tick()

    await workshop.expect_refund(late, JobError.WAITED_TOO_LONG)
    assert await workshop.submits(late) == []
    [card] = [it for it in workshop.log.cards[77] if it.kind is LogKind.FAILED]
    assert card.job == await workshop.job(late)
    assert "job failed" in caplog.messages
    assert failures.failure(JobError.WAITED_TOO_LONG).startswith("Too many clips were waiting")


async def test_the_loop_looks_again_when_the_next_job_will_have_waited_too_long(workshop: Workshop) -> None:
    process = await start_with_a_full_slot(workshop, longest_wait_seconds=2.5)
    spawned: list[Coroutine[Any, Any, None]] = []
    late = await workshop.accept(process)
    await workshop.accept(process, member_id=MEMBER_ID + 1)

    assert await process.worker._pass(spawned.append) == pytest.approx(2.498, abs=0.01)
    assert await state(workshop, late) == WAITS


@pytest.mark.slow
async def test_no_more_than_some_end_in_one_pass_and_the_rest_in_the_next(workshop: Workshop) -> None:
    process = await start_with_a_full_slot(workshop, waiting_per_server=99, waiting_per_slot=99)
    workshop.quota = Quota(None)
    job_ids = [await workshop.accept(process, member_id=MEMBER_ID + place) for place in range(EXPIRED_AT_ONCE + 2)]

    await pass_time(workshop, 6 * HOUR, process)
    assert [await state(workshop, job_id) for job_id in job_ids[-3:]] == [HAS_FAILED, WAITS, WAITS]
    await process.worker.tick()
    assert await state(workshop, job_ids[-1]) == HAS_FAILED


async def test_a_held_job_does_not_fail_and_neither_does_one_that_has_started(workshop: Workshop) -> None:
    process = await start_with_a_full_slot(workshop)
    held = (await process.jobs.accept_held(workshop.request())).card.job.id

    workshop.time.advance(6 * HOUR)
    async with workshop.database.write() as connection:  # its command holds it still
        lease = {"lease_until": ServiceClock(workshop.time).now() + timedelta(seconds=60)}
        await connection.execute(jobs_table.update().where(jobs_table.c.id == held).values(lease))
    await process.worker.tick()

    assert await state(workshop, held) == WAITS


async def test_a_write_that_fails_leaves_the_job_waiting_and_its_charge_and_the_next_pass_ends_it(
    workshop: Workshop,
) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(max_concurrent_renders=1, database=database)
    job_id = await workshop.accept(process)
    workshop.time.advance(6 * HOUR)
    database.troubles.append("commit")

    with pytest.raises(StoreUnavailableError):
        await process.worker.tick()
    assert await state(workshop, job_id) == WAITS
    assert await workshop.entries(job_id) == [("charge", 6)]

    await process.worker.tick()
    await process.worker.tick()
    await workshop.expect_refund(job_id, JobError.WAITED_TOO_LONG)


async def test_a_clock_that_is_set_back_fails_no_job(workshop: Workshop) -> None:
    process = await start_with_a_full_slot(workshop)
    job_id = await workshop.accept(process)
    pause(workshop, process)
    await process.worker.tick()

    await pass_time(workshop, -7 * HOUR, process)
    process.throttle.resume()
    await pass_time(workshop, HOUR, process)

    assert await state(workshop, job_id) == WAITS
    assert [it.ended_at is not None for it in await known_pauses(workshop)] == [True]


# Pauses --------------------------------------------------------------------------------------------------------------


async def test_an_operators_pause_is_no_waiting_and_what_waited_before_it_counts_on_after_it(
    workshop: Workshop,
) -> None:
    process = await start_with_a_full_slot(workshop)
    job_id = await workshop.accept(process)
    await pass_time(workshop, 4 * HOUR, process)
    pause(workshop, process)
    await process.worker.tick()
    for _ in range(3):
        await pass_time(workshop, 10 * HOUR, process)
        assert await state(workshop, job_id) == WAITS

    process.throttle.resume()
    await process.worker.tick()
    await pass_time(workshop, 2 * HOUR - 60, process)
    assert await state(workshop, job_id) == WAITS
    await pass_time(workshop, 120, process)
    assert await state(workshop, job_id) == HAS_FAILED


@pytest.mark.slow
async def test_a_job_that_was_sent_to_see_in_a_pause_waits_on_and_is_made_when_the_account_is_filled(
    workshop: Workshop,
) -> None:
    process = workshop.start()
    run_out_of_money(workshop)
    job_id = await workshop.accept(process)
    for _ in range(80):  # with probes that say nothing, so that it is sent again and again
        await pass_time(workshop, 300, process)
    assert len(workshop.server.submits) > 5
    assert await state(workshop, job_id) == WAITS

    workshop.server.faults.clear()
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


@pytest.mark.slow
async def test_a_pause_still_counts_for_a_job_that_is_being_sent_when_the_next_one_begins(workshop: Workshop) -> None:
    process = workshop.start()
    run_out_of_money(workshop)
    job_id = await workshop.accept(process)
    for _ in range(60):
        await pass_time(workshop, 300, process)

    workshop.server.faults.clear()
    process.throttle.resume()
    workshop.server.faults.submit.append(Fault(drop=True))  # it may have arrived, so that it is asked about
    await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.SUBMITTING
    pause(workshop, process)
    for _ in range(20):
        await pass_time(workshop, 10, process)
    assert await state(workshop, job_id) == WAITS

    process.throttle.resume()
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded", times=None))
    for minutes_waited in (0, 60, 60):
        await pass_time(workshop, 60 * minutes_waited, process)
    assert await state(workshop, job_id) == WAITS


async def test_neither_a_restart_in_a_pause_nor_the_time_until_it_turns_the_pause_into_waiting(
    workshop: Workshop,
) -> None:
    process = workshop.start()
    run_out_of_money(workshop)
    job_id = await workshop.accept(process)
    await process.worker.tick()
    await pass_time(workshop, 4 * HOUR, process)

    workshop.time.advance(3 * HOUR)  # it was killed
    process = workshop.start()
    await process.worker.tick()
    assert process.throttle.is_paused
    await pass_time(workshop, 4 * HOUR, process)

    assert await state(workshop, job_id) == WAITS
    first, second = await known_pauses(workshop)
    assert first.ended_at is not None
    assert (second.began_at - first.ended_at).total_seconds() < 1
    assert second.ended_at is None


async def test_pauses_of_two_processes_count_once_and_neither_ends_the_others(workshop: Workshop) -> None:
    async with Database.open(workshop.database_url) as other_database:
        first = await start_with_a_full_slot(workshop)
        second = workshop.start("local/2", database=other_database, **ONE_SLOT)
        job_id = await workshop.accept(first)
        for process in (first, second):
            pause(workshop, process)
        await pass_time(workshop, 0, first, second)
        await pass_time(workshop, 5 * HOUR, first, second)
        second.throttle.resume()
        for _ in range(10):  # the first goes on with its own
            await pass_time(workshop, HOUR, first, second)
        assert [it.ended_at is None for it in await known_pauses(workshop)] == [True, False]
        assert await state(workshop, job_id) == WAITS

        first.throttle.resume()
        await pass_time(workshop, 0, first, second)
        await pass_time(workshop, 5 * HOUR, second, first)
        assert await state(workshop, job_id) == WAITS
        await pass_time(workshop, HOUR + 1, second, first)
        assert await state(workshop, job_id) == HAS_FAILED


async def test_the_pause_of_a_process_that_is_gone_ends_when_it_was_last_known(workshop: Workshop) -> None:
    gone = await start_with_a_full_slot(workshop)
    job_id = await workshop.accept(gone)
    pause(workshop, gone)
    await gone.worker.tick()
    other = workshop.start("local/2", **ONE_SLOT)

    await pass_time(workshop, 6 * HOUR + 30, other)
    assert await state(workshop, job_id) == WAITS  # a lease's 60 s were the pause's
    [ended] = await known_pauses(workshop)
    assert ended.ended_at == ended.began_at + timedelta(seconds=60)
    await pass_time(workshop, 31, other)
    assert await state(workshop, job_id) == HAS_FAILED

    await gone.worker.tick()  # it was only slow: it pauses anew
    assert [it.ended_at for it in await known_pauses(workshop)] == [None]


async def test_pauses_that_concern_no_waiting_job_are_forgotten(workshop: Workshop) -> None:
    process = await start_with_a_full_slot(workshop)
    for _ in range(3):
        pause(workshop, process)
        await pass_time(workshop, 60, process)
        process.throttle.resume()
        await pass_time(workshop, 60, process)

    assert len(await known_pauses(workshop)) == 1
