"""A cancel at each instant between acceptance and delivery: what is refunded, what is spent, which slots are free."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.models import JobState, NotCancellableError, SpendPolicy
from bot.sandbox.faults import Fault
from bot.store.jobs import submits
from bot.store.tables import spend
from tests.support.workshop import GUILD_ID, MEMBER_ID

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

SPENDING = SpendPolicy(max_seconds_per_day=600)


async def kept(workshop: Workshop) -> dict[str, int]:
    """Return the spend that is kept, by scope."""
    async with workshop.database.read() as connection:
        rows = await connection.execute(select(spend))
        return {row.scope: row.seconds for row in rows if row.seconds}


async def slots_taken(workshop: Workshop, process: Process) -> int:
    since = datetime.fromtimestamp(workshop.time(), UTC) - timedelta(seconds=process.policy.slot_seconds)
    async with workshop.database.read() as connection:
        return (await submits.slots(connection, since=since)).taken


async def check_consistent(workshop: Workshop, process: Process, job_id: str) -> None:
    """Check what holds at any time: spend is what may be billed, and an open submit holds a slot."""
    spent = await workshop.spent_seconds()
    assert await kept(workshop) == (dict.fromkeys(("all", "server", "member"), spent) if spent else {})
    assert spent >= workshop.server.billed_seconds()
    open_submits = [submit for submit in await workshop.submits(job_id) if submit.ended_at is None]
    assert await slots_taken(workshop, process) == len(open_submits)


async def cancel_and_see(workshop: Workshop, process: Process, job_id: str) -> None:
    """Cancel as a moderator, and follow it until all is settled."""
    before = (await workshop.job(job_id)).state
    is_cancelled = before not in {JobState.DELIVERING, JobState.DELIVERED}
    with nullcontext() if is_cancelled else pytest.raises(NotCancellableError):
        await process.cancel(job_id)
    await check_consistent(workshop, process, job_id)
    if is_cancelled:
        assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
        if before is JobState.QUEUED:
            assert await workshop.spent_seconds() == 0


async def settle(workshop: Workshop, process: Process, job_id: str) -> None:
    """Let everything come to its end, and check that it came to the service's bill."""
    for _ in range(30):
        await workshop.run_for(process, 60)
        await check_consistent(workshop, process, job_id)
        if all(submit.ended_at for submit in await workshop.submits(job_id)):
            break
    await workshop.run_until_idle(process)
    assert await workshop.spent_seconds() == workshop.server.billed_seconds()
    assert await slots_taken(workshop, process) == 0
    state = (await workshop.job(job_id)).state
    assert len(workshop.discord.clips(job_id)) == (state is JobState.DELIVERED)


@pytest.mark.slow
@pytest.mark.parametrize("passes", range(10))
async def test_after_any_pass_of_the_worker(workshop: Workshop, passes: int) -> None:
    process = workshop.start(spending=SPENDING)
    job_id = await workshop.accept(process)
    for _ in range(passes):
        await process.worker.tick()
        workshop.advance_to_next(process)

    await cancel_and_see(workshop, process, job_id)

    await settle(workshop, process, job_id)


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RENDERING, JobState.READY, JobState.DELIVERED])
async def test_in_any_state_that_lasts(workshop: Workshop, state: JobState) -> None:
    process = workshop.start(spending=SPENDING)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, state)

    await cancel_and_see(workshop, process, job_id)

    assert (await workshop.job(job_id)).state is (state if state is JobState.DELIVERED else JobState.CANCELLED)
    await settle(workshop, process, job_id)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [Fault(drop=True), Fault(drop=True, accept=True), Fault.error("rate_limit_unavailable"), Fault.page(502)],
    ids=["lost on the way", "its answer lost", "not taken", "a gateway's page"],
)
@pytest.mark.parametrize("passes", range(1, 5))
async def test_after_any_pass_while_it_is_not_known_if_the_service_has_it(
    workshop: Workshop, fault: Fault, passes: int
) -> None:
    process = workshop.start(spending=SPENDING)
    workshop.server.faults.submit.append(fault)
    job_id = await workshop.accept(process)
    for _ in range(passes):
        await process.worker.tick()
        workshop.advance_to_next(process)

    await cancel_and_see(workshop, process, job_id)

    await settle(workshop, process, job_id)


async def test_while_the_submit_is_on_the_wire(workshop: Workshop) -> None:
    process = workshop.start(spending=SPENDING)
    answer = asyncio.Event()
    workshop.server.faults.submit.append(Fault(hold=answer))
    job_id = await workshop.accept(process)
    async with asyncio.TaskGroup() as group:
        group.create_task(process.worker.tick())
        await workshop.server.until(lambda: bool(workshop.server.submits))

        await cancel_and_see(workshop, process, job_id)

        assert await workshop.spent_seconds() == 6
        assert await slots_taken(workshop, process) == 1
        answer.set()
    await settle(workshop, process, job_id)


@pytest.mark.parametrize("point", ["post_clip", "after post_clip"])
async def test_while_the_clip_is_being_posted_it_is_too_late(workshop: Workshop, point: str) -> None:
    process = workshop.start(spending=SPENDING)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    hold = workshop.discord.hold(point)
    async with asyncio.TaskGroup() as group:
        group.create_task(process.worker.tick())
        await hold.arrival()

        await cancel_and_see(workshop, process, job_id)

        hold.release.set()
    await settle(workshop, process, job_id)
    await workshop.expect_clip(job_id)


async def test_before_its_acceptance_was_heard_and_by_the_member_while_it_waits(workshop: Workshop) -> None:
    process = workshop.start(spending=SPENDING)
    accepted = await process.jobs.accept_held(workshop.request())
    await process.worker.tick()

    await cancel_and_see(workshop, process, accepted.card.job.id)

    job_id = await workshop.accept(process)
    await process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    await check_consistent(workshop, process, job_id)
    assert await kept(workshop) == {}
    await workshop.run_until_idle(process)
    assert workshop.server.billed_seconds() == 0
