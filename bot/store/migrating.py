"""Migrating: one process brings the schema to the latest and says how far it is; others wait, and say so.

All of it is one transaction that holds the write lock, so whatever ends the process leaves the database as it was.
A SQLite file is copied beside itself before.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.errors import SettingsError
from bot.store.engines import postgresql
from bot.store.epoch import NEWER
from bot.store.files import is_busy
from bot.store.files.copies import make_copy, remove_copies

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.store.engines.sqlite import Connection as SqliteConnection

_log = logging.getLogger(__name__)

SCRIPTS = Path(__file__).parent / "migrations"
PRAGMAS = ("foreign_keys = OFF",)
"""A table can be made anew while others refer to it; references are checked once, at the end."""
_FIRST_SAID_SECONDS = 1.0
_INTERRUPTED_EACH_SECONDS = 0.1
LOCK_TRY_SECONDS = 0.5
"""For how long a connection to SQLite waits for the lock at a time: a stop is heard between."""
_UNLIMITED = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
"""What PostgreSQL would end a migration or a wait for one by, where its connections are told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPolicy:
    """How a database is migrated.

    Attributes:
        copies: how many copies of a SQLite file are kept, the one that is made included; 0 makes none.
        say_seconds: between two lines of the log that say how far it is.
        now: returns the time that a copy is named after.
    """

    copies: int = 3
    say_seconds: float = 5.0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


AS_USUAL = MigrationPolicy()


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did.

    Attributes:
        before: the revision that the database had; None where it had no tables.
        copy: of the file as it was; None where none was made.
    """

    before: str | None
    copy: Path | None


@cache
def latest_revision() -> str:
    """Return the revision that the code is written for."""
    return ScriptDirectory(str(SCRIPTS)).get_current_head() or ""  # it reads all migrations


async def present_revision(connection: AsyncConnection) -> str | None:
    """Return the schema's revision; None where it has no tables."""
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def migrate(engine: AsyncEngine, *, path: str | None, policy: MigrationPolicy) -> Migrated | None:
    """Bring the schema to the latest once nobody else writes, for however long somebody does.

    Args:
        engine: whose connections to SQLite have ``PRAGMAS``.
        path: of SQLite's file; None for a database elsewhere.

    Returns:
        What was done; None where another process has done it meanwhile.

    Raises:
        SettingsError: when the database is of a newer version, or damaged, or can't be copied.
        DBAPIError: when the database does not take it.
    """
    progress = _Progress()
    async with engine.connect() as connection:
        await connection.execution_options(writes_within_seconds=LOCK_TRY_SECONDS)
        with _saying(progress, policy.say_seconds):
            file = None if path is None else Path(path)
            return await _unless_stopped(connection, _lock_and_migrate(connection, progress, file, policy))


async def _unless_stopped(connection: AsyncConnection, work: Coroutine[Any, Any, Migrated | None]) -> Migrated | None:
    """Do some work; when it is cancelled, end the statement that SQLite is at: else it would be waited for."""
    driver = (await connection.get_raw_connection()).driver_connection
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        while not task.done():
            if connection.dialect.name == "sqlite":
                with suppress(ValueError):  # it is closed already
                    await cast("SqliteConnection", driver).interrupt()
            await asyncio.wait({task}, timeout=_INTERRUPTED_EACH_SECONDS)
        raise


async def _lock_and_migrate(
    connection: AsyncConnection, progress: _Progress, path: Path | None, policy: MigrationPolicy
) -> Migrated | None:
    await _take_lock(connection)
    return await _migrate(connection, progress, path, policy)


async def _take_lock(connection: AsyncConnection) -> None:
    """Wait for the write lock, with no end: who holds it is at work, or is dead and holds it no more."""
    if connection.dialect.name == "postgresql":
        for name in _UNLIMITED:
            await connection.execute(text(f"SET LOCAL {name} = 0"))
        await postgresql.wait_for_turn(connection)
        return
    while True:
        try:
            await connection.execute(text("SELECT 1"))  # it takes the lock before
        except DBAPIError as error:
            if not is_busy(error):
                raise
            await connection.rollback()
        else:
            return


async def _migrate(
    connection: AsyncConnection, progress: _Progress, path: Path | None, policy: MigrationPolicy
) -> Migrated | None:
    started, before, latest = time.monotonic(), await present_revision(connection), latest_revision()
    if before == latest:
        return None
    steps = _steps(before)
    if before is not None:
        _log.info("migrating the database", extra={"present": before, "latest": latest})
    copy = None
    if before is not None and path is not None and policy.copies:
        _drop_copies(path, policy)  # each start that is killed while it migrates leaves one
        copy = await _copy(path, progress, revision=latest, now=policy.now())
    progress.begin(steps, is_worth_telling=before is not None)
    try:
        await connection.run_sync(_upgrade, progress)
        await connection.commit()
    except BaseException:  # also when told to stop
        if copy is not None:
            copy.unlink(missing_ok=True)  # of a file that is still what it was
        raise
    if before is not None:
        _log.info("migrated the database", extra={"seconds": round(time.monotonic() - started, 1), "copy": copy})
    if copy is not None and path is not None:
        _drop_copies(path, policy)
    return Migrated(before, copy)


def _steps(before: str | None) -> list[str]:
    """Name the migrations that are still to come, first to last."""
    scripts = ScriptDirectory(str(SCRIPTS))
    try:
        scripts.get_revision(before or "base")
    except CommandError as error:
        raise SettingsError(NEWER) from error
    revisions = list(scripts.iterate_revisions("head", before or "base"))
    return [Path(revision.path).stem.replace("_", " ") for revision in reversed(revisions)]


async def _copy(path: Path, progress: _Progress, *, revision: str, now: datetime) -> Path:
    is_unwanted = threading.Event()

    def note(pages: int, of_pages: int) -> None:
        progress.note_copied(pages, of_pages)
        if is_unwanted.is_set():
            raise InterruptedError

    try:
        return await asyncio.to_thread(make_copy, path, revision=revision, now=now, note=note)
    except asyncio.CancelledError:
        is_unwanted.set()
        raise
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(
            f"nothing was migrated, since the database could not be copied before ({error}): make room beside it for "
            "as much again, or set MIGRATION_COPIES=0 if you have a backup."
        ) from error


def _drop_copies(path: Path, policy: MigrationPolicy) -> None:
    try:
        remove_copies(path, but_latest=policy.copies)
    except OSError as error:
        _log.warning("a copy of the database could not be removed: %s", error)


def _upgrade(connection: Connection, progress: _Progress) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes.update(connection=connection, on_version_apply=progress.note_step, note_rows=progress.note_rows)
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise SettingsError("DATABASE_URL names a database in which rows refer to others that are not there.")


class _Progress:
    """How far a migration is: it waits for another process until it has something to do."""

    def __init__(self) -> None:
        self._steps: Sequence[str] = ()
        self._is_worth_telling = True
        self._done = 0
        self._doing = "waiting for another process, which holds it as one that migrates it does"

    def begin(self, steps: Sequence[str], *, is_worth_telling: bool) -> None:
        """Begin with the first of some steps; those of a database that is new are nobody's concern."""
        self._steps = steps
        self._is_worth_telling = is_worth_telling
        self._begin_step()

    def note_step(self, **_: object) -> None:
        """Note that a step is done."""
        self._done += 1
        self._begin_step()

    def note_rows(self, done: int, total: int, what: str) -> None:
        """Note how many rows a step has done, of how many."""
        self._begin_step(f", {done:,} of {total:,} {what}")

    def note_copied(self, pages: int, of_pages: int) -> None:
        """Note how much is copied before the first step."""
        self._doing = f"copying it before, {100 * pages // max(of_pages, 1)} %"

    def say(self) -> None:
        """Log it in one line."""
        if self._is_worth_telling:
            _log.info("migrating the database: %s", self._doing)

    def _begin_step(self, rows: str = "") -> None:
        number, of_steps = self._done + 1, len(self._steps)
        named = f"step {number} of {of_steps} ({self._steps[self._done]})" if number <= of_steps else "the last checks"
        self._doing = f"{named}{rows}"


@contextmanager
def _saying(progress: _Progress, seconds: float) -> Generator[None]:
    """Log how far it is, soon and then each so many seconds."""
    loop = asyncio.get_running_loop()

    def say() -> None:
        nonlocal timer
        progress.say()
        timer = loop.call_later(seconds, say)

    timer = loop.call_later(min(seconds, _FIRST_SAID_SECONDS), say)
    try:
        yield
    finally:
        timer.cancel()
