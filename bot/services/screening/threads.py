"""Threads of their own for compiling rules and asking them about prompts, shared fairly between servers.

Work is a generator that yields between its steps. A thread runs it for a slice of time; then it queues again behind
other servers' work. One piece of work at a time is done for each server, so that a server with many large rules waits
for itself and holds nobody else up for longer than a slice of each other busy server.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from concurrent.futures import Executor

_Result = TypeVar("_Result")

Steps: TypeAlias = Generator[None, None, _Result]
"""Work that yields between its steps; a step takes at most some 30 ms, the search of one large pattern."""

THREADS = max(1, min(2, (os.cpu_count() or 1) - 1))
"""One processor is left to the event loop."""
SLICE_SECONDS = 0.02
_SWITCH_SECONDS = 0.0005
"""For how long a thread that runs Python holds up the event loop when it has something to do; usually 5 ms.

RE2 lets other threads go on while it searches; finding words is Python. With 8 busy servers the loop is then half as
late, and the threads lose next to nothing (``tests/bench/neighbours.py``).
"""


class ScreeningThreads:
    """Runs work on rules away from the event loop.

    Args:
        executor: its threads; they are nobody else's.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    @contextmanager
    def open(cls) -> Generator[ScreeningThreads]:
        """Start threads; at the end, wait for the slices that run."""
        switch_seconds = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            with ThreadPoolExecutor(THREADS, thread_name_prefix="screening") as executor:
                yield cls(executor)
        finally:
            sys.setswitchinterval(switch_seconds)

    async def run(self, guild_id: int, work: Steps[_Result]) -> _Result:
        """Do a server's work after what it asked for before, and return what the work returns.

        Raises: what the work raises.
        """
        turn = self._turns.setdefault(guild_id, asyncio.Lock())  # kept while anybody holds it or waits for it
        async with turn:
            while True:
                ended = await asyncio.get_running_loop().run_in_executor(self._executor, _run_slice, work)
                if ended is not None:
                    return ended[0]


def finish(work: Steps[_Result]) -> _Result:
    """Do work at once, in this thread."""
    while (ended := _run_slice(work)) is None:
        continue
    return ended[0]


def _run_slice(work: Steps[_Result]) -> tuple[_Result] | None:
    """Go on with work for a slice of time; return its result once it has ended."""
    ends = time.monotonic() + SLICE_SECONDS
    try:
        while time.monotonic() < ends:
            next(work)
    except StopIteration as stopped:
        return (stopped.value,)
    return None
