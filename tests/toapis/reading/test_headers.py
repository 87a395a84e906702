"""What an answer's headers say: how long to wait, how much is left, which exchange it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import RateLimitStatus
from bot.toapis.reading.headers import RETRY_AFTER_MAX_SECONDS, read_rate_limit, read_request_id, read_retry_after

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2),
        ("0.5", 0.5),
        ("Wed, 14 Jan 2026 10:00:30 GMT", 30),
        ("Wed, 14 Jan 2026 11:00:30 +0100", 1830 - 1800),
        ("Wed, 14 Jan 2026 10:00:30 -0000", 30),
        ("Wed, 14 Jan 2026 09:00:00 GMT", 0),
        ("-7", 0),
        ("30s", 30),
        ("1m30s", 90),
        ("250ms", 0.25),
        ("1e12", RETRY_AFTER_MAX_SECONDS),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Wed, 14 Jan 99999999999999999999 10:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert read_retry_after({"Retry-After": header}, NOW) == seconds


@pytest.mark.parametrize(
    ("header", "wait_seconds"),
    [
        ("15", 15),
        ("0", 0),
        (str(int(NOW.timestamp()) + 15), 15),
        (str((int(NOW.timestamp()) + 15) * 1000), 15),
        ("Wed, 14 Jan 2026 10:00:15 GMT", 15),
        ("2026-01-14T10:00:15Z", 15),
        ("2026-01-14T10:00:15", 15),
        (str(int(NOW.timestamp()) - 15), 0),
        ("86400", RETRY_AFTER_MAX_SECONDS),
        ("30s", 30),
        ("1m0s", 60),
        ("500ms", 0.5),
        ("1h", 3600),
        ("-3", None),
        ("soon", None),
        ("nan", None),
    ],
)
def test_reset_counts_from_now_or_is_a_time(header: str, wait_seconds: float | None) -> None:
    status = read_rate_limit({"X-RateLimit-Limit": "300", "X-RateLimit-Reset": header}, NOW, category=None)
    expected = None if wait_seconds is None else NOW + timedelta(seconds=wait_seconds)
    assert status == RateLimitStatus(limit=300, reset_at=expected)


@pytest.mark.parametrize(
    ("header", "count"), [("49", 49), (" 49 ", 49), ("300, 300;w=60", 300), ("7.0", 7), ("many", None), ("1e3", None)]
)
def test_counts_are_whole_numbers_or_unknown(header: str, count: int | None) -> None:
    status = read_rate_limit({"X-RateLimit-Remaining": header}, NOW, category=None)
    assert status == (None if count is None else RateLimitStatus(remaining=count))


@pytest.mark.parametrize("header", ["0", "-1", "0.0", " 0 "])
@pytest.mark.parametrize(
    ("more", "wait_seconds"),
    [
        ({}, 10),
        ({"Retry-After": "25"}, 25),
        ({"X-RateLimit-Reset": "soon"}, 10),
        ({"X-RateLimit-Reset": "-3"}, 10),
        ({"X-RateLimit-Reset": "40", "Retry-After": "25"}, 40),
    ],
)
def test_limit_that_is_used_up_always_opens_again(header: str, more: dict[str, str], wait_seconds: float) -> None:
    status = read_rate_limit({"X-RateLimit-Remaining": header, **more}, NOW, category=None)
    assert status == RateLimitStatus(remaining=0, reset_at=NOW + timedelta(seconds=wait_seconds))


@pytest.mark.parametrize(("header", "limit"), [("10", 10), ("0", None), ("-1", None)])
def test_limit_alone_is_kept(header: str, limit: int | None) -> None:
    status = read_rate_limit({"X-RateLimit-Limit": header}, NOW, category=None)
    assert status == (None if limit is None else RateLimitStatus(limit=limit))


@pytest.mark.parametrize(
    ("stated", "category", "is_kept"),
    [
        ("async_submit", "async_submit", True),
        ("ASYNC_SUBMIT ", "async_submit", True),
        ("AsyncSubmit", "async_submit", True),
        ("async-submit", "async_submit", True),
        ("async_query", "async_submit", False),
        ("async_submit", "async_query", False),
        ("async_submit", None, False),
        ("", "async_query", True),
    ],
)
def test_limits_of_another_kind_of_request_are_dropped(stated: str, category: str | None, is_kept: bool) -> None:
    headers = {"X-RateLimit-Remaining": "3", "X-RateLimit-Category": stated}
    assert (read_rate_limit(headers, NOW, category=category) is not None) is is_kept


def test_answer_without_limits_says_nothing_of_them() -> None:
    assert read_rate_limit({}, NOW, category="async_submit") is None


def test_request_id_is_bounded() -> None:
    assert read_request_id({"X-Request-Id": "x" * 500}) == "x" * 100


@given(header=st.text(max_size=40))
def test_no_header_whatever_breaks_reading(header: str) -> None:
    headers = dict.fromkeys(("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"), header)
    read_retry_after(headers, NOW)
    read_rate_limit(headers, NOW, category=None)
