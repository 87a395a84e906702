"""The database: how it is opened, read and written; the only place that knows which engine it is."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, event, insert
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import NewerSchemaError, SettingsError, StoreRefusedError, StoreUnavailableError
from bot.store import epoch, migrating
from bot.store.engines import postgresql, sqlite, write_ahead
from bot.store.engines.turns import Turns
from bot.store.engines.write_ahead import Checkpoints
from bot.store.files import DatabaseFile, copies, explain_opening, is_busy, is_damaged, unavailable
from bot.store.tables import command_digests

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from sqlalchemy import Connection, ExceptionContext

    from bot.store.migrating import Migrated, MigrationPolicy

_log = logging.getLogger(__name__)

BUSY_TIMEOUT_SECONDS = 5.0
"""How long anybody waits to hear that the database can't be asked: longer than any write of ours takes."""

_READERS = 2
"""Connections to a SQLite file that only read: they are needed for moments, and to open one takes longer than to wait.

Who writes has one more. Each keeps its statements in memory, and those of writes, which are most, are so kept once.
"""

_STATEMENTS = 64
"""Kept ready by each connection: one takes some 20 KB, and no more than about 50 come again and again."""

FILE_LOOK_SECONDS = 10.0
"""How often the database's file is looked for while nobody writes."""

_SQLITE_PRAGMAS = (
    "synchronous = FULL",  # an accepted job survives a power cut, not only a crash
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten, not only let go of
    "cache_size = -512",  # KiB of each connection's own; the system keeps the file's pages for all of them
    *write_ahead.PRAGMAS,
)


class Database:
    """One database, opened once and handed to everyone who needs it.

    ``read()`` sees one consistent state. ``write()`` holds off all other writers, in this process and in
    others, from its first statement to its commit: what is checked inside is still true when it is written.
    Whoever has to wait for them too long is told so.

    Attributes:
        wait_to_write: called when somebody wants to write; what it returns is called when it is their turn.
        migrated: what opening it has migrated; None where nothing was to be done, or another process did it.
    """

    def __init__(
        self, engine: AsyncEngine, reading: AsyncEngine, path: str | None, busy_timeout_seconds: float
    ) -> None:
        self._engine, self._reading = engine, reading
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._turns = Turns(busy_timeout_seconds * (postgresql.TURN_SHARE if self._is_postgresql else 1))
        self._path = path
        self._checkpoints = None if path is None else Checkpoints(path)
        self._file: DatabaseFile | None = None
        self.wait_to_write: Callable[[], Callable[[], object]] = lambda: lambda: None
        self.migrated: Migrated | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
        migrate: bool = True,
        migration: MigrationPolicy = migrating.AS_USUAL,
    ) -> AsyncGenerator[Database]:
        """Open, migrate to the latest schema unless told not to, and close at the end.

        To migrate, it waits for however long others write or migrate.

        Raises:
            SettingsError: when the address is not one of a supported database, or what it names can't be one.
            StoreUnavailableError: when it can't be opened or migrated just now; the message is a sentence.
        """
        try:
            engine = _create_engine(url, busy_timeout_seconds)
        except ArgumentError as error:
            raise SettingsError("DATABASE_URL is not the address of a supported database.") from error
        path: str | None = None
        if engine.dialect.name == "sqlite":
            path = engine.url.database or ":memory:"
            reading = _create_engine(url, busy_timeout_seconds, connections=_READERS)
        else:
            reading = postgresql.for_reading(engine)
        database = cls(engine, reading, path, busy_timeout_seconds)
        try:
            await database._prepare(url, busy_timeout_seconds, migration if migrate else None)
            yield database
        finally:
            if database._checkpoints is not None:
                await database._checkpoints.close()
            await reading.dispose()
            await engine.dispose()

    async def _prepare(self, url: str, busy_timeout_seconds: float, migration: MigrationPolicy | None) -> None:
        try:
            if self._path is not None:
                await asyncio.to_thread(write_ahead.switch_on, self._path, busy_timeout_seconds)
            if migration is not None:
                await self._migrate(url, busy_timeout_seconds, migration)
        except StoreUnavailableError as error:
            raise explain_opening(error, self._path) from error
        self._file = DatabaseFile(self._path)

    async def _migrate(self, url: str, busy_timeout_seconds: float, policy: MigrationPolicy) -> None:
        present, latest = await self.find_revision()
        if present == latest:
            return
        engine = _create_engine(url, busy_timeout_seconds, migrates=True)
        try:
            with _unavailable_when_down(None):
                self.migrated = await migrating.migrate(engine, path=self._path, policy=policy)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection that sees one consistent state.

        Raises:
            StoreUnavailableError: when the database does not answer.
            StoreRefusedError: when it takes a value by no means.
        """
        with _unavailable_when_down(self._file):
            async with self._reading.connect() as connection:  # its transaction begins with the first statement
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection that no other writer can overtake; commit at the end, roll back on an error.

        Raises:
            StoreUnavailableError: when the database does not answer, is locked for too long, or its file is gone.
            NewerSchemaError: when a newer version has migrated it.
            StoreRefusedError: when it takes a value by no means.
        """
        async with self._begin_write(checks_epoch=True) as connection:
            yield connection

    @asynccontextmanager
    async def _begin_write(self, *, checks_epoch: bool) -> AsyncGenerator[AsyncConnection]:
        may_write = self.wait_to_write()
        async with AsyncExitStack() as stack:
            stack.enter_context(_unavailable_when_down(self._file))
            left_seconds = await stack.enter_async_context(self._turns.take())
            if self._file is not None:
                self._file.require_in_place()
            connection = await stack.enter_async_context(self._engine.connect())
            check = epoch.require_in_sqlite if checks_epoch else None
            await connection.execution_options(writes_within_seconds=left_seconds, check=check)
            await stack.enter_async_context(connection.begin())
            if self._is_postgresql:
                await postgresql.wait_for_turn(connection)
            may_write()
            if checks_epoch and self._is_postgresql:
                await epoch.require(connection)
            yield connection
        if self._checkpoints is not None:
            self._checkpoints.note_write()

    async def check_writable(self) -> None:
        """Write something and take it back, whatever schema it has.

        Raises:
            SettingsError: when the file or its folder can't be written.
            StoreUnavailableError: when the database does not take it just now; the message is a sentence that says why.
        """
        try:
            async with self._begin_write(checks_epoch=False) as connection:
                await connection.execute(insert(command_digests).values(key="writable", digest=""))
                await connection.execute(delete(command_digests).where(command_digests.c.key == "writable"))
        except StoreUnavailableError as error:
            is_migrating = False
            if is_busy(error):
                present, latest = await self.find_revision()
                is_migrating = present != latest
            raise explain_opening(error, self._path, is_migrating=is_migrating) from error

    async def wait_gone(self, *, look_seconds: float = FILE_LOOK_SECONDS) -> None:
        """Wait until the database can't be used any more.

        Raises:
            StoreUnavailableError: when its file is replaced or removed; the message is a sentence.
            SettingsError: when a newer version has migrated it, as a write of ours has met; likewise.
        """
        if self._file is not None:
            await self._file.wait_gone(look_seconds)

    async def remove_traces(self) -> bool:
        """Overwrite in SQLite's file, and in the log of what was written ahead, what may still stand of deleted texts.

        It waits for nobody: while somebody reads or writes it is left for another time.

        Returns:
            Whether it is done. In a file over ``REWRITTEN_UP_TO_BYTES`` only the log is emptied.

        Raises:
            StoreUnavailableError: when the database does not answer, its file is gone, or its disk is full.
        """
        with _unavailable_when_down(self._file):
            if self._file is not None:
                self._file.require_in_place()
            return self._path is None or await asyncio.to_thread(write_ahead.remove_traces, self._path)

    async def remove_old_copies(self, now: datetime) -> None:
        """Remove the copies of SQLite's file that were made long ago, before it was migrated.

        Raises:
            StoreUnavailableError: when one can't be removed.
        """
        if self._path is not None:
            before = now - copies.COPIES_ARE_KEPT_FOR
            with _unavailable_when_down(self._file):
                await asyncio.to_thread(copies.remove_copies, Path(self._path), before=before)

    async def measure_clock(self, now: Callable[[], datetime]) -> float:
        """Return how many seconds the database's clock is ahead of another one; 0 where it has none of its own.

        Args:
            now: tells the other one's time.

        Raises:
            StoreUnavailableError: when the database does not answer.
        """
        if not self._is_postgresql:
            return 0.0
        async with self.read() as connection:
            return await postgresql.measure_clock(connection, now)

    async def find_revision(self) -> tuple[str | None, str]:
        """Return the schema's revision, None before the first, and the latest one; nothing is changed.

        Raises:
            StoreUnavailableError: when the database does not answer.
        """
        async with self.read() as connection:
            return await migrating.present_revision(connection), migrating.latest_revision()


class _unavailable_when_down:  # noqa: N801 (reads as a statement)
    """Turn "the database did not answer" into the project's word for it, and have the file know of its damage."""

    def __init__(self, file: DatabaseFile | None) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, IntegrityError):
            return
        if isinstance(error, NewerSchemaError) and self._file is not None:
            self._file.note_newer(error)
        if error is not None and self._file is not None and is_damaged(error):
            self._file.note_damaged()
        if isinstance(error, DBAPIError | PoolTimeoutError | OSError):
            raise unavailable(error) from error


def _create_engine(
    url: str, busy_timeout_seconds: float, *, migrates: bool = False, connections: int = 1
) -> AsyncEngine:
    """Make an engine; ``connections`` are those to a SQLite file, at most."""
    if url.startswith("sqlite"):
        engine = create_async_engine(
            url,
            connect_args={
                "timeout": busy_timeout_seconds,
                "cached_statements": _STATEMENTS,
                "isolation_level": None,
                "pragmas": (*_SQLITE_PRAGMAS, *(migrating.PRAGMAS if migrates else ())),
                "async_creator_fn": sqlite.Connection,
            },
            pool_timeout=busy_timeout_seconds,
            pool_size=connections,
            max_overflow=0,
            pool_use_lifo=True,  # one is used but in a crowd
        )
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    else:
        engine = postgresql.create_engine(url, busy_timeout_seconds, migrates=migrates)
    event.listen(engine.sync_engine, "handle_error", _refuse_value)
    return engine


def _refuse_value(context: ExceptionContext) -> None:
    """Tell a value that the database takes by no means from a database that is down."""
    error = context.original_exception
    if context.connection is None:  # nobody is connected yet: it is the address that is refused
        return
    if sqlite.refuses_value(error) or postgresql.refuses_value(error):
        raise StoreRefusedError(type(error).__name__)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    driver = cast("sqlite.Connection", connection.connection.driver_connection)
    driver.begin(options.get("writes_within_seconds"), options.get("check"))
