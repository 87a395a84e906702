"""``python -m bot demo`` as a process: in a terminal of its own, as a newcomer starts it, or without one."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator

REPOSITORY = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 60
_TAKE_TERMINAL_AND_RUN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Finished(NamedTuple):
    """How a run ended, and what it wrote."""

    exit_code: int | None
    output: str
    errors: str


async def run_demo(directory: Path, *arguments: str) -> Finished:
    """Run the demo to its end in a directory, with nobody at a terminal."""
    process = await _start_without_terminal(directory, *arguments, errors=PIPE)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        output, errors = await process.communicate()
    return Finished(process.returncode, output.decode(), errors.decode())


class RunningDemo:
    """The demo as a process.

    Attributes:
        said: all that it has written so far, errors too.
    """

    def __init__(self, process: Process, screen: asyncio.StreamReader) -> None:
        self._process = process
        self._screen = screen
        self.said = ""

    async def until(self, pattern: str) -> re.Match[str]:
        """Wait until something appears."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not (found := re.search(pattern, self.said)):
                self.said += (written := (await self._screen.read(4096)).decode())
                assert written, f"it never said {pattern}: {self.said}"
        return found

    async def end(self) -> int:
        """Wait until the demo ends; return its exit code."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await self._process.wait()


class DemoTerminal(RunningDemo):
    """A terminal with the demo running in it."""

    def __init__(self, process: Process, screen: asyncio.StreamReader, keyboard: int) -> None:
        super().__init__(process, screen)
        self._keyboard = keyboard

    def press_ctrl_c(self) -> None:
        """Type the key that interrupts."""
        os.write(self._keyboard, b"\x03")


@asynccontextmanager
async def demo_without_terminal(directory: Path, *arguments: str) -> AsyncGenerator[RunningDemo]:
    """Start the demo with nobody at a terminal; at the end it is told to end, if it still runs."""
    process = await _start_without_terminal(directory, *arguments, errors=STDOUT)
    assert process.stdout is not None, "piped"
    demo = RunningDemo(process, process.stdout)
    try:
        yield demo
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        demo.said += (await process.stdout.read()).decode()
        await process.wait()


@asynccontextmanager
async def demo_in_terminal(directory: Path, *arguments: str) -> AsyncGenerator[DemoTerminal]:
    """Start the demo in a terminal; at the end the terminal is closed."""
    keyboard, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _TAKE_TERMINAL_AND_RUN, "-m", "bot", "demo", *arguments),
        cwd=directory,
        env=_environment(directory),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    screen = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(screen), os.fdopen(keyboard, "rb", buffering=0)
    )
    try:
        yield DemoTerminal(process, screen, keyboard)
    finally:
        transport.close()  # the terminal: whoever still runs in it is told so
        await process.wait()


def left_behind(directory: Path) -> list[str]:
    """Name the temporary files and folders of the runs in a directory that are still there."""
    with suppress(FileNotFoundError):
        return sorted(path.name for path in _temporary(directory).iterdir())
    return []


def _environment(directory: Path) -> dict[str, str]:
    _temporary(directory).mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUTF8": "1",
        "TMPDIR": str(_temporary(directory)),
    }


def _temporary(directory: Path) -> Path:
    return directory / "tmp"


async def _start_without_terminal(directory: Path, *arguments: str, errors: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", *arguments),
        cwd=directory,
        env=_environment(directory),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=errors,
        start_new_session=True,
    )
