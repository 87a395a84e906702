"""Credits and models: what key and account say, and what is unknown."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import (
    InsufficientFundsError,
    NoAnswerError,
    RateLimitedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
)
from bot.models import Balance
from bot.toapis.account import combine_balance, explain_models, read_balance, read_models
from bot.toapis.answers import Answer

if TYPE_CHECKING:
    from bot.toapis.values import JsonObject

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
        ({"data": credits(7)}, 7),
        ({"code": "success", "message": "", "data": credits(7)}, 7),
        ({"success": True, "remain_balance": 9.1}, None),
        (credits("many"), None),
        (credits("nan"), None),
        (credits(True), None),
        ({"success": True}, None),
        (SAYS_NO, None),
        ({"success": False, "remain_credits": 0}, None),
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
        ({"data": [{"name": "x"}, None, 1.5, {"id": True}]}, []),
        ({"data": []}, []),
        ({"success": True, "data": None}, []),
        ({"object": "list"}, []),
    ],
)
def test_models_are_read_as_far_as_they_can_be(body: object, models: list[str]) -> None:
    assert read_models(answer(body), now=NOW) == models


@pytest.mark.parametrize(("body", "http_status"), [(PAGE, 200), (PAGE, 404), ({"message": "Forbidden"}, 403)])
def test_models_that_the_service_did_not_list_are_no_answer(body: object, http_status: int) -> None:
    with pytest.raises(NoAnswerError):
        read_models(answer(body, http_status), now=NOW)


def test_models_are_named_when_the_chosen_one_is_not_among_them() -> None:
    assert explain_models("gemini_omni", []) is None
    assert explain_models("gemini_omni", ["other", "gemini_omni"]) is None
    sentence = explain_models("gemini_omni", ["a", "b"])
    assert sentence == "TOAPIS_MODEL is gemini_omni, which is not among the models this key may use: a, b."
    many = explain_models("gemini_omni", [f"m{number}" for number in range(12)])
    assert many is not None
    assert many.endswith("m8, m9 and 2 more.")
