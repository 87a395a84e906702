"""A failure is told in the channel: once, with a mention now and then, and not where others need not read it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import DestinationClosedError, MessageRefusedError, PublishUnavailableError
from bot.models import JobState
from bot.sandbox.faults import Fault
from bot.services.jobs.leases import MENTIONED_ONCE_IN
from tests.support.workshop import MEMBER_ID

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

DISCORD_IS_DOWN = PublishUnavailableError("503")
OTHER_ID = MEMBER_ID + 1


async def fail(workshop: Workshop, process: Process, *member_ids: int) -> list[str]:
    """Let a clip of each of these members fail at once; return the jobs' ids."""
    job_ids: list[str] = []
    for member_id in member_ids:
        workshop.server.faults.submit.append(Fault.error("content_policy_violation"))
        job_ids.append(await workshop.accept(process, member_id=member_id))
    await workshop.run_until_idle(process)
    return job_ids


def told(workshop: Workshop) -> list[tuple[str, bool | None]]:
    return [(job.id, job.failure_mentions) for job in workshop.discord.failures]


async def test_each_failure_is_told_but_a_member_is_mentioned_once_in_five_minutes(workshop: Workshop) -> None:
    process = workshop.start()

    job_ids = await fail(workshop, process, MEMBER_ID, MEMBER_ID, MEMBER_ID, OTHER_ID)

    assert sorted(it.id for it in workshop.discord.failures) == job_ids
    mentioned = {job.member_id: job.id for job in workshop.discord.failures if job.failure_mentions}
    assert len([job for job in workshop.discord.failures if job.failure_mentions]) == len(mentioned) == 2
    workshop.time.advance(MENTIONED_ONCE_IN.total_seconds())
    [later] = await fail(workshop, process, MEMBER_ID)
    assert told(workshop)[-1] == (later, True)


async def test_two_processes_tell_of_each_failure_once(workshop: Workshop) -> None:
    processes = workshop.start("a/1"), workshop.start("b/1")
    for place in range(4):
        workshop.server.faults.submit.append(Fault.error("content_policy_violation"))
        await workshop.accept(processes[place % 2])

    for _ in range(20):
        await asyncio.gather(*(process.worker.tick() for process in processes))
        workshop.time.advance(2)

    assert len(workshop.discord.failures) == len({job.id for job in workshop.discord.failures}) == 4
    assert [job.failure_mentions for job in workshop.discord.failures].count(True) == 1


async def test_it_answers_the_card_once_that_shows_the_end(workshop: Workshop) -> None:
    process = workshop.start()

    [job_id] = await fail(workshop, process, MEMBER_ID)

    card, [failure] = workshop.discord.cards[job_id][-1], workshop.discord.failures
    assert card is not None
    assert card.job.state is failure.state is JobState.FAILED
    assert failure.status_message_id == (await workshop.job(job_id)).status_message_id
    assert (await workshop.job(job_id)).failure_message_id is not None


async def test_private_clips_cancelled_ones_and_members_who_want_no_mention_are_left_out(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("content_policy_violation"))
    await workshop.accept(process, is_private=True)
    await workshop.run_until_idle(process)
    await process.cancel(await workshop.accept(process))
    await process.services.mentions.switch(MEMBER_ID, on=False)

    await fail(workshop, process, MEMBER_ID)

    assert workshop.discord.failures == []


async def test_a_job_that_has_waited_too_long_is_told_of_as_well(workshop: Workshop) -> None:
    workshop.server.faults.render.append(Fault(change={"status": "thinking", "progress": None, "result": None}))
    process = workshop.start(max_concurrent_renders=1, job_deadline_seconds=10**6)
    await workshop.accept(process, "the first")
    await process.worker.tick()
    job_id = await workshop.accept(process)

    workshop.time.advance(timedelta(hours=7).total_seconds())
    for _ in range(2):
        await process.worker.tick()
        workshop.time.advance(10)

    assert told(workshop) == [(job_id, True)]


@pytest.mark.parametrize("is_posted", [False, True])
async def test_a_killed_process_leaves_neither_none_nor_two(workshop: Workshop, *, is_posted: bool) -> None:
    process, other = workshop.start("a/1"), workshop.start("b/1")
    hold = workshop.discord.hold("after post_failure" if is_posted else "post_failure")
    killed = asyncio.create_task(fail(workshop, process, MEMBER_ID))
    await hold.arrival()
    killed.cancel()

    workshop.time.advance(process.policy.lease_seconds)
    await workshop.run_until_idle(other)

    assert len(workshop.discord.failures) == 1


async def test_a_closed_channel_is_left_out_for_good(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.discord.fail("post_failure", DestinationClosedError("gone"))

    [job_id] = await fail(workshop, process, MEMBER_ID)
    await process.jobs.attach_status(job_id, 77)  # its card is known only now, and to be settled anew
    await workshop.run_until_idle(process)

    assert workshop.discord.failures == []
    assert (await workshop.job(job_id)).failure_mentions is None


@pytest.mark.parametrize("method", ["find_failure", "post_failure"])
async def test_what_discord_does_not_take_just_now_is_done_later(workshop: Workshop, method: str) -> None:
    process = workshop.start()
    workshop.discord.fail(method, DISCORD_IS_DOWN, MessageRefusedError("no"), DISCORD_IS_DOWN)

    [job_id] = await fail(workshop, process, MEMBER_ID)

    assert told(workshop) == [(job_id, True)]


async def test_it_is_told_once_though_the_card_is_settled_again(workshop: Workshop) -> None:
    process = workshop.start()
    [job_id] = await fail(workshop, process, MEMBER_ID)

    await process.jobs.attach_status(job_id, 77)
    await workshop.run_until_idle(process)

    assert len(workshop.discord.failures) == 1


async def test_a_clock_that_is_set_back_does_not_keep_a_member_from_being_mentioned(workshop: Workshop) -> None:
    process = workshop.start()
    await fail(workshop, process, MEMBER_ID)
    workshop.time.advance(-timedelta(hours=1).total_seconds())

    [job_id] = await fail(workshop, workshop.start("b/1"), MEMBER_ID)

    assert told(workshop)[-1] == (job_id, True)
