"""What stands between the bot and its database is said in one sentence, at the start and by the doctor alike."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.config import Settings
from bot.doctor import _check_database
from bot.errors import ReelayError, SettingsError, StoreUnavailableError
from bot.store.database import Database
from bot.store.engines import write_ahead
from bot.store.files.database_file import DAMAGED, GONE
from bot.store.files.opening import explain_opening
from bot.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

pytestmark = pytest.mark.sqlite

NOBODY = 65_534


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def settings(path: Path) -> Settings:
    return Settings(discord_token="a", toapis_api_key="b", database_url=url_of(path), _env_file=None)


@contextmanager
def unprivileged() -> Generator[None]:
    """Be somebody who may not write what belongs to others; a superuser may."""
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_superuser:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Generator[Path]:
    """Give a folder that everybody may look into, other than the tests' own."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def read_only(path: Path) -> Generator[None]:
    """Let a file and its folder only be read."""
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        yield
    finally:
        path.parent.chmod(0o755)


@contextmanager
def locked(path: Path) -> Generator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def opened(path: Path) -> None:
    """Open as the start does."""
    async with Database.open(url_of(path), busy_timeout_seconds=0.05) as database:
        await database.check_writable()


async def test_file_that_may_only_be_read_is_said(open_folder: Path) -> None:
    path = open_folder / "reelay.db"
    await opened(path)

    with read_only(path), unprivileged():
        with pytest.raises(SettingsError, match="cannot be opened and written: check DATABASE_URL and the permissions"):
            await opened(path)
        with pytest.raises(ReelayError, match=r"no lock can be written in the folder .*: check DATABASE_URL and its"):
            await _check_database(settings(path))


async def test_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    path.write_text("once upon a time " * 100)

    with pytest.raises(SettingsError, match="is no database: check DATABASE_URL"):
        await opened(path)


async def test_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the folder of the database is not there: check DATABASE_URL"):
        await opened(tmp_path / "no" / "reelay.db")


async def test_another_process_that_migrates_is_told_from_one_that_only_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.BUSY_TIMEOUT_SECONDS", 0.05)
    path = tmp_path / "reelay.db"
    await opened(path)
    with locked(path), pytest.raises(StoreUnavailableError, match="another program holds the database locked"):
        await opened(path)

    with closing(sqlite3.connect(path)) as older:
        older.execute("UPDATE alembic_version SET version_num = '0001'")
        older.commit()
    async with Database.open(url_of(path), busy_timeout_seconds=0.05, migrate=False) as database:
        with locked(path), pytest.raises(StoreUnavailableError, match="another process migrates the database just now"):
            await database.check_writable()


async def test_disk_on_which_processes_cannot_share_a_file_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OnNetworkDrive(sqlite3.Connection):
        def execute(self, statement: str, *parameters: object) -> sqlite3.Cursor:
            return super().execute(statement.replace("= WAL", "= DELETE"), *parameters)

    monkeypatch.setattr(write_ahead.sqlite3, "connect", partial(sqlite3.connect, factory=OnNetworkDrive))

    with pytest.raises(SettingsError, match="as many network drives do not"):
        await opened(tmp_path / "reelay.db")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, StoreUnavailableError, "disk of the database is full"),
        (sqlite3.SQLITE_IOERR_LOCK, SettingsError, "network drives"),
        (sqlite3.SQLITE_PROTOCOL, SettingsError, "network drives"),
        (sqlite3.SQLITE_CORRUPT, SettingsError, "damaged"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, SettingsError, "permissions"),
    ],
)
def test_each_trouble_has_a_sentence_of_its_own(code: int, kind: type[ReelayError], words: str, tmp_path: Path) -> None:
    met = StoreUnavailableError("OperationalError")
    met.__cause__ = sqlite3.OperationalError()
    met.__cause__.sqlite_errorcode = code

    found = explain_opening(met, str(tmp_path / "reelay.db"))

    assert type(found) is kind
    assert words in str(found)


def test_database_elsewhere_that_does_not_answer_is_said() -> None:
    assert "cannot be reached" in str(explain_opening(StoreUnavailableError("OSError"), None))


@pytest.mark.parametrize("happens", ["removed", "replaced"])
async def test_file_that_is_gone_takes_nothing_more_and_is_noticed_without_a_write(
    happens: str, tmp_path: Path
) -> None:
    path = tmp_path / "reelay.db"
    async with Database.open(url_of(path)) as database:
        if happens == "replaced":
            (tmp_path / "other.db").write_bytes(path.read_bytes())
            (tmp_path / "other.db").replace(path)
        else:
            path.unlink()

        with pytest.raises(StoreUnavailableError, match=GONE):
            await database.wait_gone(look_seconds=60)
        with pytest.raises(StoreUnavailableError, match=GONE):
            async with database.write():
                pass
        with pytest.raises(StoreUnavailableError, match=GONE):
            await database.remove_traces()
        assert path.exists() is (happens == "replaced")


async def fetch_all(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(select(jobs))


async def remove_traces(database: Database) -> None:
    await database.remove_traces()


@pytest.mark.parametrize("meet", [fetch_all, remove_traces])
async def test_file_that_is_written_over_is_noticed_by_whoever_meets_the_damage(
    meet: Callable[[Database], Awaitable[None]], tmp_path: Path
) -> None:
    path = tmp_path / "reelay.db"
    await opened(path)
    async with Database.open(url_of(path), migrate=False) as database:
        path.write_bytes(b"once upon a time " * 100_000)  # where it lies

        with pytest.raises(StoreUnavailableError):
            await meet(database)
        with pytest.raises(StoreUnavailableError, match=DAMAGED):
            await database.wait_gone(look_seconds=60)
        with pytest.raises(StoreUnavailableError, match=DAMAGED):
            async with database.write():
                pass


async def test_file_that_goes_while_a_writer_waits_its_turn_takes_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"

    async def write() -> None:
        async with database.write():
            pytest.fail("it was let in")

    async with Database.open(url_of(path)) as database:
        async with database.write():
            waits = asyncio.create_task(write())
            await asyncio.sleep(0)
            path.rename(tmp_path / "aside.db")
        with pytest.raises(StoreUnavailableError, match=GONE):
            await waits


async def test_file_that_is_put_back_is_not_trusted_again(tmp_path: Path) -> None:
    path = tmp_path / "reelay.db"
    async with Database.open(url_of(path)) as database:
        path.rename(tmp_path / "aside.db")
        with pytest.raises(StoreUnavailableError):
            await database.wait_gone(look_seconds=60)
        (tmp_path / "aside.db").rename(path)

        with pytest.raises(StoreUnavailableError, match=GONE):
            async with database.write():
                pass
