"""How much work there is and whether it goes on, as it is seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import JobError, JobState
from bot.sandbox.faults import Fault
from tests.support.clocks import ServiceClock

if TYPE_CHECKING:
    from bot.services.report import WorkReport
    from tests.support.brainstorming import Brainstorms
    from tests.support.workshop import Process, Workshop


async def report(process: Process) -> WorkReport:
    return await process.reelay.reporter.read()


async def test_jobs_are_counted_by_state_and_by_how_they_have_ended_within_the_hour(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    workshop.server.faults.submit.append(Fault.error("content_policy_violation"))
    for _ in range(3):
        await workshop.accept(process)
    await workshop.run_until_idle(process)
    ended = await report(process)
    workshop.time.advance(3601)

    assert ended.ended_jobs == {(JobState.FAILED, JobError.CONTENT_POLICY): 1, (JobState.DELIVERED, None): 2}
    assert set(ended.open_jobs.values()) == {0}
    assert (await report(process)).ended_jobs == {}


async def test_held_takes_of_a_brainstorm_are_counted(team: Brainstorms) -> None:
    await team.press_start(await team.plan())

    assert (await report(team.process)).open_jobs[JobState.HELD] > 0


async def test_job_that_waits_for_a_slot_is_not_overdue_however_long_it_waits(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    await workshop.accept(process)
    await workshop.accept(process)
    await process.worker.tick()
    await workshop.run_for(process, 2)
    workshop.time.advance(0.5)
    seen = await report(process)

    assert (seen.slots_taken, seen.open_jobs[JobState.QUEUED], seen.open_jobs[JobState.RENDERING]) == (1, 1, 1)
    assert seen.oldest_waiting_seconds > 2
    assert seen.overdue_seconds < 1


async def test_job_that_may_start_and_is_not_started_is_overdue_from_when_that_is_seen(workshop: Workshop) -> None:
    process = workshop.start()
    await workshop.accept(process)
    workshop.time.advance(100)  # since when it may start nobody knows, only that it was accepted by then
    first = await report(process)
    workshop.time.advance(40)
    second = await report(process)
    await process.worker.tick()
    started = await report(process)

    assert (first.overdue_seconds, second.overdue_seconds, started.overdue_seconds) == (0, 40, 0)


async def test_poll_that_the_service_holds_back_is_not_overdue_until_it_may_go_out(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.worker.tick()
    job = await workshop.job(job_id)
    assert job.due_at is not None
    process.throttle.poll.hold(job.due_at, 90)
    opens_at = process.throttle.poll.opens_at
    assert opens_at is not None

    workshop.time.advance(89)
    assert (await report(process)).overdue_seconds == 0
    workshop.time.advance(41)
    late = ServiceClock(workshop.time).now() - opens_at
    assert (await report(process)).overdue_seconds == late.total_seconds() > 0


async def test_job_is_not_overdue_in_a_pause(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("unauthorized"))
    await workshop.accept(process)
    await process.worker.tick()
    assert process.throttle.is_paused
    await report(process)
    workshop.time.advance(100)

    assert (await report(process)).overdue_seconds == 0
