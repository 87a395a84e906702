"""The database as any other program could read and change it, behind the bot's back and without its loop."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from bot.store.engines.postgresql import WRITE_LOCK
from tests.support.databases import connect

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    import asyncpg


def read_time(value: str | datetime) -> datetime:
    """Read a time as either engine gives it: SQLite's is UTC and text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


class AnotherProgram:
    """A connection of its own to the database at an address, of either engine; use it as a context.

    Statements are of both engines' SQL, with ``?`` for values.
    """

    def __init__(self, url: str) -> None:
        self._kind = _SqliteProgram if url.startswith("sqlite") else _PostgresqlProgram
        self._url = url

    def __enter__(self) -> Self:
        self._program = self._kind(self._url)
        return self

    def __exit__(self, *_: object) -> None:
        self._program.close()

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement for itself; return the rows that it finds."""
        return [tuple(row.values()) for row in self._program.run(statement, values)]

    def named_rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Run a statement for itself; return the rows that it finds, by the names of their columns."""
        return self._program.run(statement, values)

    @contextmanager
    def writing(self) -> Generator[None]:
        """Keep everyone else from writing."""
        self._program.run(self._program.BEGIN, ())
        if isinstance(self._program, _PostgresqlProgram):
            self._program.run("SELECT pg_advisory_xact_lock(?)", (WRITE_LOCK,))
        try:
            yield
        finally:
            self._program.run("ROLLBACK", ())

    def is_being_written(self) -> bool:
        """Tell whether somebody is in the middle of a write."""
        return self._program.is_being_written()


class _SqliteProgram:
    BEGIN = "BEGIN IMMEDIATE"

    def __init__(self, url: str) -> None:
        path = url.removeprefix("sqlite+aiosqlite:///")
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row

    def close(self) -> None:
        self._connection.close()

    def run(self, statement: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(statement, values)]

    def is_being_written(self) -> bool:
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        self._connection.execute("ROLLBACK")
        return False


class _PostgresqlProgram:
    BEGIN = "BEGIN"

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: asyncpg.Connection = self._wait(connect(url))

    def close(self) -> None:
        self._wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, statement: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
        numbers = count(1)
        numbered = "".join(f"${next(numbers)}" if sign == "?" else sign for sign in statement)
        return [dict(row) for row in self._wait(self._connection.fetch(numbered, *values))]

    def is_being_written(self) -> bool:
        [row] = self.run("SELECT pg_try_advisory_lock(?) AS free", (WRITE_LOCK,))
        if row["free"]:
            self.run("SELECT pg_advisory_unlock(?)", (WRITE_LOCK,))
        return not row["free"]

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 (whatever it returns)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
