"""Migrating: one process at a time, which says how far it is and can be stopped; copies; versions side by side."""

from __future__ import annotations

import asyncio
import logging
import re
import resource
import sqlite3
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.errors import NewerSchemaError, SettingsError, StoreUnavailableError
from bot.store import migrating
from bot.store.database import Database
from bot.store.migrating import MigrationPolicy
from tests.support.old_databases import REVISIONS, fill, old_database
from tests.support.slow_migration import ENDLESS

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

NOW = datetime(2026, 11, 26, 20, 15, tzinfo=UTC)
LATEST = REVISIONS[-1]
UNCHECKED = "0018"
"""The last version that does not look at the epoch."""
NEWER = "the database was migrated by a newer version of the bot: update this one."
OLD_STATEMENTS = {
    # as the versions before 0019 write them, shortened to what decides
    "accept": (
        "INSERT INTO jobs (id, interaction_id, number, guild_id, channel_id, member_id, prompt, aspect,"
        " duration_seconds, state, created_at, quota_period, quota_source, attempts, lease_owner)"
        " VALUES ('n', 1, 0, 1, 3, 2, 'a fox', '16:9', 6, 'queued', '2026-03-04', 'day', 'operator', 0, 'local/1')"
    ),
    "charge": (
        "INSERT INTO ledger (guild_id, member_id, kind, seconds, counted_at, made_at, made_by, job_id)"
        " VALUES (1, 2, 'refund', 6, '2026-03-04', '2026-03-04', 2, 'd')"
    ),
    "grant": (
        "INSERT INTO ledger (guild_id, member_id, kind, seconds, counted_at, made_at, made_by, interaction_id)"
        " VALUES (1, 2, 'grant', 6, '2026-03-04', '2026-03-04', 2, 77)"
    ),
    "start": (
        "UPDATE jobs SET state = 'submitting', lease_owner = 'local/1', lease_until = '2026-03-04'"
        " WHERE id = 'd' AND state = 'queued' AND (lease_until IS NULL OR lease_until <= '2026-03-04') RETURNING id"
    ),
    "go on": "UPDATE jobs SET lease_owner = 'local/1' WHERE id IN (SELECT id FROM jobs WHERE due_at <= '2027-01-01')",
    "deliver": (
        "UPDATE jobs SET state = 'delivered', message_id = 5"
        " WHERE id = 'b' AND state = 'rendering' AND lease_owner = 'local/1'"
    ),
    "withdraw": "UPDATE jobs SET state = 'cancelled', lease_owner = NULL WHERE id = 'd' AND state = 'queued'",
    "hold a round": "UPDATE rounds SET lease_owner = 'local/1' WHERE id = 'id 0'",
    "hold a card of the log": "UPDATE log_entries SET lease_owner = 'local/1' WHERE guild_id = 1",
    "moderate": (
        "INSERT INTO changes (guild_id, made_by, made_at, kind) VALUES (1, 9, '2026-03-04 12:00:00', 'timezone')"
    ),
}


class Said(logging.Handler):
    """What was logged of migrating."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._changed = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self._changed.set()

    async def wait_for(self, words: str) -> None:
        while not any(words in line for line in self.lines):
            self._changed.clear()
            await self._changed.wait()


@pytest.fixture
def said() -> Generator[Said]:
    handler, log = Said(), logging.getLogger("bot.store.migrating")
    log.addHandler(handler)
    log.setLevel("INFO")
    yield handler
    log.removeHandler(handler)
    log.setLevel("NOTSET")


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def policy(**changes: int | float) -> MigrationPolicy:
    return MigrationPolicy(**({"say_seconds": 0.01, "now": lambda: NOW} | changes))  # type: ignore[arg-type]


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give the file of a database of an earlier version."""
    async with old_database(url_of(tmp_path / "reelay.db"), UNCHECKED) as connection:
        await connection.run_sync(fill)
    return tmp_path / "reelay.db"


async def migrate(path: Path, **changes: int | float) -> Database:
    async with Database.open(url_of(path), migration=policy(**changes)) as database:
        return database


def revision_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def copies_beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir() if ".before-" in each.name)


# One at a time -----------------------------------------------------------------------------------


async def test_a_start_waits_for_however_long_another_process_migrates_says_so_and_goes_on(
    path: Path, said: Said
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        starting = asyncio.create_task(migrate(path))
        await said.wait_for("waiting for another process")
        other.execute("ROLLBACK")
        await starting

    assert revision_of(path) == LATEST


async def test_a_start_that_has_waited_finds_that_the_other_has_done_it(path: Path, said: Said) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        starting = asyncio.create_task(migrate(path))
        await said.wait_for("waiting for another process")
        other.execute(f"UPDATE alembic_version SET version_num = '{LATEST}'")
        other.execute("COMMIT")
        database = await starting

    assert database.migrated is None
    assert copies_beside(path) == []


async def test_a_migration_says_at_which_step_and_row_it_is(tmp_path: Path, said: Said) -> None:
    path = tmp_path / "reelay.db"
    async with old_database(url_of(path), "0002") as connection:
        await connection.run_sync(fill)
    await migrate(path, say_seconds=0)

    shown = [line for line in said.lines if "step 1 of" in line]
    assert f"migrating the database: step 1 of {len(REVISIONS) - 2} (0003 submits), 2 of 2 jobs" in shown
    assert "migrating the database" in said.lines
    assert any(re.search(r"copying it before, \d+ %$", line) for line in said.lines)
    assert "migrated the database" in said.lines


async def test_a_stop_ends_the_statement_that_a_migration_is_at_and_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(path)
    upgrade, is_at_it = migrating._upgrade, asyncio.Event()

    def upgrade_without_end(connection: Connection, progress: migrating._Progress) -> None:
        upgrade(connection, progress)
        is_at_it.set()
        connection.execute(text(ENDLESS))

    monkeypatch.setattr(migrating, "_upgrade", upgrade_without_end)
    starting = asyncio.create_task(migrate(path))
    await is_at_it.wait()
    starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting

    assert content(path) == before
    assert copies_beside(path) == []


# Copies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640])
async def test_who_can_read_the_file_can_read_its_copy_and_nobody_else(path: Path, mode: int) -> None:
    path.chmod(mode)  # noqa: ASYNC240 (of a file in memory)
    await migrate(path)

    [name] = copies_beside(path)
    assert path.with_name(name).stat().st_mode & 0o777 == mode


async def test_the_file_is_copied_before_it_is_migrated(path: Path) -> None:
    before = content(path)
    database = await migrate(path)

    [name] = copies_beside(path)
    assert name == f"reelay.db.before-{LATEST}-2026-11-26T201500Z.bak"
    assert database.migrated == migrating.Migrated(UNCHECKED, path.with_name(name))
    assert content(path.with_name(name)) == before


async def test_the_last_copies_are_kept_and_nothing_else_beside_the_file_is_touched(path: Path) -> None:
    others = ["reelay.db.before-0001-mine.bak", "reelay.db.bak", "other.db.before-0001-2026-01-01T000000Z.bak"]
    ours = [f"reelay.db.before-00{number}-2026-0{number - 10}-01T000000Z.bak" for number in range(11, 15)]
    unfinished = "reelay.db.before-0014-2026-05-01T000000Z.bak.unfinished"  # as a killed process leaves it
    for name in (*others, *ours, unfinished):
        (path.parent / name).touch()
    await migrate(path, copies=3)

    made = f"reelay.db.before-{LATEST}-2026-11-26T201500Z.bak"
    assert {each.name for each in path.parent.iterdir()} == {path.name, *others, *ours[-2:], made}


async def test_starts_that_are_killed_while_they_migrate_do_not_fill_the_disk_with_copies(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [f"reelay.db.before-{LATEST}-2026-11-2{day}T000000Z.bak" for day in range(5)]
    for name in (*left, f"reelay.db.before-{LATEST}-2026-99-99T000000Z.bak"):
        (path.parent / name).touch()

    def end(*_: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(migrating, "_upgrade", end)
    with pytest.raises(SettingsError):
        await migrate(path, copies=3)

    assert copies_beside(path) == [*left[-3:], f"reelay.db.before-{LATEST}-2026-99-99T000000Z.bak"]


async def test_no_copy_is_made_of_a_new_file_nor_where_none_is_wanted(path: Path, tmp_path: Path) -> None:
    await migrate(path, copies=0)
    await migrate(tmp_path / "new.db")

    assert copies_beside(path) == []


async def test_where_a_copy_finds_no_room_nothing_is_migrated(path: Path) -> None:
    with largest_file(100_000), pytest.raises(SettingsError, match=r"make room .* MIGRATION_COPIES=0"):
        await migrate(path)

    assert revision_of(path) == UNCHECKED
    assert copies_beside(path) == []


@contextmanager
def largest_file(size_bytes: int) -> Generator[None]:
    """Let no file grow beyond a size, as on a disk that has no room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_copies_are_removed_when_they_are_a_month_old(path: Path) -> None:
    database = await migrate(path)
    [name] = copies_beside(path)

    await database.remove_old_copies(NOW + timedelta(days=30))
    assert copies_beside(path) == [name]
    await database.remove_old_copies(NOW + timedelta(days=30, seconds=1))
    assert copies_beside(path) == []


# Versions beside one another ---------------------------------------------------------------------


async def write(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE jobs SET state = 'cancelled'"))


async def error_of(connection: AsyncConnection, statement: str) -> str:
    try:
        await connection.execute(text(statement))
    except OperationalError as error:
        return str(error)
    return ""


async def test_a_newer_version_that_migrates_the_database_ends_this_one_before_it_writes_anything(path: Path) -> None:
    async with Database.open(url_of(path)) as database:
        await write(database)
        with closing(sqlite3.connect(path)) as newer, newer:
            newer.execute("UPDATE schema_epoch SET epoch = epoch + 1")
            newer.execute("UPDATE jobs SET state = 'queued'")
        with pytest.raises(NewerSchemaError, match=NEWER):
            await write(database)
        with pytest.raises(SettingsError, match=NEWER):
            await database.wait_gone(look_seconds=60)
        with pytest.raises(StoreUnavailableError, match=NEWER):
            await write(database)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT DISTINCT state FROM jobs").fetchall() == [("queued",)]


async def test_whatever_versions_that_do_not_look_at_the_epoch_write_fails_on_a_migrated_database(path: Path) -> None:
    for statement in OLD_STATEMENTS.values():
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement).fetchall()
            assert connection.total_changes, f"no such thing was written: {statement}"
    await migrate(path)

    async with Database.open(url_of(path)) as database, database._begin_write(checks_epoch=False) as connection:
        for act, statement in OLD_STATEMENTS.items():
            error = await error_of(connection, statement)
            assert re.search("no such column|no column named", error), f"an old version can still {act}"
