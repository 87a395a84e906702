"""The time that all processes on a database agree on: the machine's own, corrected by the database's."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import StoreUnavailableError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services.ports import Clock
    from bot.store.database import Database

_log = logging.getLogger(__name__)

MEASURED_EVERY_SECONDS = 60.0
FAR_SECONDS = 5.0
"""An offset that the operator is told of."""


class DatabaseTime:
    """A clock that is right by the database's, where that has one of its own; SQLite's file has the machine's.

    A correction holds at once, forwards or back: all processes are to mean the same moment in leases.

    Args:
        machine: the machine's own clock.

    Attributes:
        offset_seconds: how far the database's clock was ahead of the machine's when it was measured last.
    """

    def __init__(self, *, database: Database, machine: Clock) -> None:
        self._database = database
        self._machine = machine
        self.offset_seconds = 0.0

    @property
    def is_far(self) -> bool:
        """Tell whether the machine's clock is so far off that somebody should look at it."""
        return abs(self.offset_seconds) > FAR_SECONDS

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return self._machine.now() + timedelta(seconds=self.offset_seconds)

    async def measure(self) -> None:
        """Measure the offset, and say in the log when it has become large.

        Raises:
            StoreUnavailableError: when the database cannot be asked; the offset stays as it was.
        """
        was_far = self.is_far
        self.offset_seconds = await self._database.measure_clock(self._machine.now)
        if self.is_far and not was_far:
            _log.warning("this machine's clock is far from the database's", extra={"seconds": self.offset_seconds})

    async def keep(self, *, every_seconds: float = MEASURED_EVERY_SECONDS) -> None:
        """Measure it again and again; to be run beside what the clock is for."""
        while True:
            await asyncio.sleep(every_seconds)
            try:
                await self.measure()
            except StoreUnavailableError as error:
                _log.info("the database's clock was not read: %s", error)
