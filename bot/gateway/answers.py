"""Whether what answers in Discord's place can be read as Discord's: asked once, for every request there is."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from discord.http import Route

from bot.gateway.patience import ForeignAnswerError

if TYPE_CHECKING:
    from types import SimpleNamespace


def readable_answers() -> aiohttp.TraceConfig:
    """Return what has a Discord client's requests raise ``ForeignAnswerError`` for an answer that is not Discord's.

    The library takes a page for an answer where the status says that all is well, and stumbles over it much later. All
    that it asks goes through one session, interactions' answers too. A refusal in other words than Discord's is left
    to the library, which reads no code in it.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_require_readable)
    return trace


async def _require_readable(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestEndParams
) -> None:
    answer = request.response
    if answer.history and str(answer.history[0].url).startswith(Route.BASE):
        await answer.read()
        raise ForeignAnswerError(f"HTTP {answer.history[0].status}, to somewhere else than Discord")
    if not str(request.url).startswith(Route.BASE) or answer.status == HTTPStatus.NO_CONTENT:
        return
    if not _is_readable(answer, await answer.read()):  # which the library then reads from memory
        raise ForeignAnswerError(f"HTTP {answer.status}, without Discord's words")


def _is_readable(answer: aiohttp.ClientResponse, body: bytes) -> bool:
    try:
        text = body.decode()
        if answer.headers.get("Content-Type") == "application/json":
            return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False
    return answer.status >= HTTPStatus.BAD_REQUEST and answer.status != HTTPStatus.TOO_MANY_REQUESTS
