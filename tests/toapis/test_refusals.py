"""Whose word an answer is, and what it is about: a table of what real gateways, and proxies before them, answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotTakenError,
    RateLimitedError,
    RequestRejectedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
    WrongEndpointError,
)
from bot.toapis.answers import Answer, RequestKind
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


# What it is about --------------------------------------------------------------------------------

ABOUT: list[tuple[int, dict[str, Any], type[VideoServiceError]]] = [
    # Money, whatever the status.
    (402, error("insufficient_quota", "insufficient_quota"), InsufficientFundsError),
    (402, error(None, None), InsufficientFundsError),
    (403, error("insufficient_user_quota", "new_api_error"), InsufficientFundsError),
    (403, task_error("insufficient_user_quota"), InsufficientFundsError),
    (403, error("pre_consume_token_quota_failed", "new_api_error"), InsufficientFundsError),
    (429, error("insufficient_quota", "insufficient_quota"), InsufficientFundsError),
    (429, error("rate_limit_exceeded", "insufficient_quota"), InsufficientFundsError),
    (400, error(400, "insufficient_quota"), InsufficientFundsError),
    (400, error("400", "insufficient_quota"), InsufficientFundsError),
    (400, error("billing_hard_limit_reached", "billing_limit_user_error"), InsufficientFundsError),
    (403, error("AccountOverdueError", "Forbidden"), InsufficientFundsError),
    (400, error("Arrearage"), InsufficientFundsError),
    (500, error("InsufficientBalance", "upstream_error"), InsufficientFundsError),
    (403, error("quota_not_enough"), InsufficientFundsError),
    (200, {"success": False, "code": "balance_not_enough", "message": "no"}, InsufficientFundsError),
    (200, task_error("insufficient_user_quota"), InsufficientFundsError),
    (200, task_error(402, "top up, please"), InsufficientFundsError),
    # The key.
    (401, error("unauthorized", "authentication_error"), UnauthorizedError),
    (401, error("", "new_api_error", "Invalid token (request id: 2026x)"), UnauthorizedError),
    (401, error("invalid_api_key", "invalid_request_error"), UnauthorizedError),
    (401, {"success": False, "message": "Invalid token"}, UnauthorizedError),
    (403, error("invalid_api_key", "permission_error"), UnauthorizedError),
    (400, error("InvalidApiKey"), UnauthorizedError),
    (401, error(401, None, "Request had invalid credentials", status="UNAUTHENTICATED"), UnauthorizedError),
    (200, {"success": False, "code": "AUTH_TOKEN_EXPIRED", "message": "sign in"}, UnauthorizedError),
    # The model, or a thing the key may not do.
    (403, error("access_denied", "new_api_error"), ModelAccessError),
    (403, error(None, "new_api_error", "无权访问 vip 分组"), ModelAccessError),
    (403, error("model_not_found", "invalid_request_error"), ModelAccessError),
    (503, error("model_not_found", "new_api_error", "No available channel for model x"), ModelAccessError),
    (404, error("model_not_found", "invalid_request_error", "The model x does not exist"), ModelAccessError),
    (403, error(403, None, "no", status="PERMISSION_DENIED"), ModelAccessError),
    (400, error("ModelNotOpen"), ModelAccessError),
    (403, error("AccessDenied.Unpurchased"), ModelAccessError),
    # Moderation, whatever the status.
    (422, error("content_policy_violation", "content_policy_violation"), ContentPolicyError),
    (422, error(None, None), ContentPolicyError),
    (400, error("moderation_blocked", "image_generation_user_error"), ContentPolicyError),
    (400, error("invalid_request", "content_policy_violation"), ContentPolicyError),
    (403, error("sensitive_words_detected", "new_api_error"), ContentPolicyError),
    (400, error("InputTextSensitiveContentDetected", "BadRequest"), ContentPolicyError),
    (400, error("InputTextSensitiveContentDetected.PolicyViolation"), ContentPolicyError),
    (500, error("DataInspectionFailed", "upstream_error"), ContentPolicyError),
    (400, error("prompt_blocked"), ContentPolicyError),
    (400, error("PROHIBITED_CONTENT"), ContentPolicyError),
    (400, error("ResponsibleAIPolicyViolation", "content_filter"), ContentPolicyError),
    (200, error("content_policy_violation"), ContentPolicyError),
    (200, {"success": False, "message": "Content violates the content policy"}, ContentPolicyError),
    (400, error("400", "upstream_error", "Your prompt violates our usage policies"), ContentPolicyError),
    (500, task_error("fail_to_fetch_task", '{"error": "sensitive words detected"}'), ContentPolicyError),
    (403, error("", "upstream_error", "Blocked due to safety concerns"), ContentPolicyError),
    (400, error("invalid_parameter", None, "输入内容包含敏感词"), ContentPolicyError),
    # The request.
    (400, error("invalid_request", "invalid_request_error"), RequestRejectedError),
    (400, error("bad_response_status_code", "upstream_error"), RequestRejectedError),
    (413, error(None, "new_api_error"), RequestRejectedError),
    (422, error("invalid_parameter", "invalid_request_error"), RequestRejectedError),
    (200, error("invalid_request", "invalid_request_error"), RequestRejectedError),
    (400, {"message": "no", "success": False}, RequestRejectedError),
    # The address.
    (400, error("invalid_request", "invalid_request_error", "invalid apitype: -1"), WrongEndpointError),
    (500, error("invalid_api_type", "new_api_error"), WrongEndpointError),
    # Too many.
    (429, error("rate_limit_exceeded", "rate_limit_exceeded"), RateLimitedError),
    (429, error(None, "new_api_error"), RateLimitedError),
    (403, error("rate_limit_exceeded"), RateLimitedError),
    (429, error(429, None, "no", status="RESOURCE_EXHAUSTED"), RateLimitedError),
    (429, error("Throttling.RateQuota"), RateLimitedError),
    (503, error("rate_limit_unavailable", "rate_limit_unavailable"), NotTakenError),
    # The service's own trouble, and that with those behind it.
    (500, error("internal_error", "internal_error"), ServiceFaultError),
    (500, error("channel:invalid_key", "new_api_error"), ServiceFaultError),
    (401, error("channel:invalid_key", "new_api_error"), ServiceFaultError),
    (500, error("invalid_request", "invalid_request_error"), ServiceFaultError),
    (503, error(None, None, "The moderation service is unavailable, try again"), ServiceFaultError),
    (524, {"success": False, "message": "no"}, ServiceFaultError),
    (200, error("internal_error"), ServiceFaultError),
    (200, {"error": "something broke"}, ServiceFaultError),
    (200, {"success": False, "message": "no"}, ServiceFaultError),
]


@pytest.mark.parametrize(("http_status", "body", "expected"), ABOUT)
def test_refusal_is_about_what_code_and_type_say_and_then_the_status(
    http_status: int, body: dict[str, Any], expected: type[VideoServiceError]
) -> None:
    raised = refusal(body, http_status)
    assert type(raised) is expected
    assert raised.http_status == http_status


@pytest.mark.parametrize(
    ("http_status", "expected"), [(401, UnauthorizedError), (400, RequestRejectedError), (500, ServiceFaultError)]
)
@pytest.mark.parametrize("words", ["insufficient quota", "invalid api key", "model_not_found", "task not found"])
def test_words_of_a_prompt_that_come_back_in_the_message_say_nothing_of_the_account(
    http_status: int, expected: type[VideoServiceError], words: str
) -> None:
    assert type(refusal(error(None, None, f"cannot make {words!r}"), http_status)) is expected


def test_prompt_that_speaks_of_moderation_is_not_taken_for_the_services_words() -> None:
    prompt = "A sign reads Content Policy Violation"
    quoting = error(None, "permission_error", f"this key may not ask for: {prompt}")
    assert type(refusal(quoting, 403, prompt=prompt)) is ModelAccessError
    unclear = error("invalid_request", None, f"duration must be 6 or 10 for {prompt!r}")
    assert type(refusal(unclear, 400, prompt=prompt)) is RequestRejectedError


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
