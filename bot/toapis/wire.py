"""The contract's JSON as models, and its error table as errors; nothing here does I/O.

Whatever is optional may be garbage and is then taken as absent; whatever cannot be done without is a
``ServiceFaultError`` when it is missing.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from bot.errors import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    NoAnswerError,
    RateLimitedError,
    RequestRejectedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
    WrongEndpointError,
)
from bot.models import Balance, Generation, GenerationStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.models import VideoSpec

JsonObject = dict[str, Any]

_YEAR_2100 = 4_102_444_800
RETRY_AFTER_MAX_SECONDS = 3600.0
"""More than any job's deadline: one absurd header must not stop the bot for days."""
MESSAGE_MAX_CHARACTERS = 500
"""How much of the service's own words is kept for the operator."""
REQUEST_ID_MAX_CHARACTERS = 100
"""Request ids are some 30 characters where they were seen."""

_STATUSES = {
    "queued": GenerationStatus.QUEUED,
    "submitted": GenerationStatus.QUEUED,
    "pending": GenerationStatus.QUEUED,
    "in_progress": GenerationStatus.IN_PROGRESS,
    "processing": GenerationStatus.IN_PROGRESS,
    "completed": GenerationStatus.COMPLETED,
    "failed": GenerationStatus.FAILED,
}
_ERRORS: Mapping[int, type[VideoServiceError]] = {
    401: UnauthorizedError,
    402: InsufficientFundsError,
    404: GenerationNotFoundError,
    408: NoAnswerError,
    422: ContentPolicyError,
}
_REQUEST_ID_HEADERS = ("x-request-id", "x-oneapi-request-id")
_REQUEST_ID_IN_MESSAGE = re.compile(r"\(request id: ([^)\s]{1,100})\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read to its end; header names are compared without regard to case by their mapping."""

    http_status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> JsonObject:
        """Return the body's JSON object; empty when it is anything else."""
        try:
            return _object(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}

    @property
    def error(self) -> tuple[str | None, str]:
        """Return the error's code, as text, and message, from the contract's body or a gateway's."""
        return _error_of(self.json)

    @property
    def request_id(self) -> str | None:
        """Return the service's id for the exchange, from a header or the error's message."""
        for header in _REQUEST_ID_HEADERS:
            if request_id := _text(self.headers.get(header)):
                return request_id[:REQUEST_ID_MAX_CHARACTERS]
        found = _REQUEST_ID_IN_MESSAGE.search(self.error[1])
        return found[1] if found else None


def submit_payload(spec: VideoSpec, *, model: str, resolution: str, client_business_id: str) -> JsonObject:
    """Return the JSON of a submit."""
    return {
        "model": model,
        "prompt": spec.prompt,
        "aspect_ratio": spec.aspect.value,
        "duration": spec.duration_seconds,
        "resolution": resolution,
        "client_business_id": client_business_id,
    }


def check(answer: Answer, *, now: datetime, names_generation: bool) -> JsonObject:
    """Return the JSON of an answer that says yes.

    Args:
        answer: what came.
        now: the present, for a ``Retry-After`` that is a date.
        names_generation: the request asked for one generation; otherwise 404 is no such endpoint.

    Raises:
        VideoServiceError: by the contract's table; 3xx counts as a fault, since no redirect is followed
            with the key.
    """
    if 200 <= answer.http_status < 300 and answer.json:
        return answer.json
    code, message = answer.error
    text = message or f"HTTP {answer.http_status}"
    if answer.http_status == 429:
        raise RateLimitedError(
            text, retry_after_seconds=_retry_after(answer, now), code=code, request_id=answer.request_id
        )
    raise _error_class(answer.http_status, code, message, names_generation=names_generation)(
        text, http_status=answer.http_status, code=code, request_id=answer.request_id
    )


def _error_class(
    http_status: int, code: str | None, message: str, *, names_generation: bool
) -> type[VideoServiceError]:
    if http_status == 400 and "invalid apitype" in message.lower():
        return WrongEndpointError
    if http_status == 400 and "task_not_exist" in f"{code} {message}".lower():
        http_status = 404
    if http_status == 404 and not names_generation:
        return WrongEndpointError
    if 400 <= http_status < 500:
        return _ERRORS.get(http_status, RequestRejectedError)
    return ServiceFaultError


def parse_generation(answer: Answer, body: JsonObject) -> Generation:
    """Read a generation.

    Raises:
        ServiceFaultError: when it has no id.
    """
    generation_id = _text(body.get("task_id")) or _text(body.get("id"))
    if generation_id is None:
        raise _unreadable(answer, "an answer without an id")
    status = _STATUSES.get(raw_status(body), GenerationStatus.UNKNOWN)
    error_code, error_message = _error_of(body) if status is GenerationStatus.FAILED else (None, "")
    return Generation(
        id=generation_id,
        status=status,
        progress=_progress(body.get("progress")),
        completed_at=_time(body.get("completed_at")),
        expires_at=_time(body.get("expires_at")),
        result_url=_result_url(body),
        error_code=error_code,
        error_message=error_message or None,
        request_id=answer.request_id,
    )


def raw_status(body: JsonObject) -> str:
    """Return the status in the service's own word."""
    return str(body.get("status"))[:100].lower()


def parse_balance(answer: Answer, body: JsonObject) -> Balance:
    """Read the account's balance.

    Raises:
        ServiceFaultError: when it says neither a number nor that there is no limit.
    """
    remaining = _number(body.get("remain_balance"))
    if body.get("unlimited_quota") is True or remaining == -1:
        return Balance(remaining_usd=None)
    if remaining is None:
        raise _unreadable(answer, "an answer without a balance")
    return Balance(remaining_usd=remaining)


def _unreadable(answer: Answer, what: str) -> ServiceFaultError:
    code, message = answer.error
    return ServiceFaultError(
        f"{what}: {message}" if message else what,
        http_status=answer.http_status,
        code=code,
        request_id=answer.request_id,
    )


def _error_of(body: JsonObject) -> tuple[str | None, str]:
    error = body.get("error")
    fields = _object(error) or body
    message = error if isinstance(error, str) else fields.get("message")
    return _text(fields.get("code")), _one_line(message) if isinstance(message, str) else ""


def _one_line(message: str) -> str:
    return "".join(it if it.isprintable() else " " for it in message[:MESSAGE_MAX_CHARACTERS])


def _retry_after(answer: Answer, now: datetime) -> float | None:
    header = answer.headers.get("Retry-After", "")
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return None
        # A date that states no zone means UTC (RFC 9110, "Date/Time Formats").
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS) if math.isfinite(seconds) else None


def _result_url(body: JsonObject) -> str | None:
    results = _object(body.get("result")).get("data")
    first = _object(cast("list[Any]", results)[0]) if isinstance(results, list) and results else {}
    return _text(first.get("url")) or _text(body.get("url"))


def _progress(value: object) -> float | None:
    number = _number(value)
    return None if number is None else min(max(number, 0.0), 100.0)


def _time(value: object) -> datetime | None:
    """Read Unix seconds; 0, milliseconds and other placeholders say nothing."""
    seconds = _number(value)
    if seconds is None or not 0 < seconds < _YEAR_2100:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    # Control characters and lone surrogates fit neither a database nor an address.
    return text if text and text.isprintable() else None


def _object(value: object) -> JsonObject:
    return cast("JsonObject", value) if isinstance(value, dict) else {}
