"""The requests a bot makes, what goes wrong with them on demand, and how Discord says no."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.discord_server.model import Attachment, Json


class RouteKind(StrEnum):
    """What a request is for, whatever ids its path carries."""

    GET_ME = "get me"
    GET_APPLICATION = "get application"
    GET_GATEWAY = "get gateway"
    GET_COMMANDS = "get commands"
    PUT_COMMANDS = "put commands"
    GET_USER = "get user"
    GET_GUILD = "get guild"
    LIST_AUTOMOD = "list automod rules"
    LEAVE_GUILD = "leave guild"
    GET_MEMBER = "get member"
    GET_CHANNEL = "get channel"
    EDIT_CHANNEL = "edit channel"
    DELETE_CHANNEL = "delete channel"
    CREATE_THREAD = "create thread"
    OPEN_DIRECT_CHANNEL = "open direct channel"
    TYPING = "typing"
    CREATE_MESSAGE = "create message"
    EDIT_MESSAGE = "edit message"
    DELETE_MESSAGE = "delete message"
    GET_MESSAGE = "get message"
    LIST_MESSAGES = "list messages"
    CALLBACK = "callback"
    FOLLOW_UP = "follow up"
    GET_ANSWER = "get answer"
    EDIT_ANSWER = "edit answer"
    DELETE_ANSWER = "delete answer"
    UNKNOWN = "unknown"


@dataclass(slots=True, kw_only=True, eq=False)
class Request:
    """One REST request, as it arrived.

    Attributes:
        ids: the ids and tokens in its path, by name.
        body: its JSON, or what its ``payload_json`` held.
        uploads: the files that came with it.
        received_at: when all of it had arrived, on the machine's monotonic clock.
        status: what it was answered; None while it is held, and when its connection was reset.
    """

    kind: RouteKind
    method: str
    path: str
    ids: dict[str, str]
    query: dict[str, str]
    authorization: str | None
    body: Any
    uploads: dict[int, Attachment]
    received_at: float
    status: int | None = None

    @property
    def channel_id(self) -> int:
        return int(self.ids["channel"])

    @property
    def upload_bytes(self) -> int:
        return sum(upload.size_bytes for upload in self.uploads.values())

    def __str__(self) -> str:
        return f"{self.kind}: {self.method} {self.path} -> {self.status}"


class RefusedError(Exception):
    """Discord's no: an HTTP status with one of its own error codes."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"code": code, "message": message})


def invalid_body(reason: str) -> RefusedError:
    """Make the refusal of a body that breaks Discord's rules."""
    return RefusedError(400, 50035, f"Invalid Form Body: {reason}")


UNAUTHORIZED = (401, 0, "401: Unauthorized")
UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
UNKNOWN_USER = (404, 10013, "Unknown User")
UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
TOO_LARGE = (413, 40005, "Request entity too large")
ALREADY_ANSWERED = (400, 40060, "Interaction has already been acknowledged.")
MISSING_ACCESS = (403, 50001, "Missing Access")
NOT_YOUR_MESSAGE = (403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
CANNOT_MESSAGE_USER = (403, 50007, "Cannot send messages to this user")
MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
SYSTEM_MESSAGE = (403, 50021, "Cannot execute action on a system message")
WRONG_CHANNEL_TYPE = (400, 50024, "Cannot execute action on this channel type")
DEAD_TOKEN = (401, 50027, "Invalid Webhook Token")
THREAD_ARCHIVED = (400, 50083, "Thread is archived")
THREAD_ARCHIVED_FOR_YOU = (403, 50083, "Thread is archived")
THREAD_EXISTS = (400, 160004, "A thread has already been created for this message")
THREAD_LOCKED = (403, 160005, "Thread is locked")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body (JSON, text, bytes as they are, or nothing) and headers."""

    status: int
    body: Json | list[Any] | str | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """What goes wrong with one request to come; made by the methods of ``Faults``.

    Attributes:
        stored: the request is carried out before anything goes wrong: only its answer suffers.
        answer: what is answered instead of the truth.
        resets: the connection is reset instead of answered.
        arrived: set when the request is here (and carried out, if ``stored``).
        released: awaited before anything is answered; set from the start unless the request is held.
    """

    kind: RouteKind
    stored: bool
    answer: Answer | None = None
    resets: bool = False
    where: Callable[[Request], bool] = lambda _request: True
    request: Request | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let a held request go on, be its sender alive or not."""
        self.released.set()

    def drop(self) -> None:
        """Lose a held request: unless it is stored already, it never happened."""
        self.resets = True
        self.released.set()


class Faults:
    """Faults waiting for the requests they are meant for, each used once, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._holds: list[Fault] = []

    def fail(
        self,
        kind: RouteKind,
        status: int,
        *,
        code: int = 0,
        message: str = "made to fail",
        times: int = 1,
        stored: bool = False,
        where: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        """Answer the next requests of that kind with an error; 429s are ``limit``'s."""
        self.answer(kind, Answer(status, {"code": code, "message": message}), times=times, stored=stored, where=where)

    def page(
        self,
        kind: RouteKind,
        status: int,
        *,
        times: int = 1,
        stored: bool = False,
        where: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        """Answer the next requests of that kind with a page of something that stands before Discord."""
        self.answer(kind, Answer(status, "<html>Sorry</html>"), times=times, stored=stored, where=where)

    def answer(
        self,
        kind: RouteKind,
        answer: Answer,
        *,
        times: int = 1,
        stored: bool = False,
        where: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        """Answer the next requests of that kind with something else than the truth."""
        for _ in range(times):
            self._waiting.append(_ready(Fault(kind=kind, stored=stored, answer=answer, where=where)))

    def limit(
        self,
        kind: RouteKind,
        retry_after_seconds: float,
        *,
        via: bool = True,
        times: int = 1,
        where: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        """Answer the next requests of that kind with 429: Discord's own, or (without ``Via``) the edge's."""
        if via:
            body: Json | str = {
                "message": "You are being rate limited.",
                "retry_after": retry_after_seconds,
                "global": False,
            }
            answer = Answer(429, body, {"Via": "1.1 google", "Retry-After": str(retry_after_seconds)})
        else:
            answer = Answer(429, "error code: 1015", {"Retry-After": str(retry_after_seconds)})
        self.answer(kind, answer, times=times, where=where)

    def reset(
        self,
        kind: RouteKind,
        *,
        stored: bool,
        times: int = 1,
        where: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        """Reset the connection of the next requests of that kind, before or after carrying them out."""
        for _ in range(times):
            self._waiting.append(_ready(Fault(kind=kind, stored=stored, resets=True, where=where)))

    def hold(
        self,
        kind: RouteKind,
        *,
        stored: bool,
        where: Callable[[Request], bool] = lambda _request: True,
    ) -> Fault:
        """Hold the next request of that kind, before or after carrying it out, until ``release``.

        One that is never released is dropped when the server closes.
        """
        fault = Fault(kind=kind, stored=stored, where=where)
        self._waiting.append(fault)
        self._holds.append(fault)
        return fault

    def clear(self) -> None:
        """Forget the faults that have not met their request."""
        self._waiting.clear()

    def drop_held(self) -> None:
        """Lose what is still held, so that nothing outlives the server."""
        for fault in self._holds:
            if not fault.released.is_set():
                fault.drop()

    def take(self, request: Request) -> Fault | None:
        """Find the fault meant for this request, if there is one; it is used up."""
        for fault in self._waiting:
            if fault.kind == request.kind and fault.where(request):
                self._waiting.remove(fault)
                fault.request = request
                return fault
        return None


def _ready(fault: Fault) -> Fault:
    fault.released.set()
    return fault
