"""Waiting for Discord: what says "not now", and how long to wait before it is asked again."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

import aiohttp
import discord
from discord.gateway import ReconnectWebSocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)

PAUSES_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Before each further try; the last from then on."""


class ForeignAnswerError(aiohttp.ClientError):
    """What answered in Discord's place was not Discord: a page, say, of a proxy's. What was asked may be done."""


OUTAGES = (
    aiohttp.ClientError,
    discord.ConnectionClosed,
    discord.GatewayNotFound,
    discord.HTTPException,
    OSError,  # timeouts and names that are not found are of this kind
    ReconnectWebSocket,
)
"""What an outage looks like, on the way to Discord or there; what is meant otherwise is told apart before."""

Found = TypeVar("Found")


class Patience:
    """Tries again until Discord is there, with growing pauses, and says once that it waits and once that it is over.

    Args:
        pause: waits so many seconds.
    """

    def __init__(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._pause = pause
        self._waiting = 0

    async def through(self, ask: Callable[[], Awaitable[Found]]) -> Found:
        """Ask until there is an answer, and return it; errors that are no outage go through."""
        tries = 0
        try:
            while True:
                try:
                    found = await ask()
                except OUTAGES as error:
                    if not tries:
                        self._say_waiting(error)
                    await self._pause(PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS) - 1)])
                    tries += 1
                else:
                    break
        finally:
            self._waiting -= bool(tries)
        if tries and not self._waiting:
            _log.info("Discord is there again")
        return found

    def _say_waiting(self, error: BaseException) -> None:
        if not self._waiting:
            _log.warning("waiting for Discord, which cannot be reached just now", extra={"error": describe(error)})
        self._waiting += 1


def describe(error: BaseException) -> str:
    """Say in a word what an outage looks like, without what a proxy may have put into its page."""
    cause = error.__cause__ if isinstance(error, discord.GatewayNotFound) else error
    if isinstance(cause, discord.HTTPException):
        return f"HTTP {cause.status}"
    if isinstance(cause, discord.ConnectionClosed):
        return f"gateway closed with {cause.code}"
    return str(cause) if isinstance(cause, ForeignAnswerError) else type(cause).__name__
