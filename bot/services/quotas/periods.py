"""Calendar periods: when the present day, week or month began and when it ends, in a server's time zone."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.errors import InvalidSettingError
from bot.models import Period

if TYPE_CHECKING:
    from collections.abc import Mapping


_MEANT_MOST = 3


async def parse_timezone(typed: object) -> str:
    """Find the time zone that somebody means, by its name as IANA has it or by its city (``new york``) alone.

    Returns:
        Its name in IANA's own spelling.

    Raises:
        InvalidSettingError: when there is none, or several of that city; it says which may have been meant.
    """
    return find_timezone(typed, await timezone_names())


async def timezone_names() -> Mapping[str, str]:
    """Return the zones that can be chosen, by their names in small letters."""
    return await asyncio.to_thread(_zone_names)  # the first time, they are looked for on the disk


def find_timezone(typed: object, names: Mapping[str, str]) -> str:
    """Find a time zone as ``parse_timezone`` does, among those of ``timezone_names``.

    Raises:
        InvalidSettingError: likewise.
    """
    wanted = "_".join(typed.casefold().split()) if isinstance(typed, str) else ""
    found = [names[wanted]] if wanted in names else [name for key, name in names.items() if key.endswith(f"/{wanted}")]
    if len(found) != 1:  # of several, such as Pacific, none is meant for sure
        meant = sorted(found)[:_MEANT_MOST] or _alike(wanted, names)
        raise InvalidSettingError("timezone", "unknown", typed=str(typed), meant=meant)
    return found[0]


def _alike(wanted: str, names: Mapping[str, str]) -> list[str]:
    """Return zones whose city is written much like that."""
    by_city = {key.rpartition("/")[2]: name for key, name in sorted(names.items(), reverse=True)}
    close = get_close_matches(wanted.rpartition("/")[2], by_city, n=_MEANT_MOST, cutoff=0.75)
    return [by_city[city] for city in close]


@cache
def _zone_names() -> dict[str, str]:
    """Return the zones that can be chosen, by their names in small letters."""
    return {name.casefold(): name for name in available_timezones() if name not in {"localtime", "Factory"}}


def zone_of(name: str) -> tzinfo:
    """Return a stored time zone; UTC where this machine no longer knows it."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


def local_day(now: datetime, zone: tzinfo) -> date:
    """Return the day that it is in a time zone."""
    return now.astimezone(zone).date()


def period_bounds(period: Period, now: datetime, zone: tzinfo = UTC) -> tuple[datetime, datetime]:
    """Return the aware UTC start and end (excluded) of the period that ``now`` lies in.

    Days begin at local midnight and so last 23 or 25 hours where the clocks change; weeks begin on Monday
    (ISO 8601).
    """
    first, next_first = _period_days(period, local_day(now, zone))
    return day_start(first, zone), day_start(next_first, zone)


def days_around(period: Period, now: datetime, zone: tzinfo = UTC) -> list[date]:
    """Return the days of the period that ``now`` lies in; for a day, which says little alone, the week that it ends."""
    today = local_day(now, zone)
    first, next_first = _period_days(period, today)
    if period is Period.DAY:
        first = today - timedelta(days=6)
    return [first + timedelta(days=number) for number in range((next_first - first).days)]


def day_start(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins in a time zone, as aware UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _period_days(period: Period, today: date) -> tuple[date, date]:
    """Return the first day of a period, and the first one after it."""
    match period:
        case Period.DAY:
            return today, today + timedelta(days=1)
        case Period.WEEK:
            first = today - timedelta(days=today.weekday())
            return first, first + timedelta(days=7)
        case Period.MONTH:
            first = today.replace(day=1)
            return first, (first + timedelta(days=31)).replace(day=1)
