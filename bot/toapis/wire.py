"""A submit's JSON, and the generation that an answer describes, in every spelling the family of gateways has for it.

Whatever is optional may be garbage and is then taken as absent; nothing here does I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.models import Generation, GenerationStatus
from bot.toapis.addresses import find_address
from bot.toapis.reading.answers import Answer, RequestKind
from bot.toapis.reading.envelopes import find_generation
from bot.toapis.reading.error_shapes import (
    WORD_MAX_CHARACTERS,
    error_fields,
    is_success,
    message_of,
    names_error,
    own_words_of,
    text_of,
    words_of,
)
from bot.toapis.reading.headers import read_rate_limit
from bot.toapis.reading.refusals import refusal_of
from bot.toapis.reading.subjects import is_moderation, specific_subject
from bot.toapis.reading.values import JsonObject, one_line, read_number, read_text, read_time

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import VideoSpec

FAILURE_CODES = ("error_code", "failure_code", "fail_code", "error_type")
"""The keys, folded, of a code that stands beside the state and not in an error."""
FAILURES = ("error", "fail_reason", "failure_reason", "failure", "fail_message")
"""The keys, folded, of an error: an object, a list, or a text."""
FAILURE_MESSAGES = ("error_message", "failure_message", "task_status_msg", "status_message", "message", "msg")


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


def read_generation(
    answer: Answer, *, request: RequestKind, now: datetime, prompt: str = "", asked: str = ""
) -> Generation:
    """Read the generation of an answer.

    Args:
        answer: what came.
        request: what was asked for.
        now: the present, for times that count from it.
        prompt: what the service may quote when it refuses.
        asked: the id that a poll asked by, which its answer need not name.

    Raises:
        VideoServiceError: when the service names an error, or the answer is not the service's.
    """
    found = find_generation(answer, request=request, asked=asked)
    if found is None:
        raise refusal_of(answer, request=request, now=now, prompt=prompt)
    has_failed = found.status is GenerationStatus.FAILED
    # Older gateways put the address of a finished clip into the reason of a failure, for want of another field.
    also = found.fields.get("fail_reason") if found.status is GenerationStatus.COMPLETED else None
    times = (read_time(found.fields.get(name)) for name in ("completed_at", "finished_at", "finish_time"))
    return Generation(
        id=found.id,
        status=found.status,
        progress=_progress(found.fields.get("progress")),
        completed_at=next(filter(None, times), None),
        expires_at=read_time(found.fields.get("expires_at")),
        result_url=find_address(found.fields, also=also),
        request_id=answer.request_id,
        rate_limit=read_rate_limit(answer.headers, now, category=request.value),
        **(_failure_of(found.fields, found.state) if has_failed else {}),
    )


def unknown_state(answer: Answer, *, request: RequestKind = RequestKind.POLL, asked: str = "") -> str | None:
    """Return the state of an answer in the service's own word, when it is one that nobody knows."""
    found = find_generation(answer, request=request, asked=asked)
    if found is None or found.status is not GenerationStatus.UNKNOWN:
        return None
    return one_line(str(found.state)[:WORD_MAX_CHARACTERS]).lower()


def _failure_of(fields: JsonObject, state: object) -> dict[str, Any]:
    """Return why a generation failed, as a generation's fields."""
    errors = [error for name in FAILURES if names_error(error := error_fields(fields.get(name)))]
    texts = [text_of(fields.get(name)) for name in FAILURES if not error_fields(fields.get(name))]
    codes = (read_text(fields.get(name)) for name in FAILURE_CODES)
    words = [word for error in errors for word in words_of(error)]
    words += [code for code in codes if code and not is_success(code)]
    words += [text for text in texts if specific_subject(text)]
    words += [] if words else own_words_of(fields)
    messages = [*map(message_of, errors), *texts, *(text_of(fields.get(name)) for name in FAILURE_MESSAGES)]
    telling = [message for message in messages if not is_success(message)]
    return {
        "error_code": words[0][:WORD_MAX_CHARACTERS] if words else None,
        "error_message": one_line(telling[0]) if telling else None,
        "was_moderated": is_moderation((*words, str(state)), "\n".join(telling)),
    }


def _progress(value: object) -> float | None:
    number = read_number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return None if number is None else min(max(number, 0.0), 100.0)
