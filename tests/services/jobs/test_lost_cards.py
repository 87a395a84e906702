"""Cards that no job's row names: looked for, made one, posted where there is none, and in time gone or at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import DestinationClosedError, PublishUnavailableError
from bot.models import CardMessage, JobError, JobState
from bot.sandbox.faults import Fault
from bot.services.jobs.lost_cards import ANSWERED_SECONDS, LOOK_AGAIN_SECONDS, POSTED_SECONDS, THINKING_SECONDS

if TYPE_CHECKING:
    from bot.models import Job
    from tests.support.workshop import Process, Workshop

DISCORD_IS_DOWN = PublishUnavailableError("503")


async def accept(workshop: Workshop, process: Process, *found: CardMessage) -> Job:
    """Accept a job whose card nobody knows of; these messages are there."""
    job = (await process.jobs.accept(workshop.request())).job
    workshop.discord.forgotten_cards[job.id] = list(found)
    return job


async def look_after(workshop: Workshop, process: Process, seconds: float) -> None:
    workshop.time.advance(seconds)
    await process.card_updater.tick()


async def test_the_oldest_card_is_kept_and_all_others_go(workshop: Workshop) -> None:
    process = workshop.start()
    job = await accept(
        workshop, process, CardMessage(1, is_thinking=True), CardMessage(2), CardMessage(3), CardMessage(4)
    )

    await look_after(workshop, process, THINKING_SECONDS)

    assert workshop.discord.forgotten_cards[job.id] == [CardMessage(2)]
    assert (await workshop.job(job.id)).status_message_id == 2
    shown = workshop.discord.cards[job.id][-1]
    assert shown is not None
    assert shown.job.status_message_id == 2


async def test_one_is_posted_only_where_none_is_found_and_only_once(workshop: Workshop) -> None:
    process, other = workshop.start("a/1"), workshop.start("b/1")
    job = await accept(workshop, process)
    other.card_changes.touch(job.id)

    await look_after(workshop, process, ANSWERED_SECONDS - 1)
    assert workshop.discord.cards == {}
    await look_after(workshop, process, 1)
    await other.card_updater.tick()

    assert len(workshop.discord.forgotten_cards[job.id]) == 1
    assert (await workshop.job(job.id)).status_message_id == workshop.discord.forgotten_cards[job.id][0].message_id


async def test_one_that_is_thinking_may_yet_become_the_card(workshop: Workshop) -> None:
    process = workshop.start()
    thinking = CardMessage(1, is_thinking=True)
    job = await accept(workshop, process, thinking)

    await look_after(workshop, process, THINKING_SECONDS - 1)
    assert workshop.discord.forgotten_cards[job.id] == [thinking]
    workshop.discord.forgotten_cards[job.id] = [CardMessage(1)]  # its command has edited it, though nobody heard
    await look_after(workshop, process, LOOK_AGAIN_SECONDS)

    assert (await workshop.job(job.id)).status_message_id == 1


async def test_a_card_is_not_looked_for_while_its_command_holds_the_job(workshop: Workshop) -> None:
    process = workshop.start()
    accepted = await process.jobs.accept_held(workshop.request())
    process.card_changes.touch(accepted.card.job.id)

    await look_after(workshop, process, ANSWERED_SECONDS)
    assert workshop.discord.cards == {}
    await process.jobs.let_start(accepted)
    await look_after(workshop, process, ANSWERED_SECONDS)

    assert len(workshop.discord.cards[accepted.card.job.id]) == 1


async def test_a_card_that_its_command_is_about_to_show_is_not_lost_however_long_that_takes(workshop: Workshop) -> None:
    process = workshop.start()
    accepted = await process.jobs.accept_held(workshop.request())
    with process.jobs.held.while_answering(accepted.card.job):
        await process.jobs.let_start(accepted)

        await look_after(workshop, process, 2 * THINKING_SECONDS)
        assert workshop.discord.cards == {}
    await look_after(workshop, process, ANSWERED_SECONDS)

    assert len(workshop.discord.cards[accepted.card.job.id]) == 1


@pytest.mark.parametrize("method", ["find_status", "post_status", "remove_status"])
@pytest.mark.parametrize("arrived", [False, True])
async def test_what_discord_does_not_take_just_now_is_done_in_a_later_pass(
    workshop: Workshop, method: str, *, arrived: bool
) -> None:
    process = workshop.start()
    found = [CardMessage(1, is_thinking=True)] if method == "remove_status" else []
    job = await accept(workshop, process, *found)
    if not (arrived and method == "find_status"):
        workshop.discord.fail(method, DISCORD_IS_DOWN, DISCORD_IS_DOWN, after=arrived)

    for _ in range(5):
        await look_after(workshop, process, LOOK_AGAIN_SECONDS)

    [card] = workshop.discord.forgotten_cards[job.id]
    assert not card.is_thinking
    assert (await workshop.job(job.id)).status_message_id == card.message_id


async def test_a_closed_channel_is_no_warning(workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    process = workshop.start()
    await accept(workshop, process)
    workshop.discord.fail("find_status", DestinationClosedError("gone"))

    await look_after(workshop, process, ANSWERED_SECONDS)

    assert [record.levelname for record in caplog.records if record.message == "status card not updated"] == []


@pytest.mark.parametrize("fails", [False, True], ids=["delivered", "failed"])
async def test_the_end_of_a_job_leaves_no_card_or_one_that_says_so(workshop: Workshop, *, fails: bool) -> None:
    process = workshop.start()
    if fails:
        workshop.server.faults.submit.append(Fault.error("invalid_request"))
    job = await accept(workshop, process, CardMessage(1, is_thinking=True), CardMessage(2), CardMessage(3))
    workshop.discord.fail("remove_status", DISCORD_IS_DOWN, DISCORD_IS_DOWN)

    await workshop.run_until_idle(process)

    assert workshop.discord.forgotten_cards[job.id] == ([CardMessage(2)] if fails else [])
    if fails:
        await workshop.expect_refund(job.id, JobError.REJECTED)
    else:
        await workshop.expect_clip(job.id)


async def test_a_failure_is_said_though_no_card_was_ever_seen(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.submit.append(Fault.error("invalid_request"))
    workshop.discord.fail("post_status", DISCORD_IS_DOWN, after=True)
    job = await accept(workshop, process)

    await workshop.run_until_idle(process)

    await workshop.expect_refund(job.id, JobError.REJECTED)
    assert len(workshop.discord.forgotten_cards[job.id]) == 1


async def test_a_job_that_was_cancelled_gets_no_card_for_that(workshop: Workshop) -> None:
    process = workshop.start()
    job = await accept(workshop, process)
    await process.cancel(job.id)

    await workshop.run_until_idle(process)

    assert (await workshop.job(job.id)).state is JobState.CANCELLED
    assert workshop.discord.cards == {}


async def test_a_card_that_was_on_its_way_when_its_job_ended_is_found(workshop: Workshop) -> None:
    process, other = workshop.start("a/1"), workshop.start("b/1")
    job = await accept(workshop, process)
    workshop.time.advance(ANSWERED_SECONDS)
    await process.cancel(job.id)
    await other.worker.tick()
    assert (await workshop.job(job.id)).due_at is not None

    workshop.discord.forgotten_cards[job.id] = [CardMessage(1)]  # another process posted it, and was killed then
    workshop.time.advance(POSTED_SECONDS)
    await workshop.run_until_idle(other)

    shown = workshop.discord.cards[job.id][-1]
    assert shown is not None
    assert shown.job.state is JobState.CANCELLED


async def test_no_card_is_posted_beside_a_clip_that_is_on_its_way(workshop: Workshop) -> None:
    process = workshop.start()
    job = await accept(workshop, process)
    workshop.discord.fail("find_status", *[DISCORD_IS_DOWN] * 99)
    workshop.discord.fail("post_clip", DISCORD_IS_DOWN)
    await workshop.run_until(process, job.id, JobState.DELIVERING)
    workshop.discord.troubles.clear()

    await look_after(workshop, process, LOOK_AGAIN_SECONDS)

    assert workshop.discord.cards == {}
