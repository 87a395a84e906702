"""Threads for rules, shared by all tests of a run; and work on rules done at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bot.services.screening.threads import THREADS, ScreeningThreads

_EXECUTOR = ThreadPoolExecutor(THREADS, thread_name_prefix="screening")


def screening_threads() -> ScreeningThreads:
    """Return threads that nobody need close; they end with the process."""
    return ScreeningThreads(_EXECUTOR)
