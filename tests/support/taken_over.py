"""A process for media that a file has taken over: walled in as ever, it does what it likes in place of the work.

``command`` stands in for the bot's own command line; what the process found out comes back as the reason of a
``NotAVideoError``, in JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bot.errors import NotAVideoError
from bot.media import __main__ as media_process

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_GET_NO_NEW_PRIVS = 39
_MOST_DESCRIPTORS = 256


def command(act: str, *arguments: object) -> list[str]:
    """Return the command line of a process that does this act."""
    words = (argument.absolute() if isinstance(argument, Path) else argument for argument in arguments)
    return [sys.executable, "-P", "-s", "-B", "-m", "tests.support.taken_over", act, *map(str, words)]


def _look_around(_: Path) -> NoReturn:
    import resource  # not there on Windows

    parent = os.getppid()
    project = Path(__file__).parents[2]
    seen = {
        "user": os.getuid(),
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "open_files": [number for number in range(_MOST_DESCRIPTORS) if _is_open(number)],
        "no_new_privileges": ctypes.CDLL(None).prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
        "limits": {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1]
            for name in ("AS", "CPU", "FSIZE", "NOFILE", "CORE")
        },
        "refused": {
            "the bot's environment": _is_refused(Path(f"/proc/{parent}/environ").read_bytes),
            "the bot's memory": _is_refused(lambda: os.open(f"/proc/{parent}/mem", os.O_RDONLY)),
            "the bot's open files": _is_refused(lambda: list(Path(f"/proc/{parent}/fd").iterdir())),
            "a file beside the code": _is_refused((project / "pyproject.toml").read_bytes),
            "a file of the system's": _is_refused(Path("/etc/passwd").read_bytes),
            "a new file": _is_refused(lambda: Path("new").write_text("x")),
            "a signal to the bot": _is_refused(lambda: os.kill(parent, 0)),
            "a connection": _is_refused(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1)),
            "another program": _is_refused(lambda: subprocess.run(["/bin/true"], check=True)),
        },
    }
    raise NotAVideoError(json.dumps(seen))


def _crash(_: Path) -> NoReturn:
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError("it went on")


def _compute_for_ever(_: Path) -> NoReturn:
    import resource  # as above

    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))  # as the wall's own, which takes longer to show
    while True:
        sum(range(1000))


def _take_memory(_: Path) -> NoReturn:
    taken = []
    while True:
        taken.append(bytearray(64 * 1024**2))


def _wait_for_ever(_: Path) -> NoReturn:
    signal.pause()
    raise AssertionError("it went on")


def _talk_for_ever(_: Path) -> NoReturn:
    while True:
        sys.stdout.write("x" * 100_000)


_ACTS: dict[str, Callable[[Path], NoReturn]] = {
    "look around": _look_around,
    "crash": _crash,
    "compute for ever": _compute_for_ever,
    "take memory": _take_memory,
    "wait for ever": _wait_for_ever,
    "talk for ever": _talk_for_ever,
}


def _is_open(number: int) -> bool:
    with contextlib.suppress(OSError):
        os.fstat(number)
        return True
    return False


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


if __name__ == "__main__":
    _act = _ACTS[sys.argv[1]]
    media_process.probe = _act
    media_process.fit = lambda source, *_: _act(source)
    media_process.main(*sys.argv[2:])
