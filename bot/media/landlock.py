"""Linux's Landlock: a process gives up all files but a few, all of the network's TCP, and all signals to others.

Any process may do so, with no privileges, and nothing it starts gets it back. Kernels know it since 5.13, and more of
it since 6.7 and 6.12; one that doesn't is asked for less, or for nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same on every processor."""
_ASK_VERSION = 1
_RULE_OF_PATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_FILE, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All that a version knows of files; later ones know the same as the fifth."""
_NEWEST_OF_FILES = 5
_TCP_SINCE, _ALL_OF_TCP = 4, 3
_SCOPES_SINCE, _ALL_SCOPES = 6, 3
_RIGHTS_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_ABSENT = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
"""Too old, switched off, or forbidden by a container."""


def landlock_version() -> int:
    """Return how much of it the kernel knows; 0 for nothing."""
    try:
        return _call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError as error:
        if error.errno in _ABSENT:
            return 0
        raise


def confine(*, readable: Iterable[Path], writable: Path | None) -> None:
    """Give up all but these files and folders, for this thread and those it starts from now on.

    The process must have given up new privileges before.

    Args:
        readable: files, and folders with all that is in them; what is missing is passed over.
        writable: a folder in which files may be read, made, written and removed.
    """
    version = landlock_version()
    if version == 0:
        return
    known = _RIGHTS_BY_VERSION[min(version, _NEWEST_OF_FILES)]
    words = [known]
    if version >= _TCP_SINCE:
        words.append(_ALL_OF_TCP)
    if version >= _SCOPES_SINCE:
        words.append(_ALL_SCOPES)
    asked = struct.pack(f"={len(words)}Q", *words)
    ruleset = _call(_CREATE_RULESET, asked, len(asked), 0)
    try:
        for path in readable:
            with contextlib.suppress(FileNotFoundError):
                _allow(ruleset, path, (_READ_FILE | _READ_FOLDER) & known)
        if writable is not None:
            rights = _READ_FILE | _READ_FOLDER | _WRITE_FILE | _MAKE_FILE | _REMOVE_FILE | _TRUNCATE
            _allow(ruleset, writable, rights & known)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not path.is_dir():
            rights &= _RIGHTS_OF_FILES
        _call(_ADD_RULE, ruleset, _RULE_OF_PATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: bytes | int | None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_long(word) if isinstance(word, int) else ctypes.c_char_p(word) for word in arguments)
    answer: int = library.syscall(ctypes.c_long(number), *words)
    if answer < 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return answer
