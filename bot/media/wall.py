"""What a process for media may not do, should a file have taken it over; ``docs/decisions/media-process.md`` says why.

The bot gives it nothing to begin with (``process``); here it gives up the rest itself, before it opens the file. All of
it is Linux's; elsewhere the time limits must do.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.media.landlock import confine

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_MOST_OPEN_FILES = 32
"""A fit has twelve open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one piece of work may take.

    Attributes:
        memory_bytes: of address space, which is more than is used.
        processor_seconds: of all its threads together.
        file_bytes: how large a file it may write; 0 for none.
    """

    memory_bytes: int
    processor_seconds: int
    file_bytes: int = 0


def hide_from_other_processes() -> None:
    """Keep this process's environment, memory and open files from its user's others, which ``/proc`` would show them.

    Also no core is dumped, which would hold the same. Only root, or whoever may trace every process, still sees it.
    """
    if sys.platform == "linux":
        _set_process_option(_PR_SET_DUMPABLE, 0)


def enclose(limits: Limits, *, readable: Path, writable: Path | None) -> None:
    """Give up, for good, whatever the work does not need; then the file may be opened.

    Args:
        readable: the file that is worked on.
        writable: the folder that the result goes into; None where there is no file of it.
    """
    if sys.platform != "win32":
        os.nice(10)
    if sys.platform == "linux":  # elsewhere limits are refused or not kept
        _limit_resources(limits)
        _set_process_option(_PR_SET_NO_NEW_PRIVS, 1)
        confine(readable=(readable, *_libraries()), writable=writable)


def _libraries() -> set[Path]:
    """Return where Python finds what it may yet import; the project's folder, where settings lie, is none of it."""
    package = Path(__file__).parents[1]
    return {package, *(Path(entry) for entry in sys.path if entry and Path(entry) != package.parent)}


def _limit_resources(limits: Limits) -> None:
    import resource  # not there on Windows

    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.processor_seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, _MOST_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, allowed = resource.getrlimit(kind)
        least = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(kind, (least, least))


def _set_process_option(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
