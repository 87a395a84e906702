"""A clip's still: kept from the delivery on, gone with the clip or its prompt, and never in the clip's way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import CannotFitError, DestinationClosedError, NotAVideoError, PublishUnavailableError
from bot.models import JobError, JobState
from tests.support.media import DirectMedia
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.stored import DAY, deliver, rows
from tests.support.workshop import GUILD_ID, MODERATOR_ID

if TYPE_CHECKING:
    from pathlib import Path

    from bot.models import LogEntry
    from tests.support.simulated_discord import SimulatedLog
    from tests.support.workshop import Process, Workshop

LOG_CHANNEL_ID = 7


def stills(workshop: Workshop) -> dict[str, bytes]:
    return dict(rows(workshop, "SELECT job_id, image FROM stills"))


async def keep_log(process: Process) -> None:
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)


async def post_log(process: Process) -> None:
    while await process.log.tick() == 0:
        pass


async def remove(process: Process, job_id: str) -> None:
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)


async def test_a_delivered_clip_has_one_still_and_the_logs_card_has_it(workshop: Workshop) -> None:
    process = workshop.start()
    await keep_log(process)

    job_id = await deliver(workshop, process)
    await post_log(process)

    still = stills(workshop)[job_id]
    assert still[:4] + still[8:12] == b"RIFFWEBP"
    assert len(still) <= 20_000
    assert workshop.log.cards[LOG_CHANNEL_ID][-1].still == still


@pytest.mark.parametrize("error", [NotAVideoError("broken"), CannotFitError("died"), OSError("no process")])
async def test_a_clip_of_which_no_still_can_be_taken_is_delivered_without(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(_media: DirectMedia, _path: Path) -> bytes:
        raise error

    monkeypatch.setattr(DirectMedia, "take_still", fail)
    process = workshop.start()

    job_id = await deliver(workshop, process)

    await workshop.expect_clip(job_id)
    assert stills(workshop) == {}


async def test_a_delivery_that_is_tried_again_takes_one_still(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.discord.fail("post_clip", PublishUnavailableError("once"))

    job_id = await deliver(workshop, process)

    await workshop.expect_clip(job_id)
    assert stills(workshop).keys() == {job_id}


async def test_after_a_crash_between_post_and_note_the_clip_still_has_its_still(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    held = workshop.discord.hold("after post_clip")
    await workshop.run_until(process, job_id, JobState.READY)
    dying = asyncio.create_task(process.worker.tick())
    await held.arrival()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)

    await workshop.run_until_idle(workshop.start())

    await workshop.expect_clip(job_id)
    assert stills(workshop).keys() == {job_id}


async def test_a_clip_that_can_be_posted_nowhere_leaves_no_still(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.discord.fail("post_clip", DestinationClosedError("gone"))
    workshop.discord.fail("post_clip_in_dm", DestinationClosedError("closed"))

    job_id = await deliver(workshop, process)

    await workshop.expect_refund(job_id, JobError.UNDELIVERABLE)
    assert stills(workshop) == {}


async def test_a_removed_clips_still_goes_and_its_card_is_drawn_without(workshop: Workshop) -> None:
    process = workshop.start()
    await keep_log(process)
    removed, kept = await deliver(workshop, process), await deliver(workshop, process)
    await post_log(process)

    await remove(process, removed)
    await post_log(workshop.start())  # the card's turn comes after a restart, too

    assert stills(workshop).keys() == {kept}
    [card] = workshop.log.redrawn
    assert card.job is not None
    assert (card.job.id, card.job.removed_by_id, card.still) == (removed, MODERATOR_ID, None)
    assert rows(workshop, "SELECT count(*) FROM log_entries WHERE due_at IS NOT NULL") == [(0,)]
    posted = [card.job.id for card in workshop.log.cards[LOG_CHANNEL_ID] if card.job is not None]
    assert posted == [removed, kept]


async def test_a_card_that_is_deleted_is_not_drawn_anew_and_the_log_goes_on(workshop: Workshop) -> None:
    process = workshop.start()
    await keep_log(process)
    job_id = await deliver(workshop, process)
    await post_log(process)
    workshop.log.troubles.append(DestinationClosedError("unknown message"))

    await remove(process, job_id)
    await post_log(process)
    later = await deliver(workshop, process)
    await post_log(process)

    assert workshop.log.redrawn == []
    newest = workshop.log.cards[LOG_CHANNEL_ID][-1]
    assert newest.job is not None
    assert newest.job.id == later


async def test_a_card_that_cant_be_drawn_just_now_is_drawn_later(workshop: Workshop) -> None:
    process = workshop.start()
    await keep_log(process)
    job_id = await deliver(workshop, process)
    await post_log(process)
    workshop.log.troubles.append(PublishUnavailableError("not now"))

    await remove(process, job_id)
    await post_log(process)
    assert workshop.log.redrawn == []
    workshop.time.advance(60)
    await post_log(process)

    assert len(workshop.log.redrawn) == 1


async def test_a_still_goes_with_its_prompt_by_age(workshop: Workshop) -> None:
    process = workshop.start(retention_days=40)
    await deliver(workshop, process)
    workshop.time.advance(39 * DAY)
    await process.end_data()
    assert len(stills(workshop)) == 1

    workshop.time.advance(2 * DAY)
    await process.end_data()

    assert stills(workshop) == {}


async def test_a_still_goes_when_its_member_erases_their_data_and_others_stay(workshop: Workshop) -> None:
    process = workshop.start()
    await deliver(workshop, process)
    others = await deliver(workshop, process, member_id=301)
    on_its_way = await workshop.accept(process, "on its way")
    await workshop.run_until(process, on_its_way, JobState.RENDERING)

    await process.services.privacy.erase(300)
    await process.end_data()
    assert stills(workshop).keys() == {others}
    await workshop.run_until_idle(process)
    await process.end_data()

    assert stills(workshop).keys() == {others}
    assert (await workshop.job(on_its_way)).message_channel_id == CHANNEL_ID


async def test_a_clip_removed_while_its_card_is_posted_keeps_no_still(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = workshop.start()
    await keep_log(process)
    job_id = await deliver(workshop, process)
    post = type(workshop.log).post_log_card

    async def slow(log: SimulatedLog, channel_id: int, entry: LogEntry) -> int:
        message_id = await post(log, channel_id, entry)
        if entry.still is not None:
            await remove(process, job_id)
        return message_id

    monkeypatch.setattr(type(workshop.log), "post_log_card", slow)
    for _ in range(6):
        await post_log(process)
        workshop.time.advance(200)

    assert rows(workshop, "SELECT count(*) FROM stills") == [(0,)]
    posted = [card for card in workshop.log.cards[LOG_CHANNEL_ID] if card.still is not None]
    assert len(posted) == 1
    assert [(card.id, card.still) for card in workshop.log.redrawn] == [(posted[0].id, None)]


async def test_a_clip_removed_after_a_post_that_was_cut_short_keeps_no_still(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = workshop.start()
    await keep_log(process)
    job_id = await deliver(workshop, process)
    post = type(workshop.log).post_log_card

    async def lost(log: SimulatedLog, channel_id: int, entry: LogEntry) -> int:
        await post(log, channel_id, entry)
        if entry.still is not None:
            raise TimeoutError
        return len(log.cards[channel_id])

    monkeypatch.setattr(type(workshop.log), "post_log_card", lost)
    await process.log.tick()
    await remove(process, job_id)
    monkeypatch.setattr(type(workshop.log), "post_log_card", post)
    for _ in range(6):
        workshop.time.advance(200)
        await post_log(process)

    posted = [card for card in workshop.log.cards[LOG_CHANNEL_ID] if card.still is not None]
    assert len(posted) == 1
    assert [(card.id, card.still) for card in workshop.log.redrawn] == [(posted[0].id, None)]
