"""A submit's JSON, and the generation that an answer describes, in every spelling the family of gateways has for it.

Whatever is optional may be garbage and is then taken as absent; nothing here does I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.models import Generation, GenerationStatus
from bot.toapis.answers import WORD_MAX_CHARACTERS, Answer, RequestKind, message_of, own_words_of, words_of
from bot.toapis.headers import read_rate_limit
from bot.toapis.refusals import refusal_of
from bot.toapis.subjects import fold, is_moderation
from bot.toapis.values import JsonObject, one_line, read_list, read_number, read_object, read_text, read_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.models import VideoSpec

GENERATION_ID_MAX_CHARACTERS = 128
"""What the database keeps; ids are some 30 characters where they were seen."""

_STATES = {
    GenerationStatus.QUEUED: (
        "queued queueing in_queue submitted submitting pending not_start not_started created waiting accepted received "
        "scheduled new"
    ),
    GenerationStatus.IN_PROGRESS: (
        "in_progress processing running generating rendering started preparing starting working active progressing "
        "throttled uploading downloading finalizing retrying"
    ),
    GenerationStatus.COMPLETED: "completed complete succeeded succeed success successful done finished",
    GenerationStatus.FAILED: (
        "failed failure fail error errored cancelled canceled expired rejected timeout timed_out aborted terminated "
        "unsuccessful moderated content_moderated request_moderated"
    ),
}
_STATUSES = {word: status for status, words in _STATES.items() for word in words.split()}
_PICTURES = ("image", "thumb", "cover", "poster", "jpg", "jpeg", "png", "webp", "gif")
"""What stands in the type or format of an address that is not the clip's."""
_ADDRESSES_LOOKED_AT = 20


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


def read_generation(answer: Answer, *, request: RequestKind, now: datetime, prompt: str = "") -> Generation:
    """Read the generation of an answer; ``prompt`` is what the service may quote when it refuses.

    Raises:
        VideoServiceError: when the service names an error, or the answer is not the service's.
    """
    body = _find_generation(answer.readable)
    if body is None:
        raise refusal_of(answer, request=request, now=now, prompt=prompt)
    status = _status_of(body)
    failure = _failure_of(body) if status is GenerationStatus.FAILED else {}
    return Generation(
        id=_id_of(body) or "",
        status=status,
        progress=_progress(body.get("progress")),
        completed_at=read_time(body.get("completed_at")) or read_time(body.get("finish_time")),
        expires_at=read_time(body.get("expires_at")),
        result_url=_result_url(body, status),
        request_id=answer.request_id,
        rate_limit=read_rate_limit(answer.headers, now, category=request.value),
        **failure,
    )


def unknown_state(answer: Answer) -> str | None:
    """Return the state of an answer in the service's own word, when it is one that nobody knows."""
    body = _find_generation(answer.readable)
    if body is None or _status_of(body) is not GenerationStatus.UNKNOWN:
        return None
    return one_line(str(_raw_status(body))[:WORD_MAX_CHARACTERS]).lower()


def _find_generation(body: JsonObject) -> JsonObject | None:
    """Return the object with the generation's id, unwrapped from up to two layers of ``data``."""
    for _ in range(3):
        inner = body.get("data")
        items = read_list(inner)
        wrapped = read_object(items[0] if len(items) == 1 else inner)
        # An id without a state beside a whole generation is the exchange's.
        if _id_of(body) and (_raw_status(body) is not None or not (_id_of(wrapped) and _raw_status(wrapped))):
            return body
        body = wrapped
    return None


def _id_of(body: JsonObject) -> str | None:
    ids = (read_text(body.get(name)) for name in ("task_id", "id"))
    return next((it for it in ids if it and len(it) <= GENERATION_ID_MAX_CHARACTERS), None)


def _raw_status(body: JsonObject) -> object:
    names = ("status", "task_status", "state")
    return next((body[name] for name in names if body.get(name) is not None), None)


def _status_of(body: JsonObject) -> GenerationStatus:
    word = _raw_status(body)
    if not isinstance(word, str):
        return GenerationStatus.UNKNOWN
    return _STATUSES.get(fold(word).removeprefix("task_status_"), GenerationStatus.UNKNOWN)


def _failure_of(body: JsonObject) -> dict[str, Any]:
    """Return why a generation failed, as a generation's fields."""
    error = body.get("error")
    fields = read_object(error)
    words = words_of(fields) or own_words_of(body)
    reasons = (body.get(name) for name in ("fail_reason", "failure_reason", "error_message"))
    texts = (message_of(fields), error, *reasons, message_of(body))
    message = next((text for text in texts if isinstance(text, str) and text.strip()), "")
    state = _raw_status(body)
    return {
        "error_code": words[0] if words else None,
        "error_message": one_line(message) or None,
        "was_moderated": is_moderation((*words, str(state)), message),
    }


def _result_url(body: JsonObject, status: GenerationStatus) -> str | None:
    result = read_object(body.get("result"))
    places = [
        result.get("data"),
        body.get("result"),
        body,
        body.get("metadata"),
        body.get("result_url"),
        body.get("data"),
    ]
    if status is GenerationStatus.COMPLETED:
        places.append(body.get("fail_reason"))  # where older gateways put the address, for want of another field
    return next((address for place in places for address in _addresses(place)), None)


def _addresses(place: object, depth: int = 3) -> Iterator[str]:
    """Give the addresses of clips at a place: a text, an object with ``url`` or ``video_url``, or a list of those."""
    address = _clip_address(place)
    if address is not None:
        yield address
    fields = read_object(place)
    inner = () if _is_picture(fields) else (fields.get("url"), fields.get("video_url"))
    for value in (*read_list(place)[:_ADDRESSES_LOOKED_AT], *inner):
        if depth and value is not None:
            yield from _addresses(value, depth - 1)


def _is_picture(fields: JsonObject) -> bool:
    kinds = " ".join(str(fields.get(name)).casefold() for name in ("type", "format", "kind", "role", "mime_type"))
    return "video" not in kinds and any(word in kinds for word in _PICTURES)


def _clip_address(value: object) -> str | None:
    address = read_text(value)
    if address is None or not address.casefold().startswith(("http://", "https://")):
        return None
    try:
        path = urlsplit(address).path.casefold()
    except ValueError:
        return None
    return None if path.endswith((".jpg", ".jpeg", ".png", ".webp", ".gif")) else address


def _progress(value: object) -> float | None:
    number = read_number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return None if number is None else min(max(number, 0.0), 100.0)
