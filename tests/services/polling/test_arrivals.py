"""The time on the card: from the first on, steady while it holds, and gone before it would have passed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.models import GEMINI_OMNI, Arrival, Aspect, JobState, OperatorAlert, StatusCard, VideoSpec
from bot.services.polling.estimate import DELIVERED_SECONDS, NOTICED_SECONDS, PASSING_SECONDS
from bot.store.jobs import ahead
from tests.support.clocks import ServiceClock
from tests.support.faults import FlakyDatabase
from tests.support.jobs import CREATED_AT, make_job
from tests.support.workshop import MEMBER_ID, open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime
    from pathlib import Path

    from tests.support.workshop import Process, Workshop

RENDER_SECONDS = 100.0
ARRIVAL = timedelta(seconds=RENDER_SECONDS + NOTICED_SECONDS + DELIVERED_SECONDS)


def learn(process: Process, seconds: float = RENDER_SECONDS, *, times: int = 20, duration_seconds: int = 6) -> None:
    spec = VideoSpec("a fox", Aspect.LANDSCAPE, duration_seconds)
    job = make_job(spec=spec, submitted_at=CREATED_AT, model=GEMINI_OMNI.model)
    for _ in range(times):
        process.reelay.polling.finished(job, CREATED_AT + timedelta(seconds=seconds))


def now(workshop: Workshop) -> datetime:
    return ServiceClock(workshop.time).now()


def cards(workshop: Workshop, job_id: str) -> list[StatusCard]:
    return [card for card in workshop.discord.cards.get(job_id, []) if card is not None]


async def accept(workshop: Workshop, process: Process, member_id: int = MEMBER_ID) -> StatusCard:
    card = await process.jobs.accept(workshop.request(member_id=member_id))
    await process.jobs.attach_status(card.job.id, 1000)
    return card


async def test_the_first_card_says_when_the_clip_should_be_there(workshop: Workshop) -> None:
    process = workshop.start()
    learn(process)

    card = await accept(workshop, process)

    assert card.arrival == Arrival(now(workshop) + ARRIVAL)


@pytest.mark.parametrize("known", [0, 9])
async def test_with_fewer_than_ten_renders_known_it_names_no_time(workshop: Workshop, known: int) -> None:
    process = workshop.start(max_concurrent_renders=1)
    learn(process, times=known)
    learn(process, times=20, duration_seconds=10)

    assert (await accept(workshop, process)).arrival == Arrival()
    assert (await accept(workshop, process)).arrival == Arrival()


async def test_a_length_with_few_renders_known_names_no_time_beside_another_that_does(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    learn(process)
    await accept(workshop, process)
    await process.worker.tick()
    known = await accept(workshop, process)
    unknown = await process.jobs.accept(workshop.request(spec=VideoSpec("a fox", Aspect.LANDSCAPE, 10)))
    await process.jobs.attach_status(unknown.job.id, 1001)
    assert unknown.arrival == Arrival()

    await process.cancel(known.job.id)  # so that the other moves up
    await accept(workshop, process)
    workshop.time.advance(2)
    process.card_changes.touch_queue()
    await process.card_updater.tick()

    assert [card.arrival for card in cards(workshop, unknown.job.id)] == [Arrival()]


async def test_in_a_queue_the_time_counts_what_is_ahead_in_fair_turns(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=2)
    learn(process)
    for _ in range(2):
        await accept(workshop, process)
    await process.worker.tick()
    workshop.time.advance(40)

    third, fourth, fifth = [await accept(workshop, process) for _ in range(3)]
    fair = await accept(workshop, process, member_id=MEMBER_ID + 1)

    started_at = now(workshop)
    for card, rounds in ((third, 0), (fourth, 0), (fifth, 1), (fair, 0)):
        assert card.arrival is not None
        assert card.arrival.expected_at is not None
        left = (card.arrival.expected_at - started_at).total_seconds()
        assert left == pytest.approx(
            60 + NOTICED_SECONDS + (RENDER_SECONDS + NOTICED_SECONDS) * rounds + ARRIVAL.total_seconds(), abs=1
        )


async def test_what_is_ahead_is_read_by_length(workshop: Workshop) -> None:
    process = workshop.start(max_concurrent_renders=1)
    for duration in (10, 6, 6, 10):
        await process.jobs.accept(workshop.request(spec=VideoSpec("a fox", Aspect.LANDSCAPE, duration)))
    await process.worker.tick()
    sent_at = now(workshop)

    async with workshop.database.read() as connection:
        found = await ahead.read(connection, slots_since=sent_at - timedelta(hours=1))

    assert found == ahead.Ahead(running=((sent_at, 10),), waiting=((6, 2), (10, 1)))


async def test_while_the_operator_has_to_act_no_time_is_said(workshop: Workshop) -> None:
    process = workshop.start()
    learn(process)
    process.throttle.confirm(now(workshop), OperatorAlert.UNAUTHORIZED)

    card = await accept(workshop, process)

    assert (card.waiting_for_operator, card.arrival) == (True, None)


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncGenerator[Workshop]:
    async with open_workshop(tmp_path, queue_seconds=0.0, render_seconds=600.0) as opened:
        yield opened


@pytest.mark.slow
async def test_a_render_that_takes_longer_says_so_once_before_its_time_has_passed(slow: Workshop) -> None:
    workshop = slow
    process = workshop.start()
    learn(process)
    first = await accept(workshop, process)
    assert first.arrival is not None
    shown_at = first.arrival.expected_at
    assert shown_at is not None
    edits: list[tuple[datetime, StatusCard]] = []
    while now(workshop) < shown_at + timedelta(seconds=120):
        await process.worker.tick()
        before = len(cards(workshop, first.job.id))
        await process.card_updater.tick()
        edits += [(now(workshop), card) for card in cards(workshop, first.job.id)[before:]]
        workshop.time.advance(1)

    late = [(at, card) for at, card in edits if card.arrival == Arrival(is_late=True)]
    timed = [card for at, card in edits if card.arrival is not None and card.arrival.expected_at is not None]
    assert late[0][0] < shown_at
    assert shown_at - late[0][0] <= timedelta(seconds=PASSING_SECONDS + 1)
    assert {card.arrival for card in timed} <= {Arrival(shown_at)}, "as it was said first"
    states = [card.job.progress for _, card in late]
    assert len(states) == len({int(progress or 0) for progress in states}), "only for what is new"


async def test_a_render_is_not_said_to_be_late_while_the_time_that_is_shown_holds(slow: Workshop) -> None:
    workshop = slow
    process = workshop.start()
    learn(process)
    card = await accept(workshop, process)
    await process.worker.tick()
    workshop.time.advance(6)
    await process.card_updater.tick()
    shown = cards(workshop, card.job.id)[-1].arrival

    workshop.time.advance(75)
    learn(process, 80, times=500)
    process.card_changes.touch(card.job.id)
    await process.card_updater.tick()
    assert [each.arrival for each in cards(workshop, card.job.id)] == [shown]

    workshop.time.advance(20)
    await process.card_updater.tick()
    assert cards(workshop, card.job.id)[-1].arrival == Arrival(is_late=True)


async def test_the_updater_wakes_by_itself_when_a_time_is_about_to_pass(workshop: Workshop) -> None:
    process = workshop.start()
    learn(process)
    await accept(workshop, process)
    await process.worker.tick()
    workshop.time.advance(6)
    await process.card_updater.tick()

    seconds = await process.card_updater.tick()

    assert seconds is not None
    assert seconds == pytest.approx(ARRIVAL.total_seconds() - 6 - PASSING_SECONDS, abs=1)


@pytest.mark.slow
async def test_a_waiting_card_gets_a_new_time_before_its_own_has_passed_and_none_for_small_changes(
    slow: Workshop,
) -> None:
    workshop = slow
    process = workshop.start(max_concurrent_renders=1)
    learn(process)
    await accept(workshop, process)
    await process.worker.tick()
    waiting = await accept(workshop, process)
    shown_at = waiting.arrival.expected_at if waiting.arrival is not None else None
    times = [shown_at]
    for _ in range(250):
        await process.worker.tick()
        await process.card_updater.tick()
        times += [
            card.arrival.expected_at
            for card in cards(workshop, waiting.job.id)[len(times) - 1 :]
            if card.arrival is not None
        ]
        last = times[-1]
        assert last is not None
        assert last > now(workshop), "no time that has passed"
        workshop.time.advance(2)

    assert 2 <= len(times) <= 12


async def test_a_card_of_the_process_before_is_made_true_after_a_restart(workshop: Workshop) -> None:
    before = workshop.start(max_concurrent_renders=1)
    learn(before)
    await accept(workshop, before)
    await before.worker.tick()
    waiting = await accept(workshop, before)
    workshop.time.advance(6)
    after = workshop.start(max_concurrent_renders=1)
    learn(after, 200)

    running = asyncio.create_task(after.worker.run())
    async with asyncio.timeout(10):
        while not cards(workshop, waiting.job.id):
            await after.card_updater.tick()
            await asyncio.wait({running}, timeout=0.01)
        after.worker.stop()
        await running

    assert cards(workshop, waiting.job.id)[-1].arrival not in {None, waiting.arrival}


async def test_a_database_that_can_not_be_asked_takes_nothing_in(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    learn(process)
    database.troubles.append("commit")

    with pytest.raises(Exception, match="no commit"):
        await process.jobs.accept(workshop.request())

    assert (await accept(workshop, process)).job.state is JobState.QUEUED
