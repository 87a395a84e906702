"""The generation in an answer: its state in every spelling, what it is wrapped in, and what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.models import Generation, GenerationStatus, NoAnswerError, VideoServiceError
from bot.toapis import wire
from bot.toapis.reading.answers import Answer, RequestKind

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
CLIP = "https://files.example/x.mp4"
SUBMIT, POLL = RequestKind.SUBMIT, RequestKind.POLL


def answer(body: object, http_status: int = 200) -> Answer:
    return Answer(http_status=http_status, headers={}, body=json.dumps(body).encode())


def read(body: object, http_status: int = 200, *, request: RequestKind = POLL, asked: str = "") -> Generation:
    return wire.read_generation(answer(body, http_status), request=request, now=NOW, asked=asked)


def generation(**body: Any) -> Generation:  # noqa: ANN401 (JSON)
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
    QUEUED: "queued QUEUED submitted pending NOT_START not-start created waiting accepted SCHEDULED INQUEUE "
    "JOB_STATE_PENDING task_not_started",
    IN_PROGRESS: "in_progress IN-PROGRESS InProgress INPROGRESS processing RUNNING running generating "
    "rendering started preparing MEDIA_GENERATION_STATUS_ACTIVE video.in_progress",
    COMPLETED: "completed COMPLETED succeeded SUCCESS success Successful done finished complete TASK_STATUS_SUCCEED "
    "MEDIA_GENERATION_STATUS_SUCCESSFUL JOB_STATE_SUCCEEDED STATUS_COMPLETED generation.completed "
    "Ready completed. 成功",
    FAILED: "failed FAILURE failure fail error cancelled canceled expired Rejected timeout timed-out aborted "
    "GENERATE_FAILED CREATE_TASK_FAILED generation.failed nsfw_detected 失败",
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
        ("not_completed", UNKNOWN),
        ("un_successful", UNKNOWN),
        ("partially_completed", UNKNOWN),
        ("partial_success", UNKNOWN),
        ("no_error", UNKNOWN),
        ("callback_failed", UNKNOWN),
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


@pytest.mark.parametrize("key", ["status", "state", "task_status", "taskStatus", "TaskStatus"])
def test_state_may_be_under_other_keys(key: str) -> None:
    assert generation(**{key: "failed", "error": {"code": "generation_failed", "message": "no"}}).status is FAILED
    assert generation(**{key: "succeed", "error": {"code": 0, "message": ""}}).status is COMPLETED


def test_state_of_the_exchange_beside_that_of_the_task_does_not_count() -> None:
    assert generation(status="success", task_status="processing").status is IN_PROGRESS
    assert generation(status=200, state="failed").status is FAILED


def test_unknown_state_is_named_in_the_services_own_word() -> None:
    assert wire.unknown_state(answer({"id": "video_1", "status": "On_Hold"})) == "on_hold"
    assert wire.unknown_state(answer({"data": {"id": "video_1", "status": "On_Hold"}})) == "on_hold"
    assert wire.unknown_state(answer({"id": "video_1", "status": "queued"})) is None


# What it is wrapped in ---------------------------------------------------------------------------

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
        {"id": "exchange_1", "status": "ok", "data": INNER},
        {"id": "exchange_1", "status": "success", "data": INNER},
        {"request_id": "exchange_1", "status": "success", "data": INNER},
        {"id": "video_1", "data": {key: value for key, value in INNER.items() if key != "task_id"}},
        {"code": 200, "data": {"taskId": "video_1", "state": "success", "progress": 100, "resultUrls": [CLIP]}},
        {"request_id": "exchange_1", "output": INNER},
        {"data": {"task_id": "video_1", "status": "SUCCESS", "progress": 100}, "result": {"data": [{"url": CLIP}]}},
        {"error": {"code": 0, "message": "success"}, "data": INNER},
        {"error": {"code": "ok", "message": "", "log_id": "1"}, "data": INNER},
        {"error": {"code": "", "message": "none"}, "data": INNER},
        {"error": {"code": "5", "message": "SUCCEED"}, "data": INNER},
        {"success": False, "message": "", "data": INNER},
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


# What is a generation, and what is none ----------------------------------------------------------

FAILURE = {"status": "FAILURE", "fail_reason": "no GPU"}


@pytest.mark.parametrize("http_status", [200, 400, 404, 422, 429, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        {"id": "t", "status": "failed", "error": {"code": "generation_failed", "message": "no GPU"}},
        {"task_id": "t", "state": "failed", "error": {"code": "insufficient_quota", "message": "no GPU"}},
        {"code": "fail", "message": "task failed", "data": {"task_id": "t", **FAILURE}},
        {"success": False, "message": "task failed", "data": {"task_id": "t", **FAILURE}},
        {"code": 400, "success": False, "data": {"task_id": "t", "status": "failed", "error": {"message": "no GPU"}}},
        {"data": {"task_id": "t", "status": "failed"}, "error": {"code": "generation_failed", "message": "no GPU"}},
    ],
)
def test_failed_generation_is_one_under_any_http_status(body: dict[str, Any], http_status: int) -> None:
    failed = read(body, http_status, asked="t")
    assert (failed.id, failed.status, failed.error_message) == ("t", FAILED, "no GPU")


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "message": "task failed", "data": FAILURE},
        {"code": "success", "data": FAILURE},
        {"status": "failed", "error": {"code": "generation_failed", "message": "no GPU"}},
        FAILURE,
    ],
)
def test_failed_generation_that_was_asked_for_needs_no_id(body: dict[str, Any]) -> None:
    assert (read(body, asked="t").id, read(body, asked="t").status) == ("t", FAILED)
    with pytest.raises(VideoServiceError):
        read(body)
    with pytest.raises(VideoServiceError):
        read(body, 500, asked="t")


def test_address_of_a_video_is_enough_of_the_generation_that_was_asked_for() -> None:
    found = read({"data": {"video_url": CLIP}}, asked="t")
    assert (found.id, found.status, found.result_url) == ("t", UNKNOWN, CLIP)


@pytest.mark.parametrize(
    ("body", "http_status"),
    [
        ({"status": "ok"}, 200),
        ({"status": "success"}, 200),
        ({"status": "queued"}, 200),
        ({"status": "error", "message": "slow down"}, 200),
        ({"status": "failed", "error": {"code": "insufficient_quota", "message": "no"}}, 200),
        ({"id": "req_1", "status": "error", "message": "no", "code": "internal_error"}, 500),
        ({"id": "req_1", "status": "failed", "error": {"code": "rate_limit_exceeded_per_minute"}}, 429),
        ({"id": "req_1", "status": "on_hold"}, 500),
        ({"message": "sign in", "redirect": "http://portal.example"}, 200),
    ],
)
def test_state_of_an_exchange_is_no_generations(body: dict[str, Any], http_status: int) -> None:
    with pytest.raises(VideoServiceError):
        read(body, http_status, asked="t")


@pytest.mark.parametrize(
    "body",
    [
        {"id": "abc", "status": "queued"},
        {"task_id": "abc"},
        {"id": "abc", "object": "generation.task"},
        {"id": "abc", "status": "ok", "model": "gemini_omni"},
        {"id": "abc", "created_at": 1768380222},
        {"success": True, "data": {"id": "abc"}},
        {"code": 0, "data": {"taskId": "abc"}},
        {"id": "abc", "status": "success", "object": "generation.task"},
    ],
)
def test_submit_is_accepted_with_an_id_and_what_a_generation_has(body: dict[str, Any]) -> None:
    assert read(body, request=SUBMIT).id == "abc"


@pytest.mark.parametrize(
    "body", [{"id": "abc"}, {"id": "abc", "status": "ok"}, {"id": "abc", "status": "success"}, {"status": "queued"}]
)
def test_id_alone_accepts_no_submit(body: dict[str, Any]) -> None:
    with pytest.raises(NoAnswerError) as raised:
        read(body, request=SUBMIT)
    assert raised.value.is_foreign
