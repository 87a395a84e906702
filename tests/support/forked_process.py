"""Processes that begin with all that they need imported: forked from one that has done so, once for all of them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.quick_bot", "bot.config", "bot.logs"])  # the latter when it runs


class ForkedProcess:
    """A process that looks like one of ``asyncio``'s from outside, and leads a session of its own."""

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None
        self.pid = process.pid
        self._process = process
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(process.sentinel, self._note_end)

    @classmethod
    async def start(
        cls, main: Callable[[], int], *, directory: Path, environment: Mapping[str, str]
    ) -> tuple[Self, int]:
        """Run a function in a directory with an environment; return the process, and where its output can be read."""
        reading, writing = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=_run, args=(main, directory, dict(environment), writing))
        await asyncio.to_thread(process.start)
        writing.close()
        output = os.dup(reading.fileno())
        reading.close()
        return cls(process), output

    @property
    def returncode(self) -> int | None:
        """As of ``asyncio``'s: None until the end, and the negative number of the signal that ended it."""
        return self._process.exitcode if self._ended.is_set() else None

    async def wait(self) -> int:
        """Wait for its end; return the exit code."""
        await self._ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()


def _run(main: Callable[[], int], directory: Path, environment: dict[str, str], output: Connection) -> None:
    os.setsid()
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output.fileno(), stream.fileno())
        stream.reconfigure(write_through=True)
    output.close()
    sys.exit(main())
