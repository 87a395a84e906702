"""The generation that an answer describes: what is read, what is tolerated, what is absent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Aspect, Generation, GenerationStatus, RateLimitStatus, VideoServiceError, VideoSpec
from bot.toapis import account, wire
from bot.toapis.reading.answers import Answer, RequestKind

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
CLIP = "https://files.example/x.mp4"


def answer(body: object, *, http_status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(http_status=http_status, headers=headers or {}, body=encoded)


def read(body: object, *, headers: dict[str, str] | None = None) -> Generation:
    return wire.read_generation(answer(body, headers=headers), request=RequestKind.POLL, now=NOW)


def generation(**body: Any) -> Generation:  # noqa: ANN401 - JSON
    return read({"id": "video_1"} | body)


# A whole answer ----------------------------------------------------------------------------------


def test_completed_answer_is_read_whole() -> None:
    done = generation(
        status="completed",
        progress=100,
        completed_at=1768380514,
        expires_at=1768466914,
        result={"type": "video", "data": [{"url": CLIP, "format": "mp4"}]},
    )
    assert done.result_url == CLIP
    assert done.completed_at == datetime(2026, 1, 14, 8, 48, 34, tzinfo=UTC)
    assert done.expires_at == done.completed_at + timedelta(hours=24)


# Numbers and times -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_progress", "progress"),
    [
        (0, 0),
        (42.5, 42.5),
        (-3, 0),
        (250, 100),
        ("50", 50),
        ("45%", 45),
        (" 45.5 % ", 45.5),
        ("half", None),
        ("%", None),
        ("nan%", None),
        (None, None),
        (True, None),
        ([45], None),
        (float("nan"), None),
        (10**400, None),
    ],
)
def test_progress_is_kept_within_0_and_100_or_unknown(given_progress: object, progress: float | None) -> None:
    assert generation(progress=given_progress).progress == progress


@pytest.mark.parametrize(
    "time",
    [
        "1768380514",
        1768380514.0,
        "2026-01-14T08:48:34Z",
        "2026-01-14T09:48:34+01:00",
        "2026-01-14 08:48:34",
        " 1768380514 ",
    ],
)
def test_time_is_unix_seconds_or_iso_8601(time: object) -> None:
    assert generation(expires_at=time).expires_at == datetime(2026, 1, 14, 8, 48, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    "time",
    [
        None,
        "soon",
        -(10**30),
        10**30,
        float("inf"),
        True,
        {},
        0,
        -1,
        1.7e12,
        "0",
        "",
        "inf",
        "9999-12-31",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_time_that_is_no_time_is_unknown(time: object) -> None:
    assert generation(expires_at=time).expires_at is None


def test_limits_are_kept_when_they_are_about_polls() -> None:
    body = {"id": "video_1", "status": "queued"}
    headers = {"X-RateLimit-Remaining": "2", "X-RateLimit-Category": "async_query"}
    assert read(body, headers=headers).rate_limit == RateLimitStatus(remaining=2)
    assert read(body, headers=headers | {"X-RateLimit-Category": "async_submit"}).rate_limit is None


# Why it failed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "code", "message"),
    [
        ({"error": {"code": "generation_failed", "message": "no"}}, "generation_failed", "no"),
        ({"error": {"code": 5001, "message": "no"}}, "5001", "no"),
        ({"error": {"code": "", "type": "upstream_error", "message": "no"}}, "upstream_error", "no"),
        ({"error": "no"}, None, "no"),
        ({"fail_reason": "no"}, None, "no"),
        ({"failure_reason": "no"}, None, "no"),
        ({"message": "no"}, None, "no"),
        ({"error": None, "fail_reason": "", "message": "no"}, None, "no"),
        ({"code": "bad", "message": "no"}, "bad", "no"),
        ({"error": None}, None, None),
        ({"error": {"code": None, "message": 7}}, None, None),
        ({"error": {"message": "two\nlines\x00"}}, None, "two lines "),
        ({"error": [{"code": "bad", "message": "no"}]}, "bad", "no"),
        ({"error": '{"code": "bad", "message": "no"}'}, "bad", "no"),
        ({"error": {"code": 0, "message": "success"}, "fail_reason": "no"}, None, "no"),
        ({"fail_reason": {"code": "bad", "message": "no"}}, "bad", "no"),
        ({"error_code": "bad", "error_message": "no"}, "bad", "no"),
        ({"failureCode": "bad", "failure": "no"}, "bad", "no"),
        ({"task_status_msg": "no", "message": "SUCCEED"}, None, "no"),
    ],
)
def test_failed_answer_says_why_as_far_as_it_does(
    reason: dict[str, Any], code: str | None, message: str | None
) -> None:
    failed = generation(status="failed", **reason)
    assert (failed.error_code, failed.error_message) == (code, message)


@pytest.mark.parametrize(
    ("reason", "was_moderated"),
    [
        ({"error": {"code": "generation_failed", "message": "Content violates the content policy"}}, True),
        ({"error": {"code": "OutputVideoSensitiveContentDetected", "message": "no"}}, True),
        ({"error": {"code": "generation_failed", "type": "content_policy_violation", "message": "no"}}, True),
        ({"fail_reason": "Your prompt was flagged by our safety system"}, True),
        ({"error": "the output was blocked because of copyright"}, True),
        ({"status": "Content Moderated"}, True),
        ({"status": "nsfw"}, True),
        ({"fail_reason": "task failed", "failureCode": "SAFETY.INPUT.TEXT"}, True),
        ({"error": {"code": "generation_failed", "message": "no", "details": [{"reason": "SAFETY"}]}}, True),
        ({"error_code": "content_policy_violation", "error_message": "no"}, True),
        ({"fail_reason": {"code": "content_policy_violation"}}, True),
        ({"error": "content_policy_violation"}, True),
        ({"error": [{"code": "content_policy_violation", "message": "no"}]}, True),
        ({"task_status_msg": "Failure to pass the risk control system"}, True),
        ({"fail_reason": "Generation failed: PUBLIC_ERROR_MINOR"}, True),
        ({"status": "video_generation_failed", "error": {"code": "content_generation_failed", "message": "no"}}, False),
        ({"error": {"code": "moderation_timeout", "message": "Timeout while waiting for content check"}}, False),
        ({"fail_reason": "moderation failed: connection refused"}, False),
        ({"error": {"code": "generation_failed", "message": "no GPU left"}}, False),
        ({"error": {"code": "insufficient_quota", "message": "violates the content policy"}}, False),
        ({"error": None}, False),
    ],
)
def test_failure_is_moderations_by_its_words(reason: dict[str, Any], was_moderated: bool) -> None:
    assert generation(**({"status": "failed"} | reason)).was_moderated is was_moderated


def test_generation_that_failed_is_a_generation_and_no_refusal() -> None:
    failed = generation(success=False, status="failed", error={"code": "generation_failed", "message": "no"})
    assert (failed.status, failed.error_code) == (GenerationStatus.FAILED, "generation_failed")


def test_generation_that_is_not_failed_is_not_moderated() -> None:
    running = generation(status="in_progress", error={"code": "content_policy_violation"})
    assert (running.was_moderated, running.error_code) == (False, None)


# Submits, and anything at all --------------------------------------------------------------------


def test_submit_says_what_the_service_asks_for() -> None:
    spec = VideoSpec(prompt="a red fox", aspect=Aspect.PORTRAIT, duration_seconds=10)
    assert wire.submit_payload(spec, model="gemini_omni", resolution="720P", client_business_id="job-1") == {
        "model": "gemini_omni",
        "prompt": "a red fox",
        "aspect_ratio": "9:16",
        "duration": 10,
        "resolution": "720P",
        "client_business_id": "job-1",
    }


_NAMES = ["url", "video_url", "data", "code", "message", "type", "status", "state", "id", "task_id", "error", "errors"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["failed", "success", CLIP]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner),
    max_leaves=8,
)
_FIELDS = [
    *_NAMES,
    "progress",
    "completed_at",
    "expires_at",
    "result",
    "metadata",
    "success",
    "fail_reason",
    "failureCode",
    "output",
    "models",
    "remain_credits",
    "unlimited_quota",
]
_BODIES = st.dictionaries(st.sampled_from(_FIELDS), _JSON).map(lambda it: json.dumps(it).encode()) | st.binary()
_HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"]),
    st.text(max_size=40),
)


@pytest.mark.slow
@given(
    body=_BODIES,
    http_status=st.sampled_from([200, 204, 302, 400, 401, 404, 418, 429, 500, 599]),
    headers=_HEADERS,
    request_kind=st.sampled_from(RequestKind),
    asked=st.sampled_from(["", "job-1"]),
)
def test_no_answer_whatever_ends_in_anything_but_a_generation_or_a_known_error(
    body: bytes, http_status: int, headers: dict[str, str], request_kind: RequestKind, asked: str
) -> None:
    given_answer = answer(body, http_status=http_status, headers=headers)
    wire.unknown_state(given_answer, request=request_kind, asked=asked)
    try:
        found = wire.read_generation(given_answer, request=request_kind, now=NOW, prompt="a fox", asked=asked)
    except VideoServiceError:
        return
    assert found.id.isprintable()
    assert found.id
    assert found.result_url is None or found.result_url.casefold().startswith("http")


@pytest.mark.slow
@given(key=_BODIES, of_account=_BODIES, http_status=st.sampled_from([200, 401, 500]))
def test_no_answer_whatever_breaks_the_account(key: bytes, of_account: bytes, http_status: int) -> None:
    def look(body: bytes) -> Any:  # noqa: ANN401 (JSON or an error)
        try:
            return account.read_balance(answer(body, http_status=http_status), now=NOW)
        except VideoServiceError as error:
            return error

    try:
        balance = account.combine_balance(look(key), look(of_account))
        models = account.read_models(answer(key, http_status=http_status), now=NOW)
    except VideoServiceError:
        return
    assert balance.is_empty in (True, False)
    assert all(model.isprintable() for model in models or ())
