"""Time zones, as moderators type them."""

from __future__ import annotations

import threading
import zoneinfo
from datetime import UTC, date, datetime

import pytest

from bot.errors import InvalidSettingError
from bot.models import Period
from bot.services.quotas import periods


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/BERLIN ", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
    ],
)
async def test_a_zone_is_found_by_its_name_or_its_city(typed: str, name: str) -> None:
    assert await periods.parse_timezone(typed) == name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Berlim", ["Europe/Berlin"]),
        ("Europe/Berln", ["Europe/Berlin"]),
        ("Pacific", ["Canada/Pacific", "US/Pacific"]),
        ("the moon", []),
    ],
)
async def test_what_may_be_meant_by_what_is_no_zone_is_said(typed: str, meant: list[str]) -> None:
    with pytest.raises(InvalidSettingError) as refused:
        await periods.parse_timezone(typed)

    assert (refused.value.typed, list(refused.value.meant)) == (typed, meant)


async def test_the_names_are_read_once_and_not_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def read() -> set[str]:
        threads.append(threading.current_thread())
        return zoneinfo.available_timezones()

    monkeypatch.setattr(periods, "available_timezones", read)
    periods._zone_names.cache_clear()

    for _ in range(3):
        assert await periods.parse_timezone("tokyo") == "Asia/Tokyo"
        with pytest.raises(InvalidSettingError):
            await periods.parse_timezone("Mars")

    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.DAY, date(2026, 10, 20), date(2026, 10, 26)),
        (Period.WEEK, date(2026, 10, 26), date(2026, 11, 1)),
        (Period.MONTH, date(2026, 10, 1), date(2026, 10, 31)),
    ],
)
def test_the_days_around_are_those_of_the_period_and_of_a_day_the_week_that_it_ends(
    period: Period, first: date, last: date
) -> None:
    zone = zoneinfo.ZoneInfo("Asia/Tokyo")

    days = periods.days_around(period, datetime(2026, 10, 25, 20, tzinfo=UTC), zone)

    assert (days[0], days[-1], len(days)) == (first, last, (last - first).days + 1)
