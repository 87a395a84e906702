"""The shapes in which the service states an error, told from those in which a proxy does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.toapis.reading.kinds import fold, listed
from bot.toapis.reading.subjects import specific_subject
from bot.toapis.reading.values import JsonObject, read_list, read_object, read_text
from bot.toapis.reading.vocabulary import SUCCESS_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD_MAX_CHARACTERS = 100
"""How much of a code or a state is kept."""
TEXT_READ_CHARACTERS = 10_000
"""How much of a message is searched for what it is about."""

_REASONS_READ = 10
_GRPC_CODES = frozenset(range(17))
_STATUS_OR_NONE = re.compile(r"([1-5][0-9]{2})?")
_SUCCESS_STATUS = re.compile(r"2[0-9]{2}")
_STATUS_BEFORE = re.compile(r"^(http_)?(error_)?[1-5][0-9]{2}_")
_STATUS_LINES = {fold(status.phrase) for status in HTTPStatus} | set(
    listed(
        "access_denied content_too_large payload_too_large request_entity_too_large uri_too_long unprocessable_content "
        "request_timed_out request_time_out gateway_time_out service_temporarily_unavailable not_authorized "
        "internal_error error function_payload_too_large the_page_could_not_be_found"
    )
)
"""What a proxy says when it says no more than an HTTP status; its names differ by version and maker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedError:
    """The service's own words for what went wrong.

    Attributes:
        words: code, reasons, type and status, as far as there are any, in the order in which they are believed.
        message: a sentence, which may quote the prompt; empty when there is none.
    """

    words: tuple[str, ...] = ()
    message: str = ""

    @property
    def code(self) -> str | None:
        """Return the code, else the type."""
        return self.words[0] if self.words else None


def stated_error(body: JsonObject, http_status: int) -> StatedError | None:
    """Return the error that a body states in one of the service's shapes, or None.

    ``{"message": …}`` alone, a gateway's ``{"code": …, "details": […]}`` and whatever merely repeats an HTTP status
    are a proxy's; but a word that leaves no doubt is the service's in any shape.
    """
    fields, own_words = error_fields(body.get("error")), own_words_of(body)
    if names_error(fields) and not _is_status_line(fields):
        return StatedError(words=(*words_of(fields), *own_words), message=message_of(fields))
    message = message_of(body) or text_of(body.get("error"))
    if fold(message) in SUCCESS_WORDS:
        message = ""
    says_no = is_no(body.get("success"))
    is_only_text = body.keys() == {"error"} and 200 <= http_status < 300
    has_code = not (is_success(read_text(body.get("code"))) or _is_status_line(body) or _is_grpc(body))
    if message and (says_no or is_only_text or has_code):
        undoubted = [text for text in [text_of(body.get("error"))] if specific_subject(text)]
        return StatedError(words=(*own_words, *undoubted), message=message)
    return _undoubted_error(body, own_words, message)


def error_fields(error: object) -> JsonObject:
    """Return the fields of an error: an object, the first of a list, one inside an ``error``, or one as JSON text."""
    if isinstance(error, str) and error.lstrip().startswith(("{", "[")):
        try:
            error = json.loads(error)
        except (ValueError, RecursionError):
            return {}
    fields = read_object(next(iter(read_list(error)), error))
    inner = read_object(fields.get("error"))
    return inner if inner and not names_error(fields) else fields


def names_error(fields: JsonObject) -> bool:
    """Tell whether an error's fields name one: what says "success", or nothing at all, is none."""
    code, kind, message = read_text(fields.get("code")), read_text(fields.get("type")), message_of(fields)
    if specific_subject(code) or specific_subject(kind):
        return True
    if message:
        return fold(message) not in SUCCESS_WORDS
    return bool(kind) or not is_success(code)


def words_of(fields: JsonObject) -> tuple[str, ...]:
    """Return code, reasons, type and status of an error's fields, as far as there are any."""
    texts = [read_text(fields.get("code")), *_reasons_of(fields)]
    texts += [read_text(fields.get(name)) for name in ("type", "status")]
    return tuple(text[:WORD_MAX_CHARACTERS] for text in texts if text)


def own_words_of(body: JsonObject) -> tuple[str, ...]:
    """Return code, reasons and type of a body that is itself the error, without a code that means success."""
    code = read_text(body.get("code"))
    return words_of({**body, "code": None if is_success(code) else code, "status": None})


def message_of(fields: JsonObject) -> str:
    """Return the message of an error's fields, or an empty text."""
    return next((text for name in ("message", "msg") if (text := text_of(fields.get(name)))), "")


def text_of(value: object) -> str:
    """Return a text, trimmed and bounded; empty when it is anything else."""
    return value[:TEXT_READ_CHARACTERS].strip() if isinstance(value, str) else ""


def is_success(code: str | None) -> bool:
    """Tell whether a code says that there is no error, as none at all does."""
    if code is None:
        return True
    return fold(code) in SUCCESS_WORDS or _SUCCESS_STATUS.fullmatch(code) is not None


def is_yes(value: object) -> bool:
    """Tell whether a flag is set, in any spelling."""
    return value is True or (isinstance(value, str | int | float) and fold(str(value)) in {"true", "1"})


def is_no(value: object) -> bool:
    """Tell whether a flag says no, in any spelling; one that is absent says nothing."""
    return value is False or (isinstance(value, str | int | float) and fold(str(value)) in {"false", "0", "no"})


def _reasons_of(fields: JsonObject) -> Iterator[str | None]:
    for name in ("details", "errors"):
        for item in read_list(fields.get(name))[:_REASONS_READ]:
            yield read_text(read_object(item).get("reason"))
    yield read_text(read_object(fields.get("innererror")).get("code"))


def _is_status_line(fields: JsonObject) -> bool:
    """Tell whether an error says no more than an HTTP status, as any proxy can."""
    code, message = read_text(fields.get("code")), fold(message_of(fields))
    if read_text(fields.get("type")) or any(_reasons_of(fields)) or not _STATUS_OR_NONE.fullmatch(code or ""):
        return False
    return bool(_STATUS_OR_NONE.fullmatch(message)) or _STATUS_BEFORE.sub("", message) in _STATUS_LINES


def _is_grpc(body: JsonObject) -> bool:
    return body.get("code") in _GRPC_CODES and isinstance(body.get("details"), list)


def _undoubted_error(body: JsonObject, own_words: tuple[str, ...], message: str) -> StatedError | None:
    """Return the error of a body of any shape, if a code or a text of one word in it leaves no doubt.

    ``error_description`` is OAuth's, so of a proxy that wants a sign-in.
    """
    if "error_description" in body:
        return None
    places = [error_fields(body.get(name)) for name in ("error", "errors")]
    places.append(error_fields(read_object(body.get("data")).get("error")))
    messages = [message, text_of(body.get("error")), *(message_of(fields) for fields in places)]
    words = [*own_words, *(word for fields in places for word in words_of(fields))]
    words += [text for text in (read_text(body.get("status")), *messages) if text and specific_subject(text)]
    if not any(specific_subject(word) for word in words):
        return None
    return StatedError(words=tuple(words), message=next((text for text in messages if text), ""))
