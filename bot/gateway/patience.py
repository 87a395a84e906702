"""Waiting for Discord: what says "not now", and how long to wait before it is asked again."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import aiohttp
import discord
from discord.gateway import ReconnectWebSocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

_log = logging.getLogger(__name__)

PAUSES_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Before each further try; the last from then on."""


class ForeignAnswerError(aiohttp.ClientError):
    """What answered in Discord's place was not Discord: a page, say, of a proxy's. What was asked may be done."""


UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What the library raises for an answer that is no text, no JSON, or JSON of something else's."""

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


@contextmanager
def only_discords_answers() -> Generator[None]:
    """Name what is read here, where that is no answer of Discord's.

    Raises:
        ForeignAnswerError: then.
    """
    try:
        yield
    except UNREADABLE as error:
        raise unreadable() from error


def unreadable() -> ForeignAnswerError:
    """Make the error for what raised one of ``UNREADABLE``."""
    return ForeignAnswerError("an answer that is not Discord's")


class Patience:
    """Tries again until Discord is there, with growing pauses, and says once that it waits and once that it is over.

    Args:
        pause: waits so many seconds.
    """

    def __init__(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._pause = pause
        self._waiting = 0

    async def pause(self, tries: int) -> None:
        """Wait before Discord is tried again, after so many tries that failed."""
        await self._pause(PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS)) - 1])

    def begin_waiting(self, error: BaseException) -> None:
        """Note that somebody waits for Discord, for what was met."""
        if not self._waiting:
            _log.warning("waiting for Discord, which cannot be reached just now", extra={"error": describe(error)})
        self._waiting += 1

    def end_waiting(self, *, is_there: bool) -> None:
        """Note that one of those who wait does so no more."""
        self._waiting -= 1
        if is_there and not self._waiting:
            _log.info("Discord is there again")

    async def through(self, ask: Callable[[], Awaitable[Found]]) -> Found:
        """Ask until there is an answer, and return it; errors that are no outage go through."""
        tries, is_there = 0, False
        try:
            while True:
                try:
                    found = await ask()
                except OUTAGES as error:
                    if not tries:
                        self.begin_waiting(error)
                    tries += 1
                    await self.pause(tries)
                else:
                    is_there = True
                    return found
        finally:
            if tries:
                self.end_waiting(is_there=is_there)


def describe(error: BaseException) -> str:
    """Say in a word what an outage looks like, without what a proxy may have put into its page."""
    cause = error.__cause__ if isinstance(error, discord.GatewayNotFound) else error
    if isinstance(cause, discord.HTTPException):
        return f"HTTP {cause.status}"
    if isinstance(cause, discord.ConnectionClosed):
        return f"gateway closed with {cause.code}"
    return str(cause) if isinstance(cause, ForeignAnswerError) else type(cause).__name__
