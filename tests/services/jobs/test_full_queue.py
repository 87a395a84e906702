"""A queue that many share: how many may wait, and what the members of one server cost another's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import QueueFullError
from bot.models import JobState, Period, Quota, QuotaExceededError
from bot.store import jobs
from bot.store.database import Database
from bot.ui.text import refusals
from tests.support.workshop import GUILD_ID, MEMBER_ID, requester

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

OTHER_GUILD_ID = GUILD_ID + 1


async def count_waiting(workshop: Workshop) -> int:
    async with workshop.database.read() as connection:
        return (await jobs.count(connection, {JobState.QUEUED})).total()


async def fill(workshop: Workshop, process: Process, count: int, **who: int) -> list[str]:
    """Let so many accounts ask for a clip each."""
    cards = [
        await process.jobs.accept(workshop.request(**({"member_id": 1000 + number} | who))) for number in range(count)
    ]
    return [card.job.id for card in cards]


async def test_fifty_jobs_may_wait_in_a_server_and_no_more_but_others_take_in_theirs(workshop: Workshop) -> None:
    process = workshop.start()
    first, *_ = await fill(workshop, process, 50)

    with pytest.raises(QueueFullError) as refusal:
        await process.jobs.accept(workshop.request())

    assert (refusal.value.limit, refusal.value.is_everywhere) == (50, False)
    assert refusals.explain(refusal.value) == (
        "This server has 50 clips waiting, and may have no more. "
        "Nothing was charged; try again when one of them has started."
    )
    assert await count_waiting(workshop) == 50
    assert (await process.stand(requester()))[0].used_seconds == 0
    await process.jobs.accept(workshop.request(guild_id=OTHER_GUILD_ID))
    await process.jobs.cancel(first, guild_id=GUILD_ID, member_id=1000)
    await process.jobs.accept(workshop.request())


@pytest.mark.slow
async def test_in_all_fifty_jobs_may_wait_for_each_render_slot(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=2)
    for guild_id in range(2):
        await fill(workshop, process, 50, guild_id=guild_id)

    with pytest.raises(QueueFullError) as refusal:
        await process.jobs.accept(workshop.request())

    assert refusal.value.is_everywhere
    assert "100" not in (refusals.explain(refusal.value) or "")  # how busy the whole bot is concerns no member
    assert await count_waiting(workshop) == 100
    details = await process.services.admission.explain(requester())
    assert (details.waiting, details.waiting_anywhere, details.max_waiting_anywhere) == (0, 100, 100)


async def test_two_processes_at_once_never_pass_the_limit(workshop: Workshop) -> None:
    async with Database.open(workshop.database_url) as other_database:
        processes = [
            workshop.start("local/1", waiting_per_server=5),
            workshop.start("local/2", waiting_per_server=5, database=other_database),
        ]
        results = await asyncio.gather(
            *(processes[number % 2].jobs.accept(workshop.request(member_id=number)) for number in range(12)),
            return_exceptions=True,
        )

    assert sum(isinstance(result, QueueFullError) for result in results) == 7
    assert await count_waiting(workshop) == 5


async def test_the_same_interaction_gets_its_job_however_full_the_queue_is(workshop: Workshop) -> None:
    process = workshop.start(waiting_per_server=1)
    request = workshop.request()
    card = await process.jobs.accept(request)

    assert (await process.jobs.accept(request)).job.id == card.job.id


async def test_who_has_used_up_their_quota_hears_of_that_first(workshop: Workshop) -> None:
    workshop.quota = Quota(0, Period.DAY)
    process = workshop.start(waiting_per_server=0)

    with pytest.raises(QuotaExceededError):
        await process.jobs.accept(workshop.request())


@pytest.mark.slow
async def test_a_crowd_of_accounts_in_one_server_keeps_no_other_servers_member_waiting(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=2, waiting_per_server=200, waiting_per_slot=200)
    await fill(workshop, process, 200)
    await process.worker.tick()

    only = await process.jobs.accept(workshop.request("a lonely fox", guild_id=OTHER_GUILD_ID))

    assert only.queue_place == 1
    await workshop.run_until(process, only.job.id, JobState.RENDERING)
    assert workshop.server.submits[2].key == only.job.id


async def test_a_moderator_who_cancels_renders_gains_no_turn(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=2)
    first, second, *_ = await fill(workshop, process, 4)
    await process.worker.tick()
    for job_id in (first, second):
        await process.cancel(job_id)
    only = await process.jobs.accept(workshop.request(guild_id=OTHER_GUILD_ID))
    await process.worker.tick()

    assert only.queue_place == 1  # the cancelled ones hold their server's slots until the service is done with them
    assert (await workshop.job(only.job.id)).state is JobState.QUEUED
    await workshop.run_until(process, only.job.id, JobState.RENDERING)
    assert workshop.server.submits[2].key == only.job.id


async def test_a_members_next_clip_waits_for_others_of_the_server_who_have_none_rendering(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    await process.jobs.accept(workshop.request())
    await process.worker.tick()

    places = [
        (await process.jobs.accept(workshop.request(member_id=MEMBER_ID + number))).queue_place for number in (0, 0, 1)
    ]

    assert places == [1, 2, 1]


@pytest.mark.slow
async def test_each_card_of_a_long_queue_comes_to_its_place_in_passes_that_look_at_a_few(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    job_ids = [await workshop.accept(process, member_id=1000 + number) for number in range(40)]
    await process.worker.tick()
    workshop.time.advance(6)

    passes = 0
    while await process.card_updater.tick() == 0.0:
        passes += 1

    shown = [workshop.discord.cards[job_id][-1] for job_id in job_ids[1:]]
    assert [card and card.queue_place for card in shown] == list(range(1, 40))
    assert passes >= 39 // 8
