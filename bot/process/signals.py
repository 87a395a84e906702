"""SIGTERM and Ctrl-C: what they do while the bot starts, serves and stops."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LATEST_END_SECONDS = 27.0
"""After the first signal the process ends, whatever still hangs: a killed one loses nothing either."""


def end_at_once() -> None:
    """End the process well; for when nothing has begun, or nothing more can be waited for."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


class Deadline:
    """Ends the process some time after it was told to stop, whatever hangs by then.

    A thread of its own counts: the event loop may be what hangs, or be over while a thread of its goes on.

    Args:
        seconds: from ``begin`` on.
        end: ends the process.
    """

    def __init__(self, *, seconds: float = LATEST_END_SECONDS, end: Callable[[], object] = end_at_once) -> None:
        self._seconds = seconds
        self._end = end
        self._begun: SimpleQueue[bool] = SimpleQueue()  # nothing else may be used where a signal comes in
        threading.Thread(target=self._wait, name="deadline", daemon=True).start()

    def begin(self) -> None:
        """Begin to count; a handler of signals may do so."""
        self._begun.put(True)

    def drop(self) -> None:
        """Let the process go on, unless it was told to stop."""
        self._begun.put(False)

    def _wait(self) -> None:
        if self._begun.get():
            time.sleep(self._seconds)
            _log.warning("the stop took too long: what is left is for the next start")
            self._end()


def _wake() -> None:
    """Do nothing, in a loop that a signal wakes whichever thread of the process it comes to."""


@contextmanager
def heed_signals(
    act: Callable[[], object], *, deadline: Deadline | None = None
) -> Generator[Callable[[Callable[[], object]], None]]:
    """Act, in the loop that runs, at each signal; after this, signals are ignored, for the process ends then.

    The handlers are Python's own: each system has those, and they come in also where the loop hangs.

    Args:
        act: what is done at first.
        deadline: begins with the first signal.

    Yields:
        A function that changes what is done.
    """
    loop = asyncio.get_running_loop()
    deadline = deadline or Deadline()
    acts = [act]

    def heed(_number: int, _frame: object) -> None:
        deadline.begin()
        loop.call_soon_threadsafe(lambda: acts[0]())

    for number in SIGNALS:
        with suppress(NotImplementedError):  # as on Windows
            loop.add_signal_handler(number, _wake)
        signal.signal(number, heed)

    def change(new: Callable[[], object]) -> None:
        acts[0] = new

    try:
        yield change
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        deadline.drop()
