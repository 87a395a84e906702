"""What real gateways answer, and what the bot takes it for: a table of rows for each thing that is asked.

A row is the HTTP status, the error's code, type and message (``…`` where there is none), and the error raised.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.models import (
    ContentPolicyError,
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
from bot.toapis.reading.answers import Answer, RequestKind
from bot.toapis.wire import read_generation

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
SUBMIT, POLL = RequestKind.SUBMIT, RequestKind.POLL

Row = tuple[int, object, object, str, type[VideoServiceError]]
Money, Key, Access, Moderated = InsufficientFundsError, UnauthorizedError, ModelAccessError, ContentPolicyError
Rejected, Rate, Fault, Nobody = RequestRejectedError, RateLimitedError, ServiceFaultError, NoAnswerError


def refused(http_status: int, body: dict[str, Any], request: RequestKind) -> type[VideoServiceError]:
    answer = Answer(http_status=http_status, headers={}, body=json.dumps(body).encode())
    with pytest.raises(VideoServiceError) as raised:
        read_generation(answer, request=request, now=NOW)
    assert raised.value.http_status == http_status
    return type(raised.value)


def error(code: object, kind: object, message: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    return {"error": {"code": code, "type": kind, "message": message, **more}}


# By code and type, then by the status ------------------------------------------------------------

ON_SUBMIT: list[Row] = [
    (402, "insufficient_quota", "insufficient_quota", "no", Money),
    (402, None, None, "no", Money),
    (403, "insufficient_user_quota", "new_api_error", "no", Money),
    (403, "pre_consume_token_quota_failed", "new_api_error", "no", Money),
    (429, "insufficient_quota", "insufficient_quota", "Check your plan", Money),
    (429, "rate_limit_exceeded", "insufficient_quota", "no", Money),
    (400, 400, "insufficient_quota", "no", Money),
    (400, "billing_hard_limit_reached", "billing_limit_user_error", "no", Money),
    (403, "AccountOverdueError", "Forbidden", "no", Money),
    (400, "Arrearage", None, "no", Money),
    (500, "InsufficientBalance", "upstream_error", "no", Money),
    (403, "AllocationQuota.FreeTierOnly", None, "no", Money),
    (200, 402, None, "top up, please", Money),
    (401, "unauthorized", "authentication_error", "no", Key),
    (401, "", "new_api_error", "Invalid token (request id: 2026x)", Key),
    (401, "invalid_api_key", "invalid_request_error", "no", Key),
    (403, "invalid_api_key", "permission_error", "no", Key),
    (400, "InvalidApiKey", None, "no", Key),
    (200, "AUTH_TOKEN_EXPIRED", None, "sign in", Key),
    (403, "access_denied", "new_api_error", "no", Access),
    (403, None, "new_api_error", "无权访问 vip 分组", Access),
    (503, "model_not_found", "new_api_error", "No available channel for model x", Access),
    (404, "model_not_found", "invalid_request_error", "The model x does not exist", Access),
    (403, "AccessDenied.Unpurchased", None, "no", Access),
    (451, None, "new_api_error", "no", Access),
    (422, "content_policy_violation", "content_policy_violation", "no", Moderated),
    (400, "moderation_blocked", "image_generation_user_error", "no", Moderated),
    (400, "invalid_request", "content_policy_violation", "no", Moderated),
    (403, "sensitive_words_detected", "new_api_error", "no", Moderated),
    (400, "InputTextSensitiveContentDetected.PolicyViolation", "BadRequest", "no", Moderated),
    (500, "DataInspectionFailed", "upstream_error", "no", Moderated),
    (400, "ResponsibleAIPolicyViolation", "content_filter", "no", Moderated),
    (200, "content_policy_violation", None, "no", Moderated),
    (400, "invalid_request", "invalid_request_error", "no", Rejected),
    (400, "bad_response_status_code", "upstream_error", "no", Rejected),
    (413, None, "new_api_error", "no", Rejected),
    (200, "invalid_request", "invalid_request_error", "no", Rejected),
    (422, None, "invalid_request_error", "duration: Input should be 6 or 10", Rejected),
    (422, "VALIDATION_ERROR", None, "aspect_ratio is not one of", Rejected),
    (422, "unprocessable_entity", None, "duration must be 6", Rejected),
    (422, "invalid_parameter", "invalid_request_error", "no", Rejected),
    (422, None, None, "no", Rejected),
    (409, "invalid_request", None, "no", Rejected),
    (400, "invalid_request", "invalid_request_error", "invalid apitype: -1", WrongEndpointError),
    (500, "invalid_api_type", "new_api_error", "no", WrongEndpointError),
    (429, None, "new_api_error", "no", Rate),
    (403, "rate_limit_exceeded", None, "no", Rate),
    (429, "Throttling.RateQuota", None, "no", Rate),
    (429, "Throttling.AllocationQuota", None, "no", Rate),
    (429, "limit_exceeded", None, "no", Rate),
    (400, "tokens_per_minute_quota_exceeded", None, "no", Rate),
    (400, "concurrent_task_limit_exceeded", None, "no", Rate),
    (503, "rate_limit_unavailable", "rate_limit_unavailable", "no", NotTakenError),
    (500, "internal_error", "internal_error", "no", Fault),
    (422, "internal_error", None, "no", Fault),
    (403, "internal_error", "internal_error", "no", Fault),
    (500, "invalid_request", "invalid_request_error", "no", Fault),
    (503, "invalid_duration", None, "no", Fault),
    (401, "invalid_request", "invalid_request_error", "no", Key),
    (403, "invalid_value", "invalid_request_error", "no", Access),
    (429, "invalid_request", "invalid_request_error", "no", Rate),
    (409, "duplicate_client_business_id", None, "already submitted", Fault),
    (400, "client_business_id_already_exists", "invalid_request_error", "no", Fault),
    (409, None, "new_api_error", "no", Fault),
    (401, "channel:invalid_key", "new_api_error", "no", Fault),
    (401, "fail_to_fetch_task", None, '{"error":{"code":"invalid_api_key","message":"Incorrect API key"}}', Fault),
    (403, "bad_response_status_code", "upstream_error", "bad response status code 403", Fault),
    (403, None, "upstream_error", "bad response status code 403", Fault),
    (402, "bad_response_status_code", "upstream_error", "no", Fault),
    (400, "model_mapping_failed", None, "no", Fault),
    (400, "invalid_api_platform", None, "invalid api platform: x", Fault),
    (400, "get_channel_failed", "new_api_error", "no", Fault),
    (400, "model_price_error", None, "模型价格未配置，请联系管理员设置", Access),
    (403, "", "new_api_error", "Your account has been suspended for violating our terms of service", Access),
    (403, "", "new_api_error", "用户违规，账户已被封禁", Access),
    (403, None, "access_terminated_error", "terminated due to violation of our policies", Key),
]


@pytest.mark.parametrize("row", ON_SUBMIT, ids=str)
def test_submit_is_refused_for_what_code_and_type_say_and_then_the_status(row: Row) -> None:
    http_status, code, kind, message, expected = row
    assert refused(http_status, error(code, kind, message), SUBMIT) is expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"status": "FAILED_PRECONDITION", "message": "User location is not supported for the API use."}, Access),
        ({"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}, Key),
        ({"status": "PERMISSION_DENIED", "details": [{"@type": "x"}, {"reason": "SERVICE_DISABLED"}]}, Access),
        ({"status": "UNAUTHENTICATED"}, Key),
        ({"status": "RESOURCE_EXHAUSTED"}, Rate),
        ({"status": "INVALID_ARGUMENT"}, Rejected),
    ],
)
def test_googles_status_and_reasons_are_words(more: dict[str, Any], expected: type[VideoServiceError]) -> None:
    assert refused(400, {"error": {"code": 400, "message": "no", **more}}, SUBMIT) is expected


# A poll is about the look, not the clip ----------------------------------------------------------

ON_POLL: list[Row] = [
    (400, "content_policy_violation", None, "no", Moderated),
    (422, "x", "content_policy_violation", "no", Moderated),
    (500, "content_policy_violation", None, "no", Fault),
    (400, "", "upstream_error", "Content violates the content policy", Rejected),
    (422, None, None, "Content violates the content policy", Rejected),
    (403, "", "new_api_error", "Request blocked by our safety policy", Access),
    (500, "internal_error", None, "Timeout while waiting for the content check", Fault),
    (503, None, "new_api_error", "content filter internal error", Fault),
    (422, None, "new_api_error", "no", Rejected),
    (422, "invalid_request", "invalid_request_error", "invalid task id", Rejected),
    (503, "rate_limit_unavailable", None, "no", Fault),
    (401, "fail_to_fetch_task", None, "no", Fault),
    (400, "invalid_channel_id", None, "invalid channel id: 12", Fault),
    (404, "content_policy_violation", None, "no", Nobody),
    (404, "invalid_request", None, "no", Nobody),
    (403, "insufficient_user_quota", "new_api_error", "no", Money),
    (429, None, "new_api_error", "no", Rate),
]


@pytest.mark.parametrize("row", ON_POLL, ids=str)
def test_poll_is_refused_for_itself(row: Row) -> None:
    http_status, code, kind, message, expected = row
    assert refused(http_status, error(code, kind, message), POLL) is expected


# Words as kinds ----------------------------------------------------------------------------------

MONEY = (
    "no_quota quota_limit_reached daily_limit_exceeded monthly_limit_exceeded daily_credit_limit_exceeded NO_CREDITS "
    "key_daily_limit_exceeded entitlement_required topup_required recharge_required wallet_empty out_of_funds "
    "balance_not_sufficient credits_depleted quota_used_up insufficient_amount funds_insufficient BALANCE_ERROR "
    "subscription_expired plan_limit_reached trial_expired negative_balance unpaid_invoice payment_failed "
    "usage_limit_reached quotaExceeded hard_limit_exceeded moderation_quota_exceeded billing_safety_hold "
    "daily_video_limit_exceeded PUBLIC_ERROR_QUOTA_REACHED resource_pack_exhausted not_enough_points over_quota"
)
KEY = (
    "user_banned account_suspended organization_restricted team_blocked project_frozen key_disabled access_terminated "
    "account_risk_control key_safety_lock expired_api_key API_KEY_SERVICE_BLOCKED token_expired sk_invalid auth_failed "
    "SignatureDoesNotMatch invalid_authentication login_required"
)
ACCESS = (
    "user_location_not_supported region_not_supported FAILED_PRECONDITION ip_blocked harmful_ip insufficient_scope "
    "ModelNotOpen model_unavailable deployment_not_found group_deprecated sensitive_operation_requires_verification"
)
MODERATION = (
    "SAFETY.INPUT.TEXT guardrail_triggered rai_filtered SPII PUBLIC_ERROR_MINOR PUBLIC_ERROR_AUDIO_FILTERED "
    "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED nudity_detected third_party_similarity content_not_allowed "
    "prompt_rejected violates_policy AuditSubmitIllegal text_audit_failed risk_not_pass post_img_risk_not_pass "
    "guidelines_violation tos_violation illegal_prompt banned_words forbidden_words new_sensitive moderation_failed "
    "blockReason.OTHER celebrity_detected ip_infringement"
)
FAULT = "moderation_timeout moderation_service_error moderation_api_error safety_check_unavailable no_available_channel"


@pytest.mark.parametrize("http_status", [400, 403, 429, 500])
@pytest.mark.parametrize(
    ("words", "expected"),
    [(MONEY, Money), (KEY, Key), (ACCESS, Access), (MODERATION, Moderated), (FAULT, Fault)],
)
def test_words_of_a_kind_are_known_whatever_the_status(
    http_status: int, words: str, expected: type[VideoServiceError]
) -> None:
    found = {word: refused(http_status, error(word, "new_api_error", "no"), SUBMIT) for word in words.split()}
    assert found == dict.fromkeys(words.split(), expected)


MODERATED_TEXTS = """
Your prompt violates our usage policies
Veo could not generate videos because the input violates Vertex AI's usage guidelines. Please rephrase.
Your current safety filter threshold filtered out 2 generated videos. You will not be charged
This content may violate our guardrails concerning similarity to third-party content.
Failure to pass the risk control system
input new_sensitive
Generation failed: PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED
400: prompt not allowed because advanced moderation failed
Blocked due to safety concerns. Repeated violations may lead to your account being suspended.
prompt blocked: IMAGE_SAFETY
The output was blocked because of copyright
{"error": "sensitive words detected"}
Prompt contains banned words
Violation of community rules
输入内容包含敏感词
内容不合规
未通过安全审核
触发风控
""".strip().splitlines()
OTHER_TEXTS = """
illegal image format
content check timed out
moderation failed: connection refused
moderation service error
content review in progress
Request is prohibited by organization's policy constraints/x
rate limit policy violated: request breaches the per-minute rate policy
your key has been flagged as leaked
This account was flagged for potential abuse
Account suspended for violating terms of service
Your account was closed. You violated our usage policies.
this action is against your plan's policy
Request blocked by WAF policy
blocked by network policy
S3 bucket policy violation: cannot store result
Illegal prompt length
cannot make 'insufficient quota'
内容审核服务超时
账户违规，已被封禁
""".strip().splitlines()
BARE = [(400, Rejected), (401, Key), (403, Access), (422, Rejected), (429, Rate), (500, Fault)]


@pytest.mark.parametrize("text", MODERATED_TEXTS)
@pytest.mark.parametrize(("http_status", "otherwise"), BARE)
def test_text_tells_moderation_where_no_word_leaves_no_doubt(
    http_status: int, otherwise: type[VideoServiceError], text: str
) -> None:
    for code, kind in (("", "upstream_error"), (None, None), ("400", "new_api_error")):
        assert refused(http_status, error(code, kind, text), SUBMIT) is Moderated
        assert refused(http_status, error(code, kind, text), POLL) is not Moderated
    assert refused(http_status, error("insufficient_quota", None, text), SUBMIT) is Money
    assert refused(http_status, error("channel:no_key", None, text), SUBMIT) is Fault


@pytest.mark.parametrize("text", OTHER_TEXTS)
@pytest.mark.parametrize(("http_status", "otherwise"), BARE)
def test_text_about_anything_else_tells_no_member_to_change_a_prompt(
    http_status: int, otherwise: type[VideoServiceError], text: str
) -> None:
    assert refused(http_status, error("", "new_api_error", text), SUBMIT) is otherwise
