"""Looking at something slow on behalf of all who want to know it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from bot.errors import ReelayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)

_Found = TypeVar("_Found")


class SharedLook(Generic[_Found]):
    """Looks once at a time however many want to know, lets them share what was found, and keeps it for a while.

    Args:
        look: finds it out; an error of it is nothing found.
        kept_seconds: from the beginning of a look to that of the next one at the earliest.
        patience_seconds: from the beginning of a look until nobody waits for it any more; it goes on, and there is no
            second one beside it.
        now: seconds of a clock that is never set.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[_Found]],
        *,
        kept_seconds: float,
        patience_seconds: float,
        now: Callable[[], float],
    ) -> None:
        self._look = look
        self._kept_seconds = kept_seconds
        self._patience_seconds = patience_seconds
        self._now = now
        self._began_at = 0.0
        self._looking: asyncio.Task[_Found | None] | None = None

    async def find(self) -> _Found | None:
        """Return what was found; None where it was not, or not in time."""
        looking = self._looking
        if looking is None or (looking.done() and self._now() - self._began_at >= self._kept_seconds):
            self._began_at = self._now()
            looking = self._looking = asyncio.create_task(self._look_safely())
        left_seconds = self._began_at + self._patience_seconds - self._now()
        await asyncio.wait({looking}, timeout=max(0.0, left_seconds))
        return looking.result() if looking.done() else None

    async def close(self) -> None:
        """End the look that goes on."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look_safely(self) -> _Found | None:
        try:
            return await self._look()
        except ReelayError as error:
            _log.debug("not found out", extra={"error": type(error).__name__})
        except Exception:  # noqa: BLE001 (logged; who watches must not end what is watched)
            _log.exception("could not look")
        return None
