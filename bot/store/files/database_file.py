"""The database's file: whether what is open is still what stands at its path."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from bot.errors import StoreUnavailableError

GONE = "the file of the database was replaced or removed while the bot ran; nothing is accepted since."
DAMAGED = "the file of the database is damaged, or was written over while the bot ran; nothing is accepted since."


class DatabaseFile:
    """Notices when the file is replaced or removed: what is written then would be lost with the old one.

    What writes over it where it lies can't be seen from outside; whoever meets the damage says so.

    Args:
        path: of the file, which is open by now.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._identity = self._look()
        self._gone = asyncio.Event()
        self._why = GONE

    def require_in_place(self) -> None:
        """Check that the file is still the one that was opened; once it was not, it never is again.

        Raises:
            StoreUnavailableError: when it is not.
        """
        if self._gone.is_set() or self._look() != self._identity:
            self._gone.set()
            raise StoreUnavailableError(self._why)

    def note_damaged(self) -> None:
        """Note that what is in it is no whole database any more: to write on would make it worse."""
        if not self._gone.is_set():
            self._why = DAMAGED
            self._gone.set()

    async def wait_gone(self, look_seconds: float) -> None:
        """Look each so many seconds, until it is not in place, or somebody else has found so.

        Raises:
            StoreUnavailableError: when it is not.
        """
        while True:
            self.require_in_place()
            with suppress(TimeoutError):
                async with asyncio.timeout(look_seconds):
                    await self._gone.wait()

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 (a hundredth of what a Path takes, at each write)
        except OSError:  # whatever it is, it can't be opened again
            return None
        return found.st_dev, found.st_ino
