"""Whether the database that is open is still there to be used, and its file what stands at its path."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.errors import SettingsError, StoreUnavailableError

if TYPE_CHECKING:
    from bot.errors import NewerSchemaError, ReelayError

GONE = "the file of the database was replaced or removed while the bot ran; nothing is accepted since."
DAMAGED = "the file of the database is damaged, or was written over while the bot ran; nothing is accepted since."


class DatabaseFile:
    """Notices when the file is replaced or removed: what is written then would be lost with the old one.

    What writes over it where it lies, and that a newer version has migrated it, can't be seen from outside; whoever
    meets that says so.

    Args:
        path: of the file, which is open by now; None for a database elsewhere, which is always in place.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._identity = self._look()
        self._gone = asyncio.Event()
        self._why: ReelayError = StoreUnavailableError(GONE)

    def require_in_place(self) -> None:
        """Check that the file is still the one that was opened; once it was not, it never is again.

        Raises:
            StoreUnavailableError: when it is not.
        """
        if self._gone.is_set() or self._look() != self._identity:
            self._gone.set()
            raise StoreUnavailableError(str(self._why))

    def note_damaged(self) -> None:
        """Note that what is in it is no whole database any more: to write on would make it worse."""
        self._end(StoreUnavailableError(DAMAGED))

    def note_newer(self, error: NewerSchemaError) -> None:
        """Note that a newer version has migrated it, next to which this one must not write."""
        self._end(SettingsError(str(error)))

    def _end(self, why: ReelayError) -> None:
        if not self._gone.is_set():
            self._why = why
            self._gone.set()

    async def wait_gone(self, look_seconds: float) -> None:
        """Look each so many seconds, until it is not in place, or somebody else has found so.

        Raises:
            StoreUnavailableError: when it is not.
            SettingsError: when this version must not write it any more.
        """
        while True:
            if self._gone.is_set():
                raise self._why
            self.require_in_place()
            with suppress(TimeoutError):
                async with asyncio.timeout(look_seconds):
                    await self._gone.wait()

    def _look(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = os.stat(self._path)  # noqa: PTH116 (a hundredth of what a Path takes, at each write)
        except OSError:  # whatever it is, it can't be opened again
            return None
        return found.st_dev, found.st_ino
