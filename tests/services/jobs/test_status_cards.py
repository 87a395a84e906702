"""Status cards: true, calm, and never behind the times for good."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bot.errors import MessageRefusedError, PublishUnavailableError, StoreUnavailableError
from bot.models import CardMessage, JobError, JobState, OperatorAlert
from bot.sandbox.faults import Fault
from bot.services.jobs import status_cards
from bot.services.jobs.status_cards import EDITS_AT_ONCE
from bot.store import jobs as job_store
from tests.support.clocks import ServiceClock
from tests.support.faults import FlakyDatabase, Hold, SurprisingService
from tests.support.workshop import MEMBER_ID

if TYPE_CHECKING:
    from bot.models import StatusCard
    from tests.support.workshop import Process, Workshop

DISCORD_IS_DOWN = PublishUnavailableError("503")


def cards(workshop: Workshop, job_id: str) -> list[StatusCard]:
    return [card for card in workshop.discord.cards.get(job_id, []) if card is not None]


async def start_rendering(workshop: Workshop, process: Process) -> str:
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.time.advance(10)
    await process.card_updater.tick()
    assert cards(workshop, job_id)[-1].job.state is JobState.RENDERING
    return job_id


async def test_a_card_that_shows_what_is_true_already_is_not_edited(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    await start_rendering(workshop, process)
    waiting = await workshop.accept(process)

    for _ in range(5):
        workshop.time.advance(10)
        process.card_changes.touch(waiting)
        process.card_changes.touch_queue()
        assert await process.card_updater.tick() is None

    assert cards(workshop, waiting) == []


async def test_a_card_that_discord_refuses_for_a_reason_nobody_foresaw_is_left_until_there_is_news(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.time.advance(10)
    workshop.discord.fail("show_status", ZeroDivisionError("a refusal without a word"))

    await process.card_updater.tick()
    assert "status card left as it is" in caplog.text
    assert cards(workshop, job_id) == []
    await workshop.run_until_idle(process)

    await workshop.expect_clip(job_id)


async def test_a_card_that_discord_refuses_three_times_is_left_until_there_is_news(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.discord.fail("show_status", *(MessageRefusedError("code 50035") for _ in range(3)))
    for _ in range(3):
        workshop.time.advance(6)
        pause_seconds = await process.card_updater.tick()

    assert pause_seconds is None
    assert cards(workshop, job_id) == []
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_card_is_edited_at_most_every_five_seconds_and_then_shows_the_latest(workshop: Workshop) -> None:
    process = workshop.start()
    edited_at: list[float] = []
    job_id = await workshop.accept(process)
    for _ in range(45):
        shown = len(cards(workshop, job_id))
        await process.worker.tick()
        await process.card_updater.tick()
        if len(cards(workshop, job_id)) > shown:
            edited_at.append(workshop.time())
        workshop.time.advance(0.7)

    await workshop.expect_clip(job_id)
    assert len(edited_at) >= 3
    assert all(later - earlier >= 5 for earlier, later in pairwise(edited_at))


async def test_waiting_cards_follow_their_place_in_the_queue(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    job_ids = [await workshop.accept(process, member_id=MEMBER_ID + place) for place in range(4)]

    await workshop.run_until_idle(process)

    places = [card.queue_place for card in cards(workshop, job_ids[3]) if card.job.state is JobState.QUEUED]
    assert places == [3, 2, 1]
    assert all(card.queue_place is None for card in cards(workshop, job_ids[0]))


async def test_a_paused_queue_says_so_on_waiting_cards_alone_and_takes_it_back(workshop: Workshop) -> None:
    process = workshop.start()
    rendering = await start_rendering(workshop, process)
    workshop.server.faults.submit.append(Fault.error("insufficient_quota"))
    waiting = await workshop.accept(process)

    await workshop.run_until_idle(process)

    said = [card.waiting_for_operator for card in cards(workshop, waiting) if card.job.state is JobState.QUEUED]
    assert said[0]
    assert not cards(workshop, waiting)[-1].waiting_for_operator
    assert not any(card.waiting_for_operator for card in cards(workshop, rendering))


async def test_an_end_is_never_painted_over_by_an_edit_that_was_held_up(workshop: Workshop) -> None:
    process = workshop.start()
    workshop.server.faults.render.append(Fault.failed("Generation failed: out of memory"))
    job_id = await start_rendering(workshop, process)
    await process.worker.tick()
    workshop.time.advance(10)
    hold = workshop.discord.hold("show_status")
    held_up = asyncio.create_task(process.card_updater.tick())
    await hold.arrival()

    workshop.time.advance(60)
    await process.worker.tick()
    assert (await workshop.job(job_id)).state is JobState.FAILED
    workshop.time.advance(10)
    settling = asyncio.create_task(process.worker.tick())
    late = asyncio.create_task(process.card_updater.tick())
    hold.release.set()
    await asyncio.gather(held_up, settling, late)
    await workshop.run_until_idle(process)

    await workshop.expect_refund(job_id, JobError.GENERATION_FAILED)


async def test_a_card_is_not_put_back_after_the_clip_took_its_place(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await start_rendering(workshop, process)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)

    process.card_changes.touch(job_id)
    workshop.time.advance(10)
    await process.card_updater.tick()

    assert workshop.discord.cards[job_id][-1] is None


@pytest.mark.parametrize("arrived", [False, True], ids=["not arrived", "arrived"])
async def test_an_edit_that_failed_is_made_again_after_five_seconds(workshop: Workshop, arrived: bool) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.time.advance(6)
    workshop.discord.fail("show_status", DISCORD_IS_DOWN, after=arrived)

    assert await process.card_updater.tick() == 5.0
    failed = len(cards(workshop, job_id))
    await process.card_updater.tick()
    assert len(cards(workshop, job_id)) == failed

    workshop.time.advance(5)
    assert await process.card_updater.tick() is None
    assert cards(workshop, job_id)[-1].job.state is JobState.RENDERING


@pytest.mark.parametrize("reads_that_work", [0, 1], ids=["the queue", "the job"])
async def test_what_is_new_is_not_forgotten_when_the_database_does_not_answer(
    workshop: Workshop, reads_that_work: int
) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.time.advance(6)
    database.troubles.extend([*[None] * reads_that_work, "read"])

    if reads_that_work:
        assert await process.card_updater.tick() == 5.0
    else:
        with pytest.raises(StoreUnavailableError):
            await process.card_updater.tick()
    assert cards(workshop, job_id) == []

    workshop.time.advance(6)
    await process.card_updater.tick()
    assert cards(workshop, job_id)[-1].job.state is JobState.RENDERING


async def test_the_updater_outlives_a_database_that_does_not_answer_and_stops_when_told(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.time.advance(6)
    database.troubles.append("read")
    run = asyncio.create_task(process.card_updater.run())
    async with asyncio.timeout(10):
        while database.troubles:  # until it has read in vain
            process.card_changes.woken.set()
            await asyncio.wait({run}, timeout=0.01)
        process.card_changes.touch(job_id)
        await workshop.discord.until(lambda: bool(cards(workshop, job_id)))
        process.card_updater.stop()
        await run

    assert "status cards: put off" in caplog.messages


async def test_more_changes_than_can_be_shown_at_once_are_shown_in_turn(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=100)
    job_ids = [await workshop.accept(process, member_id=MEMBER_ID + place) for place in range(2 * EDITS_AT_ONCE + 1)]
    await process.worker.tick()
    workshop.time.advance(6)

    assert await process.card_updater.tick() == 0.0
    assert sum(bool(cards(workshop, job_id)) for job_id in job_ids) == EDITS_AT_ONCE
    assert await process.card_updater.tick() == 0.0
    assert await process.card_updater.tick() is None
    assert all(len(cards(workshop, job_id)) == 1 for job_id in job_ids)


class CountedId(str):
    """A job's id that counts how often it was looked up."""

    __slots__ = ()
    lookups = 0

    def __hash__(self) -> int:
        CountedId.lookups += 1
        return super().__hash__()


def test_that_one_of_a_crowd_may_be_edited_at_once_is_found_without_a_look_at_each(workshop: Workshop) -> None:
    changes = workshop.start().card_changes
    for number in range(1000):
        changes.touch(CountedId(f"job {number}"))
    before = CountedId.lookups

    assert changes.seconds_to_next(ServiceClock(workshop.time).now()) == 0.0
    assert CountedId.lookups - before < 10


async def test_a_card_that_discord_holds_back_keeps_neither_another_card_nor_the_stop_waiting(
    workshop: Workshop,
) -> None:
    process = workshop.start()
    job_ids = [await workshop.accept(process, member_id=MEMBER_ID + place) for place in range(2)]
    await process.worker.tick()
    workshop.time.advance(6)
    slow = workshop.discord.hold("show_status")
    run = asyncio.create_task(process.card_updater.run())
    async with asyncio.timeout(10):
        await slow.reached.wait()
        await workshop.discord.until(lambda: any(cards(workshop, job_id) for job_id in job_ids))
        process.card_updater.stop()
        await run

    assert sum(bool(cards(workshop, job_id)) for job_id in job_ids) == 1


def shown_places(workshop: Workshop, *job_ids: str) -> list[int | None]:
    return [cards(workshop, job_id)[-1].queue_place for job_id in job_ids]


async def test_no_two_cards_show_the_same_place_once_edits_have_landed(workshop: Workshop) -> None:
    workshop.server.faults.submit.extend([Fault.error("rate_limit_exceeded"), Fault(status=502)])
    process = workshop.start(max_concurrent_renders=1)
    at_first: dict[str, StatusCard] = {}
    for place in range(6):
        card = await process.jobs.accept(workshop.request(member_id=MEMBER_ID - place % 3))
        await process.jobs.attach_status(card.job.id, 1000 + place)
        at_first[card.job.id] = card
    seen: list[list[int]] = []
    for _ in range(30):
        await process.worker.tick()
        workshop.time.advance(6)
        await process.card_updater.tick()
        latest = [(cards(workshop, job_id) or [card])[-1] for job_id, card in at_first.items()]
        seen.append(sorted(card.queue_place for card in latest if card.queue_place is not None))

    assert all(places == list(range(1, len(places) + 1)) for places in seen)
    assert {len(places) for places in seen} >= {6, 4, 2}


async def test_a_job_that_comes_back_into_the_queue_moves_the_others(workshop: Workshop) -> None:
    service = SurprisingService(workshop.client)
    submit = service.holds["before submit"] = Hold()
    workshop.server.faults.submit.append(Fault.error("rate_limit_exceeded"))
    process = workshop.start(max_concurrent_renders=1, service=service)
    job_ids = [await workshop.accept(process) for _ in range(2)]
    sending = asyncio.create_task(process.worker.tick())
    await submit.arrival()
    workshop.time.advance(6)
    await process.card_updater.tick()
    assert shown_places(workshop, *job_ids) == [None, 1]

    submit.release.set()
    await sending
    workshop.time.advance(6)
    await process.card_updater.tick()

    assert shown_places(workshop, *job_ids) == [1, 2]


async def test_a_place_that_changed_while_an_older_one_was_on_its_way_is_shown(workshop: Workshop) -> None:
    process = workshop.start()
    first, second = [await workshop.accept(process) for _ in range(2)]
    workshop.time.advance(6)
    await process.cancel(first)
    slow = workshop.discord.hold("show_status")
    edit = asyncio.create_task(process.card_updater.tick())
    await slow.arrival()  # the second is next, as its card is about to say

    await workshop.accept(process, member_id=MEMBER_ID - 1)  # and goes before it
    await process.card_updater.tick()
    slow.release.set()
    await edit
    workshop.time.advance(6)
    await process.card_updater.tick()

    assert [card.queue_place for card in cards(workshop, second)] == [1, 2]


async def test_a_card_whose_first_answer_comes_late_shows_its_place_of_now(workshop: Workshop) -> None:
    process = workshop.start()
    accepted = await process.jobs.accept_held(workshop.request())
    job_id = accepted.card.job.id
    await process.jobs.let_start(accepted)
    workshop.discord.forgotten_cards[job_id] = [CardMessage(1)]
    await workshop.accept(process, member_id=MEMBER_ID - 1)
    workshop.time.advance(6)
    await process.card_updater.tick()
    assert shown_places(workshop, job_id) == [2]

    await process.jobs.let_start(accepted, 1)  # the command has written over it what it was accepted with
    workshop.time.advance(6)
    await process.card_updater.tick()

    assert [card.queue_place for card in cards(workshop, job_id)] == [2, 2]


async def test_what_is_new_is_not_forgotten_when_reading_it_fails(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailableError("no read")

    process = workshop.start()
    job_id = await workshop.accept(process)
    await process.worker.tick()
    workshop.time.advance(6)
    with monkeypatch.context() as broken:
        broken.setattr(job_store, "get_many", fail)
        with pytest.raises(StoreUnavailableError):
            await process.card_updater.tick()
    assert cards(workshop, job_id) == []

    await process.card_updater.tick()

    assert cards(workshop, job_id)[-1].job.state is JobState.RENDERING


async def test_a_card_whose_job_moves_on_before_its_edit_shows_only_where_it_is(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    job_id = await workshop.accept(process)
    process.throttle.confirm(ServiceClock(workshop.time).now(), OperatorAlert.UNAUTHORIZED)
    process.card_changes.touch(job_id)
    workshop.time.advance(6)
    picking = database.holds["read"] = Hold()
    edit = asyncio.create_task(process.card_updater.tick())
    await picking.arrival()
    editing = database.holds["read"] = Hold()
    picking.release.set()
    await editing.arrival()
    await workshop.start("b/1").cancel(job_id)
    editing.release.set()
    await edit
    assert cards(workshop, job_id) == []

    await workshop.run_until_idle(process)

    assert [card.job.state for card in cards(workshop, job_id)] == [JobState.CANCELLED]


async def test_more_cards_than_are_remembered_are_true_all_the_same(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_cards, "MOST_REMEMBERED", 2)
    process = workshop.start()
    job_ids = [await workshop.accept(process, f"fox {place}") for place in range(3)]
    workshop.time.advance(6)
    process.card_changes.touch_queue()

    await process.card_updater.tick()

    assert [len(cards(workshop, job_id)) for job_id in job_ids] == [1, 1, 0]  # the third shows it already
    assert [cards(workshop, job_id)[-1].queue_place for job_id in job_ids[:2]] == [1, 2]
