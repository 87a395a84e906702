"""SQLite's log of what was written ahead: copied into the database beside the writers, and emptied when told to."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from bot.errors import StoreUnavailableError
from bot.store.database import Database
from bot.store.engines import write_ahead
from bot.store.engines.write_ahead import LOG_BYTES, REWRITTEN_UP_TO_BYTES, Checkpoints
from bot.store.tables import command_digests

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sqlite

ROWS = 500
"""Each write of so many is about a fifth of what the log may grow to."""


async def fill(database: Database, number: int) -> None:
    rows = [{"key": f"{number}:{row}:{'k' * 50}", "digest": "d" * 350} for row in range(ROWS)]
    async with database.write() as connection:
        await connection.execute(insert(command_digests), rows)


def rows_in_file_alone(path: Path, copy: Path) -> int:
    """Count what has reached the database itself, whatever its log still has."""
    copy.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(f"file:{copy}?immutable=1", uri=True)) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM command_digests")
        return count


async def settle(database: Database) -> None:
    """Wait for the copying that runs."""
    checkpoints = database._checkpoints
    assert checkpoints is not None
    if checkpoints._running is not None:
        checkpoints._running.result()


async def test_what_was_written_is_copied_beside_the_writers_and_the_log_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        for number in range(60):
            await fill(database, number)
            await settle(database)

        log_bytes = path.with_name("reelay.db-wal").stat().st_size
        copied = rows_in_file_alone(path, tmp_path / "copy.db")

    assert 60 * ROWS * 400 > 2.5 * LOG_BYTES  # it was much more than the log may hold
    assert log_bytes < 2 * LOG_BYTES
    assert copied > 30 * ROWS


async def test_who_reads_keeps_the_log_and_it_is_copied_later(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    log = path.with_name("reelay.db-wal")
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM command_digests").fetchone()
            for number in range(60):
                await fill(database, number)
                await settle(database)
            assert log.stat().st_size > 2.5 * LOG_BYTES
            assert path.stat().st_size < LOG_BYTES
        for number in range(60, 80):
            await fill(database, number)
            await settle(database)

        assert log.stat().st_size <= 2 * LOG_BYTES
        assert rows_in_file_alone(path, tmp_path / "copy.db") > 60 * ROWS


async def test_a_log_that_cannot_be_copied_is_said_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "reelay.db"
    path.write_bytes(b"this is no database at all" * 100)
    log = path.with_name("reelay.db-wal")
    checkpoints = Checkpoints(str(path))

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            log.write_bytes(bytes(2 * LOG_BYTES + 1))
            checkpoints.note_write()
            assert checkpoints._running is not None
            checkpoints._running.result()
        await checkpoints.close()

    said = [(record.message, record.__dict__["error"]) for record in caplog.records]
    assert said == [("log of the database not copied", "DatabaseError")] * 2


async def test_an_emptied_log_is_empty_unless_somebody_reads(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        await fill(database, 1)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM command_digests").fetchone()
            await fill(database, 2)
            assert not write_ahead.remove_traces(str(path))
        assert write_ahead.remove_traces(str(path))
        assert path.with_name("reelay.db-wal").stat().st_size == 0
        assert rows_in_file_alone(path, tmp_path / "copy.db") == 2 * ROWS


async def test_a_log_that_somebody_reads_from_does_not_grow_with_each_attempt_to_empty_it(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        await fill(database, 1)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM command_digests").fetchone()
            before = path.with_name("reelay.db-wal").stat().st_size
            assert not write_ahead.remove_traces(str(path))
            assert path.with_name("reelay.db-wal").stat().st_size == before


async def test_where_the_file_cannot_be_written_anew_the_log_is_emptied_all_the_same(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # not there on Windows
    path = tmp_path / "reelay.db"
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        await fill(database, 1)
        assert write_ahead.remove_traces(str(path))
        most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))  # as on a full disk: the log needs more
        try:
            with pytest.raises(StoreUnavailableError):
                write_ahead.remove_traces(str(path))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
        assert path.with_name("reelay.db-wal").stat().st_size == 0


@pytest.mark.parametrize("up_to_bytes", [0, REWRITTEN_UP_TO_BYTES])
def test_a_deleted_text_is_in_no_unused_space_of_a_file_that_is_not_large(
    up_to_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_ahead, "REWRITTEN_UP_TO_BYTES", up_to_bytes)
    path = tmp_path / "reelay.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; CREATE TABLE texts (a, b)")
        for _ in range(20):
            connection.execute("INSERT INTO texts VALUES ('a secret', zeroblob(300))")
        for row in range(1, 21):  # grown, rows move to other pages
            connection.execute("UPDATE texts SET b = zeroblob(900) WHERE rowid = ?", (row,))
        connection.execute("UPDATE texts SET a = ''")
    assert write_ahead.remove_traces(str(path))
    assert (b"a secret" in path.read_bytes()) is (up_to_bytes == 0)
