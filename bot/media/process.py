"""One process for media, as the bot starts it: with nothing of the bot's, and heard with care."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.errors import CannotFitError, NotAVideoError

if TYPE_CHECKING:
    from asyncio import StreamReader
    from asyncio.subprocess import Process
    from collections.abc import Sequence

_log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
"""Where ``-m bot.media`` finds the project."""
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH")
"""Without the first Windows starts nothing; without the second some builds of Python don't find their own libraries."""
_MOST_BYTES_SAID = 1_000_000
"""Twice a contact sheet."""
_COMPLAINT_BYTES = 2000
_END_SECONDS = 5


class ProcessDiedError(Exception):
    """The process ended without an answer that can be read, or had to be ended."""


class ProcessOverdueError(ProcessDiedError):
    """The process took too long."""


async def start_process(arguments: Sequence[str | Path | int], folder: Path) -> Process:
    """Start a process that does one thing.

    It gets an environment of its own, none of the bot's open files but three pipes, and a folder of its own to be in.

    Args:
        arguments: what to do; paths may be relative to the bot's folder.
        folder: the process's own, which nobody else uses.
    """
    return await asyncio.create_subprocess_exec(
        *_command(*arguments),
        cwd=folder,
        env=_environment(folder),
        close_fds=True,
        stdin=PIPE,  # held open: its end tells the process that the bot is gone
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,  # Ctrl-C is for the bot
    )


async def read_answer(process: Process) -> dict[str, Any]:
    """Wait for a process's end and return what it said.

    Raises:
        NotAVideoError, CannotFitError: it says so.
        ProcessDiedError: it said nothing, too much, or what can't be read.
    """
    stdout, stderr = _pipes(process)
    complaining = asyncio.create_task(_read_end(stderr))
    try:
        output = await _read_all(stdout)
        complaint = await complaining
        await process.wait()
    finally:
        complaining.cancel()
        await asyncio.gather(complaining, return_exceptions=True)
    if process.returncode != 0:
        fields = {"exit_code": process.returncode, "complaint": complaint.decode(errors="replace")}
        _log.error("media process died", extra=fields)
        raise ProcessDiedError(f"exit code {process.returncode}")
    return _parse(output)


async def end_process(process: Process) -> None:
    """End a process with all that it started; do nothing where it has ended by itself."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    # Its end is known only once its pipes are read to theirs, and whoever has escaped may hold those open.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await asyncio.gather(*map(_read_end, _pipes(process)))
            await process.wait()


def _pipes(process: Process) -> tuple[StreamReader, StreamReader]:
    assert process.stdout is not None  # it was started so
    assert process.stderr is not None
    return process.stdout, process.stderr


def _command(*arguments: str | Path | int) -> list[str]:
    """Return the command line; the process has another working directory, so its paths are absolute."""
    words = (argument.absolute() if isinstance(argument, Path) else argument for argument in arguments)
    return [sys.executable, "-P", "-s", "-B", "-m", "bot.media", *map(str, words)]


def _environment(folder: Path) -> dict[str, str]:
    own = {"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "HOME": str(folder), "TMPDIR": str(folder)}
    return own | {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


async def _read_all(stream: StreamReader) -> bytes:
    said = bytearray()
    while piece := await stream.read(_MOST_BYTES_SAID):
        said += piece
        if len(said) > _MOST_BYTES_SAID:
            raise ProcessDiedError("said too much")
    return bytes(said)


async def _read_end(stream: StreamReader) -> bytes:
    end = b""
    while piece := await stream.read(_MOST_BYTES_SAID):
        end = (end + piece)[-_COMPLAINT_BYTES:]
    return end


def _parse(output: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise ProcessDiedError("another answer") from error
    match cast("object", answer):
        case {"not_a_video": str(reason)}:
            raise NotAVideoError(reason)
        case {"cannot_fit": str(reason)}:
            raise CannotFitError(reason)
        case dict():
            return cast("dict[str, Any]", answer)
        case _:
            raise ProcessDiedError("another answer")
