"""A failed clip that was paid for is posted after all: once, for nothing, and without another bill."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from bot.errors import DestinationClosedError, OperatorRefusedError
from bot.models import JobError, JobState, StatusCard
from bot.models.operating import OperatorAction
from bot.services.clips.history import ClipDetails
from bot.store import jobs, tables
from bot.ui.text import failures
from bot.ui.text.clips.cards import card_details
from bot.ui.text.members import clip_details
from bot.ui.text.moderators import clip_cancelled
from tests.support.workshop import GUILD_ID, MEMBER_ID, Process, Workshop

if TYPE_CHECKING:
    from bot.models import Job

BY = "command line, ada"
GONE = DestinationClosedError("10003")
DAY = 86_400.0


async def fail_undelivered(workshop: Workshop, process: Process) -> str:
    """Let a clip be made that can be posted nowhere; return its job's id."""
    workshop.discord.fail("post_clip", GONE)
    workshop.discord.fail("post_clip_in_dm", GONE)
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await workshop.expect_refund(job_id, JobError.UNDELIVERABLE)
    return job_id


async def refused(process: Process, job_id: str) -> str:
    with pytest.raises(OperatorRefusedError) as caught:
        await process.services.operating.retry(job_id, by=BY)
    return caught.value.reason


async def run(workshop: Workshop, process: Process, job: Job) -> Job:
    """Let a retry go to its end; return it as it is then."""
    await workshop.run_until_idle(process)
    return await workshop.job(job.id)


async def test_the_clip_is_posted_once_charged_to_nobody_and_billed_once(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await fail_undelivered(workshop, process)

    adopting = await process.services.operating.retry(job_id, by=BY, reason="the channel is back")
    assert adopting.state is JobState.RENDERING
    retried = await run(workshop, process, adopting)

    assert retried.state is JobState.DELIVERED
    assert (retried.guild_id, retried.member_id, retried.adopted_id) == (GUILD_ID, MEMBER_ID, job_id)
    [message] = workshop.discord.clips(adopting.id)
    assert workshop.discord.messages == [message]
    assert (message.id, message.is_mentioned) == (retried.message_id, True)
    assert await workshop.entries(adopting.id) == []
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
    assert await workshop.submits(adopting.id) == []
    assert await workshop.spent_seconds() == 6
    assert len(workshop.server.generations) == 1
    assert (await workshop.job(job_id)).state is JobState.FAILED


async def test_what_it_took_to_fetch_a_clip_is_no_time_of_a_render(workshop: Workshop) -> None:
    process = workshop.start()
    adopting = await process.services.operating.retry(await fail_undelivered(workshop, process), by=BY)
    known = process.reelay.polling.render_times(6).count

    await run(workshop, process, adopting)

    assert process.reelay.polling.render_times(6).count == known


async def test_a_retry_that_fails_gives_nothing_back_and_can_be_retried(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await fail_undelivered(workshop, process)
    workshop.discord.fail("post_clip", GONE)
    workshop.discord.fail("post_clip_in_dm", GONE)
    first = await run(workshop, process, await process.services.operating.retry(job_id, by=BY))
    assert (first.state, await workshop.entries(first.id)) == (JobState.FAILED, [])
    card = workshop.discord.cards[first.id][-1]
    assert card is not None
    assert "It cost nothing." in (card_details(card) or "")

    second = await run(workshop, process, await process.services.operating.retry(first.id, by=BY))

    assert (second.state, second.adopted_id) == (JobState.DELIVERED, job_id)
    details = await process.services.operating.show_job(job_id)
    assert list(details.retried_by) == [first.id, second.id]
    assert [entry.kind for entry in details.ledger] == ["charge", "refund"]


async def test_a_retry_that_is_discarded_is_said_to_cost_nothing_to_whoever_reads_of_it(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await fail_undelivered(workshop, process)
    retry = await process.services.operating.retry(job_id, by=BY)
    asked = [failures.question(retry, is_own=is_own) for is_own in (True, False)]

    discarded = await process.services.discards.discard(
        retry.id, guild_id=GUILD_ID, pressed_by_id=MEMBER_ID, is_moderator=False
    )

    assert (discarded.error_code, await workshop.entries(retry.id)) == (JobError.DISCARDED, [])
    told = [failures.discarded(discarded, is_own=is_own) for is_own in (True, False)]
    told += [card_details(StatusCard(discarded)) or "", clip_cancelled(discarded)]
    for words in (*asked, *told):
        assert "it cost nothing" in words.lower()
        assert not re.search("came back|come back|stay charged", words)
    assert "Cost: 0 s" in clip_details(ClipDetails(job=discarded), reader_id=MEMBER_ID)[1]


async def test_it_is_written_down_who_did_it_and_why(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await fail_undelivered(workshop, process)

    await process.services.operating.retry(job_id, by=BY, reason="they asked")

    [entry] = (await process.services.operating.show_job(job_id)).audit
    assert (entry.made_by, entry.action, entry.target, entry.reason) == (BY, OperatorAction.RETRY, job_id, "they asked")


async def test_two_operators_at_once_make_one_job_and_a_second_time_is_refused(workshop: Workshop) -> None:
    process, other = workshop.start(), workshop.start("local/2")
    job_id = await fail_undelivered(workshop, process)

    tries = [it.services.operating.retry(job_id, by=BY) for it in (process, other)]
    made = await asyncio.gather(*tries, return_exceptions=True)

    [adopting] = [it for it in made if not isinstance(it, BaseException)]
    [error] = [it for it in made if isinstance(it, OperatorRefusedError)]
    assert error.reason == "retried"
    assert await refused(process, job_id) == "retried"
    await run(workshop, process, adopting)
    assert await refused(process, job_id) == "retried"
    assert len(workshop.discord.messages) == 1


async def test_the_schema_has_no_two_jobs_that_post_the_clip_of_one(workshop: Workshop) -> None:
    process = workshop.start()
    adopting = await process.services.operating.retry(await fail_undelivered(workshop, process), by=BY)

    with pytest.raises(IntegrityError):
        async with workshop.database.write() as connection:
            await jobs.insert(connection, replace(adopting, id="twin", interaction_id=adopting.interaction_id + 1))


async def test_a_job_that_is_not_there_not_over_or_did_not_fail_is_refused(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    assert await refused(process, "nowhere") == "no_job"
    assert await refused(process, job_id) == "not_over"
    await workshop.run_until_idle(process)

    assert await refused(process, job_id) == "not_failed"
    cancelled = await workshop.accept(process)
    await process.cancel(cancelled)
    assert await refused(process, cancelled) == "not_failed"


@pytest.mark.parametrize("prompt", ["fail:content_policy", "fail:generation"])
async def test_one_that_was_not_paid_for_is_refused(prompt: str, workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, prompt)
    await workshop.run_until_idle(process)
    assert (await workshop.job(job_id)).state is JobState.FAILED

    assert await refused(process, job_id) == "not_paid"


async def test_one_whose_clip_the_service_keeps_no_longer_is_refused(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await fail_undelivered(workshop, process)

    workshop.time.advance(DAY)

    assert await refused(process, job_id) == "too_old"
    assert len(workshop.discord.messages) == 0


async def test_one_of_which_only_sums_are_kept_is_refused(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await fail_undelivered(workshop, process)
    async with workshop.database.write() as connection:
        await connection.execute(update(tables.jobs).values(archived_at=tables.jobs.c.created_at))

    assert await refused(process, job_id) == "too_old"


async def test_a_clip_that_came_too_late_is_there_for_a_retry(workshop: Workshop) -> None:
    process = workshop.start(job_deadline_seconds=10.0)
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    assert (await workshop.job(job_id)).error_code is JobError.TIMED_OUT

    workshop.time.advance(60.0)
    retried = await run(workshop, process, await process.services.operating.retry(job_id, by=BY))

    assert retried.state is JobState.DELIVERED
    assert await workshop.spent_seconds() == 6
