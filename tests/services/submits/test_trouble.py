"""The service in trouble: what waits, what is sent to see, what people are told, and that it heals by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import PublishUnavailableError
from bot.models import JobError, JobState, OperatorAlert, ServiceFaultError, SubmitOutcome
from bot.sandbox.faults import Fault
from bot.ui.text.clips import cards as card_text
from tests.support.faults import SurprisingService
from tests.support.workshop import MEMBER_ID

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.models import Generation
    from tests.support.workshop import Process, Workshop

DOWN = Fault.error("rate_limit_unavailable", times=None)
BROKEN = Fault.error("internal_error", times=None)


async def into_trouble(workshop: Workshop, process: Process, fault: Fault = DOWN, jobs: int = 6) -> list[str]:
    """Let jobs meet a service that takes none until that is noticed; return their ids."""
    workshop.server.faults.submit.append(fault)
    job_ids = [await workshop.accept(process, f"fox {number}", member_id=MEMBER_ID + number) for number in range(jobs)]
    for _ in range(200):
        await process.worker.tick()
        await process.card_updater.tick()
        if process.throttle.is_in_trouble:
            return job_ids
        workshop.advance_to_next(process)
    raise AssertionError("no trouble")


@pytest.mark.slow
@pytest.mark.parametrize("fault", [DOWN, BROKEN], ids=["not taken", "fault"])
async def test_it_is_told_once_shown_everywhere_and_all_clips_come_when_it_is_over(
    workshop: Workshop, fault: Fault
) -> None:
    process = workshop.start()
    job_ids = await into_trouble(workshop, process, fault)

    await workshop.run_for(process, 600)
    newcomer = await process.jobs.accept(workshop.request("a late fox", member_id=7))
    assert card_text.card_title(newcomer) == "The video service is having trouble; yours starts by itself"
    waiting = [job_id for job_id in job_ids if (await workshop.job(job_id)).state is JobState.QUEUED]
    for job_id in waiting[-1:]:
        card = workshop.discord.cards[job_id][-1]
        assert card is not None
        assert card_text.card_title(card) == card_text.IN_TROUBLE
    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE]
    assert workshop.discord.signs == [True]

    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(process)

    for job_id in job_ids:
        await workshop.expect_clip(job_id)
        assert len(workshop.server.paid(job_id)) == 1
    assert workshop.discord.signs == [True, False]
    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE]


@pytest.mark.slow
async def test_one_job_at_a_time_is_the_probe_in_all_processes_together(workshop: Workshop) -> None:
    first, second = workshop.start("local/1"), workshop.start("local/2")
    job_ids = await into_trouble(workshop, first, BROKEN)
    for _ in range(300):
        for process in (first, second):
            await process.worker.tick()
        if second.throttle.is_in_trouble and first.throttle.is_in_trouble:
            states = [(await workshop.job(job_id)).state for job_id in job_ids]
            if states.count(JobState.SUBMITTING) == 0:
                break
        workshop.advance_to_next(first, second)
    else:
        raise AssertionError("the second process never noticed")

    most = 0
    for _ in range(60):
        await asyncio.gather(first.worker.tick(), second.worker.tick())
        states = [(await workshop.job(job_id)).state for job_id in job_ids]
        most = max(most, states.count(JobState.SUBMITTING))
        workshop.advance_to_next(first, second)

    assert most == 1
    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE]

    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(first, second)
    states = [(await workshop.job(job_id)) for job_id in job_ids]
    assert {(job.state, job.error_code) for job in states} <= {
        (JobState.DELIVERED, None),
        (JobState.FAILED, JobError.TIMED_OUT),
    }
    for job in states:
        assert len(workshop.server.paid(job.id)) == (job.state is JobState.DELIVERED)


@pytest.mark.slow
async def test_a_probes_tries_count_towards_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    job_ids = await into_trouble(workshop, process, BROKEN)
    submitted = [job_id for job_id in job_ids if await workshop.submits(job_id)]
    for job_id in submitted:
        await process.cancel(job_id)
    others = [job_id for job_id in job_ids if job_id not in submitted]
    assert others
    await workshop.run_for(process, 1000)

    for job_id in others:
        assert not (await workshop.job(job_id)).state.is_final
    probes = [submit for job_id in others for submit in await workshop.submits(job_id) if submit.is_probe]
    assert len(probes) > 4
    assert {probe.outcome for probe in probes} <= {SubmitOutcome.MISSING, None}

    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(process)
    for job_id in others:
        await workshop.expect_clip(job_id)
        assert len(workshop.server.paid(job_id)) == 1


@pytest.mark.slow
async def test_probes_that_were_not_taken_do_not_count_as_generations_that_failed(workshop: Workshop) -> None:
    process = workshop.start()
    job_ids = await into_trouble(workshop, process)
    await workshop.run_for(process, 1800)
    probes = [submit.is_probe for job_id in job_ids for submit in await workshop.submits(job_id)].count(True)
    assert probes >= 10

    workshop.server.faults.submit.clear()
    workshop.server.faults.render.append(Fault.failed("Internal error"))
    await workshop.run_until_idle(process)

    for job_id in job_ids:
        await workshop.expect_clip(job_id)


@pytest.mark.slow
async def test_trouble_outlives_a_restart_and_the_operator_is_not_told_again(workshop: Workshop) -> None:
    process = workshop.start()
    job_ids = await into_trouble(workshop, process)
    await workshop.run_for(process, 30)

    again = workshop.start()
    sent = len(workshop.server.submits)
    await again.worker.tick()

    assert again.throttle.is_in_trouble
    assert len(workshop.server.submits) == sent
    await workshop.run_for(again, 300)
    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(again)
    assert not again.throttle.is_paused
    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE]
    for job_id in job_ids:
        await workshop.expect_clip(job_id)


@pytest.mark.slow
async def test_the_next_trouble_is_news(workshop: Workshop) -> None:
    process = workshop.start()
    await into_trouble(workshop, process)
    await workshop.run_for(process, 30)
    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(process)

    await into_trouble(workshop, process)
    await workshop.run_for(process, 30)

    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE] * 2


@pytest.mark.slow
async def test_new_trouble_is_told_where_a_process_died_in_the_last(workshop: Workshop) -> None:
    gone, other = workshop.start("local/1"), workshop.start("local/2")
    await other.worker.tick()
    await into_trouble(workshop, gone)
    await gone.worker.tick()
    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE]
    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(other)
    workshop.time.advance(86_400)

    await into_trouble(workshop, other)
    await workshop.run_for(other, 60)

    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE] * 2


@pytest.mark.slow
async def test_generations_that_fail_are_trouble_and_a_probe_of_it_waits_on(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=5)
    workshop.server.faults.render.extend([Fault.failed("Internal error")] * 10)
    job_ids = [await workshop.accept(process, f"fox {number}", member_id=MEMBER_ID + number) for number in range(12)]

    await workshop.run_until_idle(process)

    ends = [(await workshop.job(job_id)).state for job_id in job_ids]
    assert 5 <= ends.count(JobState.FAILED) <= 9  # what was sent before it was noticed
    assert ends.count(JobState.FAILED) + ends.count(JobState.DELIVERED) == 12
    assert workshop.discord.alerts == [OperatorAlert.SERVICE_TROUBLE]
    assert workshop.discord.signs == [True, False]
    probed = [job_id for job_id in job_ids if any(it.is_probe for it in await workshop.submits(job_id))]
    assert [SubmitOutcome.FAILED, SubmitOutcome.COMPLETED] in [await workshop.outcomes(job_id) for job_id in probed]
    for job_id in job_ids:
        if (await workshop.job(job_id)).state is JobState.FAILED:
            await workshop.expect_refund(job_id, JobError.GENERATION_FAILED)
        else:
            await workshop.expect_clip(job_id)


@pytest.mark.slow
async def test_generations_that_fail_are_trouble_after_a_restart_too(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=5)
    workshop.server.faults.render.extend([Fault.failed("Internal error")] * 100)
    job_ids = [await workshop.accept(process, f"fox {number}", member_id=MEMBER_ID + number) for number in range(20)]
    await workshop.run_for(process, 120)
    assert process.throttle.is_in_trouble
    failed = [job_id for job_id in job_ids if (await workshop.job(job_id)).state is JobState.FAILED]

    again = workshop.start(max_concurrent_renders=5)
    await workshop.run_for(again, 240)

    assert again.throttle.is_in_trouble
    assert failed == [job_id for job_id in job_ids if (await workshop.job(job_id)).state is JobState.FAILED]


async def test_moderated_generations_are_no_trouble(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=6)
    workshop.server.faults.render.extend([Fault.failed("Content violates the content policy")] * 6)
    for number in range(6):
        await workshop.accept(process, f"fox {number}", member_id=MEMBER_ID + number)

    await workshop.run_until_idle(process)

    assert workshop.discord.alerts == []
    assert workshop.discord.signs == []


@pytest.mark.slow
async def test_the_deadline_counts_from_the_first_submit_that_is_no_probe(workshop: Workshop) -> None:
    process = workshop.start(longest_wait_seconds=3600)
    job_ids = await into_trouble(workshop, process, jobs=8)

    await workshop.run_for(process, 2 * 3600)

    jobs = [await workshop.job(job_id) for job_id in job_ids]
    assert [job.state for job in jobs] == [JobState.QUEUED] * 8
    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(process)
    for job_id in job_ids:
        await workshop.expect_clip(job_id)


@pytest.mark.slow
async def test_polls_that_nobody_answers_hold_all_but_a_probe_back_until_one_is_answered(workshop: Workshop) -> None:
    process = workshop.start()
    first = await workshop.accept(process)
    await workshop.run_until(process, first, JobState.RENDERING)
    workshop.server.faults.poll.append(Fault.page(502, times=None))
    await workshop.run_for(process, 100)
    assert process.throttle.is_in_trouble

    second, third = [await workshop.accept(process, f"late fox {number}") for number in range(2)]
    await workshop.run_for(process, 300)
    assert [submit.is_probe for submit in await workshop.submits(second)] == [True]
    assert await workshop.submits(third) == []

    workshop.server.faults.poll.clear()
    await workshop.run_until_idle(process)
    for job_id in (first, second, third):
        await workshop.expect_clip(job_id)
    assert workshop.discord.signs == [True, False]


class OneBroken(SurprisingService):
    broken = ""

    async def fetch_generation(self, key: str) -> Generation:
        if key == self.broken:
            raise ServiceFaultError("broken", http_status=500)
        return await super().fetch_generation(key)


@pytest.mark.slow
async def test_one_generation_that_can_not_be_asked_about_keeps_no_others_waiting(workshop: Workshop) -> None:
    service = OneBroken(workshop.client)
    process = workshop.start(service=service)
    job_id = await workshop.accept(process, "broken")
    await process.worker.tick()
    broken = await workshop.job(job_id)
    assert broken.state is JobState.RENDERING
    service.broken = broken.generation_id or ""
    await workshop.run_for(process, 120)
    assert process.throttle.is_in_trouble

    other = await workshop.accept(process, "fine", member_id=7)
    await workshop.run_for(process, 600)

    assert (await workshop.job(other)).state is JobState.DELIVERED


@pytest.mark.slow
async def test_a_sign_that_could_not_be_taken_away_is_tried_again_with_nothing_else_to_do(workshop: Workshop) -> None:
    process = workshop.start()
    await into_trouble(workshop, process)
    await workshop.run_for(process, 30)
    workshop.discord.fail("show_trouble", *(PublishUnavailableError("connecting") for _ in range(100)))
    workshop.server.faults.submit.clear()
    await workshop.run_until_idle(process)
    assert workshop.discord.signs == [True]

    steps: list[Coroutine[Any, Any, None]] = []
    pause_seconds = await process.worker._pass(steps.append)
    await asyncio.gather(*steps)

    assert pause_seconds == workshop.policy.lease_seconds / 3
