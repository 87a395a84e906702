"""A clip that is discarded while the service is at work for it: never posted, and paid for only if that is billed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.models import JobError, JobState, NotCancellableError, SubmitOutcome
from bot.sandbox.faults import Fault
from tests.services.spend.test_cancelling import SPENDING, check_consistent, settle
from tests.support.faults import FlakyDatabase, Hold, SurprisingService
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from bot.models import Job
    from tests.support.workshop import Process, Workshop

CHARGED, REFUNDED = [("charge", 6)], [("charge", 6), ("refund", 6)]


async def discard_and_see(workshop: Workshop, process: Process, job_id: str) -> Job:
    """Discard as the member, follow it until all is settled, and check that it is paid for only if it is billed."""
    before = await workshop.job(job_id)
    is_too_late = before.state in {JobState.DELIVERING, JobState.DELIVERED}
    if is_too_late:
        with pytest.raises(NotCancellableError):
            await process.discard(job_id)
    else:
        await process.discard(job_id)
    await check_consistent(workshop, process, job_id)
    await settle(workshop, process, job_id)
    job, entries = await workshop.job(job_id), await workshop.entries(job_id)
    if is_too_late:
        assert (job.state, entries) == (JobState.DELIVERED, CHARGED)
    else:
        assert job.state is JobState.CANCELLED
        assert workshop.discord.clips(job_id) == []
        assert entries == (CHARGED if workshop.server.billed_seconds() else REFUNDED)
        assert (job.error_code is JobError.DISCARDED) == bool(workshop.server.billed_seconds())
        card = workshop.discord.cards[job_id][-1]
        assert card is not None
        assert card.job.error_code is job.error_code
    return job


@pytest.mark.slow
@pytest.mark.parametrize("render", ["goes well", "fails"])
@pytest.mark.parametrize("passes", range(8))
async def test_after_any_pass_of_the_worker(workshop: Workshop, passes: int, render: str) -> None:
    process = workshop.start(spending=SPENDING)
    if render == "fails":
        workshop.server.faults.render.append(Fault.failed("Generation failed: out of memory"))
    job_id = await workshop.accept(process)
    for _ in range(passes):
        await process.worker.tick()
        workshop.advance_to_next(process)
    if (await workshop.job(job_id)).state is not JobState.FAILED:
        await discard_and_see(workshop, process, job_id)


@pytest.mark.parametrize("state", [JobState.RENDERING, JobState.READY])
async def test_a_members_discard_keeps_the_charge_and_a_moderators_gives_it_back(
    workshop: Workshop, state: JobState
) -> None:
    process = workshop.start()
    theirs, taken = await workshop.accept(process), await workshop.accept(process, "another fox")
    for job_id in (theirs, taken):
        await workshop.run_until(process, job_id, state)

    by_member = await process.discard(theirs)
    by_moderator = await process.discard(taken, by=MODERATOR_ID)

    assert (by_member.state, by_member.error_code) == (JobState.CANCELLED, JobError.DISCARDED)
    assert (by_moderator.state, by_moderator.error_code) == (JobState.CANCELLED, JobError.CANCELLED_BY_MODERATOR)
    await settle(workshop, process, theirs)
    await settle(workshop, process, taken)
    assert await workshop.entries(theirs) == CHARGED
    assert await workshop.entries(taken) == REFUNDED


async def test_a_moderators_own_clip_is_discarded_as_any_members(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, member_id=MODERATOR_ID)
    await workshop.run_until(process, job_id, JobState.RENDERING)

    await process.discard(job_id, by=MODERATOR_ID)

    assert await workshop.entries(job_id) == CHARGED


SUBMIT_FAULTS = {
    "lost on the way": Fault(drop=True),
    "its answer lost": Fault(drop=True, accept=True),
    "not taken": Fault.error("rate_limit_unavailable"),
    "a bad prompt": Fault.error("content_policy_violation"),
    "a gateway's page": Fault.page(502),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", SUBMIT_FAULTS)
@pytest.mark.parametrize("passes", range(1, 5))
async def test_after_any_pass_while_it_is_not_known_if_the_service_has_it(
    workshop: Workshop, fault: str, passes: int
) -> None:
    process = workshop.start(spending=SPENDING)
    workshop.server.faults.submit.append(SUBMIT_FAULTS[fault])
    job_id = await workshop.accept(process)
    for _ in range(passes):
        await process.worker.tick()
        workshop.advance_to_next(process)
    if (await workshop.job(job_id)).state is not JobState.FAILED:
        await discard_and_see(workshop, process, job_id)


POINTS = [
    *(f"{when} {method}" for method in ("submit", "fetch_generation", "download") for when in ("before", "after")),
]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["well", "refused", "failed"])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "another process"])
async def test_between_request_and_answer_of_each_step(
    workshop: Workshop, point: str, ending: str, elsewhere: bool
) -> None:
    service = SurprisingService(workshop.client)
    process = workshop.start(spending=SPENDING, service=service)
    presser = workshop.start("local/2", spending=SPENDING) if elsewhere else process
    if ending == "refused":
        workshop.server.faults.submit.append(Fault.error("content_policy_violation"))
    elif ending == "failed":
        workshop.server.faults.render.append(Fault.failed("Generation failed: out of memory"))
    hold = service.holds[point] = Hold()
    job_id = await workshop.accept(process)
    for _ in range(12):
        step, arrival = asyncio.create_task(process.worker.tick()), asyncio.create_task(hold.reached.wait())
        await asyncio.wait({step, arrival}, return_when=asyncio.FIRST_COMPLETED)
        if hold.reached.is_set():
            break
        arrival.cancel()
        workshop.advance_to_next(process)
    else:
        return  # refused or failed before it got there

    await presser.discard(job_id)
    await check_consistent(workshop, process, job_id)
    hold.release.set()
    await step

    await settle(workshop, process, job_id)
    assert workshop.discord.clips(job_id) == []
    assert await workshop.entries(job_id) == (CHARGED if workshop.server.billed_seconds() else REFUNDED)
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    assert card.job.error_code is (await workshop.job(job_id)).error_code


@pytest.mark.parametrize("point", ["post_clip", "after post_clip"])
async def test_while_the_clip_is_being_posted_it_is_too_late(workshop: Workshop, point: str) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    hold = workshop.discord.hold(point)
    async with asyncio.TaskGroup() as group:
        group.create_task(process.worker.tick())
        await hold.arrival()

        for by in (MEMBER_ID, MODERATOR_ID):
            with pytest.raises(NotCancellableError) as refused:
                await process.discard(job_id, by=by)
            assert refused.value.state is JobState.DELIVERING

        hold.release.set()
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_pressed_twice_at_once_and_in_two_processes_it_happens_once(workshop: Workshop) -> None:
    process, other = workshop.start(), workshop.start("local/2")
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)

    presses = [each.discard(job_id, by=by) for each in (process, other) for by in (MEMBER_ID, MODERATOR_ID)]
    answers = await asyncio.gather(*presses, return_exceptions=True)

    done = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(done) == 1
    assert all(isinstance(answer, NotCancellableError) for answer in answers if answer is not done[0])
    await settle(workshop, process, job_id)
    is_kept = done[0].error_code is JobError.DISCARDED
    assert await workshop.entries(job_id) == (CHARGED if is_kept else REFUNDED)


async def test_a_failure_that_is_heard_twice_gives_the_charge_back_once(workshop: Workshop) -> None:
    workshop.server.faults.render.append(Fault.failed("Generation failed: out of memory"))
    service = SurprisingService(workshop.client)
    process = workshop.start(service=service)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    workshop.time.advance(120)
    hold = service.holds["after fetch_generation"] = Hold()
    polling = asyncio.create_task(process.worker.tick())
    await hold.arrival()
    await process.discard(job_id)
    await workshop.run_for(workshop.start("local/2"), 60)  # asks, too, and hears it first
    hold.release.set()
    await polling

    await settle(workshop, process, job_id)
    assert await workshop.entries(job_id) == REFUNDED
    assert await workshop.outcomes(job_id) == [SubmitOutcome.FAILED]


@pytest.mark.parametrize("trouble", ["write", "commit"])
async def test_a_database_that_does_not_answer_keeps_all_as_it_is(workshop: Workshop, trouble: str) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    database.troubles.append(trouble)

    with pytest.raises(Exception, match="no "):
        await process.discard(job_id)

    assert (await workshop.job(job_id)).state is JobState.RENDERING
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_refund_whose_commit_fails_is_made_later_together_with_what_the_service_said(
    workshop: Workshop,
) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    workshop.server.faults.render.append(Fault.failed("Generation failed: out of memory"))
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    await process.discard(job_id)
    while (await workshop.job(job_id)).due_at is not None:  # its card first
        await process.worker.tick()
        workshop.advance_to_next(process)
    workshop.time.advance(120)
    database.troubles.extend([None, "commit"])  # the pass, then what was heard
    await process.worker.tick()

    assert await workshop.entries(job_id) == CHARGED
    assert await workshop.outcomes(job_id) == [SubmitOutcome.ACCEPTED]
    await settle(workshop, process, job_id)
    assert await workshop.entries(job_id) == REFUNDED


@pytest.mark.parametrize(
    ("guild_id", "by", "is_moderator"),
    [(GUILD_ID, 999, False), (GUILD_ID + 1, MEMBER_ID, False), (GUILD_ID + 1, MODERATOR_ID, True)],
    ids=["somebody else", "another server", "a moderator of another server"],
)
async def test_nobody_else_can_take_a_clip_back(workshop: Workshop, guild_id: int, by: int, is_moderator: bool) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    discards, who = process.services.discards, {"guild_id": guild_id, "pressed_by_id": by}

    for method in (discards.cancel, discards.look, discards.discard):
        with pytest.raises(NotCancellableError) as refused:
            await method(job_id, is_moderator=is_moderator, **who)
        assert refused.value.state is None

    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_moderator_cancels_what_waits_with_a_refund_and_not_what_has_started(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    started, waiting = await workshop.accept(process), await workshop.accept(process, "another fox")
    await workshop.run_until(process, started, JobState.RENDERING)
    who = {"guild_id": GUILD_ID, "pressed_by_id": MODERATOR_ID}

    card = await process.services.discards.cancel(waiting, is_moderator=True, **who)
    with pytest.raises(NotCancellableError) as refused:
        await process.services.discards.cancel(started, is_moderator=True, **who)

    assert card.job.error_code is JobError.CANCELLED_BY_MODERATOR
    assert refused.value.state is JobState.RENDERING
    assert await workshop.entries(waiting) == REFUNDED


async def test_a_job_that_came_back_to_the_queue_is_withdrawn_and_refunded(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded"))
    job_id = await workshop.accept(process)
    await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    job = await process.discard(job_id)

    assert (job.state, job.error_code) == (JobState.CANCELLED, None)
    assert await workshop.entries(job_id) == REFUNDED
