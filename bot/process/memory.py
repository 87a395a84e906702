"""Memory: what the C library is told to do with it."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
"""As ``malloc.h`` has it."""


def share_one_heap() -> None:
    """Have all threads take memory from one heap: each heap would keep for itself what a crowd has once needed.

    To be called before there are threads. It holds for glibc; elsewhere nothing happens.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_ARENA_MAX, 1)
