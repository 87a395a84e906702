"""SIGTERM and Ctrl-C: what they do while the bot starts, serves and stops."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager
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


@contextmanager
def heed_signals(
    act: Callable[[], object],
    *,
    latest_end_seconds: float = LATEST_END_SECONDS,
    end: Callable[[], object] = end_at_once,
) -> Generator[Callable[[Callable[[], object]], None]]:
    """Act, in the loop that runs, at each signal; after this, signals are ignored, for the process ends then.

    Args:
        act: what is done at first.
        latest_end_seconds: how long after the first signal ``end`` is called, if this still goes on then.
        end: ends the process.

    Yields:
        A function that changes what is done.
    """
    loop = asyncio.get_running_loop()
    acts = [act]

    def give_up() -> None:
        _log.warning("the stop took too long: what is left is for the next start")
        end()

    deadline = threading.Timer(latest_end_seconds, give_up)
    deadline.daemon = True

    def heed() -> None:
        if not deadline.ident:
            deadline.start()
        acts[0]()

    for number in SIGNALS:
        try:
            loop.add_signal_handler(number, heed)
        except NotImplementedError:  # as on Windows, where a handler of Python's own wakes the loop
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(heed))

    def change(new: Callable[[], object]) -> None:
        acts[0] = new

    try:
        yield change
    finally:
        deadline.cancel()
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
