"""The generation that an answer describes: what is read, what is tolerated, what is absent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NoAnswerError, VideoServiceError
from bot.models import Aspect, Generation, GenerationStatus, RateLimitStatus, VideoSpec
from bot.toapis import account, wire
from bot.toapis.answers import Answer, RequestKind

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
CLIP = "https://files.example/x.mp4"


def answer(body: object, *, http_status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(http_status=http_status, headers=headers or {}, body=encoded)


def read(body: object, *, headers: dict[str, str] | None = None) -> Generation:
    return wire.read_generation(answer(body, headers=headers), request=RequestKind.POLL, now=NOW)


def generation(**body: Any) -> Generation:  # noqa: ANN401 - JSON
    return read({"id": "video_1"} | body)


# States ------------------------------------------------------------------------------------------

QUEUED, IN_PROGRESS, COMPLETED, FAILED, UNKNOWN = (
    GenerationStatus.QUEUED,
    GenerationStatus.IN_PROGRESS,
    GenerationStatus.COMPLETED,
    GenerationStatus.FAILED,
    GenerationStatus.UNKNOWN,
)
SPELLINGS = {
    QUEUED: "queued QUEUED submitted pending NOT_START not-start created waiting accepted SCHEDULED",
    IN_PROGRESS: "in_progress IN-PROGRESS InProgress processing RUNNING running generating rendering started preparing",
    COMPLETED: "completed COMPLETED succeeded SUCCESS success Successful done finished complete TASK_STATUS_SUCCEED",
    FAILED: "failed FAILURE failure fail error cancelled canceled expired Rejected timeout timed-out aborted",
}


@pytest.mark.parametrize(("status", "words"), SPELLINGS.items())
def test_family_spells_its_states_in_many_ways(status: GenerationStatus, words: str) -> None:
    spellings = words.split()
    assert {word: generation(status=word).status for word in spellings} == dict.fromkeys(spellings, status)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Not Started", QUEUED),
        (" in progress ", IN_PROGRESS),
        ("timed out", FAILED),
        ("on_hold", UNKNOWN),
        ("ok", UNKNOWN),
        ("", UNKNOWN),
        (None, UNKNOWN),
        (3, UNKNOWN),
        (True, UNKNOWN),
        ({"a": 1}, UNKNOWN),
    ],
)
def test_what_is_no_known_state_is_unknown_and_not_final(word: object, status: GenerationStatus) -> None:
    assert generation(status=word).status is status


def test_unknown_state_is_named_in_the_services_own_word() -> None:
    assert wire.unknown_state(answer({"id": "video_1", "status": "On_Hold"})) == "on_hold"
    assert wire.unknown_state(answer({"data": {"id": "video_1", "status": "On_Hold"}})) == "on_hold"
    assert wire.unknown_state(answer({"id": "video_1", "status": "queued"})) is None


# The answer's shape ------------------------------------------------------------------------------


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


INNER = {"task_id": "video_1", "status": "SUCCESS", "progress": "100%", "result_url": CLIP}


@pytest.mark.parametrize(
    "body",
    [
        INNER,
        {"code": "success", "message": "", "data": INNER},
        {"code": "0", "data": INNER},
        {"code": 0, "msg": "ok", "data": INNER},
        {"code": 200, "message": "OK", "data": INNER},
        {"code": 1, "message": "success", "data": INNER},
        {"success": True, "data": INNER},
        {"data": [INNER]},
        {"code": "success", "data": {"data": INNER}},
        {"id": "exchange_1", "data": INNER},
        {"data": {**INNER, "id": 4711, "data": {"id": "upstream_1", "status": "failed"}}},
    ],
)
def test_answer_wrapped_in_data_is_unwrapped(body: dict[str, Any]) -> None:
    done = read(body)
    assert (done.id, done.status, done.progress, done.result_url) == ("video_1", COMPLETED, 100, CLIP)


@pytest.mark.parametrize(
    "body",
    [
        {"data": [INNER, INNER]},
        {"data": {"data": {"data": INNER}}},
        {"code": "success", "message": "", "data": None},
        {"data": "video_1"},
    ],
)
def test_answer_with_no_generation_in_reach_is_nobodys(body: dict[str, Any]) -> None:
    with pytest.raises(NoAnswerError):
        read(body)


@pytest.mark.parametrize(
    "body",
    [{}, {"id": ""}, {"id": None}, {"id": ["x"]}, {"id": True}, {"id": "a\x00b"}, {"id": "\ud800"}, {"id": "x" * 200}],
)
def test_answer_without_an_id_is_nobodys(body: dict[str, object]) -> None:
    with pytest.raises(NoAnswerError):
        read({"status": "queued", **body})


def test_id_may_be_called_task_id() -> None:
    assert read({"task_id": "video_2", "id": 7, "status": "queued"}).id == "video_2"


# Where the clip is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "places",
    [
        {"result": {"data": [{"url": CLIP}]}},
        {"result": {"data": {"url": f"  {CLIP}\n"}}},
        {"result": {"data": [CLIP]}},
        {"result": {"data": [{"url": "", "video_url": CLIP}]}},
        {"result": {"url": CLIP}},
        {"result": {"video_url": [CLIP]}},
        {"result": [{"video_url": CLIP}]},
        {"result": [CLIP]},
        {"result": CLIP},
        {"url": CLIP},
        {"url": [CLIP]},
        {"url": [{"url": CLIP}]},
        {"video_url": CLIP},
        {"video_url": [{"video_url": CLIP}]},
        {"metadata": {"url": CLIP}},
        {"metadata": {"url": [CLIP]}},
        {"data": [{"url": CLIP}]},
        {"data": {"video_url": CLIP}},
        {"result_url": CLIP},
        {"fail_reason": CLIP},
        {"result": {"data": []}, "url": None, "video_url": CLIP},
        {"result": {"data": [{"url": "https://files.example/cover", "type": "cover_image"}, {"url": CLIP}]}},
        {"result": {"data": [{"url": "https://files.example/x.jpg?a=b"}, {"url": CLIP, "format": "mp4"}]}},
        {"result": {"type": "image_to_video", "url": CLIP, "thumbnail_url": "https://files.example/x.jpg"}},
    ],
)
def test_address_is_found_wherever_it_may_be(places: dict[str, Any]) -> None:
    assert generation(status="completed", **places).result_url == CLIP


@pytest.mark.parametrize(
    "places",
    [
        {"result": None},
        {"result": []},
        {"result": "x"},
        {"result": {}},
        {"result": {"data": None}},
        {"result": {"data": []}},
        {"result": {"data": [7]}},
        {"result": {"data": [{"url": 1.5}]}},
        {"result": {"data": [{"url": "/files/x.mp4"}]}},
        {"url": "ftp://files.example/x.mp4"},
        {"url": "javascript:alert(1)"},
        {"url": "https://[files"},
        {"url": "https://files.example/x.mp4\x00"},
        {"result": {"thumbnail_url": CLIP, "cover_url": CLIP}},
        {"thumbnail": CLIP},
        {"result": {"data": [{"url": "https://files.example/x.png"}]}},
        {"url": "https://files.example/" + "x" * 9000},
    ],
)
def test_what_is_no_address_of_a_clip_is_none(places: dict[str, Any]) -> None:
    assert generation(status="completed", **places).result_url is None


@pytest.mark.parametrize("status", ["in_progress", "on_hold", None])
def test_address_is_read_before_the_state_is_final(status: str | None) -> None:
    assert generation(status=status, result={"data": [{"url": CLIP}]}).result_url == CLIP


def test_reason_of_a_failure_is_no_address() -> None:
    assert generation(status="failed", fail_reason=CLIP).result_url is None


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
        ({"error": {"code": "generation_failed", "message": "no GPU left"}}, False),
        ({"error": {"code": "insufficient_quota", "message": "violates the content policy"}}, False),
        ({"error": None}, False),
    ],
)
def test_failure_is_moderations_by_its_words(reason: dict[str, Any], was_moderated: bool) -> None:
    assert generation(**({"status": "failed"} | reason)).was_moderated is was_moderated


def test_generation_that_failed_is_a_generation_and_no_refusal() -> None:
    failed = generation(success=False, status="failed", error={"code": "generation_failed", "message": "no"})
    assert (failed.status, failed.error_code) == (FAILED, "generation_failed")


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


_NAMES = ["url", "video_url", "data", "code", "message", "type", "status", "id", "task_id"]
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
    "error",
    "success",
    "fail_reason",
    "remain_credits",
    "unlimited_quota",
]
_BODIES = st.dictionaries(st.sampled_from(_FIELDS), _JSON).map(lambda it: json.dumps(it).encode()) | st.binary()
_HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"]),
    st.text(max_size=40),
)


@given(
    body=_BODIES,
    http_status=st.sampled_from([200, 204, 302, 400, 401, 404, 418, 429, 500, 599]),
    headers=_HEADERS,
    request_kind=st.sampled_from(RequestKind),
)
def test_no_answer_whatever_ends_in_anything_but_a_generation_or_a_known_error(
    body: bytes, http_status: int, headers: dict[str, str], request_kind: RequestKind
) -> None:
    given_answer = answer(body, http_status=http_status, headers=headers)
    wire.unknown_state(given_answer)
    try:
        found = wire.read_generation(given_answer, request=request_kind, now=NOW, prompt="a fox")
    except VideoServiceError:
        return
    assert found.id.isprintable()
    assert found.id
    assert found.result_url is None or found.result_url.casefold().startswith("http")


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
    assert all(model.isprintable() for model in models)
