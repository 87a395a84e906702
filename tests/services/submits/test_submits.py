"""The table of submits: nothing is paid twice, spend is never below the service's bill, and slots are really free."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import StoreUnavailableError
from bot.models import JobError, JobState, NotCancellableError, OperatorAlert, SubmitOutcome
from bot.sandbox.faults import Fault
from bot.services.jobs.policy import RateLimit, RateLimits, WorkerPolicy
from tests.support.faults import FlakyDatabase, Hold, SurprisingService
from tests.support.workshop import Workshop, open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

    from bot.models import Submit
    from tests.support.workshop import Process


async def open_submits(workshop: Workshop, job_ids: list[str]) -> list[Submit]:
    return [it for job_id in job_ids for it in await workshop.submits(job_id) if it.ended_at is None]


async def run_until_answered(workshop: Workshop, process: Process, job_ids: list[str], *, most: int = 400) -> None:
    """Go on until every job and every submit has ended."""
    for _ in range(most):
        await workshop.run_until_idle(process)
        if not await open_submits(workshop, job_ids):
            return
        workshop.advance_to_next(process)
    raise AssertionError(f"never answered: {await open_submits(workshop, job_ids)}")


# The row -----------------------------------------------------------------------------------------


def test_the_shipped_waits_are_those_that_the_service_asks_for() -> None:
    policy = WorkerPolicy()

    assert 30 <= policy.reconcile_seconds <= 60
    assert policy.reconcile_interval_seconds <= policy.reconcile_seconds / 3
    assert policy.answer_seconds <= policy.lease_seconds
    assert policy.sending_seconds < policy.lease_seconds


async def test_a_submit_is_written_down_before_it_goes_out_and_closed_when_the_clip_is_there(
    workshop: Workshop,
) -> None:
    service = SurprisingService(workshop.client)
    hold = service.holds["before submit"] = Hold()
    process = workshop.start(service=service)
    job_id = await workshop.accept(process)
    tick = asyncio.create_task(process.worker.tick())
    await hold.arrival()

    [submit] = await workshop.submits(job_id)
    assert (submit.number, submit.seconds, submit.model) == (1, 6, "gemini_omni")
    assert (submit.outcome, submit.cut_at, submit.ended_at) == (None, None, None)
    assert await workshop.spent_seconds() == 6
    hold.release.set()
    await tick
    assert await workshop.outcomes(job_id) == [SubmitOutcome.ACCEPTED]

    await workshop.run_until_idle(process)
    [submit] = await workshop.submits(job_id)
    assert submit.outcome is SubmitOutcome.COMPLETED
    assert submit.ended_at == (await workshop.job(job_id)).rendered_at or submit.ended_at is not None
    assert submit.generation_id == (await workshop.job(job_id)).generation_id
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("content_policy_violation", SubmitOutcome.REFUSED),
        ("invalid_request", SubmitOutcome.REFUSED),
        ("invalid_apitype", SubmitOutcome.REFUSED),
    ],
)
async def test_a_refused_submit_costs_nothing(workshop: Workshop, code: str, outcome: SubmitOutcome) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error(code))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    assert await workshop.outcomes(job_id) == [outcome]
    assert await workshop.spent_seconds() == 0


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("unauthorized", SubmitOutcome.REFUSED),
        ("insufficient_quota", SubmitOutcome.REFUSED),
        ("rate_limit_exceeded", SubmitOutcome.NOT_TAKEN),
        ("rate_limit_unavailable", SubmitOutcome.NOT_TAKEN),
    ],
)
async def test_a_submit_that_was_not_taken_is_sent_again_without_asking(
    workshop: Workshop, code: str, outcome: SubmitOutcome
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error(code))
    job_id = await workshop.accept(process)
    await process.worker.tick()
    assert await workshop.spent_seconds() == 0

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert await workshop.outcomes(job_id) == [outcome, SubmitOutcome.COMPLETED]
    assert [request.key for request in workshop.server.polls if request.key == job_id] == []


async def test_a_generation_that_failed_at_the_service_is_not_spend(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.render.append(Fault.failed("Generation failed: out of memory"))
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.GENERATION_FAILED)
    assert await workshop.outcomes(job_id) == [SubmitOutcome.FAILED]
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 0


# Slots -------------------------------------------------------------------------------------------


async def test_a_cancelled_render_holds_its_slot_until_the_service_says_that_it_is_over(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=2)
    cancelled = [await workshop.accept(process, f"fox {place}") for place in range(2)]
    for job_id in cancelled:
        await workshop.run_until(process, job_id, JobState.RENDERING)
    for job_id in cancelled:
        await process.cancel(job_id)
    waiting = await workshop.accept(process, "a patient fox")

    await workshop.run_for(process, 10)
    assert (await workshop.job(waiting)).state is JobState.QUEUED
    assert await workshop.spent_seconds() == 12

    await run_until_answered(workshop, process, [*cancelled, waiting])
    await workshop.expect_clip(waiting)
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 18
    busiest = max(
        sum(it.accepted_at <= at < it.finishes_at for it in workshop.server.generations.values())
        for at in [it.accepted_at for it in workshop.server.generations.values()]
    )
    assert busiest == 2


@pytest.mark.slow
async def test_forty_cancels_never_let_more_render_at_once_than_allowed(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=4)
    job_ids: list[str] = []
    for place in range(40):
        job_ids.append(await workshop.accept(process, f"fox {place}"))
        await process.worker.tick()
        with suppress(NotCancellableError):
            await process.cancel(job_ids[-1])

    assert len(workshop.server.generations) == 4
    await run_until_answered(workshop, process, job_ids)
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 4 * 6


async def test_a_slot_that_the_service_never_gives_back_is_free_after_the_deadline_and_grace(
    workshop: Workshop,
) -> None:
    process = workshop.start(max_concurrent_renders=1, job_deadline_seconds=60.0, unanswered_grace_seconds=60.0)
    workshop.server.faults.render.append(Fault(change={"status": "in_progress", "progress": 99, "result": None}))
    stuck = await workshop.accept(process, "a stuck fox")
    started_at = workshop.time()
    waiting = await workshop.accept(process, "a patient fox")

    await workshop.run_for(process, 110)
    assert (await workshop.job(stuck)).error_code is JobError.TIMED_OUT
    assert (await workshop.job(waiting)).state is JobState.QUEUED

    await workshop.run_until(process, waiting, JobState.RENDERING)
    assert 120 <= workshop.time() - started_at < 125
    assert await workshop.spent_seconds() == 12


async def test_what_nobody_waits_for_any_more_is_asked_about_to_its_end(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=10.0)
    workshop.server.faults.render.append(Fault.failed("Generation failed: out of memory"))
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.FAILED)
    assert (await workshop.job(job_id)).error_code is JobError.TIMED_OUT
    assert await workshop.spent_seconds() == 6

    await run_until_answered(workshop, process, [job_id])

    assert await workshop.outcomes(job_id) == [SubmitOutcome.FAILED]
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 0


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("task_not_found", SubmitOutcome.LOST), ("content_policy_violation", SubmitOutcome.FAILED)],
)
async def test_what_ends_a_render_that_nobody_waits_for_is_believed_at_the_third_time(
    workshop: Workshop, code: str, outcome: SubmitOutcome
) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    await process.cancel(job_id)
    workshop.server.faults.poll.append(Fault.error(code, times=2))
    workshop.server.faults.poll.append(Fault(change={"status": "in_progress", "result": None}))
    workshop.server.faults.poll.append(Fault.error(code, times=None))
    polls = len(workshop.server.polls)

    await run_until_answered(workshop, process, [job_id])

    assert await workshop.outcomes(job_id) == [outcome]
    assert len(workshop.server.polls) - polls == 2 + 1 + 3
    assert [entry for entry, _ in await workshop.entries(job_id)] == ["charge", "refund"]


async def test_a_submit_of_which_the_service_never_says_what_became_is_left_alone_in_the_end(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    process = workshop.start(unattended_for_seconds=300.0)
    workshop.server.faults.render.append(Fault(change={"status": "in_progress", "progress": 99, "result": None}))
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    await process.cancel(job_id)
    await workshop.run_for(process, 400)
    polls = len(workshop.server.polls)

    await workshop.run_for(process, 1000)

    assert len(workshop.server.polls) == polls
    assert caplog.messages.count("what became of a submit is not known") == 1
    [submit] = await workshop.submits(job_id)
    assert (submit.outcome, submit.ended_at, submit.due_at) == (SubmitOutcome.ACCEPTED, None, None)
    assert await workshop.spent_seconds() == 6


async def test_one_of_two_processes_asks_about_what_nobody_waits_for(workshop: Workshop) -> None:
    first, second = workshop.start("a/1"), workshop.start("b/1")
    job_id = await workshop.accept(first)
    await first.worker.tick()
    await first.cancel(job_id)

    await asyncio.gather(first.worker.tick(), second.worker.tick())

    assert len(workshop.server.polls) == 1


async def test_a_job_cancelled_while_its_submit_is_out_is_spend_once_it_is_taken(workshop: Workshop) -> None:
    process = workshop.start()
    arrived = asyncio.Event()
    workshop.server.faults.submit.append(Fault(hold=arrived))
    job_id = await workshop.accept(process)
    tick = asyncio.create_task(process.worker.tick())
    await workshop.server.until(lambda: len(workshop.server.submits) == 1)
    await process.cancel(job_id)
    for _ in range(3):  # asked meanwhile, and answered "no such task"
        await process.worker.tick()
        workshop.time.advance(15)
    assert await workshop.spent_seconds() == 6
    arrived.set()
    await tick

    await run_until_answered(workshop, process, [job_id])

    assert await workshop.outcomes(job_id) == [SubmitOutcome.COMPLETED]
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


# Asked about before it is sent again ---------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 6, 11, 20, 29.9])
@pytest.mark.parametrize("answer", [{"drop": True}, {"status": 502, "body": "<html>"}, {"status": 504}], ids=str)
async def test_a_submit_that_is_taken_late_is_paid_once(
    workshop: Workshop, seconds: float, answer: dict[str, object]
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault(accept_after=seconds, **answer))  # type: ignore[arg-type]
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == len(workshop.server.submits) == 1
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


async def test_the_wait_counts_from_the_restart_and_not_from_the_submit(workshop: Workshop) -> None:
    process = workshop.start()
    arrived = asyncio.Event()
    workshop.server.faults.submit.append(Fault(hold=arrived))
    job_id = await workshop.accept(process)
    tick = asyncio.create_task(process.worker.tick())
    await workshop.server.until(lambda: len(workshop.server.submits) == 1)
    workshop.time.advance(55)  # a slow submit, and then the process is gone
    tick.cancel()
    with suppress(asyncio.CancelledError):
        await tick

    restarted = workshop.start()
    await restarted.worker.reclaim_leases()
    await workshop.run_for(restarted, 29)
    assert len(workshop.server.submits) == 1
    arrived.set()
    await workshop.server.until(lambda: len(workshop.server.paid(job_id)) == 1)
    await workshop.run_until_idle(restarted)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1


async def test_the_wait_is_not_begun_anew_by_a_second_restart(workshop: Workshop) -> None:
    workshop.server.faults.submit.append(Fault(drop=True))
    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.worker.tick()
    sent_at = workshop.time()
    for _ in range(4):
        process = workshop.start()
        await process.worker.reclaim_leases()
        await workshop.run_for(process, 10)

    await workshop.run_until(process, job_id, JobState.RENDERING)

    assert 45 <= workshop.server.submits[1].at - sent_at <= 61


@pytest.mark.parametrize("trouble", ["rate_limit_exceeded", "unauthorized"])
async def test_a_job_that_may_be_on_the_wire_is_not_put_back_unasked_while_submitting_is_held_back(
    workshop: Workshop, trouble: str
) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault(drop=True, accept_after=11))
    workshop.server.faults.submit.append(Fault.error(trouble))
    late = await workshop.accept(process, "a late fox")
    other = await workshop.accept(process, "another fox")

    await workshop.run_until_idle(process)

    for job_id in (late, other):
        await workshop.expect_clip(job_id)
        assert len(workshop.server.paid(job_id)) == 1


async def test_attempts_and_deadline_of_a_job_that_was_on_the_wire_survive_being_put_back(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=100.0)
    workshop.server.faults.submit.append(Fault(drop=True, times=None))
    job_id = await workshop.accept(process)
    started_at = workshop.time()

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.TIMED_OUT)
    assert await workshop.outcomes(job_id) == [SubmitOutcome.MISSING] * 2
    assert 100 <= workshop.time() - started_at < 160
    assert await workshop.spent_seconds() == 0


async def test_a_job_whose_turn_comes_again_after_its_deadline_is_not_sent(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=100.0)
    held_back = Fault.error("rate_limit_exceeded", headers={"Retry-After": "120"})
    workshop.server.faults.submit.extend([Fault(drop=True), held_back])
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.TIMED_OUT)
    assert await workshop.outcomes(job_id) == [SubmitOutcome.MISSING, SubmitOutcome.NOT_TAKEN, SubmitOutcome.NOT_SENT]
    assert len(workshop.server.submits) == 2
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 0


async def test_a_job_that_only_waited_keeps_its_patience_through_a_pause(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=60.0)
    workshop.server.key_credits = 0
    job_id = await workshop.accept(process)
    await workshop.run_for(process, 600)
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    workshop.server.key_credits = 1820
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_connection_that_was_never_made_is_neither_waited_for_nor_spent(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    await workshop.server.stop()
    job_id = await workshop.accept(process)
    await process.worker.tick()

    assert await workshop.outcomes(job_id) == [SubmitOutcome.NOT_SENT]
    assert await workshop.spent_seconds() == 0
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    await workshop.server.start()
    back_at = workshop.time()
    await workshop.run_until(process, job_id, JobState.RENDERING)
    assert workshop.time() - back_at < 5
    assert workshop.server.polls == []


async def test_a_lease_that_is_nearly_over_sends_nothing(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database, sending_seconds=15.0)
    job_id = await workshop.accept(process)
    steps: list[Coroutine[Any, Any, None]] = []
    await process.worker._pass(steps.append)
    workshop.time.advance(46)

    for step in steps:
        await step

    assert workshop.server.submits == []
    assert await workshop.outcomes(job_id) == [SubmitOutcome.NOT_SENT]
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_job_whose_refusal_was_heard_by_a_process_that_no_longer_held_it_is_sent_again(
    workshop: Workshop,
) -> None:
    slow, other = workshop.start("a/1"), workshop.start("b/1", max_concurrent_renders=0)
    may_answer = asyncio.Event()
    workshop.server.faults.submit.append(replace(Fault.error("content_policy_violation"), hold=may_answer))
    job_id = await workshop.accept(slow)
    tick = asyncio.create_task(slow.worker.tick())
    await workshop.server.until(lambda: len(workshop.server.submits) == 1)
    workshop.time.advance(61)
    await other.worker.tick()
    may_answer.set()
    await tick
    assert (await workshop.job(job_id)).state is JobState.SUBMITTING
    assert await workshop.outcomes(job_id) == [SubmitOutcome.REFUSED]
    polls = len(workshop.server.polls)

    await workshop.run_for(other, 60)
    assert (await workshop.job(job_id)).state is JobState.QUEUED
    assert len(workshop.server.polls) == polls
    await workshop.run_until_idle(slow)

    await workshop.expect_clip(job_id)
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


async def test_a_process_that_slept_hears_that_its_submit_was_taken_and_the_job_goes_on_with_it(
    workshop: Workshop,
) -> None:
    """It slept so long that another has asked, was told that there is none, and let the job wait again."""
    service = SurprisingService(workshop.client)
    hold = service.holds["before submit"] = Hold()
    sleeper, other = workshop.start("a/1", service=service), workshop.start("b/1", max_concurrent_renders=0)
    job_id = await workshop.accept(sleeper)
    tick = asyncio.create_task(sleeper.worker.tick())
    await hold.arrival()
    await workshop.run_for(other, 120)
    assert await workshop.outcomes(job_id) == [SubmitOutcome.MISSING]
    assert (await workshop.job(job_id)).state is JobState.QUEUED
    hold.release.set()
    await tick

    assert (await workshop.job(job_id)).state is JobState.RENDERING
    await workshop.run_until_idle(sleeper)
    await workshop.expect_clip(job_id)
    assert len(workshop.server.paid(job_id)) == 1
    assert await workshop.spent_seconds() == 6


async def test_of_a_slow_and_a_second_submit_that_were_both_taken_one_is_the_clip_and_both_are_spent(
    workshop: Workshop,
) -> None:
    service = SurprisingService(workshop.client)
    hold = service.holds["before submit"] = Hold()
    sleeper, other = workshop.start("a/1", service=service), workshop.start("b/1")
    job_id = await workshop.accept(sleeper)
    tick = asyncio.create_task(sleeper.worker.tick())
    await hold.arrival()
    await workshop.run_until(other, job_id, JobState.RENDERING)
    assert await workshop.outcomes(job_id) == [SubmitOutcome.MISSING, SubmitOutcome.ACCEPTED]
    hold.release.set()
    await tick
    assert await workshop.outcomes(job_id) == [SubmitOutcome.LOST, SubmitOutcome.ACCEPTED]

    await workshop.run_until_idle(other)

    await workshop.expect_clip(job_id)
    assert await workshop.outcomes(job_id) == [SubmitOutcome.LOST, SubmitOutcome.COMPLETED]
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 12


# Whether a 404 proves anything -----------------------------------------------------------------------


@pytest.fixture
async def unknown(tmp_path: Path) -> AsyncGenerator[Workshop]:
    """A workshop in which nobody has found out yet."""
    async with open_workshop(tmp_path, queue_seconds=2.0, render_seconds=20.0, finds_by_job_id=None) as opened:
        yield opened


async def test_whether_the_service_finds_our_id_is_found_out_with_the_first_accepted_job(unknown: Workshop) -> None:
    process = unknown.start()
    first, second = await unknown.accept(process), await unknown.accept(process, "a second fox")
    await unknown.run_until_idle(process)
    third = await unknown.accept(process, "a third fox")
    await unknown.run_until_idle(process)

    for job_id in (first, second, third):
        await unknown.expect_clip(job_id)
    assert sum(request.key in {first, second} for request in unknown.server.polls) == 1
    assert third not in [request.key for request in unknown.server.polls]
    assert unknown.discord.alerts == []


async def test_a_lost_answer_of_an_older_database_is_found_and_proves_nothing_of_any_model(unknown: Workshop) -> None:
    process = unknown.start()
    unknown.server.faults.submit.append(Fault(drop=True, accept=True))
    job_id = await unknown.accept(process)
    await process.worker.tick()
    unknown.peeking.rows("UPDATE submits SET model = ''")  # as the upgrade leaves them

    await unknown.run_until_idle(process)

    await unknown.expect_clip(job_id)
    assert len(unknown.server.paid(job_id)) == 1
    assert unknown.peeking.rows("SELECT count(*) FROM models") == [(0,)]


async def test_where_our_id_finds_nothing_no_job_is_sent_again_on_its_strength(unknown: Workshop) -> None:
    unknown.server.finds_by_business_id = False
    process = unknown.start()
    await unknown.run_until(process, await unknown.accept(process), JobState.DELIVERED)
    assert unknown.discord.alerts == [OperatorAlert.RECOVERY_INEXACT]

    process = unknown.start()  # a restart doesn't forget it
    unknown.server.faults.submit.append(Fault(drop=True, accept=True))
    lost = await unknown.accept(process, "a lost fox")
    await unknown.run_until_idle(process)

    await unknown.expect_refund(lost, JobError.SERVICE_FAULT)
    assert len(unknown.server.submits) == 2
    assert await unknown.spent_seconds() == unknown.server.billed_seconds() == 12
    assert unknown.discord.alerts == [OperatorAlert.RECOVERY_INEXACT]


async def test_until_one_was_accepted_what_is_documented_holds(unknown: Workshop) -> None:
    process = unknown.start()
    unknown.server.faults.submit.append(Fault(drop=True))
    job_id = await unknown.accept(process)

    await unknown.run_until_idle(process)

    await unknown.expect_clip(job_id)
    assert await unknown.outcomes(job_id) == [SubmitOutcome.MISSING, SubmitOutcome.COMPLETED]


@pytest.mark.parametrize(
    "fault", [Fault.page(404), Fault(status=400, body={"error": {"code": "invalid_request"}}), Fault.page(502)], ids=str
)
async def test_no_clip_is_lost_to_asking_for_it_by_our_id(unknown: Workshop, fault: Fault) -> None:
    process = unknown.start()
    job_id = await unknown.accept(process)
    await unknown.run_until(process, job_id, JobState.RENDERING)
    unknown.server.faults.poll.append(fault)

    await unknown.run_until_idle(process)

    await unknown.expect_clip(job_id)


# The account's limits ----------------------------------------------------------------------------


@pytest.mark.slow
async def test_submits_stay_below_the_accounts_limit_across_processes(workshop: Workshop) -> None:
    limits = RateLimits(submits=RateLimit(per_minute=30, per_10_seconds=10), queries=RateLimit(3000, 500))
    processes = [
        workshop.start(f"{name}/1", max_concurrent_renders=1000, waiting_per_server=60, rate_limits=limits)
        for name in "ab"
    ]
    for place in range(60):
        await workshop.accept(processes[place % 2], f"fox {place}", member_id=place)

    for _ in range(120):
        for process in processes:
            await process.worker.tick()
        workshop.time.advance(1)

    times = [request.at for request in workshop.server.submits]
    assert max(sum(at <= other < at + 10 for other in times) for at in times) <= 10
    assert max(sum(at <= other < at + 60 for other in times) for at in times) <= 30
    assert len(times) > 40


@pytest.mark.slow
async def test_more_renders_than_polls_allow_are_looked_at_less_often_and_never_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits = RateLimits(submits=RateLimit(6000, 6000), queries=RateLimit(per_minute=120, per_10_seconds=30))
    async with open_workshop(
        tmp_path, queue_seconds=0.0, render_seconds=1000.0, max_rendering=1000, query_limits=(120, 30)
    ) as workshop:
        process = workshop.start(
            max_concurrent_renders=1000, waiting_per_server=60, rate_limits=limits, job_deadline_seconds=5000.0
        )
        for place in range(60):
            await workshop.accept(process, f"fox {place}", member_id=place)
        await workshop.run_for(process, 250)

        polls = workshop.server.polls
        assert "held back by the video service" not in caplog.messages
        late = [request.key for request in polls if request.at > polls[0].at + 100]
        counts = [late.count(generation_id) for generation_id in workshop.server.generations]
        assert max(counts) - min(counts) <= 3  # evenly


# Any order ---------------------------------------------------------------------------------------

SUBMITS = {
    "well": None,
    "lost": Fault(drop=True),
    "taken, unanswered": Fault(drop=True, accept=True),
    "refused by a gateway": Fault(status=502),
    "a fault, but taken": Fault.error("internal_error", accept=True),
    "too many": Fault.error("rate_limit_exceeded"),
    "not taken": Fault.error("rate_limit_unavailable"),
    "bad prompt": Fault.error("content_policy_violation"),
    "no money": Fault.error("insufficient_quota"),
}
POLLS = {
    "lost": Fault(drop=True),
    "page": Fault.page(404),
    "gateway": Fault.page(503),
    "too many": Fault.error("rate_limit_exceeded"),
}

ACTS = st.one_of(
    st.just(("go on",)),
    st.just(("go on",)),
    st.just(("go on",)),
    st.just(("accept",)),
    st.just(("restart",)),
    st.just(("cancel",)),
    st.just(("take over",)),
    st.tuples(st.just("submit"), st.sampled_from(sorted(SUBMITS))),
    st.tuples(st.just("late"), st.floats(0, 30)),
    st.tuples(st.just("poll"), st.sampled_from(sorted(POLLS))),
    st.just(("fails",)),
    st.tuples(st.just("kill"), st.sampled_from(["before submit", "after submit", "after fetch_generation"])),
    st.tuples(st.just("database"), st.sampled_from(["write", "commit", "read"])),
)


class Story:
    """A bot that is killed and put off, and a service that takes submits late; what is true after each act."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.database = FlakyDatabase(workshop.database)
        self.service = SurprisingService(workshop.client)
        self.job_ids: list[str] = []
        self.start()

    def start(self) -> None:
        self.process = self.workshop.start(database=self.database, service=self.service, max_concurrent_renders=2)

    async def play(self, act: tuple[object, ...]) -> None:
        faults = self.workshop.server.faults
        with suppress(StoreUnavailableError, NotCancellableError):
            match act:
                case ("go on",):
                    await self.process.worker.tick()
                    self.workshop.advance_to_next(self.process, at_most=20.0)
                case ("accept",):
                    self.job_ids.append((await self.process.jobs.accept(self.workshop.request())).job.id)
                case ("restart",):
                    self.start()
                    await self.process.worker.reclaim_leases()
                case ("cancel",):
                    if self.job_ids:
                        await self.process.cancel(self.job_ids[-1])
                case ("take over",):
                    self.workshop.time.advance(61)
                    await self.workshop.start("other/1").worker.tick()
                case ("submit", str(name)):
                    fault = SUBMITS[name]
                    faults.submit.extend([] if fault is None else [fault])
                case ("late", float(seconds)):
                    faults.submit.append(Fault(drop=True, accept_after=seconds))
                case ("poll", str(name)):
                    faults.poll.append(POLLS[name])
                case ("fails",):
                    faults.render.append(Fault.failed("Generation failed: out of memory"))
                case ("kill", str(point)):
                    await self.kill(point)
                case ("database", str(trouble)):
                    self.database.troubles.append(trouble)
                case _:
                    raise AssertionError(act)
        await self.check()

    async def kill(self, point: str) -> None:
        hold = self.service.holds[point] = Hold()
        tick = asyncio.create_task(self.process.worker.tick())
        arrival = asyncio.create_task(hold.reached.wait())
        await asyncio.wait({tick, arrival}, return_when=asyncio.FIRST_COMPLETED)
        tick.cancel()
        arrival.cancel()
        await asyncio.gather(tick, arrival, return_exceptions=True)
        self.service.holds.clear()
        self.start()
        await self.process.worker.reclaim_leases()

    async def check(self) -> None:
        """Nothing is paid twice, and the books never show less than the bill."""
        for job_id in self.job_ids:
            assert len(self.workshop.server.paid(job_id)) <= 1
            assert len([it for it in await self.workshop.submits(job_id) if it.ended_at is None]) <= 1
        assert await self.workshop.spent_seconds() >= self.workshop.server.billed_seconds()

    async def end(self) -> None:
        """Once every submit is answered, the books show exactly the bill."""
        self.workshop.server.faults.clear()
        self.database.troubles.clear()
        self.start()
        await self.process.worker.reclaim_leases()
        await run_until_answered(self.workshop, self.process, self.job_ids)
        await self.check()
        assert await self.workshop.spent_seconds() == self.workshop.server.billed_seconds()
        async with self.workshop.database.read():
            states = [(await self.workshop.job(job_id)).state for job_id in self.job_ids]
        assert all(state.is_final for state in states)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=st.lists(ACTS, min_size=4, max_size=14))
@pytest.mark.slow
def test_in_any_order_nothing_is_paid_twice_and_spend_comes_to_the_bill(acts: list[tuple[object, ...]]) -> None:
    async def play() -> None:
        with TemporaryDirectory() as folder:
            async with open_workshop(Path(folder), queue_seconds=0.0, render_seconds=15.0) as workshop:
                story = Story(workshop)
                await story.play(("accept",))
                for act in acts:
                    await story.play(act)
                await story.end()

    asyncio.run(play())
