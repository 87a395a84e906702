"""Databases for tests: SQLite's, or those of the PostgreSQL that ``TEST_DATABASE_URL`` names.

Fresh ones are copies of one that was migrated once in each test process, as statements are compiled.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from bot.store import database as database_module
from bot.store.database import Database
from bot.store.engines import sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy.ext.asyncio import AsyncEngine

ADDRESS_VARIABLE = "TEST_DATABASE_URL"
"""Names a PostgreSQL database whose role may make others; without it tests have SQLite's files."""
DATABASE_URL = os.environ.get(ADDRESS_VARIABLE, "")
ON_POSTGRESQL = DATABASE_URL.startswith("postgresql")

HASTY_SECONDS = 1.0 if ON_POSTGRESQL else 0.05
"""What a database may take to answer in a test of one that doesn't: enough to connect to it where it does."""

_migrated: list[bytes] = []
_template: list[str] = []
_made: dict[str, str] = {}
"""PostgreSQL's databases that are still there, and the tests that have them."""


async def empty_database(folder: Path) -> str:
    """Return the address of a database without any tables; SQLite's is in that folder, if it is not there yet."""
    return await _create("") if ON_POSTGRESQL else sqlite_url(folder)


async def fresh_database(folder: Path) -> str:
    """Return the address of a migrated database without any rows, to be opened with ``migrate=False``.

    Args:
        folder: where SQLite's file is put.
    """
    if ON_POSTGRESQL:
        if not _template:
            url = await empty_database(folder)
            async with Database.open(url):
                pass
            _template.append(make_url(url).database or "")
            del _made[_template[0]]
        return await _create(f"TEMPLATE {_template[0]} STRATEGY file_copy")
    if not _migrated:
        with TemporaryDirectory() as elsewhere:
            async with Database.open(sqlite_url(Path(elsewhere))):
                pass
            _migrated.append((Path(elsewhere) / "reelay.db").read_bytes())
    (folder / "reelay.db").write_bytes(_migrated[0])
    return sqlite_url(folder)


def sqlite_url(folder: Path) -> str:
    """Return the address of SQLite's file in a folder."""
    return f"sqlite+aiosqlite:///{folder / 'reelay.db'}"


async def connect(url: str) -> asyncpg.Connection:
    """Connect to PostgreSQL as another program would; close it."""
    return await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


async def _create(how: str) -> str:
    name, test = f"test_{uuid.uuid4().hex}", os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    connection = await connect(DATABASE_URL)
    try:
        over = [made for made, of_test in _made.items() if of_test != test]
        idle = "SELECT datname FROM pg_database AS d WHERE datname = ANY($1) AND NOT EXISTS"
        for [gone] in await connection.fetch(f"{idle} (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid)", over):
            await connection.execute(f"DROP DATABASE {gone}")
            del _made[gone]
        await connection.execute(f"CREATE DATABASE {name} {how}")
    finally:
        await connection.close()
    _made[name] = test
    return make_url(DATABASE_URL).set(database=name).render_as_string(hide_password=False)


@contextmanager
def statements_compiled_once() -> Generator[None]:
    """Let all engines know what one has compiled: each test opens its own, which takes a sixth of its time."""
    create = database_module._create_engine
    first: dict[str, AsyncEngine] = {}

    def create_alike(url: str, busy_timeout_seconds: float, **options: int) -> AsyncEngine:
        engine = create(url, busy_timeout_seconds, **options)
        known = first.setdefault(engine.dialect.name, engine)
        if known.dialect.server_version_info is None:
            first[engine.dialect.name] = known = engine  # the other never got to a database, and so knows nothing
        engine.sync_engine.dialect = engine.sync_engine.pool._dialect = (
            known.sync_engine.dialect
        )  # it is part of the key
        engine.sync_engine._compiled_cache = known.sync_engine._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database_module, "_create_engine", create_alike)
        yield


@contextmanager
def statements_in_one_thread() -> Generator[None]:
    """Let SQLite's statements run in the loop's thread: to another and back takes a quarter of most tests' time.

    Others get their turn after each statement, as they do while it is away. What may have to wait for another writer,
    who may be in the same loop, goes to the connection's own thread.
    """
    execute, run = sqlite.Connection._execute, sqlite.Connection.run
    away: WeakSet[sqlite.Connection] = WeakSet()

    async def execute_here(self: sqlite.Connection, work: Callable[..., Any], *values: Any, **named: Any) -> Any:  # noqa: ANN401 (the driver's)
        if self in away:
            return await execute(self, work, *values, **named)
        try:
            return work(*values, **named)
        finally:
            await asyncio.sleep(0)

    async def run_here(self: sqlite.Connection, work: Callable[..., Any]) -> None:
        if len(self._begin) > 1:  # it is to write
            away.add(self)
        await run(self, work)
        away.discard(self)  # where it was cancelled or refused, it stays there

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sqlite.Connection, "_execute", execute_here)
        patched.setattr(sqlite.Connection, "run", run_here)
        yield
