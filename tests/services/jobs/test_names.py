"""Names that can be lost, as PostgreSQL's sessions can: nobody acts without one, and no two act as one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreUnavailableError
from bot.models import JobState, SubmitOutcome
from bot.sandbox.faults import Fault
from tests.support.faults import Hold, SurprisingService
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MODERATOR_ID

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from tests.support.workshop import Process, Workshop

NAME, ANOTHER_NAME = "postgresql/1", "postgresql/2"


def start(workshop: Workshop, name: str = NAME, **settings: Any) -> Process:  # noqa: ANN401 (of ``Workshop.start``)
    return workshop.start(name, ends_with_process=False, **settings)


async def test_two_processes_of_one_name_have_leases_of_their_own_and_pay_a_job_once(workshop: Workshop) -> None:
    """The first does not know yet that its session has ended; the second has taken the name and the leases."""
    first = start(workshop)
    may_take = asyncio.Event()
    workshop.server.faults.submit.append(Fault(hold=may_take))
    job_id = await workshop.accept(first)
    tick = asyncio.create_task(first.worker.tick())
    await workshop.server.until(lambda: len(workshop.server.submits) == 1)
    second = start(workshop)
    assert second.owner != first.owner
    await second.worker.reclaim_leases()

    await workshop.run_for(second, 59)  # the service says that it has none, but may take it as long as the first waits
    await second.worker.tick()
    may_take.set()
    await tick
    await workshop.run_until_idle(second, first)

    await workshop.expect_clip(job_id)
    assert len(workshop.server.submits) == 1
    assert await workshop.spent_seconds() == workshop.server.billed_seconds() == 6


async def test_what_a_process_of_the_same_name_has_taken_over_is_no_longer_the_firsts_to_change(
    workshop: Workshop,
) -> None:
    hold = Hold()
    service = SurprisingService(workshop.client)
    service.holds["after submit"] = hold
    first = start(workshop, service=service)
    job_id = await workshop.accept(first)
    tick = asyncio.create_task(first.worker.tick())
    await hold.arrival()
    second = start(workshop)
    await second.worker.reclaim_leases()
    await workshop.run_until(second, job_id, JobState.DELIVERED)

    hold.release.set()
    await tick

    await workshop.run_until_idle(second)
    await workshop.expect_clip(job_id)
    assert await workshop.outcomes(job_id) == [SubmitOutcome.COMPLETED]


async def test_a_process_without_a_name_takes_nothing_until_it_has_one_again(workshop: Workshop) -> None:
    process = start(workshop)
    job_id = await workshop.accept(process)
    process.instance.lose()
    with pytest.raises(StoreUnavailableError, match="no name"):
        await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    process.instance.take(ANOTHER_NAME)
    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_process_that_gets_another_name_takes_over_what_was_held_under_it(workshop: Workshop) -> None:
    gone = start(workshop, ANOTHER_NAME)
    held = await gone.jobs.accept_held(workshop.request())
    process = start(workshop)
    assert await process.worker.tick() == 0

    process.instance.take(ANOTHER_NAME)

    assert await process.worker.tick() == 1
    await workshop.run_until_idle(process)
    assert (await workshop.job(held.card.job.id)).state is JobState.DELIVERED


async def test_a_process_that_gets_its_name_again_goes_on_with_what_it_holds(workshop: Workshop) -> None:
    process = start(workshop)
    may_answer = asyncio.Event()
    workshop.server.faults.submit.append(Fault(accept=True, hold=may_answer))
    job_id = await workshop.accept(process)
    tick = asyncio.create_task(process.worker.tick())
    await workshop.server.until(lambda: bool(workshop.server.paid(job_id)))

    process.instance.lose()
    process.instance.take(NAME)
    may_answer.set()
    await tick

    assert (await workshop.job(job_id)).state is JobState.RENDERING


async def test_what_was_taken_before_the_name_was_lost_is_not_sent_without_one(workshop: Workshop) -> None:
    process = start(workshop)
    job_id = await workshop.accept(process)
    steps: list[Coroutine[Any, Any, None]] = []
    await process.worker._pass(steps.append)

    process.instance.lose()
    for step in steps:
        await step

    assert workshop.server.submits == []
    assert await workshop.outcomes(job_id) == [SubmitOutcome.NOT_SENT]


async def test_a_clip_is_not_posted_without_a_name(workshop: Workshop) -> None:
    service = SurprisingService(workshop.client)
    process = start(workshop, service=service)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    hold = service.holds["after download"] = Hold()
    tick = asyncio.create_task(process.worker.tick())
    await hold.arrival()

    process.instance.lose()
    hold.release.set()
    await tick
    assert workshop.discord.clips(job_id) == []

    process.instance.take(NAME)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_no_card_is_posted_to_a_log_without_a_name(workshop: Workshop) -> None:
    process = start(workshop)
    await process.services.servers.set_log_channel(GUILD_ID, CHANNEL_ID, set_by_id=MODERATOR_ID)
    process.instance.lose()
    with pytest.raises(StoreUnavailableError, match="no name"):
        await process.log.tick()
    assert workshop.log.cards == {}

    process.instance.take(ANOTHER_NAME)
    await process.log.tick()

    assert len(workshop.log.cards[CHANNEL_ID]) == 1
