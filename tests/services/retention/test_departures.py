"""A server that the bot is removed from: what waits for it to come back, and how long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import DestinationClosedError, PromptRefusedError, StoreUnavailableError
from bot.models import JobError, JobState, PromptRuleKind, Quota, QuotaSource
from bot.services.retention.retention import LOOK_SECONDS, SWEEP_SECONDS
from bot.store.database import Database
from tests.support.databases import HASTY_SECONDS
from tests.support.stored import DAY, deliver, rows
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID, Process, Workshop, requester

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3600.0
OTHER_ID = GUILD_ID + 1
SETTINGS = (
    "quota_rules",
    "channel_rules",
    "blocks",
    "prompt_rules",
    "phrase_lists",
    "automod_rules",
    "changes",
    "log_entries",
    "drafts",
)


async def see(process: Process, *guild_ids: int) -> float:
    """Let Discord name servers, as at a start."""
    process.services.presence.watch(lambda: guild_ids)
    return await process.end_data()


async def leave(process: Process, *present: int) -> float:
    """Let Discord say that the bot was removed, and which servers it is still in."""
    process.services.presence.watch(lambda: present)
    process.services.presence.note_left(GUILD_ID)
    return await process.end_data()


async def furnish(workshop: Workshop, process: Process) -> None:
    """Set something of each kind, and let a clip be made."""
    services = process.services
    await services.servers.set_log_channel(GUILD_ID, 7, set_by_id=MODERATOR_ID)
    await services.servers.set_timezone(GUILD_ID, "Europe/Berlin", set_by_id=MODERATOR_ID)
    await services.servers.block(GUILD_ID, 9, reason="spam", days=None, set_by_id=MODERATOR_ID)
    await services.prompts.add(guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text="walrus", set_by_id=MODERATOR_ID)
    await services.quotas.set_rule(
        guild_id=GUILD_ID, source=QuotaSource.SERVER, subject_id=GUILD_ID, quota=Quota(30), set_by_id=MODERATOR_ID
    )
    await services.phrase_lists.add(GUILD_ID, "animals", "cat\ndog", set_by_id=MODERATOR_ID)
    workshop.peeking.rows(
        "INSERT INTO drafts (id, guild_id, member_id, prompt, kept_at) VALUES (1, ?, 9, 'a fox', '2999-01-01')",
        GUILD_ID,
    )
    workshop.peeking.rows("INSERT INTO channel_rules VALUES (?, 5, 'refused', NULL, NULL)", GUILD_ID)
    await deliver(workshop, process)


def counts(workshop: Workshop) -> dict[str, int]:
    return {
        table: rows(workshop, f"SELECT count(*) FROM {table} WHERE guild_id = ?", GUILD_ID)[0][0] for table in SETTINGS
    }


def left(workshop: Workshop) -> Sequence[tuple[int, bool]]:
    return rows(workshop, "SELECT guild_id, left_at IS NOT NULL FROM guilds ORDER BY guild_id")


async def test_waiting_jobs_are_cancelled_and_refunded_after_an_hour(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID, OTHER_ID)
    job_ids = [await workshop.accept(process, member_id=MEMBER_ID + number) for number in range(12)]
    other = await workshop.accept(process, guild_id=OTHER_ID)
    assert await leave(process, OTHER_ID) == LOOK_SECONDS
    workshop.time.advance(HOUR - 60)
    await process.end_data()
    assert {(await workshop.job(job_id)).state for job_id in job_ids} == {JobState.QUEUED}
    workshop.time.advance(60)
    await process.end_data()
    for job_id in job_ids:
        job = await workshop.job(job_id)
        assert (job.state, job.error_code) == (JobState.CANCELLED, JobError.SERVER_LEFT)
        assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]
    assert (await workshop.job(other)).state is JobState.QUEUED
    workshop.discord.fail("show_status", *[DestinationClosedError("gone")] * 12)
    await workshop.run_until_idle(process)
    await workshop.expect_clip(other)


async def test_two_processes_refund_each_waiting_job_once(workshop: Workshop) -> None:
    processes = [workshop.start(), workshop.start("local/2")]
    job_id = await workshop.accept(processes[0])
    for process in processes:
        await leave(process, OTHER_ID)
    workshop.time.advance(HOUR)
    for process in processes:
        await process.end_data()
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]


async def test_back_within_the_hour_all_jobs_go_on(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID)
    job_id = await workshop.accept(process)
    await leave(process)
    workshop.time.advance(HOUR / 2)
    process.services.presence.watch(lambda: [GUILD_ID])
    process.services.presence.note_joined(GUILD_ID)
    assert await process.end_data() == SWEEP_SECONDS
    workshop.time.advance(HOUR)
    await process.end_data()
    assert left(workshop) == [(GUILD_ID, False)]
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_a_clip_that_is_being_posted_when_the_server_goes_is_sent_to_its_member_once(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    workshop.discord.fail("post_clip", DestinationClosedError("the bot is not in the server"))
    workshop.discord.fail("remove_status", DestinationClosedError("the bot is not in the server"))
    await leave(process, OTHER_ID)
    await workshop.run_until_idle(process)
    assert [message.place for message in workshop.discord.clips(job_id)] == ["dm"]
    assert (await workshop.job(job_id)).state is JobState.DELIVERED
    await see(process, GUILD_ID, OTHER_ID)
    workshop.time.advance(2 * HOUR)
    await process.end_data()
    await workshop.run_until_idle(process)
    assert len(workshop.discord.clips(job_id)) == 1
    assert await workshop.entries(job_id) == [("charge", 6)]


async def test_back_in_time_for_a_second_attempt_the_clip_is_posted_in_its_channel(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID)
    job_id = await workshop.accept(process)
    await workshop.run_until(process, job_id, JobState.READY)
    held = workshop.discord.hold("post_clip")
    working = asyncio.create_task(process.worker.tick())
    await held.reached.wait()
    await leave(process, OTHER_ID)
    process.services.presence.watch(lambda: [GUILD_ID, OTHER_ID])
    await process.end_data()
    held.release.set()
    await working
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)


async def test_settings_go_after_30_days_and_what_was_spent_stays(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID, OTHER_ID)
    await furnish(workshop, process)
    version = rows(workshop, "SELECT rules_version FROM servers")[0][0]
    await leave(process, OTHER_ID)
    workshop.time.advance(30 * DAY - 60)
    await process.end_data()
    before = counts(workshop)
    assert 0 not in {table: count for table, count in before.items() if table != "automod_rules"}.values()
    workshop.time.advance(HOUR)
    await process.end_data()
    assert set(counts(workshop).values()) == {0}
    assert rows(workshop, "SELECT timezone, log_channel_id, rules_version FROM servers") == [("UTC", None, version + 1)]
    assert left(workshop) == [(OTHER_ID, False)]
    assert rows(workshop, "SELECT count(*) FROM jobs") == rows(workshop, "SELECT count(*) FROM ledger") == [(1,)]


async def test_rules_that_went_are_not_asked_any_more_when_the_server_is_back(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID, OTHER_ID)
    await process.services.prompts.add(
        guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text="walrus", set_by_id=MODERATOR_ID
    )
    with pytest.raises(PromptRefusedError):
        await workshop.accept(process, "a walrus")
    await leave(process, OTHER_ID)
    workshop.time.advance(31 * DAY)
    await process.end_data()
    await see(process, GUILD_ID, OTHER_ID)
    await workshop.accept(process, "a walrus")


async def test_back_within_30_days_all_is_as_it_was(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID)
    await furnish(workshop, process)
    before, server = counts(workshop), rows(workshop, "SELECT * FROM servers")
    await leave(process, OTHER_ID)
    workshop.time.advance(29 * DAY)
    await see(process, GUILD_ID, OTHER_ID)
    workshop.time.advance(60 * DAY)
    await process.end_data()
    assert (counts(workshop), rows(workshop, "SELECT * FROM servers")) == (before, server)
    status, _ = await process.stand(requester())
    assert status.limit_seconds == 30


async def test_back_at_the_last_moment_nothing_is_dropped(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    process = workshop.start()
    await see(process, GUILD_ID)
    await furnish(workshop, process)
    await leave(process, OTHER_ID)
    before = counts(workshop)
    workshop.time.advance(31 * DAY)
    monkeypatch.setattr("bot.store.retention.guilds.is_left", _is_back)
    assert await process.reelay.retention.tick() < 1
    assert counts(workshop) == before


async def _is_back(*_: object, **__: object) -> bool:
    return False


async def test_a_start_finds_the_servers_that_were_left_meanwhile(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID, OTHER_ID)
    restarted = workshop.start()
    await see(restarted, OTHER_ID)
    assert left(workshop) == [(GUILD_ID, True), (OTHER_ID, False)]
    await see(workshop.start(), GUILD_ID, OTHER_ID)
    assert left(workshop) == [(GUILD_ID, False), (OTHER_ID, False)]


async def test_a_list_without_any_server_marks_only_what_was_said_to_be_left(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID, OTHER_ID)
    await see(process)
    assert left(workshop) == [(GUILD_ID, False), (OTHER_ID, False)]
    await leave(process)
    assert left(workshop) == [(GUILD_ID, True), (OTHER_ID, False)]


async def test_a_removal_is_written_down_once_the_database_can_be_asked(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID)
    async with Database.open(workshop.database_url, busy_timeout_seconds=HASTY_SECONDS, migrate=False) as database:
        other = workshop.start("local/2", database=database)
        with workshop.peeking.writing(), pytest.raises(StoreUnavailableError):
            await leave(other)
        await other.end_data()
    assert left(workshop) == [(GUILD_ID, True)]


async def test_by_a_clock_that_was_set_back_nothing_is_dropped_early(workshop: Workshop) -> None:
    process = workshop.start()
    await see(process, GUILD_ID)
    await furnish(workshop, process)
    job_id = await workshop.accept(process)
    await leave(process, OTHER_ID)
    before = counts(workshop)
    workshop.time.advance(-100 * DAY)
    await process.end_data()
    assert counts(workshop) == before
    assert (await workshop.job(job_id)).state is JobState.QUEUED
