"""Whose word an answer is: the service's own JSON, which says yes or names an error, or somebody else's.

A proxy in front of the service answers too, with a page, with text, with nothing, or with JSON of its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from bot.toapis.reading.error_shapes import StatedError, stated_error
from bot.toapis.reading.headers import read_request_id
from bot.toapis.reading.values import JsonObject, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUEST_ID_IN_MESSAGE = re.compile(r"\(request id: ([^)\s]{1,100})\)", re.IGNORECASE)


class RequestKind(Enum):
    """What was asked; the value is the category the service counts it under, if any."""

    SUBMIT = "async_submit"
    POLL = "async_query"
    ACCOUNT = None


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
    def is_answer(self) -> bool:
        """Tell whether the HTTP status is one under which the service answers: no redirect, nothing interim."""
        return self.is_yes or 400 <= self.http_status < 600

    @property
    def any_json(self) -> object:
        """Return the body's JSON, of whatever type; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def json(self) -> JsonObject:
        """Return the body's JSON object; empty when it is anything else."""
        return read_object(self.any_json)

    @property
    def error(self) -> StatedError | None:
        """Return the error that the service states, or None when none is stated in its way."""
        return stated_error(self.json, self.http_status) if self.is_answer else None

    @property
    def request_id(self) -> str | None:
        """Return the service's id for the exchange, from a header or the error's message."""
        if request_id := read_request_id(self.headers):
            return request_id
        found = _REQUEST_ID_IN_MESSAGE.search(self.error.message) if self.error else None
        return found[1] if found else None


def without_request_id(message: str) -> str:
    """Return a message without the id that gateways append to it."""
    return _REQUEST_ID_IN_MESSAGE.sub("", message).strip()
