"""The database: how it is opened, read and written; the only place that knows which engine it is."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import delete, event, insert, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import SettingsError, StoreUnavailableError
from bot.store import sqlite, write_ahead
from bot.store.files import DatabaseFile, explain_opening, is_busy, is_damaged
from bot.store.tables import command_digests
from bot.store.write_ahead import Checkpoints

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy import Connection

_log = logging.getLogger(__name__)

BUSY_TIMEOUT_SECONDS = 5.0
"""How long a write waits for another process's write: longer than any write of ours takes."""

FILE_LOOK_SECONDS = 10.0
"""How often the database's file is looked for while nobody writes."""

MIGRATIONS = Path(__file__).parent / "migrations"
_SQLITE_PRAGMAS = (
    "synchronous = FULL",  # an accepted job survives a power cut, not only a crash
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten, not only let go of
    "cache_size = -512",  # KiB of each connection's own; the system keeps the file's pages for all of them
    *write_ahead.PRAGMAS,
)
_MIGRATING_PRAGMAS = ("foreign_keys = OFF",)
"""References are checked once, at the end."""
_POSTGRESQL_WRITE_LOCK = 7_355_608
"""Key of the advisory lock that makes PostgreSQL writers queue as SQLite's do; any fixed number serves."""


class Database:
    """One database, opened once and handed to everyone who needs it.

    ``read()`` sees one consistent state. ``write()`` holds off all other writers, in this process and in
    others, from its first statement to its commit: what is checked inside is still true when it is written.
    """

    def __init__(self, engine: AsyncEngine, path: str | None) -> None:
        self._engine = engine
        self._path = path
        self._checkpoints = None if path is None else Checkpoints(path)
        self._file: DatabaseFile | None = None
        self._writing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS, migrate: bool = True
    ) -> AsyncGenerator[Database]:
        """Open, migrate to the latest schema unless told not to, and close at the end.

        Raises:
            SettingsError: when the address is not one of a supported database, or what it names can't be one.
            StoreUnavailableError: when it can't be opened or migrated just now; the message is a sentence.
        """
        try:
            engine = _create_engine(url, busy_timeout_seconds)
        except ImportError as error:
            raise SettingsError(
                "DATABASE_URL names PostgreSQL: `uv sync --extra postgresql` for its driver."
            ) from error
        except ArgumentError as error:
            raise SettingsError("DATABASE_URL is not the address of a supported database.") from error
        path = (engine.url.database or ":memory:") if engine.dialect.name == "sqlite" else None
        database = cls(engine, path)
        try:
            await database._prepare(url, busy_timeout_seconds, migrate=migrate)
            yield database
        finally:
            if database._checkpoints is not None:
                await database._checkpoints.close()
            await engine.dispose()

    async def _prepare(self, url: str, busy_timeout_seconds: float, *, migrate: bool) -> None:
        is_migrating = False
        try:
            if self._path is not None:
                await asyncio.to_thread(write_ahead.switch_on, self._path, busy_timeout_seconds)
            if migrate:
                present, latest = await self.find_revision()
                if present != latest:
                    is_migrating = True
                    if present is not None:
                        _log.info("migrating the database", extra={"present": present, "latest": latest})
                    await _migrate(url, busy_timeout_seconds)
        except StoreUnavailableError as error:
            raise explain_opening(error, self._path, is_migrating=is_migrating) from error
        if self._path is not None:
            self._file = DatabaseFile(self._path)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection that sees one consistent state.

        Raises:
            StoreUnavailableError: when the database does not answer.
        """
        with _unavailable_when_down(self._file):
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection that no other writer can overtake; commit at the end, roll back on an error.

        Raises:
            StoreUnavailableError: when the database does not answer, is locked for too long, or its file is gone.
        """
        async with self._writing:
            if self._file is not None:
                self._file.require_in_place()
            with _unavailable_when_down(self._file):
                async with self._engine.connect() as connection:
                    await connection.execution_options(writes=True)
                    async with connection.begin():
                        if connection.dialect.name == "postgresql":
                            await connection.execute(
                                text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_WRITE_LOCK}
                            )
                        yield connection
        if self._checkpoints is not None:
            self._checkpoints.note_write()

    async def check_writable(self) -> None:
        """Write something and take it back.

        Raises:
            SettingsError: when the file or its folder can't be written.
            StoreUnavailableError: when the database does not take it just now; the message is a sentence that says why.
        """
        try:
            async with self.write() as connection:
                await connection.execute(insert(command_digests).values(key="writable", digest=""))
                await connection.execute(delete(command_digests).where(command_digests.c.key == "writable"))
        except StoreUnavailableError as error:
            is_migrating = False
            if is_busy(error):
                present, latest = await self.find_revision()
                is_migrating = present != latest
            raise explain_opening(error, self._path, is_migrating=is_migrating) from error

    async def wait_gone(self, *, look_seconds: float = FILE_LOOK_SECONDS) -> None:
        """Wait until the database's file is replaced or removed; for a database elsewhere that never is.

        Raises:
            StoreUnavailableError: then; the message is a sentence.
        """
        if self._file is not None:
            await self._file.wait_gone(look_seconds)

    async def empty_log(self) -> bool:
        """Empty SQLite's log of what was written ahead, in which deleted texts may still stand.

        Nobody waits for it: while somebody reads or writes it is left for another time.

        Returns:
            Whether it is empty now.
        """
        with _unavailable_when_down(self._file):
            return self._path is None or await asyncio.to_thread(write_ahead.empty, self._path)

    async def find_revision(self) -> tuple[str | None, str]:
        """Return the schema's revision, None before the first, and the latest one; nothing is changed.

        Raises:
            StoreUnavailableError: when the database does not answer.
        """
        async with self.read() as connection:
            present = await connection.run_sync(
                lambda sync: MigrationContext.configure(sync).get_current_revision(),
            )
        return present, ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


async def _migrate(url: str, busy_timeout_seconds: float) -> None:
    """Bring the schema to the latest, by a connection that lets a table be made anew while others refer to it."""
    engine = _create_engine(url, busy_timeout_seconds, *_MIGRATING_PRAGMAS)
    try:
        async with Database(engine, None).write() as connection:
            await connection.execute(text("SELECT 1"))  # takes the lock before Alembic, which is one for the process
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


class _unavailable_when_down:  # noqa: N801 (reads as a statement)
    """Turn "the database did not answer" into the project's word for it, and have the file know of its damage."""

    def __init__(self, file: DatabaseFile | None) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, IntegrityError):
            return
        if error is not None and self._file is not None and is_damaged(error):
            self._file.note_damaged()
        if isinstance(error, DBAPIError | PoolTimeoutError | OSError):
            raise StoreUnavailableError(type(error).__name__) from error


def _create_engine(url: str, busy_timeout_seconds: float, *pragmas: str) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True)
    engine = create_async_engine(
        url,
        connect_args={
            "timeout": busy_timeout_seconds,
            "isolation_level": None,
            "pragmas": (*_SQLITE_PRAGMAS, *pragmas),
            "async_creator_fn": sqlite.Connection,
        },
        pool_timeout=busy_timeout_seconds,
    )
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    cast("sqlite.Connection", connection.connection.driver_connection).begin(writes=writes)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SettingsError("DATABASE_URL names a database of a newer version of this bot.") from error
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise SettingsError("DATABASE_URL names a database in which rows refer to others that are not there.")
