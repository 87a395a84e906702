"""An answer that does not say yes, as an error of ``bot.errors``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.models import (
    ContentPolicyError,
    GenerationNotFoundError,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotTakenError,
    RateLimitedError,
    RequestRejectedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
    WrongEndpointError,
)
from bot.toapis.reading.answers import RequestKind, without_request_id
from bot.toapis.reading.headers import read_rate_limit, read_retry_after
from bot.toapis.reading.kinds import Subject
from bot.toapis.reading.quotes import without_quotes
from bot.toapis.reading.subjects import find_subject
from bot.toapis.reading.values import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.toapis.reading.answers import Answer
    from bot.toapis.reading.error_shapes import StatedError

_ERRORS: Mapping[Subject, type[VideoServiceError]] = {
    Subject.MONEY: InsufficientFundsError,
    Subject.KEY: UnauthorizedError,
    Subject.ACCESS: ModelAccessError,
    Subject.MODERATION: ContentPolicyError,
    Subject.REQUEST: RequestRejectedError,
    Subject.ENDPOINT: WrongEndpointError,
    Subject.MISSING: GenerationNotFoundError,
    Subject.RATE: RateLimitedError,
    Subject.NOT_TAKEN: NotTakenError,
    Subject.FAULT: ServiceFaultError,
    Subject.NO_ANSWER: NoAnswerError,
}
_OPERATORS_OR_MODERATION = frozenset({Subject.MONEY, Subject.KEY, Subject.ACCESS, Subject.MODERATION})
_TIMED_OUT = frozenset({408, 425, 444, 460, 499})
"""Statuses of the service itself that say it did not get, or did not wait for, the whole exchange."""


def refusal_of(answer: Answer, *, request: RequestKind, now: datetime, prompt: str = "") -> VideoServiceError:
    """Return the error of an answer that does not say yes.

    Args:
        answer: what came.
        request: what was asked for.
        now: the present, for times that count from it.
        prompt: what the service may quote in its message; a member's words decide nothing.
    """
    retry_after_seconds = read_retry_after(answer.headers, now)
    stated = answer.error
    if stated is None:
        return NoAnswerError(
            f"HTTP {answer.http_status}, but not of the service",
            is_foreign=True,
            http_status=answer.http_status,
            request_id=answer.request_id,
            retry_after_seconds=retry_after_seconds,
        )
    rate_limit = read_rate_limit(answer.headers, now, category=request.value)
    subject = _subject_of(stated, answer.http_status, request, prompt)
    if subject is Subject.RATE and retry_after_seconds is None and rate_limit and rate_limit.reset_at:
        retry_after_seconds = (rate_limit.reset_at - now).total_seconds()
    fields: dict[str, Any] = {
        "http_status": answer.http_status,
        "code": stated.code,
        "request_id": answer.request_id,
        "retry_after_seconds": retry_after_seconds,
        "rate_limit": rate_limit,
    }
    if subject is Subject.NO_ANSWER:
        fields["is_foreign"] = answer.http_status not in _TIMED_OUT
    return _ERRORS[subject](one_line(stated.message) or f"HTTP {answer.http_status}", **fields)


def _subject_of(stated: StatedError, http_status: int, request: RequestKind, prompt: str) -> Subject:
    """Say what an error is about, as far as what was asked for lets it be.

    Only a submit carries a prompt: what is said of anything else is about that request, and no word of its text is
    about moderation. A fault proves no generation missing and none refused.
    """
    is_submit = request is RequestKind.SUBMIT
    message = without_quotes(without_request_id(stated.message), prompt)
    subject = find_subject(stated.words, http_status, message, reads_text=is_submit)
    if subject is Subject.MISSING:
        return _missing(http_status, request)
    if subject is Subject.NOT_TAKEN or (subject is Subject.MODERATION and http_status >= 500):
        return subject if is_submit else Subject.FAULT
    if http_status == 404 and (request is RequestKind.POLL or subject not in _OPERATORS_OR_MODERATION):
        return Subject.NO_ANSWER
    return subject


def _missing(http_status: int, request: RequestKind) -> Subject:
    """Believe that a generation is missing only where one was asked for, and not from a service that is broken."""
    if http_status >= 500:
        return Subject.FAULT
    return Subject.MISSING if request is RequestKind.POLL else Subject.NO_ANSWER
