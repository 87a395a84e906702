"""What the sandbox video service can be asked to do wrong: by a test, or by words in a prompt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from http.client import responses
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

FaultKind = Literal["submit", "poll", "balance", "account", "models", "file", "render"]


PAGE = "<html><head><title>Error</title></head><body><h1>Error</h1><p>nginx</p></body></html>"


class ErrorAnswer(NamedTuple):
    """An error of the service's; ``code`` is its name in ``ERRORS`` where it is not given."""

    status: int
    type: str
    message: str
    code: str | int | None = None


ERRORS: Mapping[str, ErrorAnswer] = {
    "invalid_request": ErrorAnswer(400, "invalid_request_error", "duration must be 6 or 10"),
    "invalid_apitype": ErrorAnswer(400, "invalid_request_error", "invalid apitype: -1"),
    "task_not_exist": ErrorAnswer(400, "invalid_request_error", "task_not_exist"),
    "unauthorized": ErrorAnswer(401, "authentication_error", "Invalid token"),
    "insufficient_quota": ErrorAnswer(402, "insufficient_quota", "The account is out of money"),
    "task_not_found": ErrorAnswer(404, "not_found_error", "Task not found"),
    "content_policy_violation": ErrorAnswer(422, "content_policy_violation", "The prompt was refused"),
    "rate_limit_exceeded": ErrorAnswer(429, "rate_limit_exceeded", "Too many requests"),
    "internal_error": ErrorAnswer(500, "internal_error", "Something broke"),
    "rate_limit_unavailable": ErrorAnswer(503, "rate_limit_unavailable", "The submit limiter is down"),
    "insufficient_user_quota": ErrorAnswer(403, "new_api_error", "user quota is not enough"),
    "insufficient_quota_429": ErrorAnswer(429, "insufficient_quota", "Check your plan", "insufficient_quota"),
    "quota_under_a_number": ErrorAnswer(400, "insufficient_quota", "Bad request", 400),
    "model_access_denied": ErrorAnswer(403, "permission_error", "This key has no access to model gemini_omni"),
    "model_not_found": ErrorAnswer(503, "new_api_error", "No available channel for model gemini_omni"),
    "access_denied": ErrorAnswer(403, "new_api_error", "Your address is not on the key's list"),
    "moderation_blocked": ErrorAnswer(400, "image_generation_user_error", "Your request was rejected"),
    "sensitive_words_detected": ErrorAnswer(403, "new_api_error", "user sensitive words detected"),
    "moderation_under_500": ErrorAnswer(500, "upstream_error", "Failed", "DataInspectionFailed"),
    "moderation_in_words": ErrorAnswer(400, "upstream_error", "The prompt violates our usage policies", "400"),
    "no_route": ErrorAnswer(404, "invalid_request_error", "Invalid URL (POST /v1/videos/generations)", ""),
    "account_suspended": ErrorAnswer(403, "new_api_error", "Suspended for violating our terms of service"),
    "upstreams_key": ErrorAnswer(401, "upstream_error", "Incorrect API key provided", "fail_to_fetch_task"),
    "duplicate": ErrorAnswer(409, "new_api_error", "It was submitted before", "duplicate_client_business_id"),
    "wrong_duration": ErrorAnswer(422, "invalid_request_error", "duration: Input should be 6 or 10", ""),
    "price_missing": ErrorAnswer(400, "new_api_error", "No price is set for this model", "model_price_error"),
}
"""By name: HTTP status, type, message, and the code where it is not the name; the first ten are the usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    The fields act in this order: accept, hold, drop, status, endless; where none of the last three is set,
    the usual answer goes out with ``change`` laid over it, and ``wrapped`` if so.

    Attributes:
        accept: take (and bill) the generation first; only for a submit, and only needed where the
            usual answer does not go out.
        accept_after: take (and bill) it only so many seconds after it was sent, by the server's clock, whatever
            the connection was answered; only for a submit.
        hold: do not go on before this is set.
        drop: break the connection instead of answering.
        status: answer with this HTTP status, ``body`` (as JSON when it is a dict) and ``headers``.
        endless: answer 200 with a body that never ends.
        change: keys laid over the usual JSON answer; a key whose value is None is left out.
        wrapped: put the usual JSON answer into ``data``, as some gateways do.
        times: how many requests it spoils; None is all of them until the queue is cleared.
        prompt: spoil only requests about the clip of this prompt; None is any. A balance is about none.
    """

    accept: bool = False
    accept_after: float | None = None
    hold: asyncio.Event | None = None
    drop: bool = False
    status: int | None = None
    body: dict[str, Any] | str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    endless: bool = False
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])
    wrapped: bool = False
    times: int | None = 1
    prompt: str | None = None

    @classmethod
    def error(
        cls,
        name: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        accept: bool = False,
        times: int | None = 1,
    ) -> Self:
        """Make an error of the service's (a name of ``ERRORS``), under its own HTTP status or another, as 200."""
        return cls(
            status=ERRORS[name].status if status is None else status,
            body=error_body(name),
            headers=headers or {},
            accept=accept,
            times=times,
        )

    @classmethod
    def task_error(cls, code: str, message: str, *, status: int, times: int | None = 1) -> Self:
        """Make an error in the shape that gateways of the family give those of tasks."""
        return cls(status=status, body={"code": code, "message": message, "data": None}, times=times)

    @classmethod
    def page(
        cls, status: int, *, headers: Mapping[str, str] | None = None, accept: bool = False, times: int | None = 1
    ) -> Self:
        """Make a proxy answer with a page of its own."""
        page_headers = {"Content-Type": "text/html", **(headers or {})}
        return cls(status=status, body=PAGE, headers=page_headers, accept=accept, times=times)

    @classmethod
    def foreign(cls, status: int, *, accept: bool = False, times: int | None = 1) -> Self:
        """Make an API gateway in front of the service answer with JSON of its own."""
        return cls(status=status, body={"message": "Forbidden"}, accept=accept, times=times)

    @classmethod
    def status_line(cls, status: int, *, accept: bool = False, times: int | None = 1) -> Self:
        """Make an edge in front of the service answer in the service's shape, but with no more than an HTTP status."""
        error = {"code": str(status), "message": responses.get(status, "Error")}
        return cls(status=status, body={"error": error}, accept=accept, times=times)

    @classmethod
    def failed(cls, message: str, *, code: str = "generation_failed") -> Self:
        """Make a render end as failed; for ``Faults.render``."""
        error = {"code": code, "message": message}
        return cls(change={"status": "failed", "progress": 0, "error": error, "result": None})


def error_body(name: str, message: str | None = None) -> dict[str, Any]:
    """Return the service's error body for a name of ``ERRORS``."""
    error = ERRORS[name]
    code = name if error.code is None else error.code
    return {"error": {"code": code, "message": message or error.message, "type": error.type}}


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong next, by kind of request; each request uses up the first of its queue.

    ``balance`` is the key's check, ``account`` the account's.
    ``render`` is used up when a generation is accepted, and its ``change`` is laid over that generation's
    final answer, whenever and however often that is asked for.
    """

    submit: deque[Fault] = field(default_factory=deque[Fault])
    poll: deque[Fault] = field(default_factory=deque[Fault])
    balance: deque[Fault] = field(default_factory=deque[Fault])
    account: deque[Fault] = field(default_factory=deque[Fault])
    models: deque[Fault] = field(default_factory=deque[Fault])
    file: deque[Fault] = field(default_factory=deque[Fault])
    render: deque[Fault] = field(default_factory=deque[Fault])

    def everywhere(self, fault: Fault) -> None:
        """Let submits, polls, questions about the account and downloads fail alike."""
        for queue in self._queues:
            if queue is not self.render:
                queue.append(fault)

    def clear(self) -> None:
        """Let everything go well from now on."""
        for queue in self._queues:
            queue.clear()

    @property
    def _queues(self) -> tuple[deque[Fault], ...]:
        return (self.submit, self.poll, self.balance, self.account, self.models, self.file, self.render)


NO_FAULT = Fault()


def next_fault(queue: deque[Fault], prompt: str | None = None) -> Fault:
    """Use up the first fault of a queue that is meant for a prompt's clip, or return one that does nothing."""
    place = next((place for place, fault in enumerate(queue) if fault.prompt in (None, prompt)), None)
    if place is None:
        return NO_FAULT
    fault = queue[place]
    if fault.times == 1:
        del queue[place]
    elif fault.times is not None:
        queue[place] = replace(fault, times=fault.times - 1)
    return fault


PROMPT_FAULTS: Mapping[str, tuple[FaultKind, Fault]] = {
    "fail:content_policy": ("submit", Fault.error("content_policy_violation", times=None)),
    "fail:rejected": ("submit", Fault.error("invalid_request", times=None)),
    "fail:endpoint": ("submit", Fault.error("invalid_apitype", times=None)),
    "fail:moderation": ("submit", Fault.error("sensitive_words_detected", times=None)),
    "fail:key": ("submit", Fault.error("unauthorized")),
    "fail:money": ("submit", Fault.error("insufficient_quota")),
    "fail:quota": ("submit", Fault.error("insufficient_user_quota")),
    "fail:access": ("submit", Fault.error("model_access_denied")),
    "fail:not_taken": ("submit", Fault.error("rate_limit_unavailable")),
    "fail:page": ("submit", Fault.page(403)),
    "fail:busy": ("submit", Fault.error("rate_limit_exceeded", headers={"Retry-After": "3"})),
    "fail:fault": ("submit", Fault.error("internal_error")),
    "fail:lost": ("submit", Fault(drop=True)),
    "fail:accepted_but_lost": ("submit", Fault(drop=True, accept=True)),
    "fail:late": ("submit", Fault(drop=True, accept_after=6.0)),
    "fail:generation": ("render", Fault.failed("Generation failed: Content violates the content policy")),
    "fail:stuck": ("render", Fault(change={"status": "in_progress", "progress": 99, "result": None})),
    "fail:no_address": ("render", Fault(change={"result": None})),
    "fail:gone": ("file", Fault(status=404, times=None)),
    "fail:text_file": ("file", Fault(status=200, body="This is not a video.", times=None)),
    "fail:endless": ("file", Fault(endless=True, times=None)),
    "fail:private": ("file", Fault(status=302, headers={"Location": "http://10.0.0.1/x.mp4"}, times=None)),
}
"""Words in a prompt that make its clip fail, for readers of the demo.

Those of a submit spoil every submit of the clip when they are final, else its first one only,
so that the bot can be seen to recover.
"""


def faults_in(prompt: str) -> Faults:
    """Return what the words of a prompt ask to go wrong."""
    faults = Faults()
    for words, (kind, fault) in PROMPT_FAULTS.items():
        if words in prompt.lower():
            getattr(faults, kind).append(fault)
    return faults
