"""A video service on loopback that answers as the real one is documented to: the demo's service, and the tests' double.

Its clock is given, and what a generation's progress is at a time follows from when it was accepted, so a test
moves the clock instead of waiting. It keeps what it was asked, and fails on request (``bot.sandbox.faults``).
"""

from __future__ import annotations

import asyncio
import contextlib
import time as system_time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from aiohttp import web

from bot.sandbox.answering import RATE_HEADERS, answer_with, balance, make_application, parse, refusal, success
from bot.sandbox.clip_files import ClipFiles, ClipMaker
from bot.sandbox.faults import Fault, FaultKind, Faults, faults_in, next_fault
from bot.sandbox.generations import Generations
from bot.sandbox.limits import RateLimits, RequestLimiter
from bot.sandbox.renders import RenderQueue, RenderSeconds, SandboxGeneration, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

__all__ = ["Fault", "SandboxGeneration", "SandboxServer"]

_LATE_LOOK_SECONDS = 0.02
"""How often a waiting test looks whether a late submit was accepted: nothing happens that would wake it."""


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
        model: the one that it makes clips with.
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
        self.model = model
        self._submit_limiter = RequestLimiter("async_submit", lambda: self.submit_limits)
        self._query_limiter = RequestLimiter("async_query", lambda: self.query_limits)
        renders = RenderQueue(queue_seconds=queue_seconds, render_seconds=render_seconds, max_rendering=max_rendering)
        self._generations = Generations(renders=renders, faults=self.faults, time=time)
        self._clips = ClipFiles(clip_maker)
        self._prompt_faults: dict[str, Faults] = {}
        self._time = time
        self._port = port
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

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
        return self._generations.by_id()

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
                    async with asyncio.timeout(_LATE_LOOK_SECONDS if self._generations.has_late else None):
                        await self._changed.wait()

    # Up and down -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self._clips.__aenter__()
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self._clips.__aexit__(kind, error, trace)

    async def start(self) -> None:
        """Listen; after a ``stop`` on the same port, with everything remembered."""
        application = make_application()
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
        payload = parse(await request.read())
        business_id = str(payload.get("client_business_id") or "")
        await self._note("submit", business_id, request, payload)
        if (refused := self._limit(request, self._submit_limiter) or self._refusal(request, payload)) is not None:
            return refused
        own_faults = self._prompt_faults.setdefault(business_id or payload["prompt"], faults_in(payload["prompt"]))
        fault = next_fault(own_faults.submit or self.faults.submit, payload["prompt"])

        generation = await self._accept(payload, own_faults) if fault.accept else None
        late = None
        if fault.accept_after is not None:
            late = self._generations.expect(payload, own_faults, seconds=fault.accept_after)

        async def answer() -> web.StreamResponse:
            if late:
                accepted = self._generations.accept_late(late)
            else:
                accepted = generation or await self._accept(payload, own_faults)
            return success({**self._describe(accepted), **fault.change}, fault)

        return await answer_with(fault, request, answer, self._submit_limiter)

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
                return refusal("task_not_found")
            return success({**self._describe(generation), **fault.change}, fault)

        return await answer_with(fault, request, answer, self._query_limiter)

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        unlimited = self.key_credits is None
        credits_left = -1 if self.key_credits is None else self.key_credits
        return await self._account("balance", request, {**balance(credits_left), "unlimited_quota": unlimited})

    async def _user_balance(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = {"success": True, "remain_balance": "9.10", "used_balance": "0"}
        if self.account_credits is not None:
            body = balance(self.account_credits)
        return await self._account("account", request, body)

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        models = self.models if request.query.get("type") == "video" else ["some-text-model"]
        listed = [{"id": model, "object": "model", "owned_by": "sandbox"} for model in models]
        return await self._account("models", request, {"success": True, "object": "list", "data": listed})

    async def _account(self, kind: FaultKind, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await self._note(kind, "", request)
        if (refused := self._unauthorized(request)) is not None:
            return refused
        fault = next_fault(getattr(self.faults, kind))

        async def answer() -> web.StreamResponse:
            return success({**body, **fault.change}, fault)

        return await answer_with(fault, request, answer)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["id"]
        await self._note("file", key, request)
        generation = self.generations.get(key)
        own_faults = faults_in(generation.prompt).file if generation else None
        fault = next_fault(own_faults or self.faults.file, generation and generation.prompt)

        async def answer() -> web.StreamResponse:
            if generation is None or self._time() > generation.expires_at:
                raise web.HTTPNotFound
            clip = await self._clips.get(generation)
            if isinstance(clip, Path):
                return web.FileResponse(clip, headers={"Content-Type": "video/mp4"})
            return web.Response(body=clip, content_type="video/mp4")

        return await answer_with(fault, request, answer)

    async def _wrong_endpoint(self, request: web.Request) -> web.StreamResponse:
        return refusal("invalid_apitype")

    # How a request is answered ---------------------------------------------------------------------

    async def _note(self, kind: str, key: str, request: web.Request, payload: dict[str, Any] | None = None) -> None:
        received = ReceivedRequest(
            kind=kind, key=key, at=self._time(), headers=dict(request.headers), payload=payload or {}
        )
        async with self._changed:
            self.requests.append(received)
            self._changed.notify_all()

    def _limit(self, request: web.Request, limiter: RequestLimiter) -> web.Response | None:
        is_taken, headers = limiter.take(self._time())
        request[RATE_HEADERS] = headers
        return None if is_taken else refusal("rate_limit_exceeded")

    def _refusal(self, request: web.Request, payload: dict[str, Any]) -> web.Response | None:
        if (unauthorized := self._unauthorized(request)) is not None:
            return unauthorized
        if (problem := problem_of(payload, model=self.model)) is not None:
            return refusal("invalid_request", problem)
        if any(
            credits_left is not None and credits_left <= 0 for credits_left in (self.key_credits, self.account_credits)
        ):
            return refusal("insufficient_quota")
        return None

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {self.api_key}":
            return None
        return refusal("unauthorized")

    # Generations -----------------------------------------------------------------------------------

    async def _accept(self, payload: dict[str, Any], faults: Faults) -> SandboxGeneration:
        generation = self._generations.accept(payload, faults)
        async with self._changed:
            self._changed.notify_all()
        return generation

    def _find(self, key: str) -> SandboxGeneration | None:
        by_business_id = self.paid(key) if self.finds_by_business_id else []
        return self.generations.get(key) or next(iter(by_business_id), None)

    def _describe(self, generation: SandboxGeneration) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": generation.id,
            "object": "generation.task",
            "model": self.model,
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
