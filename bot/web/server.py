"""The HTTP server: ``/healthz``, ``/readyz`` and ``/metrics``, for whoever can reach its port."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client.exposition import choose_encoder

from bot.errors import PortTakenError, SettingsError
from bot.web.gauges import Gauges
from bot.web.watching import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bot.errors import ReelayError
    from bot.web.measures import PrometheusMeasures
    from bot.web.watching import Sources

_log = logging.getLogger(__name__)

BODY_MAX_BYTES = 1024
LINE_MAX_BYTES = 4096
CLOSE_SECONDS = 1.0
"""How long a request that is being answered may go on when the bot ends."""


@asynccontextmanager
async def serve_http(
    host: str, port: int, *, sources: Sources, measures: PrometheusMeasures
) -> AsyncGenerator[tuple[str, int]]:
    """Answer there for as long as the context is open; give the address, whose port was chosen where it was 0.

    Raises:
        PortTakenError: when another program listens there.
        SettingsError: when the bot can't listen there at all.
    """
    watch = Watch(sources)
    pages = _Pages(watch, measures)
    application = web.Application(client_max_size=BODY_MAX_BYTES)
    application.add_routes(
        [web.get("/healthz", pages.health), web.get("/readyz", pages.readiness), web.get("/metrics", pages.metrics)]
    )
    _log.addFilter(_is_news)
    runner = web.AppRunner(
        application,
        access_log=None,
        logger=_log,
        shutdown_timeout=CLOSE_SECONDS,
        max_line_size=LINE_MAX_BYTES,
        max_field_size=LINE_MAX_BYTES,
    )
    await runner.setup()
    lag = asyncio.create_task(measures.watch_lag())
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise _explain(error, host, port) from error
        yield runner.addresses[0][:2]
    finally:
        lag.cancel()
        await runner.cleanup()
        await watch.close()
        _log.removeFilter(_is_news)


class _Pages:
    """What is answered."""

    def __init__(self, watch: Watch, measures: PrometheusMeasures) -> None:
        self._watch = watch
        self._registry = measures.registry
        self._gauges = Gauges(watch.sources)
        self._registry.register(self._gauges)

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the event loop answers, which it does by this."""
        return web.Response(text="ok\n")

    async def readiness(self, _request: web.Request) -> web.Response:
        """Say whether the bot can do its work, and else what keeps it from that."""
        problems = await self._watch.find_problems()
        if problems:
            return web.Response(text=f"not ready: {'; '.join(problems)}\n", status=503)
        return web.Response(text="ready\n")

    async def metrics(self, request: web.Request) -> web.Response:
        """Give all figures, in the format that is asked for."""
        self._gauges.sight = await self._watch.look()
        try:
            encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        except (TypeError, ValueError):  # a version that is none is asked for
            encode, content_type = choose_encoder("")
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what the library says of requests that are none, as of those of a program that tries ports."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _explain(error: OSError, host: str, port: int) -> ReelayError:
    """Say in a sentence why the bot can't listen there."""
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"another program listens at port {port} already: end it, or choose another port in HTTP_LISTEN."
        )
    if error.errno == errno.EACCES:
        return SettingsError(f"the bot may not listen at port {port}: choose one from 1024 on in HTTP_LISTEN.")
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return SettingsError(f"{host} is no address of this machine: check HTTP_LISTEN.")
    return SettingsError(f"the bot can't listen at {host}, port {port} ({type(error).__name__}): check HTTP_LISTEN.")
