"""What comes together shares a transaction: what a commit costs, the wait for the disk included, is paid once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.store import Connection
    from bot.store.database import Database

_T = TypeVar("_T")

AT_ONCE = 16
"""Pieces of work in one transaction: the first of them waits for the last."""


@dataclass(slots=True, eq=False)
class _Work:
    """One of them, and what came of it once it ``is_done``: a result that is committed, or an error."""

    work: Callable[[Connection], Awaitable[Any]]
    result: Any = None
    error: Exception | None = None
    is_done: bool = False


class SharedTransactions:
    """Does one piece of work after the other, those that wait at the same moment in one transaction.

    Each has its own outcome, as if it were alone: where one raises, nothing of it is written, and the others are done
    anew without it. So each may be called more than once, and what it does beside the transaction must allow that.

    Args:
        reads_only: whether nothing is ever written.
        conclude: what is done once in each transaction, by the results of all that was done in it: returns what becomes
            of them, in the same order. What it raises all of them get, and nothing of theirs is written.
    """

    def __init__(
        self,
        database: Database,
        *,
        reads_only: bool = False,
        conclude: Callable[[Connection, Sequence[Any]], Awaitable[Sequence[Any]]] | None = None,
    ) -> None:
        self._begin = database.read if reads_only else database.write
        self._conclude = conclude
        self._waiting: dict[_Work, None] = {}  # a set in the order of coming
        self._turn = asyncio.Lock()
        # A database that takes nothing: once it may be the fault of what it was given, not twice.
        self._was_down = False

    async def run(self, work: Callable[[Connection], Awaitable[_T]], *, gather_seconds: float = 0.0) -> _T:
        """Return what ``work`` returns, or what that was concluded to, once it is committed.

        Args:
            work: reads and writes by the connection that it is given.
            gather_seconds: how long to wait for others, where nobody is waiting yet.

        Raises:
            StoreUnavailableError: when the database does not answer; nothing is written then, unless a connection to
                PostgreSQL was lost between a commit and its answer.
            Exception: what ``work`` raises; nothing is written then.
        """
        asked = _Work(work)
        self._waiting[asked] = None
        try:
            async with self._turn:
                if not asked.is_done:
                    await asyncio.sleep(gather_seconds)  # also for none: who comes in the same moment comes by then
                while not asked.is_done:
                    await self._do_some()
        finally:
            self._waiting.pop(asked, None)
        if asked.error is not None:
            raise asked.error
        return asked.result

    async def _do_some(self) -> None:
        """Do the first of what waits; what raises has its answer then, and the others are still to do."""
        taken = self._first()
        current: _Work | None = None
        try:
            async with self._begin() as connection:
                taken = self._first()  # others may have come while the database was busy
                results: list[Any] = []
                for current in taken:
                    results.append(await current.work(connection))
                current = None
                if self._conclude is not None:
                    results = [*await self._conclude(connection, results)]
        except Exception as error:  # noqa: BLE001 (whoever asked for it gets it)
            is_down = isinstance(error, StoreUnavailableError) and (current is None or self._was_down)
            for each in [current] if current is not None and not is_down else taken:
                each.error, each.is_done = error, True
            self._was_down = isinstance(error, StoreUnavailableError)
        else:
            for each, result in zip(taken, results, strict=True):
                each.result, each.is_done = result, True
            self._was_down = False
        for each in taken:
            if each.is_done:
                self._waiting.pop(each, None)

    def _first(self) -> list[_Work]:
        return list(islice(self._waiting, AT_ONCE))
