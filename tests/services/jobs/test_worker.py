"""The loop: whose turn it is, how much at once, who holds a job, how it ends and what it outlives."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import PublishUnavailableError, StoreUnavailableError
from bot.models import CardMessage, ClipFile, GenerationStatus, JobError, JobState
from bot.sandbox.faults import Fault
from bot.services.jobs.lost_cards import POSTED_SECONDS
from bot.services.jobs.settling import SETTLE_ATTEMPTS
from bot.services.jobs.worker import UNEXPECTED_ERRORS_BEFORE_FAILING
from bot.store.database import Database
from tests.support.faults import FlakyDatabase, Hold, SurprisingService
from tests.support.workshop import MEMBER_ID, open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine
    from pathlib import Path

    from bot.models import Generation
    from tests.support.workshop import Process, Workshop

ANOTHER_MEMBER_ID, THIRD_MEMBER_ID = MEMBER_ID + 1, MEMBER_ID + 2
BREAKS = RuntimeError("nobody expected this")


@asynccontextmanager
async def running(process: Process) -> AsyncGenerator[asyncio.Task[None]]:
    """Let the loop run; what is still running at the end is killed, as by SIGKILL."""
    task = asyncio.create_task(process.worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def kill(task: asyncio.Task[int]) -> None:
    """End a tick in the middle, without the clean-up of a stop."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_job_goes_from_the_queue_to_its_clip_and_its_card_goes(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    message = await workshop.expect_clip(job_id)
    assert isinstance(message.clip, ClipFile)
    assert len(workshop.server.paid(job_id)) == 1


# Turns and limits ------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_members_take_turns_and_each_ones_oldest_job_is_first(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    members = [MEMBER_ID] * 3 + [ANOTHER_MEMBER_ID] + [THIRD_MEMBER_ID] * 2
    job_ids = [
        await workshop.accept(process, f"number {place}", member_id=member_id)
        for place, member_id in enumerate(members)
    ]

    await workshop.run_until_idle(process)

    started = [job_ids.index(request.key) for request in workshop.server.submits]
    assert started == [0, 3, 4, 1, 5, 2]


@pytest.mark.slow
async def test_a_member_who_comes_late_does_not_wait_for_all_of_anothers_jobs(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=2)
    crowd = [await workshop.accept(process, f"number {place}") for place in range(5)]
    await process.worker.tick()
    late = await workshop.accept(process, "a late fox", member_id=ANOTHER_MEMBER_ID)

    await workshop.run_until_idle(process)

    assert [request.key for request in workshop.server.submits].index(late) == 2
    for job_id in (*crowd, late):
        await workshop.expect_clip(job_id)


async def test_the_queue_says_the_order_in_which_jobs_start(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    first = await workshop.accept(process, "the first")
    await process.worker.tick()
    places = [
        (await process.jobs.accept(workshop.request(member_id=member_id))).queue_place
        for member_id in (MEMBER_ID, MEMBER_ID, ANOTHER_MEMBER_ID)
    ]

    assert places == [1, 2, 1]
    assert (await workshop.job(first)).state is JobState.RENDERING


@pytest.mark.slow
async def test_two_processes_on_one_database_never_render_more_than_the_limit_together(workshop: Workshop) -> None:
    async with Database.open(workshop.database_url) as other_database:
        processes = [
            workshop.start("local/1", max_concurrent_renders=2),
            workshop.start("local/2", max_concurrent_renders=2, database=other_database),
        ]
        job_ids = [
            await workshop.accept(processes[place % 2], f"number {place}", member_id=MEMBER_ID + place)
            for place in range(6)
        ]
        most = 0
        for _ in range(100):
            await asyncio.gather(*(process.worker.tick() for process in processes))
            unfinished = [it for it in workshop.server.generations.values() if it.finishes_at > workshop.time()]
            most = max(most, len(unfinished))
            workshop.advance_to_next(*processes)
            if all([(await workshop.job(job_id)).due_at is None for job_id in job_ids]):
                break

    for job_id in job_ids:
        await workshop.expect_clip(job_id)
    assert most == 2
    assert len(workshop.server.submits) == 6


# Leases ----------------------------------------------------------------------------------------------------------


async def test_a_silent_processs_job_is_taken_over_after_its_lease_and_its_late_write_is_refused(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    silent, other = workshop.start("local/1"), workshop.start("local/2")
    job_id = await workshop.accept(silent)
    await workshop.run_until(silent, job_id, JobState.READY)
    hold = workshop.discord.hold("post_clip")
    tick = asyncio.create_task(silent.worker.tick())
    await hold.arrival()

    workshop.time.advance(59)
    assert await other.worker.tick() == 0
    workshop.time.advance(2)
    await workshop.run_until_idle(other)
    await workshop.expect_clip(job_id)
    settled = await workshop.job(job_id)

    hold.release.set()
    await tick
    assert "job is no longer ours" in caplog.messages
    assert await workshop.job(job_id) == settled
    await workshop.expect_clip(job_id)


async def test_a_process_that_is_still_at_a_job_keeps_it(workshop: Workshop) -> None:
    slow, other = workshop.start("local/1"), workshop.start("local/2")
    job_id = await workshop.accept(slow)
    await workshop.run_until(slow, job_id, JobState.READY)
    hold = workshop.discord.hold("post_clip")
    tick = asyncio.create_task(slow.worker.tick())
    await hold.arrival()

    for _ in range(8):
        workshop.time.advance(20)
        assert await slow.worker.tick() == 0
        assert await other.worker.tick() == 0

    hold.release.set()
    await tick
    await workshop.run_until_idle(slow)
    await workshop.expect_clip(job_id)


async def test_a_killed_process_takes_its_own_job_back_at_once_when_it_is_started_again(workshop: Workshop) -> None:
    process = workshop.start("local/1")
    answer = asyncio.Event()
    workshop.server.faults.submit.append(Fault(accept=True, hold=answer))
    job_id = await workshop.accept(process)
    tick = asyncio.create_task(process.worker.tick())
    await workshop.server.until(lambda: bool(workshop.server.paid(job_id)))
    await kill(tick)

    assert await workshop.start("local/2").worker.tick() == 0
    restarted = workshop.start("local/1")
    await restarted.worker.reclaim_leases()
    assert await restarted.worker.tick() == 1
    answer.set()

    assert (await workshop.job(job_id)).state is JobState.RENDERING
    await workshop.run_until_idle(restarted)
    await workshop.expect_clip(job_id)
    assert len(workshop.server.submits) == 1


# The unexpected --------------------------------------------------------------------------------------------------


async def test_an_unexpected_error_delays_its_own_job_and_no_other(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    service = SurprisingService(workshop.client, fetch_generation=[BREAKS])
    process = workshop.start(service=service)
    first = await workshop.accept(process, "the first")
    await process.worker.tick()
    second = await workshop.accept(process, "the second")
    workshop.time.advance(5.5)
    await process.worker.tick()

    [line] = [record for record in caplog.records if record.getMessage() == "unexpected error"]
    assert line.__dict__["job_id"] == first
    assert line.exc_info is not None
    assert (await workshop.job(second)).state is JobState.RENDERING
    await workshop.run_until_idle(process)
    await workshop.expect_clip(first)
    await workshop.expect_clip(second)


class UnstorableService(SurprisingService):
    """The video service, but what it says of a clip can't be stored: half a surrogate pair fits no database."""

    async def fetch_generation(self, key: str) -> Generation:
        found = await super().fetch_generation(key)
        return replace(found, result_url="https://clips.example/\ud83d.mp4", status=GenerationStatus.COMPLETED)


async def test_a_value_that_the_database_refuses_ends_its_job_at_once_and_is_refunded(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    process = workshop.start(service=UnstorableService(workshop.client))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    [line] = [it for it in caplog.records if it.getMessage().startswith("the database does not take a value")]
    assert line.__dict__["job_id"] == job_id
    await workshop.expect_refund(job_id, JobError.INTERNAL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "error_code", "times"),
    [
        ("submit", JobError.SERVICE_FAULT, 4),  # each may be on the wire, so each is asked about first
        ("fetch_generation", JobError.INTERNAL, UNEXPECTED_ERRORS_BEFORE_FAILING),
        ("download", JobError.INTERNAL, UNEXPECTED_ERRORS_BEFORE_FAILING),
    ],
)
async def test_a_job_that_meets_the_unexpected_again_and_again_ends_and_is_refunded(
    workshop: Workshop, method: str, error_code: JobError, times: int
) -> None:
    unexpected_errors = [BREAKS] * (2 * UNEXPECTED_ERRORS_BEFORE_FAILING)
    process = workshop.start(service=SurprisingService(workshop.client, **{method: unexpected_errors}))
    job_id = await workshop.accept(process)

    await workshop.run_until(process, job_id, JobState.FAILED)
    assert 2 * UNEXPECTED_ERRORS_BEFORE_FAILING - len(unexpected_errors) == times

    await workshop.run_until_idle(process)
    await workshop.expect_refund(job_id, error_code)


async def test_one_fewer_than_too_many_unexpected_errors_still_gives_the_clip(workshop: Workshop) -> None:
    unexpected_errors = [BREAKS] * (UNEXPECTED_ERRORS_BEFORE_FAILING - 1)
    process = workshop.start(service=SurprisingService(workshop.client, fetch_generation=unexpected_errors))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_card_that_meets_the_unexpected_again_and_again_is_left_and_costs_nobody_the_clip(
    workshop: Workshop,
) -> None:
    workshop.discord.fail("remove_status", *[BREAKS] * (2 * UNEXPECTED_ERRORS_BEFORE_FAILING))
    process = workshop.start()
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    assert len(workshop.discord.troubles["remove_status"]) == UNEXPECTED_ERRORS_BEFORE_FAILING
    job = await workshop.job(job_id)
    assert (job.state, job.error_code, job.due_at) == (JobState.DELIVERED, None, None)
    assert len(workshop.discord.clips(job_id)) == 1
    assert await workshop.entries(job_id) == [("charge", 6)]


async def test_an_unexpected_error_of_a_process_that_no_longer_holds_the_job_changes_nothing(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    service = SurprisingService(workshop.client, download=[BREAKS])
    hold = service.holds["before download"] = Hold()
    silent, other = workshop.start("local/1", service=service), workshop.start("local/2")
    job_id = await workshop.accept(silent)
    await workshop.run_until(silent, job_id, JobState.READY)
    tick = asyncio.create_task(silent.worker.tick())
    await hold.arrival()
    workshop.time.advance(61)
    await workshop.run_until_idle(other)
    settled = await workshop.job(job_id)
    hold.release.set()

    await tick

    assert "unexpected error" in caplog.messages
    assert await workshop.job(job_id) == settled
    await workshop.expect_clip(job_id)


async def test_an_unexpected_error_while_asking_for_the_operator_is_outlived(workshop: Workshop) -> None:
    service = SurprisingService(workshop.client, fetch_balance=[BREAKS])
    process = workshop.start(service=service)
    workshop.server.faults.submit.append(Fault.error("unauthorized"))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_pass_that_could_not_be_written_down_loses_no_job(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database, polls_at_once=1, deliveries_at_once=1, settles_at_once=1)
    job_id = await workshop.accept(process)
    for state in (JobState.QUEUED, JobState.RENDERING, JobState.READY):
        await workshop.run_until(process, job_id, state)
        workshop.time.advance(30)
        database.troubles.append("commit")
        with pytest.raises(StoreUnavailableError):
            await process.worker.tick()
        assert (await workshop.job(job_id)).state is state

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.submits) == 1


async def test_a_database_that_is_often_busy_costs_nobody_their_clip(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    # Of three writes one goes by: some claims, some answers, some puttings-off.
    database.troubles.extend(workshop.rng.choices([None, "write", "commit"], k=8 * UNEXPECTED_ERRORS_BEFORE_FAILING))
    while database.troubles:
        with suppress(StoreUnavailableError):
            await process.worker.tick()
        workshop.advance_to_next(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1


# Running and stopping --------------------------------------------------------------------------------------------


async def test_a_stop_waits_for_what_is_in_hand(workshop: Workshop) -> None:
    process = workshop.start()
    answer = asyncio.Event()
    workshop.server.faults.submit.append(Fault(hold=answer))
    job_id = await workshop.accept(process)
    waiting = None
    async with running(process) as run:
        await workshop.server.until(lambda: len(workshop.server.submits) == 1)
        process.worker.stop()
        waiting = await workshop.accept(process, "comes while the worker stops")
        answer.set()
        await run

    job = await workshop.job(job_id)
    assert (job.state, job.lease_owner) == (JobState.RENDERING, None)
    assert (await workshop.job(waiting)).state is JobState.QUEUED


async def test_what_is_not_finished_by_the_deadline_is_released_and_goes_on_after_the_restart(
    workshop: Workshop,
) -> None:
    process = workshop.start(stop_deadline_seconds=0.05)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    hold = workshop.discord.hold("post_clip")
    async with running(process) as run:
        await hold.arrival()
        process.worker.stop()
        await run

    job = await workshop.job(job_id)
    assert (job.state, job.lease_owner, job.lease_until) == (JobState.DELIVERING, None, None)
    assert workshop.discord.clips(job_id) == []

    await workshop.run_until_idle(workshop.start("local/2"))
    await workshop.expect_clip(job_id)


async def test_a_stop_with_nothing_in_hand_is_at_once(workshop: Workshop) -> None:
    process = workshop.start(stop_deadline_seconds=3600)
    async with running(process) as run:
        process.worker.stop()
        await asyncio.wait_for(run, 5)


async def test_a_database_that_is_locked_while_the_worker_stops_does_not_spoil_the_stop(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    database.troubles.extend([None, None, "write"])  # taking back at the start, one pass, the release at the end
    job_id = await workshop.accept(workshop.start())
    async with running(process) as run:
        await workshop.server.until(lambda: len(workshop.server.submits) == 1)
        database.troubles.clear()
        database.troubles.extend(["write"] * 10)
        process.worker.stop()
        await asyncio.wait_for(run, 5)

    restarted = workshop.start()
    await restarted.worker.reclaim_leases()
    await workshop.run_until_idle(restarted)
    await workshop.expect_clip(job_id)


async def test_the_loop_outlives_a_database_that_does_not_answer(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    monkeypatch.setattr(process.worker._loop, "_retry_seconds", 0.01)
    job_id = await workshop.accept(workshop.start())
    database.troubles.extend([None, "write", "commit", "write"])
    async with running(process):
        await workshop.server.until(lambda: bool(workshop.server.paid(job_id)))

    assert caplog.messages.count("worker: put off") == 3
    assert len(workshop.server.submits) == 1


async def test_a_service_that_does_not_say_whether_it_takes_us_holds_up_nothing_else(workshop: Workshop) -> None:
    process = workshop.start()
    never = asyncio.Event()
    rendering = await workshop.accept(process)
    await workshop.run_until(process, rendering, JobState.READY)
    workshop.server.faults.submit.append(Fault.error("unauthorized"))
    workshop.server.faults.balance.append(Fault(hold=never))
    waiting = await workshop.accept(process, "waits for the operator")
    hold = workshop.discord.hold("post_clip")
    await_pause = asyncio.create_task(process.worker.tick())
    await hold.arrival()
    await workshop.server.until(lambda: len(workshop.server.submits) == 2)
    workshop.time.advance(16)
    probing = asyncio.create_task(process.worker.tick())
    await workshop.server.until(lambda: any(it.kind == "balance" for it in workshop.server.requests))

    hold.release.set()
    await await_pause
    await process.worker.tick()
    await workshop.expect_clip(rendering)
    assert not probing.done()

    never.set()
    await probing
    await workshop.run_until_idle(process)
    await workshop.expect_clip(waiting)


async def test_with_nothing_due_the_loop_rests(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_ids = [await workshop.accept(process, f"number {place}") for place in range(3)]
    async with running(process) as run:
        await workshop.server.until(lambda: len(workshop.server.generations) == 3)
        await asyncio.wait({run}, timeout=0.3)
        passes_and_writes = database.writes

    assert {(await workshop.job(job_id)).state for job_id in job_ids} == {JobState.RENDERING}
    # Three accepts, three cards, taking back, one pass each for the wake, the submits and their ends, three answers.
    assert passes_and_writes <= 15


@pytest.mark.slow
async def test_the_loop_sleeps_through_nothing_that_is_due(tmp_path: Path) -> None:
    real_time = open_workshop(tmp_path, clock=time.time, queue_seconds=0.0, render_seconds=0.15)
    async with real_time as workshop:
        process = workshop.start(poll_time_scale=0.01, max_concurrent_renders=2)
        workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded"))  # a hold of a second
        job_ids = [await workshop.accept(process, f"number {place}") for place in range(3)]
        async with running(process):
            async with asyncio.timeout(20):
                await workshop.discord.until(
                    lambda: all(workshop.discord.cards.get(job_id, [1])[-1] is None for job_id in job_ids)
                )
        for job_id in job_ids:
            await workshop.expect_clip(job_id)


# Cards of jobs that have ended -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True], ids=["delivered", "failed"])
async def test_a_card_that_becomes_known_after_the_end_is_settled_too(workshop: Workshop, fails: bool) -> None:
    process = workshop.start()
    if fails:
        workshop.server.faults.submit.append(Fault.error("invalid_request"))
    job_id = (await process.jobs.accept(workshop.request())).job.id
    await workshop.run_until_idle(process)

    await process.jobs.attach_status(job_id, 4711)
    await workshop.run_until_idle(process)

    if fails:
        await workshop.expect_refund(job_id, JobError.REJECTED)
    else:
        await workshop.expect_clip(job_id)


async def test_a_card_that_becomes_known_while_its_job_is_being_settled_is_settled_too(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("content_policy_violation"))
    job_id = (await process.jobs.accept(workshop.request())).job.id
    await process.worker.tick()
    workshop.time.advance(POSTED_SECONDS)
    hold = workshop.discord.hold("find_status")
    settling = asyncio.create_task(process.worker.tick())
    await hold.arrival()
    await process.jobs.attach_status(job_id, 4711)
    hold.release.set()
    await settling

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.CONTENT_POLICY)


async def test_a_card_no_process_remembers_is_found_and_settled(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("invalid_request"))
    job_id = (await process.jobs.accept(workshop.request())).job.id
    workshop.discord.forgotten_cards[job_id] = [CardMessage(4711)]

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.REJECTED)
    assert (await workshop.job(job_id)).status_message_id == 4711


@pytest.mark.parametrize("failures", [SETTLE_ATTEMPTS - 1, 3 * SETTLE_ATTEMPTS])
async def test_a_card_that_cannot_be_settled_is_tried_ten_times_and_the_refund_does_not_wait(
    workshop: Workshop, failures: int
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("invalid_request"))
    job_id = await workshop.accept(process)
    workshop.discord.fail("show_status", *[PublishUnavailableError("503")] * failures)
    await process.worker.tick()
    assert Counter(await workshop.entries(job_id)) == {("charge", 6): 1, ("refund", 6): 1}

    for _ in range(40):
        await process.worker.tick()
        workshop.advance_to_next(process)

    assert (await workshop.job(job_id)).due_at is None
    if failures < SETTLE_ATTEMPTS:
        await workshop.expect_refund(job_id, JobError.REJECTED)
    else:
        assert job_id not in workshop.discord.cards
        assert len(workshop.discord.troubles["show_status"]) == failures - SETTLE_ATTEMPTS


async def test_the_log_says_when_a_card_is_left_as_it_is(workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    workshop.discord.fail("remove_status", *[PublishUnavailableError("503")] * SETTLE_ATTEMPTS)

    await workshop.run_until_idle(process)

    assert (await workshop.job(job_id)).state is JobState.DELIVERED
    [line] = [record for record in caplog.records if record.getMessage() == "status card left as it is"]
    assert line.__dict__["job_id"] == job_id


# What others' slowness must not do ------------------------------------------------------------------------------


async def test_a_job_put_back_while_the_operator_is_still_being_told_is_not_started_twice(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    workshop.server.api_key = "another-key"
    telling = workshop.discord.hold("alert_operator")
    await process.worker.tick()  # refused
    first = asyncio.create_task(process.worker.tick())
    await telling.arrival()
    workshop.server.api_key = "sandbox-key"
    workshop.time.advance(60)
    await process.worker.tick()  # the probe succeeds
    await process.worker.tick()
    assert len(workshop.server.paid(job_id)) == 1  # and nobody waits for the operator's channel

    telling.release.set()
    await first
    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_process_that_slept_past_its_lease_submits_nothing(workshop: Workshop) -> None:
    asleep, awake = workshop.start("local/1"), workshop.start("local/2")
    job_id = await workshop.accept(asleep)
    steps: list[Coroutine[Any, Any, None]] = []
    await asleep.worker._pass(steps.append)  # and then the machine pauses
    workshop.time.advance(workshop.policy.lease_seconds + 1)
    await workshop.run_until(awake, job_id, JobState.RENDERING)
    assert len(workshop.server.paid(job_id)) == 1

    for step in steps:
        await step

    await workshop.run_until_idle(awake)
    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1
