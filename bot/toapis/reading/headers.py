"""What an answer's headers say: how long to wait, how much of the account's rate is left, which exchange it was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bot.models import RateLimitStatus
from bot.toapis.reading.kinds import fold
from bot.toapis.reading.values import read_number, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRY_AFTER_MAX_SECONDS = 3600.0
"""More than any job's deadline: one absurd header must not stop the bot for days."""
REQUEST_ID_MAX_CHARACTERS = 100
"""Request ids are some 30 characters where they were seen."""

_REQUEST_ID_HEADERS = ("X-Request-Id", "X-Oneapi-Request-Id")
_UNIX_SECONDS_FROM = 1_000_000_000
"""A ``Reset`` below this (the year 2001) counts seconds from now."""
_UNIX_MILLISECONDS_FROM = 100_000_000_000
_COUNT = re.compile(r"\s*(-?\d{1,9})(?:\.\d*)?\s*(?:[,;].*)?")
"""A count, which some gateways follow by its window, as in ``300, 300;w=60``."""
_DURATION = re.compile(r"\s*(?=\d)(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?\s*", re.ASCII)
"""A wait as Go writes it, as in ``1m0s``: hours, minutes, seconds, milliseconds."""
_DURATION_UNITS_SECONDS = (3600, 60, 1, 0.001)
BURST_WINDOW_SECONDS = 10.0
"""How long a limit that is used up is waited for when the answer does not say: the service's shorter window."""


def read_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds ``Retry-After`` asks to wait (seconds, a duration or an HTTP date), or None."""
    header = headers.get("Retry-After", "")
    seconds = _seconds(header)
    if seconds is None:
        date = _http_date(header)
        seconds = None if date is None else (date - now).total_seconds()
    return None if seconds is None else min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS)


def read_rate_limit(headers: Mapping[str, str], now: datetime, *, category: str | None) -> RateLimitStatus | None:
    """Return what the ``X-RateLimit-*`` headers say, or None when they say nothing of this kind of request.

    A limit that is used up always has a ``reset_at``.

    Args:
        headers: the answer's.
        now: the present, for a ``Reset`` that counts from it.
        category: the kind that the request is counted under (``async_submit``, ``async_query``), or None.
    """
    stated = fold(headers.get("X-RateLimit-Category", ""))
    if stated and stated != category:
        return None
    limit = _count(headers.get("X-RateLimit-Limit", ""))
    remaining = _count(headers.get("X-RateLimit-Remaining", ""))
    reset_at = _reset_at(headers.get("X-RateLimit-Reset", ""), now)
    if remaining == 0 and reset_at is None:
        wait_seconds = read_retry_after(headers, now)
        reset_at = now + timedelta(seconds=BURST_WINDOW_SECONDS if wait_seconds is None else wait_seconds)
    status = RateLimitStatus(limit=limit or None, remaining=remaining, reset_at=reset_at)
    return None if status == RateLimitStatus() else status


def read_request_id(headers: Mapping[str, str]) -> str | None:
    """Return the service's id for the exchange, or None."""
    for header in _REQUEST_ID_HEADERS:
        if request_id := read_text(headers.get(header)):
            return request_id[:REQUEST_ID_MAX_CHARACTERS]
    return None


def _count(header: str) -> int | None:
    found = _COUNT.fullmatch(header)
    return max(int(found[1]), 0) if found else None


def _reset_at(header: str, now: datetime) -> datetime | None:
    seconds = _seconds(header)
    if seconds is not None:
        if seconds < 0:
            return None
        if seconds >= _UNIX_MILLISECONDS_FROM:
            seconds /= 1000
        wait_seconds = seconds - now.timestamp() if seconds >= _UNIX_SECONDS_FROM else seconds
    else:
        moment = _http_date(header) or _iso_date(header)
        if moment is None:
            return None
        wait_seconds = (moment - now).total_seconds()
    return now + timedelta(seconds=min(max(wait_seconds, 0.0), RETRY_AFTER_MAX_SECONDS))


def _seconds(header: str) -> float | None:
    """Read a number of seconds, or a duration (``30s``, ``1m0s``, ``500ms``)."""
    seconds = read_number(header)
    found = _DURATION.fullmatch(header) if seconds is None else None
    if found is None:
        return seconds
    parts = zip(found.groups(), _DURATION_UNITS_SECONDS, strict=True)
    return sum(float(count) * unit_seconds for count, unit_seconds in parts if count)


def _http_date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    # A date that states no zone means UTC (RFC 9110, "Date/Time Formats").
    return date.replace(tzinfo=date.tzinfo or UTC)


def _iso_date(header: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(header.strip())
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)
