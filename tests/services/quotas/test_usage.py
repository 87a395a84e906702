"""A server's use day by day, in its own days, by whom and where; and the chart of it, or none."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import CannotFitError
from bot.models import Period, Quota, QuotaSource
from bot.models.usage import BarChart, UsageBy
from bot.services.quotas import usage as usage_module
from bot.services.quotas.usage import UsageService
from tests.support.clocks import ServiceClock
from tests.support.media import DirectMedia
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, MODERATOR_ID

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

BEN_ID, POOL_ID = MEMBER_ID + 1, CHANNEL_ID + 1
DAY_SECONDS = timedelta(days=1).total_seconds()
CHART = BarChart(title="", subtitle="", columns=["1"], series=[("Mia", [6])])


async def use(workshop: Workshop, process: Process, member_id: int = MEMBER_ID, channel_id: int = CHANNEL_ID) -> str:
    """Have a clip of 6 s accepted; return the job's id."""
    return await workshop.accept(process, member_id=member_id, channel_id=channel_id)


async def three_days(workshop: Workshop, process: Process) -> None:
    """Use 6 s and 6 s of two members, then nothing, then 18 s, of which 6 are given back."""
    await use(workshop, process)
    await use(workshop, process, BEN_ID)
    workshop.time.advance(2 * DAY_SECONDS)
    await use(workshop, process)
    await use(workshop, process, channel_id=POOL_ID)
    await process.cancel(await use(workshop, process))


async def test_use_is_told_day_by_day_by_whoever_used_it_pools_included(workshop: Workshop) -> None:
    process = workshop.start()
    pool = {"source": QuotaSource.CHANNEL, "subject_id": POOL_ID, "quota": Quota(60), "set_by_id": MODERATOR_ID}
    await process.quotas.set_rule(guild_id=GUILD_ID, **pool)
    await three_days(workshop, process)

    daily = (await process.services.usage.report(GUILD_ID, Period.DAY)).daily

    assert (daily.by, daily.zone, daily.used_seconds) == (UsageBy.MEMBER, "UTC", 24)
    assert daily.days[-1] == process.services.usage._clock.now().date()
    assert daily.totals == [0, 0, 0, 0, 12, 0, 12]
    assert [(share.subject_id, share.seconds) for share in daily.shares] == [
        (MEMBER_ID, (0, 0, 0, 0, 6, 0, 12)),
        (BEN_ID, (0, 0, 0, 0, 6, 0, 0)),
    ]


async def test_use_is_told_day_by_day_by_channel_when_that_is_asked_for(workshop: Workshop) -> None:
    process = workshop.start()
    await three_days(workshop, process)

    daily = (await process.services.usage.report(GUILD_ID, Period.DAY, UsageBy.CHANNEL)).daily

    assert [(share.subject_id, share.seconds) for share in daily.shares] == [
        (CHANNEL_ID, (0, 0, 0, 0, 12, 0, 6)),
        (POOL_ID, (0, 0, 0, 0, 0, 0, 6)),
    ]


async def test_days_are_the_servers_own(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_timezone(GUILD_ID, "Pacific/Auckland", set_by_id=MODERATOR_ID)
    workshop.time.advance(12 * 3600)
    now = ServiceClock(workshop.time).now()
    assert (now.date(), now.hour) == (date(2026, 1, 14), 20), "the next morning there"
    await use(workshop, process)

    daily = (await process.services.usage.report(GUILD_ID, Period.MONTH)).daily

    assert (daily.days[0], daily.days[-1], daily.zone) == (date(2026, 1, 1), date(2026, 1, 31), "NZDT")
    assert [day for day, used in zip(daily.days, daily.totals, strict=True) if used] == [date(2026, 1, 15)]
    assert [share.total for share in daily.shares] == [6]


async def test_nothing_of_another_server_is_told(workshop: Workshop) -> None:
    process = workshop.start()
    await use(workshop, process)

    for by in UsageBy:
        daily = (await process.services.usage.report(GUILD_ID + 1, Period.MONTH, by)).daily
        assert (daily.used_seconds, daily.shares) == (0, [])


async def test_what_is_given_on_top_is_no_use(workshop: Workshop) -> None:
    process = workshop.start()
    requester = workshop.request().requester
    await process.quotas.grant(requester, seconds=100, granted_by_id=MODERATOR_ID, interaction_id=9)

    assert (await process.services.usage.report(GUILD_ID, Period.DAY)).daily.shares == []


async def test_more_than_so_many_sums_are_only_in_the_totals(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_module, "DAILY_SUMS", 1)
    process = workshop.start()
    await three_days(workshop, process)

    daily = (await process.services.usage.report(GUILD_ID, Period.DAY)).daily

    assert [share.seconds for share in daily.shares] == [(0, 0, 0, 0, 0, 0, 12)]
    assert daily.unlisted == [0, 0, 0, 0, 12, 0, 0]


@pytest.mark.parametrize(
    ("cap", "a_day"), [(Quota(60), 60), (Quota(70, Period.WEEK), 10), (Quota(310, Period.MONTH), 10), (None, None)]
)
async def test_a_cap_comes_to_so_much_on_each_day_of_its_own_period(
    workshop: Workshop, cap: Quota | None, a_day: int | None
) -> None:
    process = workshop.start()
    if cap is not None:
        await process.services.servers.set_cap(GUILD_ID, cap, set_by_id=MODERATOR_ID)

    assert (await process.services.usage.report(GUILD_ID, Period.DAY)).daily.cap_a_day == a_day


class FailingMedia(DirectMedia):
    async def draw_chart(self, chart: BarChart) -> bytes:
        raise CannotFitError("chart: exit code -9")


class HangingMedia(DirectMedia):
    async def draw_chart(self, chart: BarChart) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize(
    ("media", "seconds", "reason"),
    [(FailingMedia(), 10, "chart: exit code -9"), (HangingMedia(), 0.01, "TimeoutError")],
    ids=["fails", "hangs"],
)
async def test_a_chart_that_can_not_be_had_in_time_is_none_and_the_log_says_why(
    workshop: Workshop, media: DirectMedia, seconds: float, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    usage = UsageService(
        database=workshop.database, clock=ServiceClock(workshop.time), media=media, drawn_within_seconds=seconds
    )

    assert await usage.draw(CHART) is None
    [record] = caplog.records
    assert (record.message, record.error) == ("chart not drawn", reason)
