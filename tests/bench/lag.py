"""How late an event loop is: looked at every 5 ms, whatever else the loop does."""

from __future__ import annotations

import asyncio
import time
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STEP_SECONDS = 0.005


class LagProbe:
    """Notes for every 5 ms since ``start`` when the running loop got to it.

    The looks keep to their times even when one is late. So each stands for something that might have come in at
    that moment, and a loop that stood still for 200 ms shows 200, 195, 190 … ms and not one look in many.
    """

    def __init__(self) -> None:
        self._looks = array("d")  # due, seen, and the processor time of the loop's thread, in turn

    def start(self) -> None:
        """Look from now on, until the loop ends."""
        self._loop = asyncio.get_running_loop()
        self._plan(self._loop.time() + STEP_SECONDS)

    def lags_ms(self, *, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """Return how late the looks were that were due between two times of the machine's monotonic clock."""
        return [max(0.0, seen - due) * 1000 for due, seen, _ in self._between(since, until)]

    def own_lags_ms(self, *, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """Return the same without what others took: no more than the thread computed since its last look in time.

        On a busy machine most lateness is waiting for a processor, which says nothing about the program.
        """
        polls = self._between(since, until)
        lags, last = [], 0
        for due, seen, computed in polls:
            while last + 1 < len(polls) and polls[last + 1][1] <= due:
                last += 1
            lags.append(max(0.0, min(seen - due, computed - polls[last][2])) * 1000)
        return lags

    def save(self, path: Path) -> None:
        """Write all looks to a file."""
        path.write_bytes(self._looks.tobytes())

    @classmethod
    def load(cls, path: Path) -> LagProbe:
        """Read what another process saved."""
        probe = cls()
        probe._looks.frombytes(path.read_bytes())
        return probe

    def _between(self, since: float, until: float) -> list[tuple[float, float, float]]:
        polls = zip(self._looks[::3], self._looks[1::3], self._looks[2::3], strict=True)
        return [look for look in polls if since <= look[0] < until]

    def _plan(self, due: float) -> None:
        self._loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self._looks.extend((due, time.monotonic(), time.thread_time()))
        self._plan(due + STEP_SECONDS)
