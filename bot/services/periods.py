"""Calendar periods: when the present day, week or month began and when it ends, in a server's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from bot.models import Period


def period_bounds(period: Period, now: datetime, zone: tzinfo = UTC) -> tuple[datetime, datetime]:
    """Return the aware UTC start and end (excluded) of the period that ``now`` lies in.

    Days begin at local midnight and so last 23 or 25 hours where the clocks change; weeks begin on Monday
    (ISO 8601).
    """
    today = now.astimezone(zone).date()
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
