"""The log: a card for each thing that happened, in order, once, whatever becomes of its channel or of the process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import (
    DestinationClosedError,
    MessageRefusedError,
    PromptRefusedError,
    PublishUnavailableError,
    StoreUnavailableError,
)
from bot.models import ChangeKind, LogKind, PausedError, Period, PromptRuleKind
from bot.services.moderation.modlog import ATTEMPTS_BEFORE_DROPPED, CARDS_AT_ONCE, LEASE_SECONDS
from bot.store.moderation import servers as server_store
from tests.support.faults import FlakyDatabase, Hold
from tests.support.workshop import GUILD_ID, MEMBER_ID

if TYPE_CHECKING:
    from bot.models import LogEntry
    from tests.support.workshop import Process, Workshop

MODERATOR_ID, CHANNEL_ID, OTHER_GUILD_ID, OTHER_CHANNEL_ID = 900, 700, GUILD_ID + 1, 701
DISCORD_IS_DOWN = PublishUnavailableError("503")


async def started(workshop: Workshop) -> Process:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, CHANNEL_ID, set_by_id=MODERATOR_ID)
    return process


async def post_all(workshop: Workshop, process: Process, *, most: int = 200) -> None:
    for _ in range(most):
        pause = await process.log.tick()
        if pause is None:
            return
        workshop.time.advance(pause + 0.001)
    raise AssertionError("the log never came to rest")


def cards(workshop: Workshop, channel_id: int = CHANNEL_ID) -> list[LogEntry]:
    return workshop.log.cards.get(channel_id, [])


def kinds(workshop: Workshop, channel_id: int = CHANNEL_ID) -> list[LogKind]:
    return [card.kind for card in cards(workshop, channel_id)]


async def test_clips_posted_failed_and_refused_and_changes_each_get_a_card_in_order(workshop: Workshop) -> None:
    process = await started(workshop)
    posted = await workshop.accept(process)
    await workshop.run_until_idle(process)
    failed = await workshop.accept(process, "fail:content_policy")
    await workshop.run_until_idle(process)
    await process.services.prompts.add(
        guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text="spoiler", set_by_id=MODERATOR_ID
    )
    with pytest.raises(PromptRefusedError):
        await workshop.accept(process, "a spoiler")

    await post_all(workshop, process)

    assert kinds(workshop) == [LogKind.CHANGED, LogKind.POSTED, LogKind.FAILED, LogKind.CHANGED, LogKind.REFUSED]
    _, of_posted, of_failed, of_rule, of_refusal = cards(workshop)
    assert (of_posted.job, of_failed.job) == (await workshop.job(posted), await workshop.job(failed))
    assert of_rule.change is not None
    assert of_rule.change.after == {"kind": "words", "text": "spoiler"}
    assert of_refusal.details["reason"] == "prompt_rule"
    assert (of_refusal.details["rule"], of_refusal.details["prompt"]) == ("spoiler", "a spoiler")
    assert of_refusal.details["member_id"] == MEMBER_ID


async def test_a_member_who_is_refused_again_and_again_does_not_bury_the_log(workshop: Workshop) -> None:
    process = await started(workshop)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    await post_all(workshop, process)
    members = [*[MEMBER_ID] * 8, MEMBER_ID + 1]
    for member_id in members:
        with pytest.raises(PausedError):
            await workshop.accept(process, member_id=member_id)
    await post_all(workshop, process)
    workshop.time.advance(60)
    with pytest.raises(PausedError):
        await workshop.accept(process)
    await post_all(workshop, process)

    refused = [card.details["member_id"] for card in cards(workshop) if card.kind is LogKind.REFUSED]
    assert refused == [*[MEMBER_ID] * 5, MEMBER_ID + 1, MEMBER_ID]
    for _ in range(30):
        workshop.time.advance(10)
        with pytest.raises(PausedError):
            await workshop.accept(process)
    await post_all(workshop, process)
    assert len([card for card in cards(workshop) if card.kind is LogKind.REFUSED]) - len(refused) >= 24
    assert (await process.services.usage.report(GUILD_ID, Period.DAY)).refused == 40


async def test_a_refusal_without_a_log_is_a_number_and_nothing_else(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_timezone(GUILD_ID, "Asia/Tokyo", set_by_id=MODERATOR_ID)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    for member_id in range(1, 21):
        for _ in range(5):
            with pytest.raises(PausedError):
                await workshop.accept(process, member_id=member_id)

    assert workshop._peek("SELECT count(*) FROM log_entries") == 0
    assert workshop._peek("SELECT count(*) FROM refusals") == 1
    workshop.time.advance(86_400)
    with pytest.raises(PausedError):
        await workshop.accept(process)
    reports = [await process.services.usage.report(GUILD_ID, period) for period in (Period.DAY, Period.MONTH)]
    assert [report.refused for report in reports] == [1, 101]


@pytest.mark.parametrize("hours", range(0, 48, 5))
async def test_refusals_of_today_are_those_of_the_servers_own_day(workshop: Workshop, hours: int) -> None:
    process = workshop.start()
    await process.services.servers.set_timezone(GUILD_ID, "Pacific/Kiritimati", set_by_id=MODERATOR_ID)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    workshop.time.advance(hours * 3600)
    with pytest.raises(PausedError):
        await workshop.accept(process)

    assert (await process.services.usage.report(GUILD_ID, Period.DAY)).refused == 1


async def test_the_log_is_woken_only_when_the_card_can_be_seen(workshop: Workshop) -> None:
    process = await started(workshop)
    await post_all(workshop, process)
    woken = process.services.audit_trail.modlog_woken
    for prompt in ("a fox", "fail:content_policy"):
        woken.clear()
        job_id = await workshop.accept(process, prompt)
        woken.clear()
        running = asyncio.create_task(workshop.run_until_idle(process))
        await woken.wait()
        assert workshop._peek("SELECT count(*) FROM log_entries WHERE job_id = ?", job_id) == 1
        await running


async def test_without_a_log_nothing_waits_to_be_posted(workshop: Workshop) -> None:
    process = workshop.start()
    await workshop.accept(process)
    await workshop.run_until_idle(process)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    with pytest.raises(PausedError):
        await workshop.accept(process)
    await process.services.servers.set_log_channel(GUILD_ID, CHANNEL_ID, set_by_id=MODERATOR_ID)

    await post_all(workshop, process)

    assert kinds(workshop) == [LogKind.CHANGED]


async def test_a_card_that_discord_does_not_take_now_is_posted_later_and_those_after_it_wait(
    workshop: Workshop,
) -> None:
    process = await started(workshop)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    await process.services.servers.resume(GUILD_ID, set_by_id=MODERATOR_ID)
    workshop.log.troubles.extend([DISCORD_IS_DOWN] * 3)
    await process.log.tick()
    await process.services.servers.pause(GUILD_ID, "another", set_by_id=MODERATOR_ID)

    await post_all(workshop, process)

    assert [card.id for card in cards(workshop)] == [1, 2, 3, 4]
    assert [card.attempts for card in cards(workshop)] == [3, 0, 0, 0]


async def test_a_server_whose_log_is_held_back_keeps_no_other_waiting(workshop: Workshop) -> None:
    process = await started(workshop)
    for reason in map(str, range(CARDS_AT_ONCE + 1)):
        await process.services.servers.pause(GUILD_ID, reason, set_by_id=MODERATOR_ID)
    post, held, released, others = workshop.log.post_log_card, asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold_one(channel_id: int, entry: LogEntry) -> int:
        if channel_id == CHANNEL_ID:
            held.set()
            await released.wait()
        message_id = await post(channel_id, entry)
        if channel_id == OTHER_CHANNEL_ID:
            others.set()
        return message_id

    workshop.log.post_log_card = hold_one  # type: ignore[method-assign] (from now on)
    running = asyncio.create_task(process.log.run())
    await held.wait()
    await process.services.servers.set_log_channel(OTHER_GUILD_ID, OTHER_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await others.wait()
    assert (kinds(workshop), kinds(workshop, OTHER_CHANNEL_ID)) == ([], [LogKind.CHANGED])

    process.log.stop()
    released.set()
    await running
    assert [card.id for card in cards(workshop)] == [1]  # the one in hand
    await post_all(workshop, workshop.start())
    assert [card.id for card in cards(workshop)] == list(range(1, CARDS_AT_ONCE + 3))


async def test_cards_that_were_about_to_be_posted_are_not_once_the_log_is_turned_off(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    process = workshop.start(database=database)
    await process.services.servers.set_log_channel(GUILD_ID, CHANNEL_ID, set_by_id=MODERATOR_ID)
    about_to_post = database.holds["read"] = Hold()
    posting = asyncio.create_task(process.log.tick())
    await about_to_post.arrival()
    await workshop.start("b/1").services.servers.set_log_channel(GUILD_ID, None, set_by_id=MODERATOR_ID)
    about_to_post.release.set()
    await posting

    await post_all(workshop, process)

    [last] = cards(workshop)
    assert last.change is not None
    assert (last.change.kind, last.change.after) == (ChangeKind.LOG_CHANNEL, None)


@pytest.mark.parametrize("moves_to", [None, OTHER_CHANNEL_ID])
async def test_the_last_card_in_a_channel_that_the_log_leaves_says_who_did_it(
    workshop: Workshop, moves_to: int | None
) -> None:
    process = await started(workshop)
    await post_all(workshop, process)

    await process.services.servers.set_log_channel(GUILD_ID, moves_to, set_by_id=MODERATOR_ID)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    await post_all(workshop, process)

    last = cards(workshop)[-1].change
    assert last is not None
    assert (last.kind, last.made_by_id) == (ChangeKind.LOG_CHANNEL, MODERATOR_ID)
    assert kinds(workshop) == [LogKind.CHANGED] * 2
    assert kinds(workshop, OTHER_CHANNEL_ID) == ([] if moves_to is None else [LogKind.CHANGED] * 2)
    assert not (await process.services.servers.view(GUILD_ID)).server.log_closed


async def test_a_channel_that_closes_before_it_is_told_ends_no_log_elsewhere(workshop: Workshop) -> None:
    process = await started(workshop)
    await post_all(workshop, process)
    await process.services.servers.set_log_channel(GUILD_ID, OTHER_CHANNEL_ID, set_by_id=MODERATOR_ID)
    workshop.log.troubles.append(DestinationClosedError("50001"))  # for the card in the channel so far
    waiting = workshop._peek("SELECT count(*) FROM log_entries WHERE due_at IS NOT NULL")

    await post_all(workshop, process)

    assert waiting == 2
    assert not (await process.services.servers.view(GUILD_ID)).server.log_closed
    assert sum(map(len, workshop.log.cards.values())) == 2


async def test_a_clip_that_goes_while_its_card_is_posted_is_shown_so_on_that_card_alone(workshop: Workshop) -> None:
    process = await started(workshop)
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    post = workshop.log.post_log_card

    async def remove_meanwhile(channel_id: int, entry: LogEntry) -> int:
        if entry.kind is LogKind.POSTED:
            await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
        return await post(channel_id, entry)

    workshop.log.post_log_card = remove_meanwhile  # type: ignore[method-assign] (until the end)

    await post_all(workshop, process)

    assert kinds(workshop) == [LogKind.CHANGED, LogKind.POSTED]
    [redrawn] = workshop.log.redrawn
    assert redrawn.job is not None
    assert (redrawn.job.removed_by_id, redrawn.refunded) == (MODERATOR_ID, True)


async def test_a_removal_is_told_by_a_new_card_where_somebody_has_deleted_the_clips(workshop: Workshop) -> None:
    process = await started(workshop)
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await post_all(workshop, process)

    async def is_gone(entry: LogEntry) -> None:
        workshop.log.cards[CHANNEL_ID] = [card for card in cards(workshop) if card.id != entry.id]
        raise DestinationClosedError("10008")

    workshop.log.redraw_log_card = is_gone  # type: ignore[method-assign] (until the end)

    workshop.time.advance(3600)
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)
    await post_all(workshop, process)

    assert kinds(workshop) == [LogKind.CHANGED, LogKind.POSTED]
    removed = cards(workshop)[-1].job
    assert removed is not None
    assert removed.removed_by_id == MODERATOR_ID
    assert not (await process.services.servers.view(GUILD_ID)).server.log_closed


async def test_a_clip_that_went_before_its_card_was_posted_is_shown_so_from_the_start(workshop: Workshop) -> None:
    process = await started(workshop)
    job_id = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)

    await post_all(workshop, process)

    assert kinds(workshop) == [LogKind.CHANGED, LogKind.POSTED]
    assert cards(workshop)[-1].refunded


async def test_an_unexpected_error_in_one_servers_log_is_outlived_and_its_cards_come_later(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    process = await started(workshop)
    with monkeypatch.context() as broken:
        broken.setattr(server_store, "get", fail)
        await process.log.tick()
    assert "log cards put off" in caplog.messages
    assert cards(workshop) == []

    workshop.time.advance(LEASE_SECONDS + 1)
    await post_all(workshop, process)

    assert kinds(workshop) == [LogKind.CHANGED]


async def test_a_channel_that_is_gone_ends_the_log_until_another_is_chosen_and_stops_nothing(
    workshop: Workshop,
) -> None:
    process = await started(workshop)
    await post_all(workshop, process)
    workshop.log.troubles.append(DestinationClosedError("10003"))
    first = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await post_all(workshop, process)
    view = await process.services.servers.view(GUILD_ID)
    assert (view.server.log_channel_id, view.server.log_closed) == (CHANNEL_ID, True)

    second = await workshop.accept(process)
    await workshop.run_until_idle(process)
    await post_all(workshop, process)
    for job_id in (first, second):
        await workshop.expect_clip(job_id)
    assert kinds(workshop) == [LogKind.CHANGED]

    await process.services.servers.set_log_channel(GUILD_ID, OTHER_CHANNEL_ID, set_by_id=MODERATOR_ID)
    await post_all(workshop, process)
    assert not (await process.services.servers.view(GUILD_ID)).server.log_closed
    assert kinds(workshop, OTHER_CHANNEL_ID) == [LogKind.CHANGED]


async def test_a_card_that_is_refused_thrice_for_a_reason_of_its_own_is_left_out_and_closes_no_log(
    workshop: Workshop,
) -> None:
    process = await started(workshop)
    await post_all(workshop, process)
    workshop.log.troubles.extend([MessageRefusedError("200000")] * 3)
    for _ in range(2):
        await workshop.accept(process)
        await workshop.run_until_idle(process)

    for _ in range(4):
        await post_all(workshop, process)
        workshop.time.advance(300)
    await post_all(workshop, process)

    assert not (await process.services.servers.view(GUILD_ID)).server.log_closed
    assert not workshop.log.troubles
    assert kinds(workshop) == [LogKind.CHANGED, LogKind.POSTED]


async def test_a_channel_that_was_chosen_anew_meanwhile_is_not_taken_for_the_one_that_is_gone(
    workshop: Workshop,
) -> None:
    process = await started(workshop)
    post = workshop.log.post_log_card

    async def post_too_late(channel_id: int, entry: LogEntry) -> int:
        workshop.log.post_log_card = post  # type: ignore[method-assign] (as it was)
        await process.services.servers.set_log_channel(GUILD_ID, OTHER_CHANNEL_ID, set_by_id=MODERATOR_ID)
        raise DestinationClosedError(str((channel_id, entry.id)))

    workshop.log.post_log_card = post_too_late  # type: ignore[method-assign] (for the next card)

    await post_all(workshop, process)

    assert not (await process.services.servers.view(GUILD_ID)).server.log_closed
    assert [card.id for card in cards(workshop, OTHER_CHANNEL_ID)] == [1, 3]


async def test_a_card_that_was_posted_and_not_noted_is_found_and_not_posted_again(workshop: Workshop) -> None:
    process = workshop.start(database=(flaky := FlakyDatabase(workshop.database)))
    await process.services.servers.set_log_channel(GUILD_ID, CHANNEL_ID, set_by_id=MODERATOR_ID)
    flaky.troubles.extend([None, None, None, "commit"])  # to look, to claim, to read the channel; to note it

    await process.log.tick()
    assert kinds(workshop) == [LogKind.CHANGED]
    workshop.time.advance(LEASE_SECONDS + 1)
    await post_all(workshop, workshop.start("local/2"))

    assert kinds(workshop) == [LogKind.CHANGED]
    assert await workshop.start().log.tick() is None


async def test_a_killed_processs_cards_are_posted_by_its_successor_at_once(workshop: Workshop) -> None:
    process = await started(workshop)
    posting = asyncio.Event()

    async def never(channel_id: int, entry: LogEntry) -> int:
        posting.set()
        await asyncio.Event().wait()
        raise AssertionError((channel_id, entry))

    post, workshop.log.post_log_card = workshop.log.post_log_card, never  # type: ignore[method-assign] (for now)
    killed = asyncio.create_task(process.log.tick())
    await posting.wait()
    killed.cancel()
    await asyncio.wait({killed})
    posted = asyncio.Event()

    async def post_and_say(channel_id: int, entry: LogEntry) -> int:
        posted.set()
        return await post(channel_id, entry)

    workshop.log.post_log_card = post_and_say  # type: ignore[method-assign] (from now on)
    successor = workshop.start()
    running = asyncio.create_task(successor.log.run())
    await posted.wait()
    successor.log.stop()
    await running

    assert kinds(workshop) == [LogKind.CHANGED]


async def test_a_card_that_cannot_be_made_keeps_no_other_from_its_place(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    process = await started(workshop)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    workshop.log.troubles.append(ZeroDivisionError())

    await post_all(workshop, process)

    assert [card.id for card in cards(workshop)] == [2]
    assert "log card left out" in caplog.text


@pytest.mark.slow
async def test_a_card_that_is_refused_for_hours_is_left_out_in_the_end(workshop: Workshop) -> None:
    process = await started(workshop)
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    workshop.log.troubles.extend([DISCORD_IS_DOWN] * ATTEMPTS_BEFORE_DROPPED)

    await post_all(workshop, process)

    assert [card.id for card in cards(workshop)] == [2]


async def test_the_loop_outlives_a_database_that_does_not_answer(workshop: Workshop) -> None:
    flaky = FlakyDatabase(workshop.database)
    process = workshop.start(database=flaky)
    await process.services.servers.set_log_channel(GUILD_ID, CHANNEL_ID, set_by_id=MODERATOR_ID)
    flaky.troubles.append("write")

    with pytest.raises(StoreUnavailableError):
        await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=MODERATOR_ID)
    flaky.troubles.extend(["read", None, "write"])
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            await process.log.tick()
    await post_all(workshop, process)

    assert kinds(workshop) == [LogKind.CHANGED]
