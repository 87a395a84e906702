"""Writes that come together share a transaction: what a commit costs, the wait for the disk included, is paid once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.store import Connection
    from bot.store.database import Database

_T = TypeVar("_T")

AT_ONCE = 16
"""Writes of one transaction: the first of them waits for the last."""


@dataclass(slots=True, eq=False)
class _Write:
    """One of them, and what came of it once it ``is_done``: a result that is committed, or an error."""

    work: Callable[[Connection], Awaitable[Any]]
    result: Any = None
    error: Exception | None = None
    is_done: bool = False

    def fail(self, error: Exception) -> None:
        self.error, self.is_done = error, True


class SharedWrites:
    """Runs writes one after the other, those that wait at the same moment in one transaction.

    Each has its own outcome, as if it were alone: where one raises, nothing of it is written, and the others are done
    anew without it. So each may be called more than once, and what it does beside the transaction must allow that.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[_Write, None] = {}  # a set in the order of coming
        self._turn = asyncio.Lock()
        # A database that takes nothing: once it may be the fault of what it was given, not twice.
        self._was_down = False

    async def run(self, work: Callable[[Connection], Awaitable[_T]], *, gather_seconds: float = 0.0) -> _T:
        """Return what ``work`` returns, once that is committed.

        Args:
            work: writes by the connection that it is given.
            gather_seconds: how long to wait for others, where nobody is waiting yet.

        Raises:
            StoreUnavailableError: when the database does not answer; nothing is written then, unless a connection to
                PostgreSQL was lost between a commit and its answer.
            Exception: what ``work`` raises; nothing is written then.
        """
        write = _Write(work)
        self._waiting[write] = None
        try:
            async with self._turn:
                if not write.is_done:
                    await asyncio.sleep(gather_seconds)  # also for none: who comes in the same moment comes by then
                while not write.is_done:
                    await self._write_some()
        finally:
            self._waiting.pop(write, None)
        if write.error is not None:
            raise write.error
        return write.result

    async def _write_some(self) -> None:
        """Write the first of those that wait; one that raises has its answer then, and the others are still to do."""
        taken = self._first()
        current: _Write | None = None
        try:
            async with self._database.write() as connection:
                taken = self._first()  # others may have come while the database was busy
                for current in taken:
                    current.result = await current.work(connection)
                current = None
        except Exception as error:  # noqa: BLE001 (whoever asked for it gets it)
            is_down = isinstance(error, StoreUnavailableError) and (current is None or self._was_down)
            for write in [current] if current is not None and not is_down else taken:
                write.fail(error)
            self._was_down = isinstance(error, StoreUnavailableError)
        else:
            for write in taken:
                write.is_done = True
            self._was_down = False
        for write in taken:
            if write.is_done:
                self._waiting.pop(write, None)

    def _first(self) -> list[_Write]:
        return list(islice(self._waiting, AT_ONCE))
