"""What the service says of the key and the account: credits to spend, and models to ask clips of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bot.errors import InsufficientFundsError, NoAnswerError, RateLimitedError, UnauthorizedError, VideoServiceError
from bot.models import Balance
from bot.toapis.answers import Answer, RequestKind
from bot.toapis.refusals import refusal_of
from bot.toapis.values import JsonObject, read_list, read_number, read_object, read_text

if TYPE_CHECKING:
    from datetime import datetime

_BALANCE_FIELDS = frozenset(
    {"remain_credits", "used_credits", "remain_balance", "used_balance", "credits_per_usd", "unlimited_quota"}
)
_PLACEHOLDER_CREDITS = -1
"""Stands for "no limit" where a key has none; an account always has one."""
_MODELS_NAMED = 10


def read_balance(answer: Answer, *, now: datetime) -> JsonObject:
    """Return the fields of an answer about credits, which may hold none.

    Raises:
        VideoServiceError: when the service names an error, or the answer is not the service's.
    """
    body = answer.readable
    if isinstance(body.get("success"), bool) and not body["success"]:
        return {}  # whatever numbers stand beside it
    for fields in (body, read_object(body.get("data"))):
        if fields.keys() & _BALANCE_FIELDS:
            return fields
    if body.get("success") is True:
        return {}
    raise refusal_of(answer, request=RequestKind.ACCOUNT, now=now)


def read_models(answer: Answer, *, now: datetime) -> list[str]:
    """Return the ids of the models that an answer lists.

    Raises:
        VideoServiceError: when the service names an error, or the answer is not the service's.
    """
    body = answer.readable
    if not isinstance(body.get("data"), list):
        if body.get("success") is True or body.get("object") == "list":
            return []
        raise refusal_of(answer, request=RequestKind.ACCOUNT, now=now)
    listed = (read_text(read_object(item).get("id") or item) for item in read_list(body["data"]))
    return [model for model in listed if model]


def combine_balance(key: JsonObject | VideoServiceError, account: JsonObject | VideoServiceError) -> Balance:
    """Return what can be spent, from what the key's check and the account's brought.

    Raises:
        VideoServiceError: the key's, when it says that the key is bad, or when nothing is known otherwise.
    """
    balance = Balance(key_credits=_key_credits(key), account_credits=_account_credits(account))
    if isinstance(key, UnauthorizedError):
        raise key
    if isinstance(key, VideoServiceError) and balance == Balance() and not _says_unknown(key):
        raise key
    return balance


def explain_models(model: str, models: list[str]) -> str | None:
    """Return a sentence for the operator when the model is not among the key's; None when it is or may be."""
    if not models or model in models:
        return None
    named = ", ".join(models[:_MODELS_NAMED])
    more = f" and {len(models) - _MODELS_NAMED} more" if len(models) > _MODELS_NAMED else ""
    return f"TOAPIS_MODEL is {model}, which is not among the models this key may use: {named}{more}."


def _says_unknown(error: VideoServiceError) -> bool:
    """Tell whether the service itself answered, under HTTP 200, that it has no number to give."""
    return error.http_status == 200 and not isinstance(error, NoAnswerError | RateLimitedError)


def _key_credits(found: JsonObject | VideoServiceError) -> float | None:
    if isinstance(found, VideoServiceError):
        return 0.0 if isinstance(found, InsufficientFundsError) else None
    credits_left = read_number(found.get("remain_credits"))
    if _is_true(found.get("unlimited_quota")) or credits_left == _PLACEHOLDER_CREDITS:
        return math.inf
    return credits_left


def _account_credits(found: JsonObject | VideoServiceError) -> float | None:
    if isinstance(found, VideoServiceError):
        return 0.0 if isinstance(found, InsufficientFundsError) else None
    credits_left = read_number(found.get("remain_credits"))
    return None if credits_left == _PLACEHOLDER_CREDITS else credits_left


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().casefold() == "true")
