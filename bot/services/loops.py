"""The one loop that waits for "woken, due or stopped"; worker, status cards, modlog and settings panels run in it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bot.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

_log = logging.getLogger(__name__)


class Loop:
    """Calls a pass whenever it is woken or something is due, until it is stopped.

    A pass that fails, or for which there is no database just now, is logged and tried again a little later; what it
    spawned goes on beside the next passes.

    Args:
        name: of what the passes do, for the log.
        woken: set by whoever has made work.
        retry_seconds: after a pass that failed.
        shortest_pause_seconds: between two passes, however much is made meanwhile; it shares the next one.
    """

    def __init__(
        self, name: str, woken: asyncio.Event, *, retry_seconds: float = 1.0, shortest_pause_seconds: float = 0.0
    ) -> None:
        self._name = name
        self._woken = woken
        self._retry_seconds = retry_seconds
        self._shortest_pause_seconds = shortest_pause_seconds
        self._stopped = asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        """Tell whether no further pass will begin."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Begin no further pass, and let ``run`` end."""
        self._stopped.set()
        self._woken.set()

    async def wait_stopped(self, seconds: float) -> None:
        """Wait so long, or until it is stopped."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def run(
        self,
        do_pass: Callable[[Callable[[Coroutine[Any, Any, None]], object]], Awaitable[float | None]],
        *,
        finish_seconds: float | None = 0.0,
    ) -> None:
        """Run until stopped.

        Args:
            do_pass: gets a function to spawn what goes on beside; returns the seconds until more is due, None for
                not before it is woken.
            finish_seconds: how long what was spawned may go on after the stop before it is cancelled; None is without
                end.
        """
        tasks: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:

            def spawn(work: Coroutine[Any, Any, None]) -> None:
                task = group.create_task(work)
                tasks.add(task)
                task.add_done_callback(tasks.discard)

            while not self._stopped.is_set():
                self._woken.clear()
                try:
                    pause_seconds = await do_pass(spawn)
                except StoreUnavailableError as error:
                    _log.warning("%s: put off", self._name, extra={"error": str(error)})
                    pause_seconds = self._retry_seconds
                except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
                    _log.exception("%s: a pass failed", self._name)
                    pause_seconds = self._retry_seconds
                await self.wait_stopped(self._shortest_pause_seconds)
                await self._wait_woken(pause_seconds)
            if tasks:
                _log.info("stopping", extra={"loop": self._name, "in_flight": len(tasks)})
                await asyncio.wait(tasks, timeout=finish_seconds)
            for task in tasks:
                task.cancel()

    async def _wait_woken(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for may lose a cancellation in Python 3.11
                await self._woken.wait()
