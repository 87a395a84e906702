"""The demo's terminal: how it is stopped, and what is found out and said there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(path: Path) -> None:
    """Find out before rendering whether a file can be written.

    Raises:
        OSError: when it cannot.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    existed = path.exists()
    path.open("ab").close()
    if not existed:
        path.unlink()


def stop_event() -> asyncio.Event:
    """Return an event that is set by Ctrl-C, by SIGTERM, and when the terminal is closed."""
    stopped = asyncio.Event()

    def hang_up() -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        stopped.set()

    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows has no such signals; there Ctrl-C cancels us
        loop.add_signal_handler(signal.SIGINT, stopped.set)
        loop.add_signal_handler(signal.SIGTERM, stopped.set)
        loop.add_signal_handler(signal.SIGHUP, hang_up)
    return stopped


def fail(reason: str) -> int:
    """Say why it did not work; return the exit code."""
    print(reason, file=sys.stderr)
    return 1
