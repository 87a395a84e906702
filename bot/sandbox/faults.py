"""What the sandbox video service can be asked to do wrong: by a test, or by words in a prompt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

FaultKind = Literal["submit", "poll", "balance", "file", "render"]

ERRORS: Mapping[str, tuple[int, str, str]] = {
    "invalid_request": (400, "invalid_request_error", "duration must be 6 or 10"),
    "invalid_apitype": (400, "invalid_request_error", "invalid apitype: -1"),
    "task_not_exist": (400, "invalid_request_error", "task_not_exist"),
    "unauthorized": (401, "authentication_error", "Invalid token"),
    "insufficient_quota": (402, "insufficient_quota", "The account is out of money"),
    "task_not_found": (404, "not_found_error", "Task not found"),
    "content_policy_violation": (422, "content_policy_violation", "The prompt was refused"),
    "rate_limit_exceeded": (429, "rate_limit_exceeded", "Too many requests"),
    "internal_error": (500, "internal_error", "Something broke"),
}
"""By code: HTTP status, type and message (contract, "Errors")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    The fields act in this order: accept, hold, drop, status, endless; where none of the last three is set,
    the usual answer goes out with ``change`` laid over it.

    Attributes:
        accept: take (and bill) the generation first; only for a submit, and only needed where the
            usual answer does not go out.
        hold: do not go on before this is set.
        drop: break the connection instead of answering.
        status: answer with this HTTP status, ``body`` (as JSON when it is a dict) and ``headers``.
        endless: answer 200 with a body that never ends.
        change: keys laid over the usual JSON answer; a key whose value is None is left out.
        times: how many requests it spoils; None is all of them until the queue is cleared.
        prompt: spoil only requests about the clip of this prompt; None is any. A balance is about none.
    """

    accept: bool = False
    hold: asyncio.Event | None = None
    drop: bool = False
    status: int | None = None
    body: dict[str, Any] | str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    endless: bool = False
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])
    times: int | None = 1
    prompt: str | None = None

    @classmethod
    def error(
        cls, code: str, *, headers: Mapping[str, str] | None = None, accept: bool = False, times: int | None = 1
    ) -> Self:
        """Make the contract's error of that code (a key of ``ERRORS``)."""
        status, _, _ = ERRORS[code]
        return cls(status=status, body=error_body(code), headers=headers or {}, accept=accept, times=times)

    @classmethod
    def failed(cls, message: str, *, code: str = "generation_failed") -> Self:
        """Make a render end as failed; for ``Faults.render``."""
        error = {"code": code, "message": message}
        return cls(change={"status": "failed", "progress": 0, "error": error, "result": None})


def error_body(code: str, message: str | None = None) -> dict[str, Any]:
    """Return the contract's error body for a key of ``ERRORS``."""
    _, error_type, usual_message = ERRORS[code]
    return {"error": {"code": code, "message": message or usual_message, "type": error_type}}


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong next, by kind of request; each request uses up the first of its queue.

    ``render`` is used up when a generation is accepted, and its ``change`` is laid over that generation's
    final answer, whenever and however often that is asked for.
    """

    submit: deque[Fault] = field(default_factory=deque[Fault])
    poll: deque[Fault] = field(default_factory=deque[Fault])
    balance: deque[Fault] = field(default_factory=deque[Fault])
    file: deque[Fault] = field(default_factory=deque[Fault])
    render: deque[Fault] = field(default_factory=deque[Fault])

    def everywhere(self, fault: Fault) -> None:
        """Let submits, polls, balance checks and downloads fail alike."""
        for queue in (self.submit, self.poll, self.balance, self.file):
            queue.append(fault)

    def clear(self) -> None:
        """Let everything go well from now on."""
        for queue in (self.submit, self.poll, self.balance, self.file, self.render):
            queue.clear()


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
    "fail:key": ("submit", Fault.error("unauthorized")),
    "fail:money": ("submit", Fault.error("insufficient_quota")),
    "fail:busy": ("submit", Fault.error("rate_limit_exceeded", headers={"Retry-After": "3"})),
    "fail:fault": ("submit", Fault.error("internal_error")),
    "fail:lost": ("submit", Fault(drop=True)),
    "fail:accepted_but_lost": ("submit", Fault(drop=True, accept=True)),
    "fail:generation": ("render", Fault.failed("Generation failed: Content violates the content policy")),
    "fail:stuck": ("render", Fault(change={"status": "in_progress", "progress": 99, "result": None})),
    "fail:no_address": ("render", Fault(change={"result": None})),
    "fail:gone": ("file", Fault(status=404, times=None)),
    "fail:text_file": ("file", Fault(status=200, body="This is not a video.", times=None)),
    "fail:endless": ("file", Fault(endless=True, times=None)),
    "fail:private": ("file", Fault(status=302, headers={"Location": "http://10.0.0.1/x.mp4"}, times=None)),
}
"""Words in a prompt that make its clip fail, for readers of the demo.

Those of a submit spoil every submit of the clip when they are final by the contract, else its first one only,
so that the bot can be seen to recover.
"""


def faults_in(prompt: str) -> Faults:
    """Return what the words of a prompt ask to go wrong."""
    faults = Faults()
    for words, (kind, fault) in PROMPT_FAULTS.items():
        if words in prompt.lower():
            getattr(faults, kind).append(fault)
    return faults
