"""What the service says of the key and the account: credits to spend, and models to ask clips of."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, cast

from bot.models import (
    Balance,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    RateLimitedError,
    UnauthorizedError,
    VideoServiceError,
)
from bot.toapis.reading.answers import Answer, RequestKind
from bot.toapis.reading.error_shapes import is_no, is_success, is_yes
from bot.toapis.reading.kinds import fold
from bot.toapis.reading.refusals import refusal_of
from bot.toapis.reading.values import JsonObject, read_list, read_number, read_object, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

MODELS_NAMED_MAX = 40
"""More models than this are only counted; a key of a video service has some ten."""
_PLACEHOLDER_CREDITS = -1
"""Stands for "no limit" where a key has none; an account always has one."""
_ABOUT_MONEY = ("credit", "balance", "quota", "limit", "usage", "available", "billing")
"""Parts of the keys of an answer about what can be spent, in whatever unit."""
_THOUSANDS = re.compile(r"\s*-?\d{1,3}(,\d{3})+(\.\d+)?\s*", re.ASCII)
_MODEL_KEYS = ("id", "model", "name")


def read_balance(answer: Answer, *, now: datetime) -> JsonObject:
    """Return the fields of an answer about credits, which may hold none.

    Raises:
        VideoServiceError: when the service names an error, or the answer is not the service's.
    """
    body = answer.json
    if answer.error is None and answer.is_yes:
        layers = (body, read_object(body.get("data")), read_object(read_object(body.get("data")).get("data")))
        if any(is_no(fields.get("success")) for fields in layers):
            return {}  # whatever numbers stand beside it
        for fields in layers:
            if "remain_credits" in fields or "unlimited_quota" in fields:
                return fields
        if _says_yes(body) or any(about in fold(key) for fields in layers for key in fields for about in _ABOUT_MONEY):
            return {}
    raise refusal_of(answer, request=RequestKind.ACCOUNT, now=now)


def read_models(answer: Answer, *, now: datetime) -> list[str] | None:
    """Return the ids of the models that an answer lists; None when the service answers, but lists nothing readable.

    Raises:
        VideoServiceError: when the service names an error, or the answer is not the service's.
    """
    body = answer.any_json
    listed = _find_list(body) if answer.error is None and answer.is_yes else None
    if listed is not None:
        models = [model for item in listed if (model := _model_of(item))]
        return models if models or not listed else None
    if answer.error is None and answer.is_yes and (_says_yes(answer.json) or answer.json.get("object") == "list"):
        return None
    raise refusal_of(answer, request=RequestKind.ACCOUNT, now=now)


def combine_balance(key: JsonObject | VideoServiceError, account: JsonObject | VideoServiceError) -> Balance:
    """Return what can be spent, from what the key's check and the account's brought.

    Raises:
        VideoServiceError: the key's, when it says that the key is bad; or that it is forbidden, with an account that
            is not empty; or whatever it is, when nothing is known otherwise.
    """
    balance = Balance(key_credits=_key_credits(key), account_credits=_account_credits(account))
    if isinstance(key, UnauthorizedError) or (isinstance(key, ModelAccessError) and not balance.is_empty):
        raise key
    if isinstance(key, VideoServiceError) and balance == Balance() and not _says_unknown(key):
        raise key
    return balance


def explain_models(model: str, models: list[str] | None) -> str | None:
    """Return a sentence for the operator when the model is not among the key's; None when it is or may be."""
    if models is None or model in models:
        return None
    named = ", ".join(models[:MODELS_NAMED_MAX]) or "none"
    more = f" and {len(models) - MODELS_NAMED_MAX} more" if len(models) > MODELS_NAMED_MAX else ""
    return f"TOAPIS_MODEL is {model}, which is not among the models this key may use: {named}{more}."


def _says_unknown(error: VideoServiceError) -> bool:
    """Tell whether the service itself answered, under HTTP 200, that it has no number to give."""
    return error.http_status == 200 and not isinstance(error, NoAnswerError | RateLimitedError)


def _says_yes(body: JsonObject) -> bool:
    """Tell whether an envelope says that all went well."""
    code = body.get("code")
    return is_yes(body.get("success")) or code is True or (code is not None and is_success(read_text(code)))


def _key_credits(found: JsonObject | VideoServiceError) -> float | None:
    if isinstance(found, VideoServiceError):
        return 0.0 if isinstance(found, InsufficientFundsError) else None
    if is_yes(found.get("unlimited_quota")):
        return math.inf
    credits_left = _credits(found)
    if credits_left == _PLACEHOLDER_CREDITS:
        return None if is_no(found.get("unlimited_quota")) else math.inf
    return credits_left


def _account_credits(found: JsonObject | VideoServiceError) -> float | None:
    if isinstance(found, VideoServiceError):
        return 0.0 if isinstance(found, InsufficientFundsError) else None
    credits_left = _credits(found)
    return None if credits_left == _PLACEHOLDER_CREDITS else credits_left


def _credits(fields: JsonObject) -> float | None:
    stated = fields.get("remain_credits")
    if isinstance(stated, str) and _THOUSANDS.fullmatch(stated):
        return read_number(stated.replace(",", ""))
    return read_number(stated)


def _find_list(body: object) -> list[object] | None:
    """Return the list of models in a body: itself, under ``data`` or ``models``, wrapped, or in groups."""
    fields = read_object(body)
    inner = read_object(fields.get("data"))
    for place in (body, *(it.get(name) for it in (fields, inner) for name in ("data", "models"))):
        if isinstance(place, list):
            return read_list(cast("object", place))
    groups = [read_list(cast("object", group)) for group in inner.values() if isinstance(group, list)]
    return [item for group in groups for item in group] if groups else None


def _model_of(item: object) -> str | None:
    named: Iterator[object] = (read_object(item).get(key) for key in _MODEL_KEYS)
    text = next((text for value in (*named, item) if (text := read_text(value))), None)
    return text.removeprefix("models/") if text else None
