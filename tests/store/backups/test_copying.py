"""A backup is whole, one file and nobody else's to read, or there is none; what is no backup changes nothing."""

from __future__ import annotations

import resource
import sqlite3
import stat
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.errors import BackupError
from bot.store.backups import back_up, copy_checked, put_in_place, replacing
from bot.store.database import Database
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = pytest.mark.sqlite

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
NOTE = "INSERT INTO command_digests VALUES (?, 'x')"


async def database_in(folder: Path) -> Path:
    await fresh_database(folder)
    return folder / "reelay.db"


def notes(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM command_digests ORDER BY key")]


@contextmanager
def writing(path: Path) -> Generator[sqlite3.Connection]:
    """Use a database as the bot does: what is written stands in the log beside the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection


@contextmanager
def full_disk(room_bytes: int) -> Generator[None]:
    """Let no file become larger than that."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_backup_has_what_is_written_ahead_and_is_one_file_while_somebody_is_writing(tmp_path: Path) -> None:
    database, target = await database_in(tmp_path), tmp_path / "elsewhere" / "backup.db"
    target.parent.mkdir()
    with writing(database) as connection:
        connection.execute(NOTE, ["committed"])
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(NOTE, ["under way"])

        back_up(database, target)

        connection.execute("COMMIT")
    assert notes(target) == ["committed"]
    assert notes(database) == ["committed", "under way"]
    assert names_in(target.parent) == {"backup.db"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_full_disk_is_said_and_leaves_what_was_there(tmp_path: Path) -> None:
    database, target = await database_in(tmp_path), tmp_path / "elsewhere" / "backup.db"
    target.parent.mkdir()
    target.write_text("an older one", "utf-8")

    with full_disk(200_000), pytest.raises(BackupError, match="is full, or can't be read and written"):
        back_up(database, target, replaces=True)

    assert names_in(target.parent) == {"backup.db"}
    assert target.read_text("utf-8") == "an older one"
    back_up(database, target, replaces=True)
    assert notes(target) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("there.db", "is there already"),
        ("no/folder/backup.db", "there is no folder"),
        ("reelay.db", "is the database itself"),
        ("link.db", "is the database itself"),
        ("reelay.db-wal", "is the database itself"),
    ],
)
async def test_backup_overwrites_nothing_unasked_and_never_the_database(tmp_path: Path, name: str, words: str) -> None:
    database = await database_in(tmp_path)
    (tmp_path / "there.db").write_text("mine", "utf-8")
    (tmp_path / "link.db").symlink_to(database)
    with writing(database) as connection:
        connection.execute(NOTE, ["committed"])

        with pytest.raises(BackupError, match=words):
            back_up(database, tmp_path / name, replaces=words != "is there already")

        assert notes(database) == ["committed"]


async def test_database_that_is_not_there_yet_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there is no database"):
        back_up(tmp_path / "reelay.db", tmp_path / "backup.db")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 20 * 4096])


def cut_within_a_page(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def cut_to_nothing(path: Path) -> None:
    path.write_bytes(b"")


def written_over(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: 30 * 4096] + b"\x55" * 20 * 4096 + whole[50 * 4096 :])


def of_no_database(path: Path) -> None:
    path.write_text("Dear diary", "utf-8")


def of_another_program(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE bookmarks (address TEXT)")


def of_another_program_with_numbered_versions(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE alembic_version AS SELECT '0018' AS version_num")


def of_a_newer_version(path: Path) -> None:
    change(path, "UPDATE alembic_version SET version_num = '9001'")


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut_short, "damaged or cut short"),
        (cut_within_a_page, "damaged or cut short"),
        (cut_to_nothing, "damaged or cut short"),
        (written_over, "damaged or cut short"),
        (of_no_database, "damaged or cut short"),
        (of_another_program, "of another program"),
        (of_another_program_with_numbered_versions, "of another program"),
        (of_a_newer_version, r"of a newer version of the bot \(9001\)"),
    ],
)
async def test_what_is_no_backup_of_this_bot_is_said_and_leaves_nothing_behind(
    tmp_path: Path, spoil: object, words: str
) -> None:
    database, backup = await database_in(tmp_path), tmp_path / "backup.db"
    back_up(database, backup)
    assert callable(spoil)
    spoil(backup)
    before = names_in(tmp_path)

    with pytest.raises(BackupError, match=words), copy_checked(backup, beside=database):
        pass

    assert names_in(tmp_path) == before


async def test_backup_is_put_in_place_and_what_was_there_is_kept_with_what_was_written_ahead(tmp_path: Path) -> None:
    database, backup = await database_in(tmp_path), tmp_path / "backup.db"
    database.chmod(0o640)
    back_up(database, backup)
    with writing(database) as connection:
        connection.execute(NOTE, ["of the old one"])
        log = database.with_name("reelay.db-wal").read_bytes()
    database.with_name("reelay.db-wal").write_bytes(log)  # as after a kill

    with copy_checked(backup, beside=database) as copy:
        kept = put_in_place(copy, database, now=NOW)

    assert kept == tmp_path / "reelay.db.replaced-20260304T120000Z"
    assert notes(database) == []
    assert notes(kept) == ["of the old one"]
    assert stat.S_IMODE(database.stat().st_mode) == 0o640
    assert names_in(tmp_path) == {"reelay.db", "backup.db", kept.name}


async def test_damaged_database_is_replaced_and_kept_with_its_log_which_the_new_one_never_meets(tmp_path: Path) -> None:
    database, backup = await database_in(tmp_path), tmp_path / "backup.db"
    back_up(database, backup)
    database.write_bytes(b"no database at all")
    database.with_name("reelay.db-wal").write_bytes(b"nor a log")

    for number in ("", "-2"):
        with copy_checked(backup, beside=database) as copy:
            kept = put_in_place(copy, database, now=NOW)
        assert kept == tmp_path / f"reelay.db.replaced-20260304T120000Z{number}"

    first = tmp_path / "reelay.db.replaced-20260304T120000Z"
    assert first.read_bytes() == b"no database at all"
    assert first.with_name(f"{first.name}-wal").read_bytes() == b"nor a log"
    async with Database.open(f"sqlite+aiosqlite:///{database}") as opened:
        present, latest = await opened.find_revision()
    assert present == latest


async def test_backup_is_put_where_there_is_no_database(tmp_path: Path) -> None:
    database, backup = await database_in(tmp_path), tmp_path / "backup.db"
    back_up(database, backup)
    database.unlink()

    with copy_checked(backup, beside=database) as copy:
        assert put_in_place(copy, database, now=NOW) is None

    assert names_in(tmp_path) == {"reelay.db", "backup.db"}


async def test_copy_that_replaces_a_file_never_meets_the_log_of_that(tmp_path: Path) -> None:
    database, target = await database_in(tmp_path), tmp_path / "backup.db"
    back_up(database, target)
    with writing(target) as connection:
        connection.execute(NOTE, ["of the older one"])
        log = target.with_name("backup.db-wal").read_bytes()
    target.with_name("backup.db-wal").write_bytes(log)  # as after a kill

    back_up(database, target, replaces=True)

    assert notes(target) == []


async def test_database_that_another_program_uses_is_not_replaced_and_keeps_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "_BUSY_SECONDS", 0.0)
    database, backup = await database_in(tmp_path), tmp_path / "backup.db"
    back_up(database, backup)
    with writing(database) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM command_digests").fetchall()
        with closing(sqlite3.connect(database)) as writer:
            writer.execute(NOTE, ["of the old one"])
            writer.commit()
        before = names_in(tmp_path)

        with pytest.raises(BackupError, match="another program uses"), copy_checked(backup, beside=database) as copy:
            put_in_place(copy, database, now=NOW)

        assert names_in(tmp_path) == before
    assert notes(database) == ["of the old one"]


async def test_database_whose_log_finds_no_room_in_it_is_not_replaced(tmp_path: Path) -> None:
    database, backup = await database_in(tmp_path), tmp_path / "backup.db"
    back_up(database, backup)
    with writing(database) as connection:
        connection.execute("INSERT INTO command_digests VALUES (hex(zeroblob(100000)), 'of the old one')")
        log = database.with_name("reelay.db-wal").read_bytes()
    room = backup.stat().st_size
    database.write_bytes(backup.read_bytes())
    database.with_name("reelay.db-wal").write_bytes(log)  # as after a kill
    with (
        copy_checked(backup, beside=database) as copy,
        full_disk(room),
        pytest.raises(BackupError, match="can't be replaced: the disk is full"),
    ):
        put_in_place(copy, database, now=NOW)

    assert [name for name in names_in(tmp_path) if "replaced" in name] == []
    assert len(notes(database)) == 1
