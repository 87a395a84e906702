"""SQLite's connections: a statement, its rows and its end in one trip to the connection's thread.

The driver makes a trip for each of them, four for a query, and to go there and back takes longer than most statements.
A transaction begins in its first statement's trip.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Self

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_CHUNK_ROWS = 64
"""How many rows the driver's own cursor reads at a time; ours reads all at once."""


def _connect(path: str, pragmas: Sequence[str], options: dict[str, Any]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, **options)
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def refuses_value(error: BaseException) -> bool:
    """Tell whether it is a value that SQLite takes by no means: half a surrogate pair, one too long or too large."""
    return isinstance(error, sqlite3.DataError | OverflowError | UnicodeEncodeError)


class Connection(aiosqlite.Connection):
    """A connection whose cursors run a statement in one trip; await it once, to open it.

    Args:
        path: the database's file.
        pragmas: what is set once it is open: ``name = value``.
        options: as ``sqlite3.connect`` takes them.
    """

    def __init__(self, path: str, *, pragmas: Sequence[str], **options: Any) -> None:  # noqa: ANN401 (as said)
        super().__init__(lambda: _connect(path, pragmas, options), _CHUNK_ROWS)
        self._thread.daemon = True  # as SQLAlchemy has it: a connection that was left open keeps no process alive
        self._begin: tuple[str, ...] = ()
        self._is_open = False

    def cursor(self) -> Any:  # noqa: ANN401 (the driver's type is its own cursor's)
        """Return a cursor; it costs no trip."""
        return Cursor(self)

    def begin(self, writes_within_seconds: float | None = None) -> None:
        """Begin a transaction with the next statement; one that writes takes the write lock at once.

        A transaction that reads first and writes later could not be upgraded.

        Args:
            writes_within_seconds: how long it waits for other writers; None for a transaction that only reads.
        """
        if writes_within_seconds is None:
            self._begin = ("BEGIN",)
        else:
            self._begin = (f"PRAGMA busy_timeout = {max(int(1000 * writes_within_seconds), 0)}", "BEGIN IMMEDIATE")

    async def commit(self) -> None:
        """Commit; it costs no trip where nothing was asked."""
        if self._is_open:
            await super().commit()
        self._begin, self._is_open = (), False

    async def rollback(self) -> None:
        """Roll back; it costs no trip where there is nothing to roll back, as whenever a connection is given back."""
        if self._is_open:
            await super().rollback()
        self._begin, self._is_open = (), False

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do something in the connection's thread, in the transaction that is to begin, if one is.

        Raises:
            ValueError: when the connection is closed.
        """
        begin, self._begin = self._begin, ()
        self._is_open = self._is_open or bool(begin)

        def begin_and_work(connection: sqlite3.Connection) -> None:
            for statement in begin:
                connection.execute(statement).close()
            work(connection)

        await self._execute(begin_and_work, self._conn)  # pyright: ignore[reportUnknownMemberType] (it says no types)


class Cursor:
    """What SQLAlchemy asks of an asynchronous cursor.

    Attributes:
        description: of the result's columns, as DB-API 2.0 has it; None for a statement without a result.
        rowcount: how many rows were changed; -1 where that is not said.
        lastrowid: of the row that was inserted last.
    """

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._connection = connection
        self._rows: list[Any] = []

    async def __aenter__(self) -> Self:
        """Be there, without a trip."""
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement and fetch all of its rows."""
        await self._connection.run(lambda connection: self._take(connection.execute(statement, parameters)))

    async def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of several rows."""
        await self._connection.run(lambda connection: self._take(connection.executemany(statement, rows)))

    async def fetchall(self) -> list[Any]:
        """Return the rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Forget the rows; the database's own cursor is closed already."""
        self._rows = []

    def _take(self, cursor: sqlite3.Cursor) -> None:
        try:
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid  # right only when all rows are fetched
        finally:
            cursor.close()
