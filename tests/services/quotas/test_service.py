"""Which rule holds, what is used and left, and when it resets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidQuotaError
from bot.models import Period, Quota, QuotaExceededError, QuotaRule, QuotaSource
from bot.services.quotas.periods import period_bounds, zone_of
from bot.services.quotas.service import choose_rule
from bot.store.database import Database
from tests.support.workshop import GUILD_ID, MEMBER_ID, requester

if TYPE_CHECKING:
    from datetime import tzinfo

    from bot.models import QuotaStatus
    from tests.support.workshop import Process, Workshop

OTHER_GUILD_ID, OTHER_MEMBER_ID = GUILD_ID + 1, MEMBER_ID + 1
MODERATOR_ID = 900
PAINTER_ID, SCULPTOR_ID = 501, 502
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
OPERATORS = Quota(60)
ARTIST = requester(role_ids=(PAINTER_ID, SCULPTOR_ID))
DAY, WEEK, MONTH = Period.DAY, Period.WEEK, Period.MONTH


def rule(source: QuotaSource, subject_id: int, seconds: int | None, period: Period = DAY) -> QuotaRule:
    return QuotaRule(GUILD_ID, source, subject_id, Quota(seconds, period), MODERATOR_ID, NOON)


def members(seconds: int | None, period: Period = DAY) -> QuotaRule:
    return rule(QuotaSource.MEMBER, MEMBER_ID, seconds, period)


def painters(seconds: int | None, period: Period = DAY) -> QuotaRule:
    return rule(QuotaSource.ROLE, PAINTER_ID, seconds, period)


def sculptors(seconds: int | None, period: Period = DAY) -> QuotaRule:
    return rule(QuotaSource.ROLE, SCULPTOR_ID, seconds, period)


def servers(seconds: int | None, period: Period = DAY) -> QuotaRule:
    return rule(QuotaSource.SERVER, GUILD_ID, seconds, period)


@pytest.mark.parametrize(
    ("rules", "chosen"),
    [
        ([servers(10), painters(20), members(5)], members(5)),
        ([servers(None), painters(None), members(0)], members(0)),
        ([servers(100), painters(20)], painters(20)),
        ([servers(10)], servers(10)),
        ([servers(0)], servers(0)),
        ([painters(20), sculptors(30)], sculptors(30)),
        ([painters(None), sculptors(1_000_000)], painters(None)),
        ([painters(0), sculptors(6)], sculptors(6)),
        ([painters(60, DAY), sculptors(300, WEEK)], painters(60, DAY)),  # 60 a day against 43
        ([painters(60, DAY), sculptors(430, WEEK)], sculptors(430, WEEK)),
        ([painters(60, DAY), sculptors(1800, MONTH)], painters(60, DAY)),  # 60 against 59.1
        ([painters(60, DAY), sculptors(1900, MONTH)], sculptors(1900, MONTH)),
        ([painters(20), sculptors(20)], painters(20)),
    ],
)
def test_a_members_own_rule_goes_before_the_most_generous_role_and_that_before_the_server(
    rules: list[QuotaRule], chosen: QuotaRule
) -> None:
    effective = choose_rule(rules, ARTIST, OPERATORS)

    assert (effective.quota, effective.source) == (chosen.quota, chosen.source)
    assert effective.subject_id == (None if chosen.source is QuotaSource.SERVER else chosen.subject_id)


def test_with_no_rule_the_operators_holds() -> None:
    effective = choose_rule([], ARTIST, OPERATORS)

    assert (effective.quota, effective.source, effective.subject_id) == (OPERATORS, QuotaSource.OPERATOR, None)


# In a server ---------------------------------------------------------------------------------------------------------


async def status(process: Process, *, guild_id: int = GUILD_ID, role_ids: tuple[int, ...] = ()) -> QuotaStatus:
    standing, _ = await process.stand(requester(guild_id=guild_id, role_ids=role_ids))
    return standing


async def give(process: Process, seconds: int, *, interaction_id: int = 7001, days: int | None = None) -> QuotaStatus:
    standing, _ = await process.quotas.grant(
        requester(), seconds=seconds, granted_by_id=MODERATOR_ID, interaction_id=interaction_id, days=days
    )
    return standing


async def set_rule(
    process: Process,
    source: QuotaSource,
    subject_id: int,
    quota: Quota,
    *,
    guild_id: int = GUILD_ID,
    days: int | None = None,
) -> None:
    await process.quotas.set_rule(
        guild_id=guild_id, source=source, subject_id=subject_id, quota=quota, set_by_id=MODERATOR_ID, days=days
    )


async def clear_rule(process: Process, source: QuotaSource, subject_id: int) -> bool:
    return await process.quotas.clear_rule(
        guild_id=GUILD_ID, source=source, subject_id=subject_id, cleared_by_id=MODERATOR_ID
    )


async def test_setting_a_rule_replaces_the_subjects_rule_and_clearing_uncovers_the_next(workshop: Workshop) -> None:
    process = workshop.start()
    await set_rule(process, QuotaSource.SERVER, GUILD_ID, Quota(30))
    await set_rule(process, QuotaSource.MEMBER, MEMBER_ID, Quota(90))
    await set_rule(process, QuotaSource.MEMBER, MEMBER_ID, Quota(None, WEEK))
    assert (await status(process)).effective.quota == Quota(None, WEEK)
    assert len(await process.quotas.list_rules(guild_id=GUILD_ID)) == 2

    assert await clear_rule(process, QuotaSource.MEMBER, MEMBER_ID)
    assert (await status(process)).effective.quota == Quota(30)
    assert not await clear_rule(process, QuotaSource.MEMBER, MEMBER_ID)

    assert await clear_rule(process, QuotaSource.SERVER, GUILD_ID)
    assert (await status(process)).effective.source is QuotaSource.OPERATOR


async def test_only_the_members_own_roles_count(workshop: Workshop) -> None:
    process = workshop.start()
    await set_rule(process, QuotaSource.ROLE, PAINTER_ID, Quota(90))
    await set_rule(process, QuotaSource.ROLE, SCULPTOR_ID, Quota(900))

    assert (await status(process)).effective.quota == Quota(60)
    assert (await status(process, role_ids=(PAINTER_ID,))).effective.quota == Quota(90)
    assert (await status(process, role_ids=(PAINTER_ID, SCULPTOR_ID))).effective.quota == Quota(900)


async def test_one_servers_rules_usage_and_grants_are_never_seen_from_another(workshop: Workshop) -> None:
    process = workshop.start()
    await set_rule(process, QuotaSource.MEMBER, MEMBER_ID, Quota(600))
    await give(process, 50)
    await process.jobs.accept(workshop.request())

    here, there = await status(process), await status(process, guild_id=OTHER_GUILD_ID)

    assert (here.limit_seconds, here.used_seconds) == (650, 6)
    assert (there.limit_seconds, there.used_seconds, there.granted_seconds) == (60, 0, 0)
    assert await process.quotas.list_rules(guild_id=OTHER_GUILD_ID) == []


async def test_none_is_none_and_unlimited_is_unlimited(workshop: Workshop) -> None:
    process = workshop.start()
    await set_rule(process, QuotaSource.SERVER, GUILD_ID, Quota(0))
    with pytest.raises(QuotaExceededError):
        await process.jobs.accept(workshop.request())

    await set_rule(process, QuotaSource.ROLE, PAINTER_ID, Quota(None))
    for _ in range(15):
        await process.jobs.accept(workshop.request(role_ids=(PAINTER_ID,)))

    standing = await status(process, role_ids=(PAINTER_ID,))
    assert (standing.limit_seconds, standing.left_seconds, standing.used_seconds) == (None, None, 90)


async def test_a_grant_widens_the_present_period_and_no_other(workshop: Workshop) -> None:
    workshop.quota = Quota(0)
    process = workshop.start()

    grant = await give(process, 6)
    assert (grant.granted_seconds, grant.left_seconds) == (6, 6)
    await process.jobs.accept(workshop.request())
    with pytest.raises(QuotaExceededError):
        await process.jobs.accept(workshop.request())

    workshop.time.advance(24 * 3600)
    tomorrow = await status(process)
    assert (tomorrow.granted_seconds, tomorrow.used_seconds, tomorrow.left_seconds) == (0, 0, 0)


async def test_a_grant_that_two_processes_hear_of_at_once_is_given_once(workshop: Workshop) -> None:
    async with Database.open(workshop.database_url) as other_database:
        processes = workshop.start(), workshop.start(database=other_database)

        heard = await asyncio.gather(*(give(process, 6, interaction_id=1) for process in processes))
        again = await give(processes[0], 6, interaction_id=2)

    assert [standing.granted_seconds for standing in heard] == [6, 6]
    assert again.granted_seconds == 12


@pytest.mark.parametrize("seconds", [0, -1, 1_000_001, 1.5, True, "6"])
async def test_a_grant_that_is_no_sensible_number_is_refused(workshop: Workshop, seconds: int) -> None:
    process = workshop.start()

    with pytest.raises(InvalidQuotaError):
        await give(process, seconds)

    assert (await status(process)).granted_seconds == 0


async def test_a_refund_frees_the_period_it_was_taken_from(workshop: Workshop) -> None:
    workshop.quota = Quota(12)
    process = workshop.start(max_concurrent_renders=1)
    await workshop.accept(process)
    yesterdays = await workshop.accept(process)
    workshop.time.advance(24 * 3600)
    todays = await workshop.accept(process)

    await process.jobs.cancel(yesterdays, guild_id=GUILD_ID, member_id=MEMBER_ID)

    today = await status(process)
    assert (today.used_seconds, today.left_seconds) == (6, 6)
    assert await workshop.entries(yesterdays) == [("charge", 6), ("refund", 6)]
    assert await workshop.entries(todays) == [("charge", 6)]


async def test_a_limit_lowered_below_what_is_used_leaves_nothing_and_takes_nothing(workshop: Workshop) -> None:
    process = workshop.start()
    await process.jobs.accept(workshop.request())
    await process.jobs.accept(workshop.request())
    await set_rule(process, QuotaSource.SERVER, GUILD_ID, Quota(6))

    standing = await status(process)

    assert (standing.used_seconds, standing.left_seconds) == (12, 0)


async def test_a_period_ends_when_it_says(workshop: Workshop) -> None:
    workshop.quota = Quota(6)
    process = workshop.start()
    await process.jobs.accept(workshop.request())
    resets_at = (await status(process)).resets_at.timestamp()

    workshop.time.advance(resets_at - workshop.time() - 1)
    with pytest.raises(QuotaExceededError):
        await process.jobs.accept(workshop.request())
    workshop.time.advance(resets_at - workshop.time())
    await process.jobs.accept(workshop.request())


# Periods -------------------------------------------------------------------------------------------------------------


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type] (year, month, day …)


BERLIN, AUCKLAND, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland"), ZoneInfo("Asia/Kathmandu")


@pytest.mark.parametrize(
    ("period", "now", "zone", "start", "end"),
    [
        (DAY, utc(2026, 3, 4, 12), UTC, utc(2026, 3, 4), utc(2026, 3, 5)),
        (DAY, utc(2026, 3, 4), UTC, utc(2026, 3, 4), utc(2026, 3, 5)),
        (WEEK, utc(2026, 3, 4, 12), UTC, utc(2026, 3, 2), utc(2026, 3, 9)),
        (WEEK, utc(2026, 3, 8, 23, 59), UTC, utc(2026, 3, 2), utc(2026, 3, 9)),
        (WEEK, utc(2026, 1, 1), UTC, utc(2025, 12, 29), utc(2026, 1, 5)),
        (MONTH, utc(2026, 1, 31, 23), UTC, utc(2026, 1, 1), utc(2026, 2, 1)),
        (MONTH, utc(2028, 2, 29), UTC, utc(2028, 2, 1), utc(2028, 3, 1)),
        (MONTH, utc(2026, 12, 31), UTC, utc(2026, 12, 1), utc(2027, 1, 1)),
        (DAY, utc(2026, 3, 29, 12), BERLIN, utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),  # 23 hours
        (DAY, utc(2026, 10, 25, 12), BERLIN, utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),  # 25 hours
        (MONTH, utc(2026, 3, 15), BERLIN, utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)),
        (WEEK, utc(2026, 4, 5, 11, 59), AUCKLAND, utc(2026, 3, 29, 11), utc(2026, 4, 5, 12)),
        (DAY, utc(2026, 3, 4, 18, 15), KATHMANDU, utc(2026, 3, 4, 18, 15), utc(2026, 3, 5, 18, 15)),
    ],
)
def test_periods_are_calendar_periods_of_the_servers_zone(
    period: Period, now: datetime, zone: ZoneInfo, start: datetime, end: datetime
) -> None:
    assert period_bounds(period, now, zone) == (start, end)


@pytest.mark.parametrize(("name", "zone"), [("Europe/Berlin", BERLIN), ("Mars/Olympus", UTC)])
def test_a_zone_that_this_machine_no_longer_knows_is_utc(name: str, zone: tzinfo) -> None:
    assert zone_of(name) == zone


@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
    period=st.sampled_from(Period),
    zone=st.sampled_from([UTC, BERLIN, AUCKLAND, KATHMANDU, ZoneInfo("America/Santiago")]),
)
def test_every_moment_lies_in_one_period_and_periods_follow_one_another(
    moment: datetime, period: Period, zone: ZoneInfo
) -> None:
    now = moment.replace(tzinfo=UTC)

    start, end = period_bounds(period, now, zone)

    assert start <= now < end
    assert period_bounds(period, end, zone)[0] == end
    assert period_bounds(period, start - timedelta(seconds=1), zone)[1] == start
