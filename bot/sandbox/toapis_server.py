"""A video service on loopback that answers as the real one is documented to: the demo's service, and the tests' double.

Its clock is given, and what a generation's progress is at a time follows from when it was accepted, so a test
moves the clock instead of waiting. It keeps what it was asked, and fails on request (``bot.sandbox.faults``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time as system_time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self, cast

from aiohttp import web

from bot.sandbox.clips import make_clip
from bot.sandbox.faults import ERRORS, Fault, FaultKind, Faults, error_body, faults_in, next_fault
from bot.sandbox.limits import RateLimits, RequestLimiter
from bot.sandbox.renders import RenderQueue, RenderSeconds, SandboxGeneration, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from bot.models import Aspect

__all__ = ["Fault", "SandboxGeneration", "SandboxServer"]

CREDITS_PER_USD = 200
"""As the service documents it for its balance."""

_LATE_LOOK_SECONDS = 0.02
"""How often a waiting test looks whether a late submit was accepted: nothing happens that would wake it."""
_RATE_HEADERS = web.RequestKey("rate headers", dict[str, str])
_ENDLESS_CHUNK = bytes(64 * 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request that arrived, whatever came of it.

    Attributes:
        key: a submit's ``client_business_id``, a poll's generation id or ``client_business_id``, a file's
            generation id; empty for questions about the account.
        payload: a submit's JSON.
    """

    kind: str
    key: str
    at: float
    headers: dict[str, str]
    payload: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LateSubmit:
    """A submit that will be accepted, whatever its connection was answered."""

    due_at: float
    payload: dict[str, Any]
    faults: Faults


ClipMaker = Callable[[SandboxGeneration], Awaitable[Path | bytes]]
"""Makes the MP4 of a generation."""


class SandboxServer:
    """The service as an async context manager; ``base_url`` is known inside it.

    Args:
        api_key: the key it takes; may be changed later, as an operator's key is.
        model: the one model it knows.
        queue_seconds: how long a generation waits at least before it renders.
        render_seconds: how long a render takes, or a function that says so for a clip's length in seconds.
        max_rendering: how many render at once; the others wait in the queue.
        key_credits: what the key may spend; None is a key without a limit.
        account_credits: what the account has; None leaves credits out of the answer. At 0 of either submits answer 402.
        submit_limits, query_limits: the account's limits, a minute and in ten seconds; None is none.
        clip_maker: makes the files; by default real clips with the prompt in them.
        time: tells the Unix time.
        port: the port to listen on; 0 takes a free one.

    Attributes:
        faults: what goes wrong next.
        models: the video models the key may use.
        finds_by_business_id: a poll by ``client_business_id`` finds the generation; else it never does.
        spellings: words to answer in place of the usual states.
        requests: what was asked, in order.
    """

    def __init__(
        self,
        *,
        api_key: str = "sandbox-key",
        model: str = "gemini_omni",
        queue_seconds: float = 1.0,
        render_seconds: RenderSeconds = 6.0,
        max_rendering: int = 4,
        key_credits: float | None = 1820,
        account_credits: float | None = 1820,
        submit_limits: RateLimits | None = None,
        query_limits: RateLimits | None = None,
        clip_maker: ClipMaker | None = None,
        time: Callable[[], float] = system_time.time,
        port: int = 0,
    ) -> None:
        self.api_key = api_key
        self.key_credits = key_credits
        self.account_credits = account_credits
        self.submit_limits = submit_limits
        self.query_limits = query_limits
        self.models = [model]
        self.finds_by_business_id = True
        self.spellings: Mapping[str, str] = {}
        self.faults = Faults()
        self.requests: list[ReceivedRequest] = []
        self._model = model
        self._accepted: dict[str, SandboxGeneration] = {}
        self._late: list[_LateSubmit] = []
        self._submit_limiter = RequestLimiter("async_submit", lambda: self.submit_limits)
        self._query_limiter = RequestLimiter("async_query", lambda: self.query_limits)
        self._renders = RenderQueue(
            queue_seconds=queue_seconds, render_seconds=render_seconds, max_rendering=max_rendering
        )
        self._clip_maker = clip_maker or self._draw_clip
        self._clips: dict[tuple[str, Aspect, int], asyncio.Task[Path | bytes]] = {}
        self._prompt_faults: dict[str, Faults] = {}
        self._time = time
        self._port = port
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._directory: TemporaryDirectory[str] | None = None

    @property
    def base_url(self) -> str:
        """Return the address to give as the video service's."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def submits(self) -> list[ReceivedRequest]:
        """Return the submits that arrived, refused ones too."""
        return [request for request in self.requests if request.kind == "submit"]

    @property
    def polls(self) -> list[ReceivedRequest]:
        """Return the polls that arrived, in order."""
        return [request for request in self.requests if request.kind == "poll"]

    @property
    def generations(self) -> dict[str, SandboxGeneration]:
        """Return what has been accepted by now, by id: each is a clip somebody pays for."""
        due = sorted((it for it in self._late if it.due_at <= self._time()), key=lambda it: it.due_at)
        for submit in due:
            self._accept_late(submit)
        return self._accepted

    def paid(self, client_business_id: str) -> list[SandboxGeneration]:
        """Return the generations that were accepted under a ``client_business_id``."""
        return [it for it in self.generations.values() if it.client_business_id == client_business_id]

    def billed_seconds(self) -> int:
        """Return the length of all accepted clips but those that have failed by now, which cost nothing."""
        now = self._time()
        return sum(it.duration_seconds for it in self.generations.values() if not it.has_failed(now))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what was asked or accepted holds; it is looked at after each change."""
        async with self._changed:
            while not condition():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LATE_LOOK_SECONDS if self._late else None):
                        await self._changed.wait()

    # Up and down -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._directory = TemporaryDirectory(prefix="reelay-sandbox-")
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        for clip in self._clips.values():
            clip.cancel()
        await asyncio.gather(*self._clips.values(), return_exceptions=True)
        if self._directory is not None:
            await asyncio.to_thread(self._directory.cleanup)

    async def start(self) -> None:
        """Listen; after a ``stop`` on the same port, with everything remembered."""
        application = web.Application()
        application.add_routes(
            [
                web.post("/v1/videos/generations", self._submit),
                web.get("/v1/videos/generations/{key}", self._poll),
                web.get("/v1/balance", self._balance),
                web.get("/v1/user/balance", self._user_balance),
                web.get("/v1/models", self._list_models),
                web.get("/files/{id}.mp4", self._file),
                web.route("*", "/v1/{rest:.*}", self._wrong_endpoint),
            ]
        )
        application.on_response_prepare.append(_give_headers)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = cast("tuple[str, int]", self._runner.addresses[0])[1]

    async def stop(self) -> None:
        """Be down: connections are refused, and those that are open are cut."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # Endpoints -------------------------------------------------------------------------------------

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        payload = _parse(await request.read())
        business_id = str(payload.get("client_business_id") or "")
        await self._note("submit", business_id, request, payload)
        if (refused := self._limit(request, self._submit_limiter) or self._refusal(request, payload)) is not None:
            return refused
        own_faults = self._prompt_faults.setdefault(business_id or payload["prompt"], faults_in(payload["prompt"]))
        fault = next_fault(own_faults.submit or self.faults.submit, payload["prompt"])

        generation = await self._accept(payload, own_faults) if fault.accept else None
        late = None
        if fault.accept_after is not None:
            late = _LateSubmit(due_at=self._time() + fault.accept_after, payload=payload, faults=own_faults)
            self._late.append(late)

        async def answer() -> web.StreamResponse:
            accepted = self._accept_late(late) if late else generation or await self._accept(payload, own_faults)
            return self._yes({**self._describe(accepted), **fault.change}, fault)

        return await self._answer(request, fault, answer, self._submit_limiter)

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        await self._note("poll", key, request)
        if (refused := self._limit(request, self._query_limiter) or self._unauthorized(request)) is not None:
            return refused
        generation = self._find(key)
        fault = next_fault(self.faults.poll, generation and generation.prompt)

        async def answer() -> web.StreamResponse:
            generation = self._find(key)
            if generation is None:
                return self._error("task_not_found")
            return self._yes({**self._describe(generation), **fault.change}, fault)

        return await self._answer(request, fault, answer, self._query_limiter)

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        unlimited = self.key_credits is None
        credits_left = -1 if self.key_credits is None else self.key_credits
        return await self._account("balance", request, {**_balance(credits_left), "unlimited_quota": unlimited})

    async def _user_balance(self, request: web.Request) -> web.StreamResponse:
        balance = _balance(self.account_credits or 0)
        if self.account_credits is None:
            balance = {"success": True, "remain_balance": "9.10", "used_balance": "0"}
        return await self._account("account", request, balance)

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        models = self.models if request.query.get("type") == "video" else ["some-text-model"]
        listed = [{"id": model, "object": "model", "owned_by": "sandbox"} for model in models]
        return await self._account("models", request, {"success": True, "object": "list", "data": listed})

    async def _account(self, kind: FaultKind, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await self._note(kind, "", request)
        if (refusal := self._unauthorized(request)) is not None:
            return refusal
        fault = next_fault(getattr(self.faults, kind))

        async def answer() -> web.StreamResponse:
            return self._yes({**body, **fault.change}, fault)

        return await self._answer(request, fault, answer)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["id"]
        await self._note("file", key, request)
        generation = self.generations.get(key)
        own_faults = faults_in(generation.prompt).file if generation else None
        fault = next_fault(own_faults or self.faults.file, generation and generation.prompt)

        async def answer() -> web.StreamResponse:
            if generation is None or self._time() > generation.expires_at:
                raise web.HTTPNotFound
            clip = await self._clip(generation)
            if isinstance(clip, Path):
                return web.FileResponse(clip, headers={"Content-Type": "video/mp4"})
            return web.Response(body=clip, content_type="video/mp4")

        return await self._answer(request, fault, answer)

    async def _wrong_endpoint(self, request: web.Request) -> web.StreamResponse:
        return self._error("invalid_apitype")

    # How a request is answered ---------------------------------------------------------------------

    async def _note(self, kind: str, key: str, request: web.Request, payload: dict[str, Any] | None = None) -> None:
        received = ReceivedRequest(
            kind=kind, key=key, at=self._time(), headers=dict(request.headers), payload=payload or {}
        )
        async with self._changed:
            self.requests.append(received)
            self._changed.notify_all()

    async def _answer(
        self,
        request: web.Request,
        fault: Fault,
        answer: Callable[[], Awaitable[web.StreamResponse]],
        limiter: RequestLimiter | None = None,
    ) -> web.StreamResponse:
        if fault.hold is not None:
            await fault.hold.wait()
        if fault.drop:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.status is not None:
            if fault.status == 429 and limiter is not None:
                limiter.give_back()
            if isinstance(fault.body, str):
                return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
            return web.json_response(fault.body, status=fault.status, headers=fault.headers)
        if fault.endless:
            response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
            await response.prepare(request)
            while True:
                await response.write(_ENDLESS_CHUNK)
        return await answer()

    def _limit(self, request: web.Request, limiter: RequestLimiter) -> web.Response | None:
        is_taken, headers = limiter.take(self._time())
        request[_RATE_HEADERS] = headers
        return None if is_taken else self._error("rate_limit_exceeded")

    def _refusal(self, request: web.Request, payload: dict[str, Any]) -> web.Response | None:
        if (unauthorized := self._unauthorized(request)) is not None:
            return unauthorized
        if (problem := problem_of(payload, model=self._model)) is not None:
            return self._error("invalid_request", problem)
        if any(
            credits_left is not None and credits_left <= 0 for credits_left in (self.key_credits, self.account_credits)
        ):
            return self._error("insufficient_quota")
        return None

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {self.api_key}":
            return None
        return self._error("unauthorized")

    def _error(self, name: str, message: str | None = None) -> web.Response:
        return self._json(error_body(name, message), status=ERRORS[name].status)

    def _yes(self, body: dict[str, Any], fault: Fault) -> web.Response:
        present = {key: value for key, value in body.items() if value is not None}
        return self._json({"code": "success", "message": "", "data": present} if fault.wrapped else present)

    def _json(self, body: dict[str, Any], *, status: int = 200) -> web.Response:
        return web.json_response({key: value for key, value in body.items() if value is not None}, status=status)

    # Generations -----------------------------------------------------------------------------------

    async def _accept(self, payload: dict[str, Any], faults: Faults) -> SandboxGeneration:
        generation = self._take(payload, faults, self._time())
        async with self._changed:
            self._changed.notify_all()
        return generation

    def _accept_late(self, submit: _LateSubmit) -> SandboxGeneration:
        """Take a submit at its time, or before it when it is answered in full before that; once."""
        if submit in self._late:
            self._late.remove(submit)
            return self._take(submit.payload, submit.faults, min(submit.due_at, self._time()))
        return next(it for it in self._accepted.values() if it.payload is submit.payload)

    def _take(self, payload: dict[str, Any], faults: Faults, now: float) -> SandboxGeneration:
        render_fault = next_fault(faults.render or self.faults.render, payload["prompt"])
        generation = self._renders.accept(payload, now=now, final_change=render_fault.change)
        self._accepted[generation.id] = generation
        return generation

    def _find(self, key: str) -> SandboxGeneration | None:
        by_business_id = self.paid(key) if self.finds_by_business_id else []
        return self.generations.get(key) or next(iter(by_business_id), None)

    def _describe(self, generation: SandboxGeneration) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": generation.id,
            "object": "generation.task",
            "model": self._model,
            "created_at": int(generation.accepted_at),
        }
        if progress := generation.progress(self._time()):
            return self._spell({**answer, **progress})
        url = f"{self.base_url}/files/{generation.id}.mp4"
        finished = {
            **answer,
            "status": "completed",
            "progress": 100,
            "completed_at": int(generation.finishes_at),
            "expires_at": int(generation.expires_at),
            "result": {"type": "video", "data": [{"url": url, "format": "mp4"}]},
            **generation.final_change,
        }
        return self._spell(finished)

    def _spell(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "status": self.spellings.get(str(answer.get("status")), answer.get("status"))}

    async def _clip(self, generation: SandboxGeneration) -> Path | bytes:
        look = (generation.prompt, generation.aspect, generation.duration_seconds)
        if look not in self._clips:
            self._clips[look] = asyncio.ensure_future(self._clip_maker(generation))
        return await asyncio.shield(self._clips[look])

    async def _draw_clip(self, generation: SandboxGeneration) -> Path:
        assert self._directory is not None, "files are asked for over HTTP, so the server is up"
        path = Path(self._directory.name) / f"{generation.id}.mp4"
        await asyncio.to_thread(
            make_clip,
            path,
            prompt=generation.prompt,
            aspect=generation.aspect,
            duration_seconds=generation.duration_seconds,
        )
        return path


async def _give_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault("x-request-id", f"req-{uuid.uuid4().hex[:12]}")
    for name, value in request.get(_RATE_HEADERS, {}).items():
        response.headers.setdefault(name, value)


def _balance(credits_left: float) -> dict[str, Any]:
    return {
        "success": True,
        "remain_balance": credits_left if credits_left == -1 else credits_left / CREDITS_PER_USD,
        "used_balance": 0,
        "remain_credits": credits_left,
        "used_credits": 0,
        "credits_per_usd": CREDITS_PER_USD,
        "unlimited_quota": False,
    }


def _parse(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
