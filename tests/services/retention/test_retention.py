"""Retention: what goes, what stays, and that sums stay right."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import NotRefundableError, StoreUnavailableError
from bot.models import Account, AccountKind, JobState, Period, Quota
from bot.services.quotas.periods import period_bounds, zone_of
from bot.services.retention.policy import SHORTEST_DAYS
from bot.services.retention.retention import LOOK_SECONDS, SWEEP_SECONDS
from bot.store.database import Database
from bot.store.quotas import ledger
from bot.store.quotas.ledger import UsageSpan
from tests.support.clocks import ServiceClock
from tests.support.databases import HASTY_SECONDS
from tests.support.stored import DAY, SECRET, deliver, files, path_of, rows
from tests.support.workshop import GUILD_ID, MEMBER_ID, MEMBER_NAME, MODERATOR_ID, Workshop, requester

if TYPE_CHECKING:
    from datetime import datetime

DAYS = 40


def now(workshop: Workshop) -> datetime:
    return ServiceClock(workshop.time).now()


async def sums(workshop: Workshop, at: datetime, zone: str = "UTC") -> dict[str, Any]:
    """Return what the day, the week and the month around a moment come to, by each way of asking."""
    found: dict[str, Any] = {}
    async with workshop.database.read() as connection:
        for period in Period:
            start, end = period_bounds(period, at, zone_of(zone))
            by_member = await ledger.sum_by_member(connection, guild_id=GUILD_ID, start=start, end=end)
            accounts = (
                Account(GUILD_ID, AccountKind.SERVER, GUILD_ID),
                Account(GUILD_ID, AccountKind.MEMBER, MEMBER_ID),
                Account(GUILD_ID, AccountKind.MEMBER, MEMBER_ID + 1),
            )
            spans = [UsageSpan(account, start, end) for account in accounts]
            found[period] = {member: used for member, used in by_member.items() if used}
            found[f"{period} by account"] = await ledger.sum_periods(connection, spans)
    return found


async def test_an_old_job_loses_its_texts_and_keeps_what_removing_its_clip_needs(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    job_id = await deliver(workshop, process)
    before = await workshop.job(job_id)
    workshop.time.advance(DAYS * DAY + 60)
    await process.end_data()
    job = await workshop.job(job_id)
    assert (before.spec.prompt, job.spec.prompt) == (SECRET, "")
    assert (before.member_name, job.member_name) == (MEMBER_NAME, None)
    assert (before.generation_id is None, before.result_url is None) == (False, False)
    assert (job.generation_id, job.request_id, job.result_url, job.result_expires_at) == (None, None, None, None)
    assert (job.message_id, job.message_channel_id, job.state) == (before.message_id, 200, JobState.DELIVERED)
    assert job.archived_at is not None
    assert await workshop.submits(job_id) == []

    with pytest.raises(NotRefundableError):
        await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
    assert (workshop.log.removed, (await workshop.job(job_id)).removed_at) == ([], None)

    removed = await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)
    assert (workshop.log.removed, removed.removed_by_id) == ([job_id], MODERATOR_ID)


async def test_nothing_goes_before_its_time_nor_where_everything_is_kept(workshop: Workshop) -> None:
    process, keeping = workshop.start(retention_days=DAYS), workshop.start("local/2")
    job_id = await deliver(workshop, process)
    workshop.time.advance(DAYS * DAY - 3600)
    await process.end_data()
    workshop.time.advance(1000 * DAY)
    await keeping.end_data()
    assert (await workshop.job(job_id)).spec.prompt == SECRET
    assert await workshop.entries(job_id) == [("charge", 6)]


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati"])
async def test_sums_of_past_days_weeks_and_months_stay_what_they_were(workshop: Workshop, zone: str) -> None:
    workshop.quota = Quota(None, Period.DAY)
    process = workshop.start(retention_days=DAYS)
    await process.services.servers.set_timezone(GUILD_ID, zone, set_by_id=MODERATOR_ID)
    moments: list[datetime] = []
    for number in range(12):
        job_id = await workshop.accept(process, member_id=MEMBER_ID + number % 2)
        if number % 4 == 3:
            await process.jobs.cancel(job_id, guild_id=GUILD_ID, member_id=MEMBER_ID + 1)
        moments.append(now(workshop))
        await workshop.run_until_idle(process)
        workshop.time.advance(7.3 * 3600)
    before = [await sums(workshop, at, zone) for at in moments]
    quarters = rows(workshop, "SELECT count(*) FROM usage")
    workshop.time.advance(DAYS * DAY + 100 * DAY)
    await process.end_data()
    after = [await sums(workshop, at, zone) for at in moments]
    assert after == before
    assert rows(workshop, "SELECT count(*) FROM ledger") == [(0,)]
    assert rows(workshop, "SELECT count(*) FROM usage")[0] < quarters[0]
    assert rows(workshop, "SELECT count(*) FROM usage WHERE NOT is_day") == [(0,)]
    assert rows(workshop, "SELECT sum(seconds) FROM ledger_sums") == [(54,)]


async def test_the_running_month_is_left_alone_however_little_is_kept(workshop: Workshop) -> None:
    workshop.quota = Quota(60, Period.MONTH)
    process = workshop.start(retention_days=SHORTEST_DAYS)
    workshop.time.advance((period_bounds(Period.MONTH, now(workshop))[1] - now(workshop)).total_seconds() + 1)
    job_id = await deliver(workshop, process)
    end = period_bounds(Period.MONTH, now(workshop))[1]
    workshop.time.advance((end - now(workshop)).total_seconds() - 1)
    await process.end_data()
    status, _ = await process.stand(requester())
    assert status.used_seconds == 6
    assert await workshop.entries(job_id) == [("charge", 6)]


async def test_an_unspent_grant_stays_right_and_what_it_paid_can_be_refunded_until_it_ends(
    workshop: Workshop,
) -> None:
    workshop.quota = Quota(0, Period.DAY)
    process = workshop.start(retention_days=DAYS)
    await process.quotas.grant(requester(), seconds=20, granted_by_id=MODERATOR_ID, interaction_id=9000, days=90)
    job_id = await deliver(workshop, process)
    workshop.time.advance(60 * DAY)
    await process.end_data()
    status, _ = await process.stand(requester())
    assert status.left_seconds == 14
    assert (await workshop.job(job_id)).spec.prompt == ""
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
    status, _ = await process.stand(requester())
    assert status.left_seconds == 20
    workshop.time.advance(80 * DAY)
    await process.end_data()
    assert rows(workshop, "SELECT count(*) FROM ledger") == rows(workshop, "SELECT count(*) FROM draws") == [(0,)]


async def test_old_log_and_audit_rows_go_and_new_ones_stay(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    await process.services.servers.set_log_channel(GUILD_ID, 7, set_by_id=MODERATOR_ID)
    await deliver(workshop, process)
    while await process.log.tick() == 0:
        pass
    workshop.time.advance(DAYS * DAY + 60)
    await process.services.servers.pause(GUILD_ID, "for lunch", set_by_id=MODERATOR_ID)
    await process.end_data()
    assert rows(workshop, "SELECT kind FROM changes") == [("pause",)]
    assert rows(workshop, "SELECT kind, due_at IS NULL FROM log_entries") == [("changed", 0)]
    workshop.time.advance(DAYS * DAY + 60)
    await process.end_data()
    assert rows(workshop, "SELECT kind FROM log_entries") == [("changed",)], "it still waits to be posted"
    while await process.log.tick() == 0:
        pass
    workshop.time.advance(SWEEP_SECONDS)
    await process.end_data()
    assert rows(workshop, "SELECT kind FROM log_entries") == rows(workshop, "SELECT kind FROM changes") == []


@pytest.mark.slow
async def test_jobs_run_on_while_old_ones_end(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    old = [await deliver(workshop, process, member_id=MEMBER_ID + number) for number in range(3)]
    workshop.time.advance(DAYS * DAY + 60)
    renders = await workshop.accept(process, "renders meanwhile")
    await workshop.run_until(process, renders, JobState.RENDERING)
    waits = await workshop.accept(process, "waits meanwhile")
    other = workshop.start("local/2", retention_days=DAYS)
    await asyncio.gather(process.end_data(), other.end_data())
    assert [(await workshop.job(job_id)).spec.prompt for job_id in old] == ["", "", ""]
    await workshop.run_until_idle(process)
    for job_id in (renders, waits):
        await workshop.expect_clip(job_id)
    assert rows(workshop, "SELECT sum(seconds) FROM ledger_sums") == [(18,)], "each is summed up once"


async def test_a_job_whose_submit_is_still_asked_about_waits(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    job_id = await deliver(workshop, process)
    workshop.peeking.rows("UPDATE submits SET due_at = '2100-01-01 00:00:00'")
    workshop.time.advance(DAYS * DAY + 60)
    await process.end_data()
    assert (await workshop.job(job_id)).archived_at is None


async def test_a_clock_set_back_ends_nothing_and_stops_no_sweep(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    job_id = await deliver(workshop, process)
    await process.end_data()
    workshop.time.advance(-400 * DAY)
    newer = await deliver(workshop, process, "made by the clock that was set back")
    assert await process.end_data() == SWEEP_SECONDS
    assert [(await workshop.job(each)).spec.prompt != "" for each in (job_id, newer)] == [True, True]
    workshop.time.advance(DAYS * DAY + 60)
    await process.end_data()
    assert [(await workshop.job(each)).spec.prompt != "" for each in (job_id, newer)] == [True, False]


async def test_it_looks_once_an_hour(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    job_id = await deliver(workshop, process)
    workshop.time.advance(DAYS * DAY - 1800)
    assert await process.end_data() == SWEEP_SECONDS
    workshop.time.advance(2000)
    await process.end_data()
    assert (await workshop.job(job_id)).spec.prompt == SECRET, "not yet: the last look was half an hour ago"
    workshop.time.advance(SWEEP_SECONDS)
    await process.end_data()
    assert (await workshop.job(job_id)).spec.prompt == ""


@pytest.mark.sqlite
async def test_copies_of_before_an_upgrade_end_though_everything_else_is_kept(workshop: Workshop) -> None:
    process = workshop.start(retention_days=None)
    made_at = now(workshop) - timedelta(days=31)
    copy = path_of(workshop).with_name(f"{path_of(workshop).name}.before-0019-{made_at:%Y-%m-%dT%H%M%SZ}.bak")
    copy.touch()
    await process.end_data()
    assert not copy.exists()


@pytest.mark.slow
async def test_a_text_that_is_gone_is_in_no_file_any_more(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    await process.services.servers.set_log_channel(GUILD_ID, 7, set_by_id=MODERATOR_ID)
    for number in range(30):
        await workshop.accept(process, f"{SECRET} {number}", member_id=MEMBER_ID + number)
    await workshop.run_until_idle(process)
    await process.services.servers.pause(GUILD_ID, SECRET, set_by_id=MODERATOR_ID)
    await process.services.servers.resume(GUILD_ID, set_by_id=MODERATOR_ID)
    while await process.log.tick() == 0:
        pass
    assert SECRET.encode() in files(workshop)
    workshop.time.advance(DAYS * DAY + 60)
    assert await process.end_data() == SWEEP_SECONDS
    assert SECRET.encode() not in files(workshop)


@pytest.mark.sqlite
async def test_the_log_is_emptied_later_while_somebody_reads(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    await deliver(workshop, process)
    workshop.time.advance(DAYS * DAY + 60)
    reading = sqlite3.connect(path_of(workshop), isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM jobs").fetchall()
    assert await process.end_data() == LOOK_SECONDS
    assert SECRET.encode() in files(workshop)
    reading.close()
    assert await process.end_data() == SWEEP_SECONDS
    assert SECRET.encode() not in files(workshop)


async def test_a_database_that_is_locked_ends_nothing_by_halves(workshop: Workshop) -> None:
    process = workshop.start(retention_days=DAYS)
    job_id = await deliver(workshop, process)
    workshop.time.advance(DAYS * DAY + 60)
    async with Database.open(workshop.database_url, busy_timeout_seconds=HASTY_SECONDS, migrate=False) as database:
        other = workshop.start("local/2", database=database, retention_days=DAYS)
        with workshop.peeking.writing(), pytest.raises(StoreUnavailableError):
            await other.end_data()
        assert (await workshop.job(job_id)).spec.prompt == SECRET
        assert await workshop.entries(job_id) == [("charge", 6)]
        await other.end_data()
    assert (await workshop.job(job_id)).spec.prompt == ""
