"""Whose word an answer is, and what a refusal carries; what it is about is a table of ``test_gateways``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.models import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotTakenError,
    RequestRejectedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
)
from bot.toapis.reading.answers import Answer, RequestKind
from bot.toapis.wire import read_generation

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
SUBMIT, POLL, ACCOUNT = RequestKind.SUBMIT, RequestKind.POLL, RequestKind.ACCOUNT


def refusal(
    body: object,
    http_status: int,
    *,
    request: RequestKind = SUBMIT,
    headers: dict[str, str] | None = None,
    prompt: str = "",
) -> VideoServiceError:
    encoded = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    answer = Answer(http_status=http_status, headers=headers or {}, body=encoded)
    with pytest.raises(VideoServiceError) as raised:
        read_generation(answer, request=request, now=NOW, prompt=prompt)
    return raised.value


def error(code: object = None, type: object = None, message: object = "no", **more: Any) -> dict[str, Any]:  # noqa: A002, ANN401 (JSON)
    return {"error": {"code": code, "type": type, "message": message, **more}}


def task_error(code: object, message: str = "no") -> dict[str, Any]:
    return {"code": code, "message": message, "data": None}


# Whose words count -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("http_status", "expected"), [(401, UnauthorizedError), (400, RequestRejectedError), (500, ServiceFaultError)]
)
@pytest.mark.parametrize("words", ["insufficient quota", "invalid api key", "model_not_found", "task not found"])
def test_words_of_a_prompt_that_come_back_in_the_message_say_nothing_of_the_account(
    http_status: int, expected: type[VideoServiceError], words: str
) -> None:
    assert type(refusal(error(None, None, f"cannot make {words!r}"), http_status)) is expected


SIGN = 'A sign reads "Content Policy Violation" in red,\nand it goes on for quite a while after that'


@pytest.mark.parametrize(
    "quote",
    [
        SIGN,
        SIGN.upper(),
        repr(SIGN),
        json.dumps(SIGN),
        json.dumps(json.dumps(SIGN)),
        f"{SIGN[:60]}...",
        json.dumps(SIGN)[:55],
        f"...{SIGN[10:70]}...",
        " ".join(SIGN.split()),
    ],
)
def test_quote_of_the_prompt_says_nothing_however_it_is_written(quote: str) -> None:
    unclear = error("invalid_request", None, f"duration must be 6 or 10 for prompt: {quote}")
    assert type(refusal(unclear, 400, prompt=SIGN)) is RequestRejectedError
    assert type(refusal(error(None, "permission_error", quote), 403, prompt=SIGN)) is ModelAccessError


@pytest.mark.parametrize("prompt", ["", "a fox", SIGN, "the prompt of a play"])
def test_what_the_service_says_beside_a_quote_counts(prompt: str) -> None:
    refused = error("invalid_request", None, f"{prompt!r} violates our usage policies")
    assert type(refusal(refused, 400, prompt=prompt)) is ContentPolicyError


def test_limiter_that_is_down_takes_no_submit_and_is_a_fault_of_a_poll() -> None:
    body = error("rate_limit_unavailable")
    assert type(refusal(body, 503, request=SUBMIT)) is NotTakenError
    assert type(refusal(body, 503, request=POLL)) is ServiceFaultError


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (error("insufficient_user_quota", "new_api_error"), "insufficient_user_quota"),
        (error(None, "insufficient_quota"), "insufficient_quota"),
        (error(7, None), "7"),
        (task_error("fail_to_fetch_task"), "fail_to_fetch_task"),
        ({"success": False, "message": "no"}, None),
    ],
)
def test_operator_reads_the_services_own_code(body: dict[str, Any], code: str | None) -> None:
    assert refusal(body, 400).code == code


# Missing -----------------------------------------------------------------------------------------

MISSING = [
    (404, error("task_not_found", "not_found_error")),
    (404, error("not_found", "not_found_error")),
    (404, error(None, "not_found_error")),
    (404, error("task_not_found", None)),
    (404, error(None, None, "task_not_exist")),
    (400, error("invalid_request", "invalid_request_error", "task_not_exist")),
    (400, error("", "new_api_error", "task_not_exist (request id: 2026x)")),
    (400, task_error("task_not_exist", "task_not_exist")),
    (200, task_error("task_not_exist", "task_not_exist")),
]


@pytest.mark.parametrize(("http_status", "body"), MISSING)
def test_generation_is_missing_when_the_service_says_so_of_one_that_was_asked_for(
    http_status: int, body: dict[str, Any]
) -> None:
    assert type(refusal(body, http_status, request=POLL)) is GenerationNotFoundError
    for request in (SUBMIT, ACCOUNT):
        other = refusal(body, http_status, request=request)
        assert isinstance(other, NoAnswerError)
        assert other.is_foreign


@pytest.mark.parametrize(
    "body",
    [
        error("not_found", None, "no Route matched with those values"),
        error("NOT_FOUND", "not_found"),
        error("404", None, "Resource not found"),
        error("", "invalid_request_error", "Invalid URL (GET /v1/videos/generations/x)"),
        error("model_not_found", "invalid_request_error"),
        error("route_not_found", "proxy_error", "task_not_exist is what you may look for"),
        {"success": False, "message": "not found"},
        {"code": 404, "message": "Not Found", "data": None},
        {"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}},
    ],
)
def test_any_other_404_says_nothing_of_a_generation(body: dict[str, Any]) -> None:
    raised = refusal(body, 404, request=POLL)
    assert isinstance(raised, NoAnswerError)
    assert (raised.is_foreign, raised.http_status) == (True, 404)


def test_service_that_is_broken_is_not_believed_that_a_generation_is_missing() -> None:
    assert type(refusal(error("task_not_found"), 500, request=POLL)) is ServiceFaultError


# Who speaks --------------------------------------------------------------------------------------

NOT_THE_SERVICES = [
    "<html><body><h1>403 Forbidden</h1></body></html>",
    "404 page not found",
    "error code: 502",
    "",
    "null",
    "[]",
    '[{"error": {"code": "insufficient_quota"}}]',
    '{"error": {"code": "insuff',
    "{}",
    '{"error": null}',
    '{"error": {}}',
    '{"error": {"code": null, "message": ""}}',
    '{"message": "Forbidden"}',
    '{"message": "no Route matched with those values", "request_id": "f00"}',
    '{"timestamp": 1779247407, "status": 403, "error": "Forbidden", "path": "/v1/videos/generations"}',
    '{"code": 403, "message": "Forbidden"}',
    '{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "no"}',
    '{"success": false, "errors": [{"code": 10000, "message": "Authentication error"}], "result": null}',
    '{"detail": "Not authenticated"}',
    '{"success": false}',
    '{"error": {"code": "403", "message": "Forbidden"}}',
    '{"error": {"code": 403, "message": "forbidden.", "status": "PERMISSION_DENIED"}}',
    '{"error": {"code": "", "message": "Bad Request"}}',
    '{"error": {"message": "401 Unauthorized"}}',
    '{"error": {"code": "400", "message": "Unprocessable Entity", "type": ""}}',
    '{"error": {"code": "413", "message": "FUNCTION_PAYLOAD_TOO_LARGE"}}',
    '{"error": {"code": 502}}',
    '{"error": {"code": "502", "message": "Gateway Time-out"}}',
    '{"error": {"code": 0, "message": "success"}}',
    '{"code": 7, "message": "Permission denied on resource", "details": []}',
    '{"code": 16, "message": "JWT validation failed", "details": []}',
    '{"code": 3, "message": "invalid field", "details": [{"reason": "x"}]}',
    '{"error": "invalid_token", "error_description": "sign in"}',
    '{"errors": [{"code": 10000, "message": "Authentication error"}]}',
    '{"Code": "AccessDenied", "Message": "no"}',
]


@pytest.mark.parametrize("http_status", [200, 302, 400, 401, 402, 403, 404, 418, 422, 429, 500, 502, 503, 524])
@pytest.mark.parametrize("body", NOT_THE_SERVICES)
@pytest.mark.parametrize("request_kind", [SUBMIT, POLL])
def test_answer_that_is_not_the_services_json_is_nobodys_word(
    http_status: int, body: str, request_kind: RequestKind
) -> None:
    raised = refusal(body, http_status, request=request_kind)
    assert isinstance(raised, NoAnswerError)
    assert (raised.is_foreign, raised.http_status, raised.code) == (True, http_status, None)
    assert "<html" not in str(raised)


def test_redirect_is_nobodys_word_whatever_it_carries() -> None:
    raised = refusal(error("task_not_found", "not_found_error"), 302, request=POLL)
    assert isinstance(raised, NoAnswerError)
    assert raised.is_foreign


@pytest.mark.parametrize(
    "body",
    [
        {"error": "insufficient_quota"},
        {"error": "insufficient_quota", "message": "top up, please"},
        {"code": "insufficient_quota", "data": None},
        {"code": "insufficient_quota", "message": ""},
        {"code": "insufficient_user_quota", "error": "user quota is not enough"},
        {"type": "insufficient_quota", "message": "no"},
        {"success": False, "code": "insufficient_quota"},
        {"success": False, "message": "insufficient_quota"},
        {"success": False, "message": "no", "error": "insufficient_quota"},
        {"success": "false", "error": {"code": "insufficient_quota"}},
        {"message": "insufficient_quota"},
        {"errors": [{"code": "insufficient_quota", "message": "no"}]},
        {"error": [{"code": "insufficient_quota", "message": "no"}]},
        {"error": {"error": {"code": "insufficient_quota", "message": "no"}}},
        {"error": '{"code": "insufficient_quota"}'},
        {"data": {"error": {"code": "insufficient_quota"}}},
        {"error": {"code": "", "message": "insufficient_quota"}},
        {"error": {"code": 0, "type": "insufficient_quota", "message": ""}},
        {"error": {"code": 400, "message": "no", "details": [{"reason": "INSUFFICIENT_QUOTA"}]}},
        {"error": {"code": 400, "message": "no", "errors": [{"reason": "quotaExceeded"}]}},
    ],
)
@pytest.mark.parametrize("http_status", [200, 400, 403, 429, 503])
def test_word_that_leaves_no_doubt_is_the_services_in_any_shape(body: dict[str, Any], http_status: int) -> None:
    assert type(refusal(body, http_status)) is InsufficientFundsError


@pytest.mark.parametrize("success", [False, "false", "False", 0, "0"])
def test_flag_says_no_in_any_spelling(success: object) -> None:
    assert type(refusal({"success": success, "message": "no"}, 400)) is RequestRejectedError


@pytest.mark.parametrize("http_status", [408, 499])
def test_service_that_gave_up_waiting_gave_no_answer_but_is_the_service(http_status: int) -> None:
    raised = refusal(error("request_timeout"), http_status)
    assert isinstance(raised, NoAnswerError)
    assert not raised.is_foreign


@pytest.mark.parametrize(
    "body",
    [
        {"id": "req_1", "error": {"code": "insufficient_quota", "message": "no"}},
        {"id": "req_1", "code": "insufficient_user_quota", "message": "no", "data": None},
        {"id": "req_1", "success": False, "message": "no", "code": "insufficient_quota"},
        {"id": "req_1", "status": "error", "message": "no", "code": "insufficient_quota"},
        {"id": "req_1", "status": "failed", "error": {"code": "insufficient_quota", "message": "no"}},
        {"id": "req_1", "status": 402, "message": "no", "code": "insufficient_quota"},
    ],
)
def test_id_beside_an_error_is_no_generation(body: dict[str, Any]) -> None:
    assert type(refusal(body, 200)) is InsufficientFundsError


# What else it carries ----------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "http_status"), [("<html>", 429), ("<html>", 503), (error("internal_error"), 503)])
def test_wait_is_kept_of_whoever_asks_for_it(body: object, http_status: int) -> None:
    assert refusal(body, http_status, headers={"Retry-After": "12"}).retry_after_seconds == 12


def test_refusal_without_retry_after_waits_for_the_limits_reset() -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "20", "X-RateLimit-Category": "async_submit"}
    raised = refusal(error("rate_limit_exceeded"), 429, headers=headers)
    assert raised.retry_after_seconds == 20
    assert raised.rate_limit is not None
    assert (raised.rate_limit.remaining, raised.rate_limit.reset_at) == (0, NOW + timedelta(seconds=20))
    assert refusal(error("rate_limit_exceeded"), 429, headers=headers, request=POLL).retry_after_seconds is None


def test_limits_of_a_proxy_are_not_the_services() -> None:
    assert refusal("<html>", 429, headers={"X-RateLimit-Remaining": "0"}).rate_limit is None


def test_message_is_one_short_line() -> None:
    text = str(refusal(error("x", None, "two\nlines\x00" + "x" * 1000), 400))
    assert text.startswith("two lines ")
    assert len(text) == 500
