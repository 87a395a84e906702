"""The operator's pause: nothing new is sent by any process until it ends, and what waits is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import OperatorRefusedError
from bot.models import JobError, JobState
from bot.ui.text.clips.cards import card_details, card_title

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

BY = "member 7"
HOUR = 3600.0


async def pause(process: Process) -> None:
    await process.services.operating.pause(by=BY, reason="moving house")


def title(workshop: Workshop, job_id: str) -> str:
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    return card_title(card)


async def test_no_process_sends_anything_until_it_ends_over_restarts(workshop: Workshop) -> None:
    process, other = workshop.start(), workshop.start("local/2")
    await pause(process)
    job_id = await workshop.accept(other)

    for each in (other, process, workshop.start()):
        await workshop.run_for(each, 120.0)
    assert (await workshop.job(job_id)).state is JobState.QUEUED
    assert len(workshop.server.generations) == 0

    await other.services.operating.resume(by=BY)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_cards_say_so_in_plain_words_and_no_longer_when_it_is_over(workshop: Workshop) -> None:
    process, other = workshop.start(max_concurrent_renders=1), workshop.start("local/2")
    rendering = await workshop.accept(process)
    await workshop.run_until(process, rendering, JobState.RENDERING)
    job_id = await workshop.accept(process)
    await pause(other)  # another process: this one hears of it from the database

    await workshop.run_for(process, 10.0)
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    assert card_title(card) == "Paused by the bot's operator"
    assert "starts by itself" in (card_details(card) or "")
    assert "moving house" not in (card_details(card) or "")

    await other.services.operating.resume(by=BY)
    await workshop.run_for(process, 10.0)
    assert title(workshop, job_id) != "Paused by the bot's operator"


async def test_what_renders_is_polled_and_delivered_meanwhile(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)

    await pause(process)
    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_waiting_in_it_does_not_count_towards_waiting_too_long(workshop: Workshop) -> None:
    process = workshop.start()
    await pause(process)
    job_id = await workshop.accept(process)
    for _ in range(10):
        workshop.time.advance(HOUR)
        await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.QUEUED

    await process.services.operating.resume(by=BY)
    workshop.time.advance(1.0)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_twice_is_refused_and_so_is_an_end_of_none(workshop: Workshop) -> None:
    operating = workshop.start().services.operating
    with pytest.raises(OperatorRefusedError, match="not_paused"):
        await operating.resume(by=BY)
    await operating.pause(by=BY, reason="moving house")
    with pytest.raises(OperatorRefusedError, match="paused"):
        await operating.pause(by=BY, reason="again")

    await operating.resume(by=BY)

    assert [entry.action.value for entry in await operating.list_audit(10)] == ["resume", "pause"]


async def test_a_cancel_by_hand_refunds_and_shows_on_the_card_that_another_process_keeps(workshop: Workshop) -> None:
    process, by_hand = workshop.start(), workshop.start("by hand")
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.RENDERING)

    await by_hand.services.operating.cancel(job_id, by=BY, reason="spam")
    await workshop.run_until_idle(process)

    job = await workshop.job(job_id)
    assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.CANCELLED_BY_OPERATOR)
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
    card = workshop.discord.cards[job_id][-1]
    assert card is not None
    assert card_details(card) == "The bot's operator cancelled this clip. Your 6 s came back. Ask them why."
    for again, reason in ((job_id, "over"), ("nowhere", "no_job")):
        with pytest.raises(OperatorRefusedError, match=reason):
            await process.services.operating.cancel(again, by=BY)
