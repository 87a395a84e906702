"""The contract's JSON: what is read, what is tolerated, what is an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RateLimitedError, ServiceFaultError, VideoServiceError
from bot.models import Aspect, Balance, Generation, GenerationStatus, VideoSpec
from bot.toapis import wire

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)


def answer(body: object, *, http_status: int = 200, headers: dict[str, str] | None = None) -> wire.Answer:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.Answer(http_status=http_status, headers=headers or {}, body=encoded)


def generation(**body: Any) -> Generation:  # noqa: ANN401 - JSON
    given_answer = answer({"id": "video_1"} | body)
    return wire.parse_generation(given_answer, given_answer.json)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", GenerationStatus.QUEUED),
        ("submitted", GenerationStatus.QUEUED),
        ("pending", GenerationStatus.QUEUED),
        ("in_progress", GenerationStatus.IN_PROGRESS),
        ("processing", GenerationStatus.IN_PROGRESS),
        ("COMPLETED", GenerationStatus.COMPLETED),
        ("failed", GenerationStatus.FAILED),
        ("on_hold", GenerationStatus.UNKNOWN),
        (None, GenerationStatus.UNKNOWN),
        (3, GenerationStatus.UNKNOWN),
        ({"a": 1}, GenerationStatus.UNKNOWN),
    ],
)
def test_statuses_are_folded_and_unknown_ones_are_not_final(word: object, status: GenerationStatus) -> None:
    assert generation(status=word).status is status


def test_a_completed_answer_is_read_whole() -> None:
    read = generation(
        status="completed",
        progress=100,
        completed_at=1768380514,
        expires_at=1768466914,
        result={"type": "video", "data": [{"url": "https://files.example/x.mp4", "format": "mp4"}]},
    )
    assert read.result_url == "https://files.example/x.mp4"
    assert read.completed_at == datetime(2026, 1, 14, 8, 48, 34, tzinfo=UTC)
    assert read.expires_at == read.completed_at + timedelta(hours=24)


def test_the_address_may_stand_at_the_top_level() -> None:
    assert generation(url="https://files.example/y.mp4").result_url == "https://files.example/y.mp4"


@pytest.mark.parametrize(
    "result", [None, [], "x", {}, {"data": None}, {"data": []}, {"data": [7]}, {"data": [{"url": 1.5}]}]
)
def test_a_result_that_is_no_result_has_no_address(result: object) -> None:
    assert generation(status="completed", result=result).result_url is None


def test_the_id_may_be_called_task_id() -> None:
    read = answer({"task_id": "video_2"})
    assert wire.parse_generation(read, read.json).id == "video_2"


@pytest.mark.parametrize(
    "body", [{}, {"id": ""}, {"id": None}, {"id": ["x"]}, {"id": True}, {"id": "a\x00b"}, {"id": "\ud800"}]
)
def test_an_answer_without_an_id_is_a_fault(body: dict[str, object]) -> None:
    with pytest.raises(ServiceFaultError):
        wire.parse_generation(answer(body), body)


@pytest.mark.parametrize(
    ("given_progress", "progress"),
    [
        (0, 0),
        (42.5, 42.5),
        (-3, 0),
        (250, 100),
        ("50", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        (10**400, None),
    ],
)
def test_progress_is_kept_within_0_and_100_or_unknown(given_progress: object, progress: float | None) -> None:
    assert generation(progress=given_progress).progress == progress


@pytest.mark.parametrize("time", [None, "soon", -(10**30), 10**30, float("inf"), True, {}, 0, -1, 1.7e12])
def test_a_time_that_is_no_time_is_unknown(time: object) -> None:
    assert generation(expires_at=time).expires_at is None


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({"code": "generation_failed", "message": "no"}, "generation_failed", "no"),
        ({"code": 5001, "message": "no"}, "5001", "no"),
        ("no", None, "no"),
        (None, None, None),
        ({"code": None, "message": 7}, None, None),
        ({"message": "two\nlines\x00"}, None, "two lines "),
    ],
)
def test_a_failed_answer_says_why_as_far_as_it_does(error: object, code: str | None, message: str | None) -> None:
    read = generation(status="failed", error=error)
    assert (read.error_code, read.error_message) == (code, message)


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ({"success": True, "remain_balance": 9.1, "unlimited_quota": False}, Balance(9.1)),
        ({"remain_balance": 0}, Balance(0.0)),
        ({"remain_balance": -1}, Balance(None)),
        ({"remain_balance": 3, "unlimited_quota": True}, Balance(None)),
    ],
)
def test_the_balance_is_read(body: dict[str, object], balance: Balance) -> None:
    assert wire.parse_balance(answer(body), body) == balance


@pytest.mark.parametrize("body", [{"success": False, "message": "no"}, {"remain_balance": "9"}])
def test_a_balance_that_says_nothing_is_a_fault(body: dict[str, object]) -> None:
    with pytest.raises(ServiceFaultError):
        wire.parse_balance(answer(body), body)


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
        ("1e12", wire.RETRY_AFTER_MAX_SECONDS),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Wed, 14 Jan 99999999999999999999 10:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    with pytest.raises(RateLimitedError) as raised:
        wire.check(answer({}, http_status=429, headers={"Retry-After": header}), now=NOW, names_generation=True)
    assert raised.value.retry_after_seconds == seconds


def test_a_submit_says_what_the_contract_asks_for() -> None:
    spec = VideoSpec(prompt="a red fox", aspect=Aspect.PORTRAIT, duration_seconds=10)
    assert wire.submit_payload(spec, model="gemini_omni", resolution="720P", client_business_id="job-1") == {
        "model": "gemini_omni",
        "prompt": "a red fox",
        "aspect_ratio": "9:16",
        "duration": 10,
        "resolution": "720P",
        "client_business_id": "job-1",
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "data", "code", "message"]), inner)
    ),
    max_leaves=8,
)
_FIELDS = [
    "id",
    "task_id",
    "status",
    "progress",
    "completed_at",
    "expires_at",
    "result",
    "url",
    "error",
    "code",
    "message",
]


@given(
    body=st.dictionaries(st.sampled_from(_FIELDS), _JSON).map(lambda it: json.dumps(it).encode()) | st.binary(),
    http_status=st.sampled_from([200, 204, 302, 400, 401, 404, 418, 429, 500, 599]),
    retry_after=st.text(max_size=40),
)
def test_no_answer_whatever_ends_in_anything_but_a_generation_or_a_known_error(
    body: bytes, http_status: int, retry_after: str
) -> None:
    given_answer = answer(body, http_status=http_status, headers={"Retry-After": retry_after})
    try:
        read = wire.parse_generation(given_answer, wire.check(given_answer, now=NOW, names_generation=True))
    except VideoServiceError:
        return
    assert read.id.isprintable()
