"""Taking jobs in and withdrawing them: what is charged, what is refused, what is given back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StoreUnavailableError, TooManyOpenJobsError
from bot.models import (
    EffectiveQuota,
    JobError,
    JobState,
    NotCancellableError,
    Period,
    Quota,
    QuotaExceededError,
    QuotaSource,
    VideoSpec,
)
from bot.services.admission.accepting import new_job_id
from bot.store.database import Database
from bot.store.tables import jobs, ledger
from bot.ui.text import refusals
from tests.support.databases import HASTY_SECONDS
from tests.support.faults import FlakyDatabase, Hold
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, requester

if TYPE_CHECKING:
    from tests.support.workshop import Workshop

OTHER_GUILD_ID, OTHER_MEMBER_ID = GUILD_ID + 1, MEMBER_ID + 1


async def rows(workshop: Workshop) -> tuple[int, int]:
    """Count the jobs and the ledger's entries."""
    async with workshop.database.read() as connection:
        return (
            len((await connection.execute(jobs.select())).all()),
            len((await connection.execute(ledger.select())).all()),
        )


async def test_an_accepted_job_is_queued_and_charged_in_one(workshop: Workshop) -> None:
    process = workshop.start()

    card = await process.jobs.accept(workshop.request(spec=VideoSpec("a fox", duration_seconds=10)))

    job = await workshop.job(card.job.id)
    assert job == card.job
    assert (job.state, job.channel_id, job.member_id) == (JobState.QUEUED, CHANNEL_ID, MEMBER_ID)
    assert await workshop.entries(job.id) == [("charge", 10)]
    assert (card.queue_place, card.waiting_for_operator) == (1, False)


async def test_the_same_interaction_makes_one_job_and_one_charge(workshop: Workshop) -> None:
    first, second = workshop.start("local/1"), workshop.start("local/2")
    request = workshop.request()

    cards = await asyncio.gather(*(process.jobs.accept(request) for process in (first, second) for _ in range(5)))

    assert len({card.job.id for card in cards}) == 1
    assert await rows(workshop) == (1, 1)


async def test_a_clip_that_costs_more_than_is_left_is_refused_and_changes_nothing(workshop: Workshop) -> None:
    workshop.quota = Quota(15)
    process = workshop.start()
    await process.jobs.accept(workshop.request())

    with pytest.raises(QuotaExceededError) as refusal:
        await process.jobs.accept(workshop.request(spec=VideoSpec("a fox", duration_seconds=10)))

    assert (refusal.value.cost_seconds, refusal.value.status.left_seconds) == (10, 9)
    assert await rows(workshop) == (1, 1)


async def test_the_last_seconds_can_be_used_up(workshop: Workshop) -> None:
    workshop.quota = Quota(16)
    process = workshop.start()
    await process.jobs.accept(workshop.request(spec=VideoSpec("a fox", duration_seconds=10)))
    await process.jobs.accept(workshop.request())

    with pytest.raises(QuotaExceededError):
        await process.jobs.accept(workshop.request())


@pytest.mark.slow
@pytest.mark.parametrize("databases", [1, 2])
async def test_fifty_requests_at_once_never_pass_the_limit(workshop: Workshop, databases: int) -> None:
    workshop.quota = Quota(33)
    async with Database.open(workshop.database_url) as other:
        processes = [workshop.start(), workshop.start("local/2", database=other)][:databases]
        results = await asyncio.gather(
            *(processes[place % databases].jobs.accept(workshop.request()) for place in range(50)),
            return_exceptions=True,
        )

    assert sum(isinstance(result, QuotaExceededError) for result in results) == 45
    assert await rows(workshop) == (5, 5)
    status, _ = await processes[0].stand(requester())
    assert status.used_seconds == 30


async def test_a_member_may_have_so_many_jobs_open_in_all_servers_together(workshop: Workshop) -> None:
    workshop.max_open_jobs = 2
    process = workshop.start()
    first = await workshop.accept(process)
    await workshop.accept(process, guild_id=OTHER_GUILD_ID)

    with pytest.raises(TooManyOpenJobsError) as refusal:
        await process.jobs.accept(workshop.request())
    assert (refusal.value.limit, refusal.value.waiting) == (2, 2)
    assert (await process.services.usage.report(GUILD_ID, Period.DAY)).refused == 1
    details = await process.services.admission.explain(requester())
    assert (details.open_jobs, details.open_jobs_anywhere, details.max_open_jobs) == (1, 2, 2)
    await process.jobs.accept(workshop.request(member_id=OTHER_MEMBER_ID))
    assert await rows(workshop) == (3, 3)

    await workshop.run_until_idle(process)
    await workshop.expect_clip(first)
    await process.jobs.accept(workshop.request())


async def test_a_member_is_told_to_cancel_a_clip_only_while_one_waits(workshop: Workshop) -> None:
    workshop.max_open_jobs = 2
    process = workshop.start()
    said: list[str | None] = []
    for _ in range(2):
        await workshop.accept(process)
    for _ in range(2):
        with pytest.raises(TooManyOpenJobsError) as refusal:
            await process.jobs.accept(workshop.request())
        said.append(refusals.explain(refusal.value))
        await process.worker.tick()  # both start

    words = "You already have 2 clips on the way. Wait for one to arrive"
    assert said == [f"{words}, or cancel one that is still waiting.", f"{words}."]


async def test_requests_at_once_never_pass_the_limit_of_open_jobs(workshop: Workshop) -> None:
    workshop.max_open_jobs = 2
    process = workshop.start()

    results = await asyncio.gather(
        *(process.jobs.accept(workshop.request()) for _ in range(10)), return_exceptions=True
    )

    assert sum(isinstance(result, TooManyOpenJobsError) for result in results) == 8
    assert await rows(workshop) == (2, 2)


# Cancelling --------------------------------------------------------------------------------------------------------


async def test_a_waiting_job_can_be_withdrawn_once_and_its_seconds_come_back_once(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    await workshop.accept(process)
    await process.worker.tick()
    job_id = await workshop.accept(process)

    results = await asyncio.gather(
        *(process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID) for _ in range(5)),
        return_exceptions=True,
    )

    refusals = [result for result in results if isinstance(result, NotCancellableError)]
    assert [refusal.state for refusal in refusals] == [JobState.CANCELLED] * 4
    await workshop.run_until_idle(process)
    assert (await workshop.job(job_id)).state is JobState.CANCELLED
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    assert card.job.state is JobState.CANCELLED
    assert workshop.server.paid(job_id) == []


@pytest.mark.parametrize(("guild_id", "member_id"), [(OTHER_GUILD_ID, MEMBER_ID), (GUILD_ID, OTHER_MEMBER_ID)])
async def test_another_members_or_another_servers_job_is_as_good_as_none(
    workshop: Workshop, guild_id: int, member_id: int
) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)

    with pytest.raises(NotCancellableError) as refusal:
        await process.jobs.cancel(job_id, guild_id=guild_id, member_id=member_id)

    assert refusal.value.state is None
    assert (await workshop.job(job_id)).state is JobState.QUEUED
    assert await workshop.entries(job_id) == [("charge", 6)]


async def test_a_job_that_has_started_cannot_be_withdrawn(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.worker.tick()

    with pytest.raises(NotCancellableError) as refusal:
        await process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)

    assert refusal.value.state is JobState.RENDERING
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_job_that_is_not_there_cannot_be_withdrawn(workshop: Workshop) -> None:
    with pytest.raises(NotCancellableError):
        await workshop.start().jobs.cancel("nothing", guild_id=GUILD_ID, member_id=MEMBER_ID)


# The database --------------------------------------------------------------------------------------------------------


async def test_while_the_database_is_locked_the_answer_is_no_and_nothing_changes(workshop: Workshop) -> None:
    waiting = await workshop.accept(workshop.start())
    async with Database.open(workshop.database_url, busy_timeout_seconds=HASTY_SECONDS) as hasty:
        process = workshop.start("local/2", database=hasty)
        with workshop.peeking.writing():
            with pytest.raises(StoreUnavailableError):
                await process.jobs.accept(workshop.request())
            with pytest.raises(StoreUnavailableError):
                await process.jobs.cancel(waiting, guild_id=GUILD_ID, member_id=MEMBER_ID)
            with pytest.raises(StoreUnavailableError):
                await process.jobs.attach_status(waiting, 1)
            status, _ = await process.stand(requester())
            assert status.used_seconds == 6  # reading goes on

        assert await rows(workshop) == (1, 1)
        assert (await workshop.job(waiting)).state is JobState.QUEUED
        await process.jobs.accept(workshop.request())


# Ids -----------------------------------------------------------------------------------------------------------------


@given(
    moments=st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2150, 1, 1)), min_size=2),
    bits=st.integers(0, 2**32 - 1),
)
def test_ids_sort_by_time_are_short_and_have_plain_characters(moments: list[datetime], bits: int) -> None:
    ordered = sorted(moment.replace(tzinfo=UTC, microsecond=0) for moment in moments)
    ids = [new_job_id(moment + timedelta(seconds=place), lambda _: bits) for place, moment in enumerate(ordered)]

    assert all(earlier < later for earlier, later in pairwise(ids))
    assert all(len(job_id) == 16 and job_id.isalnum() and job_id.islower() for job_id in ids if not job_id.isdigit())


async def test_a_job_is_read_as_it_was_written(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, "Ünïcode 🦊 \n `code` @everyone")
    await workshop.run_until_idle(process)

    job = await workshop.job(job_id)

    assert job.spec == VideoSpec("Ünïcode 🦊 \n `code` @everyone")
    assert job.effective_quota == EffectiveQuota(Quota(60), QuotaSource.OPERATOR)
    times = [job.created_at, job.started_at, job.submitted_at, job.rendered_at, job.finished_at]
    assert all(time is not None and time.tzinfo is UTC for time in times)


# Held until it is answered -----------------------------------------------------------------------


async def test_a_held_job_waits_for_its_answer_however_long_that_takes(workshop: Workshop) -> None:
    """No clock of ours decides: the lease is renewed as long as the answer is on its way."""
    mine, other = workshop.start("a/1"), workshop.start("b/1")
    accepted = await mine.jobs.accept_held(workshop.request())
    job_id = accepted.card.job.id
    for _ in range(30):
        await mine.worker.tick()
        await other.worker.tick()
        workshop.time.advance(20)
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    await mine.jobs.let_start(accepted, 4711)
    await workshop.run_until_idle(mine)
    await workshop.expect_clip(job_id)


async def test_a_held_job_lets_others_start(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    await process.jobs.accept_held(workshop.request())
    job_id = await workshop.accept(process, "another fox")

    await process.worker.tick()

    assert (await workshop.job(job_id)).state is JobState.RENDERING


@pytest.mark.parametrize("how", ["answered", "lost answer", "abandoned", "restart", "dead process"])
async def test_whatever_became_of_the_answer_but_too_late_lets_the_job_start(workshop: Workshop, how: str) -> None:
    process = workshop.start("a/1")
    accepted = await process.jobs.accept_held(workshop.request())
    job_id = accepted.card.job.id
    match how:
        case "answered":
            await process.jobs.let_start(accepted, 4711)
        case "lost answer":
            await process.jobs.let_start(accepted)
        case "abandoned":
            process.jobs.abandon(accepted.card.job.interaction_id)
            for _ in range(4):
                await process.worker.tick()
                workshop.time.advance(20)
        case "restart":
            process = workshop.start("a/1")
            await process.worker.reclaim_leases()
        case _:
            process = workshop.start("b/1")
            await process.worker.tick()
            assert (await workshop.job(job_id)).state is JobState.QUEUED
            workshop.time.advance(workshop.policy.lease_seconds)

    await process.worker.tick()

    assert (await workshop.job(job_id)).state is JobState.RENDERING


async def test_a_command_that_nobody_heard_is_undone(workshop: Workshop) -> None:
    process = workshop.start()
    accepted = await process.jobs.accept_held(workshop.request())
    process.jobs.withdraw_unheard(accepted)

    await workshop.run_until_idle(process)

    job = await workshop.job(accepted.card.job.id)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.UNHEARD)
    assert await workshop.entries(job.id) == [("charge", 6), ("refund", 6)]
    assert workshop.discord.cards == {}
    assert workshop.server.submits == []


async def test_only_the_event_that_made_the_job_can_undo_it(workshop: Workshop) -> None:
    process, other = workshop.start("a/1"), workshop.start("b/1")
    request = workshop.request()
    first = await process.jobs.accept_held(request)
    again = [await process.jobs.accept_held(request), await other.jobs.accept_held(request)]
    assert [it.is_new for it in (first, *again)] == [True, False, False]

    for accepted in again:
        other.jobs.withdraw_unheard(accepted)
        await process.jobs.let_start(accepted, is_heard=False)
    assert (await workshop.job(first.card.job.id)).lease_owner == process.owner  # still held for the first
    await process.jobs.let_start(first, 4711)

    await workshop.run_until_idle(process)
    await workshop.expect_clip(first.card.job.id)


async def test_a_member_can_cancel_a_job_that_is_held(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = (await process.jobs.accept_held(workshop.request())).card.job.id

    await process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID)
    await process.jobs.attach_status(job_id, 4711)
    await workshop.run_until_idle(process)

    assert (await workshop.job(job_id)).state is JobState.CANCELLED
    assert workshop.server.submits == []


async def test_a_job_that_nobody_heard_of_is_undone_once_the_database_can_be_asked(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    accepted = await process.jobs.accept_held(workshop.request())
    process.jobs.withdraw_unheard(accepted)
    database.troubles.extend(["write", "commit"])
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            await process.worker.tick()
        workshop.time.advance(61)  # its lease would have ended

    await workshop.run_until_idle(process)

    job = await workshop.job(accepted.card.job.id)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.UNHEARD)
    assert await workshop.entries(job.id) == [("charge", 6), ("refund", 6)]
    assert workshop.server.submits == []


async def test_a_job_found_unheard_while_another_is_being_undone_is_undone_too(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    first = await process.jobs.accept_held(workshop.request())
    second = await process.jobs.accept_held(workshop.request("another fox"))
    process.jobs.withdraw_unheard(first)
    commit = database.holds["commit"] = Hold()
    pass_ = asyncio.create_task(process.worker.tick())
    await commit.arrival()
    process.jobs.withdraw_unheard(second)
    commit.release.set()
    await pass_

    await workshop.run_until_idle(process)

    for accepted in (first, second):
        job = await workshop.job(accepted.card.job.id)
        assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.UNHEARD)
        assert await workshop.entries(job.id) == [("charge", 6), ("refund", 6)]
    assert workshop.server.submits == []


async def test_the_worker_is_woken_for_a_held_job_whatever_becomes_of_its_command(workshop: Workshop) -> None:
    process = workshop.start()
    request = workshop.request()
    process.jobs.abandon(request.interaction_id)

    await process.jobs.accept_held(request)

    async with asyncio.timeout(10):
        await process.wake.wait()


async def test_a_command_that_ended_before_its_job_was_accepted_holds_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    request = workshop.request()
    process.jobs.abandon(request.interaction_id)
    job_id = (await process.jobs.accept_held(request)).card.job.id
    for _ in range(5):
        await process.worker.tick()
        workshop.time.advance(20)

    assert (await workshop.job(job_id)).state is not JobState.QUEUED
