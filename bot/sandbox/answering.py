"""How the sandbox writes its answers: JSON, errors, headers, and what is to go wrong with one."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from bot.sandbox.faults import ERRORS, Fault, error_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.limits import RequestLimiter

CREDITS_PER_USD = 200
"""As the service documents it for its balance."""

RATE_HEADERS = web.RequestKey("rate headers", dict[str, str])
_ENDLESS_CHUNK = bytes(64 * 1024)


async def answer_with(
    fault: Fault,
    request: web.Request,
    answer: Callable[[], Awaitable[web.StreamResponse]],
    limiter: RequestLimiter | None = None,
) -> web.StreamResponse:
    """Answer a request as usual, unless something is to go wrong with it.

    Args:
        fault: what is to go wrong.
        request: what was asked.
        answer: makes the usual answer.
        limiter: what counted the request; one that is answered 429 is not counted.
    """
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


@web.middleware
async def _forgive_who_left(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer; that whoever asked has broken the connection meanwhile is nothing to report."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()


async def _give_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put on an answer what the service puts on each: a request id, and how the rate limits stand."""
    response.headers.setdefault("x-request-id", f"req-{uuid.uuid4().hex[:12]}")
    for name, value in request.get(RATE_HEADERS, {}).items():
        response.headers.setdefault(name, value)


def make_application() -> web.Application:
    """Return a server without endpoints that answers as the service does, whoever breaks a connection meanwhile."""
    application = web.Application(middlewares=[_forgive_who_left])
    application.on_response_prepare.append(_give_headers)
    return application


def refusal(name: str, message: str | None = None) -> web.Response:
    """Return an error of the service's, as ``ERRORS`` names it."""
    return as_json(error_body(name, message), status=ERRORS[name].status)


def success(body: dict[str, Any], fault: Fault) -> web.Response:
    """Return an answer, bare or in the service's envelope."""
    present = _present(body)
    return as_json({"code": "success", "message": "", "data": present} if fault.wrapped else present)


def as_json(body: dict[str, Any], *, status: int = 200) -> web.Response:
    """Return a JSON answer without what is None."""
    return web.json_response(_present(body), status=status)


def balance(credits_left: float) -> dict[str, Any]:
    """Return the body that tells of a number of credits; -1 is no limit."""
    return {
        "success": True,
        "remain_balance": credits_left if credits_left == -1 else credits_left / CREDITS_PER_USD,
        "used_balance": 0,
        "remain_credits": credits_left,
        "used_credits": 0,
        "credits_per_usd": CREDITS_PER_USD,
        "unlimited_quota": False,
    }


def parse(body: bytes) -> dict[str, Any]:
    """Return a request's JSON object; empty if it is none."""
    try:
        payload = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}


def _present(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
