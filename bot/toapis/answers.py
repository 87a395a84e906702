"""Whose word an answer is: the service's own JSON, which says yes or names an error, or somebody else's.

A proxy in front of the service answers too, with a page, with text, with nothing, or with JSON of its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.toapis.headers import read_request_id
from bot.toapis.values import JsonObject, read_object, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD_MAX_CHARACTERS = 100
"""How much of a code or a state is kept."""
TEXT_READ_CHARACTERS = 10_000
"""How much of a message is searched for what it is about."""

_SUCCESS_CODES = frozenset({"success", "succeeded", "succeed", "ok", "0"})
_REQUEST_ID_IN_MESSAGE = re.compile(r"\(request id: ([^)\s]{1,100})\)", re.IGNORECASE)


class RequestKind(Enum):
    """What was asked; the value is the category the service counts it under, if any."""

    SUBMIT = "async_submit"
    POLL = "async_query"
    ACCOUNT = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedError:
    """The service's own words for what went wrong.

    Attributes:
        words: code, type and status, as far as there are any, in the order in which they are believed.
        message: a sentence, which may quote the prompt; empty when there is none.
        rules_out_success: nothing beside it can be an answer that says yes.
    """

    words: tuple[str, ...] = ()
    message: str = ""
    rules_out_success: bool = False

    @property
    def code(self) -> str | None:
        """Return the code, else the type."""
        return self.words[0] if self.words else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read to its end; ``headers`` compares names without regard to case."""

    http_status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_yes(self) -> bool:
        """Tell whether the HTTP status says that all went well."""
        return 200 <= self.http_status < 300

    @property
    def json(self) -> JsonObject:
        """Return the body's JSON object; empty when it is anything else."""
        try:
            return read_object(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}

    @property
    def error(self) -> StatedError | None:
        """Return the error that the service states, or None when none is stated in its way."""
        if not (self.is_yes or 400 <= self.http_status < 600):
            return None
        return _stated_error(self.json, self.http_status)

    @property
    def readable(self) -> JsonObject:
        """Return what of the body may say yes; empty when that is nothing."""
        body, error = self.json, self.error
        if not self.is_yes or (error is not None and error.rules_out_success):
            return {}
        # Beside the code and message of an error, an id may be the exchange's.
        return body if error is None or "status" in body else {"data": body.get("data")}

    @property
    def request_id(self) -> str | None:
        """Return the service's id for the exchange, from a header or the error's message."""
        if request_id := read_request_id(self.headers):
            return request_id
        found = _REQUEST_ID_IN_MESSAGE.search(self.error.message) if self.error else None
        return found[1] if found else None


def words_of(fields: JsonObject) -> tuple[str, ...]:
    """Return code, type and status of an error's fields, as far as there are any."""
    texts = (read_text(fields.get(name)) for name in ("code", "type", "status"))
    return tuple(text[:WORD_MAX_CHARACTERS] for text in texts if text)


def own_words_of(body: JsonObject) -> tuple[str, ...]:
    """Return code and type of a body that is itself the error, without a code that means success."""
    code = read_text(body.get("code"))
    return words_of({"code": None if _is_success(code) else code, "type": body.get("type")})


def message_of(fields: JsonObject) -> str:
    """Return the message of an error's fields, or an empty text."""
    texts = (fields.get(name) for name in ("message", "msg"))
    return next((text[:TEXT_READ_CHARACTERS] for text in texts if isinstance(text, str) and text.strip()), "")


def without_request_id(message: str) -> str:
    """Return a message without the id that gateways append to it."""
    return _REQUEST_ID_IN_MESSAGE.sub("", message).strip()


def _stated_error(body: JsonObject, http_status: int) -> StatedError | None:
    """Read the service's shapes of an error; ``{"message": …}`` alone is an API gateway's, not the service's."""
    error = body.get("error")
    fields = read_object(error)
    own_words = own_words_of(body)
    has_no_state = "status" not in body  # a generation has one, and its error is why it failed
    if message_of(fields) or any(read_text(fields.get(name)) for name in ("code", "type")):
        words = (*words_of(fields), *own_words)
        return StatedError(words=words, message=message_of(fields), rules_out_success=has_no_state)
    message = message_of(body) or (error[:TEXT_READ_CHARACTERS].strip() if isinstance(error, str) else "")
    if message and (body.get("success") is False or (body.keys() == {"error"} and 200 <= http_status < 300)):
        return StatedError(words=own_words, message=message, rules_out_success=has_no_state)
    code = read_text(body.get("code"))
    if code and message_of(body) and not _is_success(code) and not _is_status_line(code, message, http_status):
        return StatedError(words=own_words, message=message)
    return None


def _is_success(code: str | None) -> bool:
    if code is None:
        return False
    return code.casefold() in _SUCCESS_CODES or (_is_status(code) and 200 <= int(code) < 300)


def _is_status_line(code: str, message: str, http_status: int) -> bool:
    """Tell whether an error repeats an HTTP status and no more, as any proxy can."""
    said = message.strip().rstrip(".!").casefold()
    return _is_status(code) and any(it.phrase.casefold() == said for it in HTTPStatus if it in {int(code), http_status})


def _is_status(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isdecimal()
