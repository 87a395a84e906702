"""Memory: what the C library and the garbage collector are told to do with it."""

from __future__ import annotations

import ctypes
import gc
import sys

GARBAGE_BEFORE_COLLECTED = 5_000
"""Objects made and not yet freed. By Python's 700 all there is was looked through again for every few hundred clips:
with 5,000 under way that took 0.3 s, in which nobody was served, and in all a tenth of the processor's time."""
_M_ARENA_MAX = -8
"""As ``malloc.h`` has it."""


def share_one_heap() -> None:
    """Have all threads take memory from one heap: each heap would keep for itself what a crowd has once needed.

    To be called before there are threads. It holds for glibc; elsewhere nothing happens.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_ARENA_MAX, 1)


def spare_what_stays() -> None:
    """Never look for garbage in what is loaded by now, which takes 0.1 s, and less often in all else.

    To be called once the program is ready.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_BEFORE_COLLECTED, 10, 10)
