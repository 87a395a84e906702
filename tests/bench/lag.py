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
    """Notes for every 5 ms since ``start`` how much later than that the running loop got to it.

    The looks keep to their times even when one is late. So each stands for something that might have come in at
    that moment, and a loop that stood still for 200 ms shows 200, 195, 190 … ms and not one look in many.
    """

    def __init__(self) -> None:
        self._samples = array("d")

    def start(self) -> None:
        """Look from now on, until the loop ends."""
        self._loop = asyncio.get_running_loop()
        self._plan(self._loop.time() + STEP_SECONDS)

    def lags_ms(self, *, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """Return the looks planned between two times of the machine's monotonic clock, in order."""
        pairs = zip(self._samples[::2], self._samples[1::2], strict=True)
        return [late * 1000 for due, late in pairs if since <= due < until]

    def save(self, path: Path) -> None:
        """Write all looks to a file."""
        path.write_bytes(self._samples.tobytes())

    @classmethod
    def load(cls, path: Path) -> LagProbe:
        """Read what another process saved."""
        probe = cls()
        probe._samples.frombytes(path.read_bytes())
        return probe

    def _plan(self, due: float) -> None:
        self._loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self._samples.extend((due, max(0.0, time.monotonic() - due)))
        self._plan(due + STEP_SECONDS)
