"""Calendar periods: when the present day, week or month began and when it ends, in a server's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.errors import InvalidSettingError
from bot.models import Period


def parse_timezone(name: object) -> str:
    """Check the name of a time zone, as IANA has it; return it in IANA's own spelling.

    Raises:
        InvalidSettingError: when there is no such zone.
    """
    wanted = name.strip().casefold() if isinstance(name, str) else ""
    for known in timezone_names():
        if known.casefold() == wanted:
            return known
    raise InvalidSettingError("timezone", "unknown")


def complete_timezone(typed: str) -> str:
    """Return the name of the one time zone whose city somebody typed (``new york``); else what was typed."""
    city = "/" + "_".join(typed.casefold().split())
    found = [name for name in timezone_names() if name.casefold().endswith(city)]
    return found[0] if len(found) == 1 else typed  # of several, such as Pacific, none is meant for sure


def timezone_names() -> list[str]:
    """Return the zones that can be chosen, in alphabetical order."""
    return sorted(name for name in available_timezones() if name not in {"localtime", "Factory"})


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
    today = local_day(now, zone)
    match period:
        case Period.DAY:
            first, next_first = today, today + timedelta(days=1)
        case Period.WEEK:
            first = today - timedelta(days=today.weekday())
            next_first = first + timedelta(days=7)
        case Period.MONTH:
            first = today.replace(day=1)
            next_first = (first + timedelta(days=31)).replace(day=1)
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, next_first))
    return start, end
