"""Credits and models: what key and account say, and what is unknown."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import (
    Balance,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    RateLimitedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
)
from bot.toapis.account import combine_balance, explain_models, read_balance, read_models
from bot.toapis.reading.answers import Answer

if TYPE_CHECKING:
    from bot.toapis.reading.values import JsonObject

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
PAGE = "<html>"


def answer(body: object, http_status: int = 200) -> Answer:
    encoded = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(http_status=http_status, headers={}, body=encoded)


def found(body: object, http_status: int = 200) -> JsonObject | VideoServiceError:
    try:
        return read_balance(answer(body, http_status), now=NOW)
    except VideoServiceError as error:
        return error


def credits(remain_credits: object, **more: Any) -> dict[str, Any]:  # noqa: A001, ANN401 (JSON)
    return {"success": True, "remain_balance": 0, "remain_credits": remain_credits, **more}


PLENTY = credits(1820)
SAYS_NO = {"success": False, "message": "not now"}
UNAUTHORIZED = {"error": {"code": "unauthorized", "message": "no"}}


@pytest.mark.parametrize(
    ("body", "key_credits"),
    [
        (credits(1820, unlimited_quota=False), 1820),
        (credits("1820.5"), 1820.5),
        (credits(0), 0),
        (credits(-250), -250),
        (credits(-1), math.inf),
        (credits("-1"), math.inf),
        (credits(0, unlimited_quota=True), math.inf),
        (credits(None, unlimited_quota=True), math.inf),
        (credits(0, unlimited_quota="true"), math.inf),
        (credits(0, unlimited_quota=1), math.inf),
        (credits(-1, unlimited_quota=False), None),
        (credits("-1", unlimited_quota="false"), None),
        (credits(5, unlimited_quota="false"), 5),
        (credits("1,820"), 1820),
        ({"data": credits(7)}, 7),
        ({"code": "success", "message": "", "data": credits(7)}, 7),
        ({"success": True, "remain_balance": 9.1}, None),
        (credits("many"), None),
        (credits("nan"), None),
        (credits(True), None),
        ({"success": True}, None),
        (SAYS_NO, None),
        ({"success": False, "remain_credits": 0}, None),
        ({"success": "false", "message": "no", "remain_credits": 0}, None),
        ({"success": 0, "remain_credits": 0}, None),
        ({"code": "internal_error", "message": "no", "remain_credits": 0}, None),
        ({"code": "internal_error", "message": "no", "data": {"remain_credits": 0}}, None),
        ({"data": {"success": False, "message": "no", "remain_credits": 0}}, None),
        ({"error": {"code": 0, "message": "success"}, "data": credits(7)}, 7),
        (PAGE, None),
    ],
)
def test_key_can_spend_its_credits_or_has_no_limit(body: object, key_credits: float | None) -> None:
    assert combine_balance(found(body), found(PLENTY)) == Balance(key_credits=key_credits, account_credits=1820)


@pytest.mark.parametrize(
    ("body", "account_credits"),
    [
        (credits(1820), 1820),
        (credits(0), 0),
        (credits(-250), -250),
        (credits(0, unlimited_quota=True), 0),
        (credits(-1), None),
        ({"success": True, "remain_balance": 9.1}, None),
        (SAYS_NO, None),
        (PAGE, None),
    ],
)
def test_account_always_has_a_limit(body: object, account_credits: float | None) -> None:
    balance = combine_balance(found(credits(-1, unlimited_quota=True)), found(body))
    assert balance == Balance(key_credits=math.inf, account_credits=account_credits)


def test_nothing_known_is_unknown_and_not_empty() -> None:
    balance = combine_balance(found(SAYS_NO), found({"success": True, "remain_balance": 0}))
    assert balance == Balance()
    assert not balance.is_empty


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "remain_balance": 0},
        {"object": "credit_summary", "total_available": 100},
        {"object": "billing_subscription", "hard_limit_usd": 10},
        {"code": True, "message": "ok", "data": {"total_available": 100}},
        {"remain_credits": None},
        SAYS_NO,
    ],
)
def test_answer_without_credits_is_unknown_and_no_error(body: object) -> None:
    assert combine_balance(found(body), found(body)) == Balance()


@pytest.mark.parametrize("body", [{}, [], "ok", {"status": "ok"}, {"message": "Forbidden"}, PAGE])
def test_answer_about_something_else_is_not_the_services(body: object) -> None:
    with pytest.raises(NoAnswerError):
        combine_balance(found(body), found(body))


def test_key_that_is_forbidden_says_so_unless_the_account_is_known_to_be_empty() -> None:
    banned = found({"success": False, "message": "user banned"}, 403)
    with pytest.raises(ModelAccessError):
        combine_balance(banned, found(PLENTY))
    assert combine_balance(banned, found(credits(0))).is_empty


def test_key_is_bad_only_when_its_own_check_says_so() -> None:
    with pytest.raises(UnauthorizedError):
        combine_balance(found(UNAUTHORIZED, 401), found(PLENTY))
    balance = combine_balance(found(PLENTY), found(UNAUTHORIZED, 401))
    assert balance == Balance(key_credits=1820, account_credits=None)
    with pytest.raises(NoAnswerError):
        combine_balance(found(PAGE, 401), found(UNAUTHORIZED, 401))


@pytest.mark.parametrize(
    ("body", "http_status", "expected"),
    [
        (PAGE, 502, NoAnswerError),
        (PAGE, 200, NoAnswerError),
        ({"error": {"code": "internal_error", "message": "no"}}, 500, ServiceFaultError),
        ({"error": {"code": "rate_limit_exceeded", "message": "no"}}, 429, RateLimitedError),
    ],
)
def test_keys_error_counts_when_the_account_says_nothing_either(
    body: object, http_status: int, expected: type[VideoServiceError]
) -> None:
    with pytest.raises(expected):
        combine_balance(found(body, http_status), found(PAGE, 502))
    assert combine_balance(found(body, http_status), found(PLENTY)) == Balance(account_credits=1820)


def test_refusal_for_want_of_money_is_an_empty_balance() -> None:
    refused = found({"error": {"code": "insufficient_user_quota", "message": "no"}}, 403)
    assert isinstance(refused, InsufficientFundsError)
    assert combine_balance(refused, found(PLENTY)).is_empty


@pytest.mark.parametrize(
    ("body", "models"),
    [
        ({"data": [{"id": "gemini_omni", "object": "model"}, {"id": "other"}]}, ["gemini_omni", "other"]),
        ({"success": True, "data": ["gemini_omni"]}, ["gemini_omni"]),
        ({"data": [{"name": "x"}, {"model": "y"}, None, 1.5, {"id": True}]}, ["x", "y"]),
        ({"success": True, "data": {"data": [{"id": "veo"}]}}, ["veo"]),
        ({"success": True, "data": {"google": ["veo"], "others": [{"id": "omni"}]}}, ["veo", "omni"]),
        ({"models": [{"name": "models/veo"}]}, ["veo"]),
        ([{"id": "veo"}], ["veo"]),
        ({"object": "list", "data": []}, []),
        ({"data": []}, []),
        ({"data": [None, {"id": True}]}, None),
        ({"success": True, "data": None}, None),
        ({"object": "list"}, None),
    ],
)
def test_models_are_read_as_far_as_they_can_be(body: object, models: list[str] | None) -> None:
    assert read_models(answer(body), now=NOW) == models


def test_models_beside_an_error_are_none_of_the_keys() -> None:
    with pytest.raises(ServiceFaultError):
        read_models(answer({"success": False, "message": "no", "data": [{"id": "veo"}]}), now=NOW)


@pytest.mark.parametrize(("body", "http_status"), [(PAGE, 200), (PAGE, 404), ({"message": "Forbidden"}, 403)])
def test_models_that_the_service_did_not_list_are_no_answer(body: object, http_status: int) -> None:
    with pytest.raises(NoAnswerError):
        read_models(answer(body, http_status), now=NOW)


def test_models_are_named_when_the_chosen_one_is_not_among_them() -> None:
    assert explain_models("gemini_omni", None) is None
    assert explain_models("gemini_omni", ["other", "gemini_omni"]) is None
    sentence = explain_models("gemini_omni", ["a", "b"])
    assert sentence == "TOAPIS_MODEL is gemini_omni, which is not among the models this key may use: a, b."
    none = explain_models("gemini_omni", [])
    assert none is not None
    assert none.endswith("this key may use: none.")
    many = explain_models("gemini_omni", [f"m{number}" for number in range(42)])
    assert many is not None
    assert many.endswith("m38, m39 and 2 more.")
