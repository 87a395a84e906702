"""What ``backup`` and ``restore`` say, and how they end, when there is nothing that they can do."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from bot import instance
from bot.command_line import exits, main
from bot.config import Settings
from bot.store.backups import copying
from bot.store.database import Database
from tests.support.databases import fresh_database
from tests.support.old_databases import old_database

if TYPE_CHECKING:
    from pathlib import Path

END_BY_EXCEPTIONS = exits.end_by_exceptions


@pytest.fixture
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder with a database and its settings."""
    monkeypatch.setattr(exits, "end_by_exceptions", lambda *_: None)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.chdir(tmp_path)
    url = await fresh_database(tmp_path)
    for name, value in {"DISCORD_TOKEN": "a", "TOAPIS_API_KEY": "b", "DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.sqlite
def test_a_database_behind_a_link_is_replaced_where_it_is(folder: Path) -> None:
    assert main(["backup", "saved.db"]) == exits.OK
    (folder / "disk").mkdir()
    (folder / "reelay.db").rename(folder / "disk" / "real.db")
    (folder / "reelay.db").symlink_to("disk/real.db")

    assert main(["restore", "saved.db"]) == exits.OK

    assert (folder / "reelay.db").is_symlink()
    assert len(list((folder / "disk").glob("real.db.replaced-*Z"))) == 1


@pytest.mark.sqlite
def test_no_database_is_made_to_be_marked(folder: Path) -> None:
    (folder / "reelay.db").unlink()

    assert main(["restore", "--mark"]) == exits.SETTINGS

    assert names_in(folder) == set()


@pytest.mark.sqlite
@pytest.mark.usefixtures("folder")
def test_a_migration_that_is_told_to_stop_has_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "open", Mock(side_effect=asyncio.CancelledError))

    assert main(["migrate"]) == exits.FAILED

    assert capsys.readouterr() == ("", "stopped: nothing was migrated\n")


@pytest.mark.sqlite
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_what_is_told_to_stop_has_failed_and_leaves_nothing(
    folder: Path, command: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["backup", "saved.db"]) == exits.OK
    before = names_in(folder)
    monkeypatch.setattr(exits, "end_by_exceptions", END_BY_EXCEPTIONS)
    monkeypatch.setattr(exits, "Deadline", Mock)
    monkeypatch.setattr(copying, "_check", lambda *_: signal.raise_signal(number))
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        with pytest.raises(SystemExit) as ended:
            main([command, "saved.db", *(["--force"] if command == "backup" else [])])
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)

    assert ended.value.code == exits.FAILED
    assert names_in(folder) == before


@pytest.mark.sqlite
def test_a_backup_is_made_and_restored_and_a_restored_database_can_be_marked_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [main(arguments) for arguments in (["backup", "saved.db"], ["restore", "saved.db"], ["restore", "--mark"])]

    assert codes == [exits.OK] * 3
    assert capsys.readouterr().err == ""
    assert len(list(folder.glob("reelay.db.replaced-*Z"))) == 1


@pytest.mark.sqlite
async def test_restoring_an_older_version_leaves_nothing_beside_and_removes_what_a_killed_restore_left(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with old_database(f"sqlite+aiosqlite:///{folder / 'older.db'}", "0018"):
        pass
    others = {".reelay.db.mine.partial.txt", ".other.db.abc.partial"}
    for name in (*others, ".reelay.db.abc.partial", ".reelay.db.abc.partial-wal"):
        (folder / name).touch()

    code = await asyncio.to_thread(main, ["restore", "older.db"])

    assert (code, capsys.readouterr().err) == (exits.OK, "")
    left = names_in(folder) - {"reelay.db", "older.db", "reelay.db.use.lock"} - others
    assert [name.startswith("reelay.db.replaced-") for name in left] == [True]


@pytest.mark.sqlite
@pytest.mark.parametrize("arguments", [["migrate"], ["status"], ["pause", "why"], ["backup", "saved.db"]])
def test_no_command_touches_a_database_that_is_being_restored(
    folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_LONGEST_START_SECONDS", 0.01)
    before = (folder / "reelay.db").read_bytes()

    with instance._hold(folder / "reelay.db", writes=True, otherwise=""):
        assert main(arguments) == exits.FAILED

    assert capsys.readouterr().err == "a restore of the database goes on: start again when it is done.\n"
    assert (folder / "reelay.db").read_bytes() == before
    assert names_in(folder) == {"reelay.db", "reelay.db.use.lock"}


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["backup", "no/folder/saved.db"], exits.FAILED, "there is no folder"),
        (["backup", "notes.txt"], exits.FAILED, "is there already"),
        (["backup", "--force", "reelay.db"], exits.FAILED, "is the database itself"),
        (["restore", "nothing.db"], exits.FAILED, "there is no file nothing.db"),
        (["restore", "x" * 300], exits.FAILED, "can't be read: File name too long"),
        (["backup", "x" * 300], exits.FAILED, "can't be written: File name too long"),
        (["restore", "notes.txt"], exits.FAILED, "is no database at all"),
        (["restore", "reelay.db"], exits.FAILED, "is the database itself"),
        (["restore"], exits.SETTINGS, "Name either the FILE"),
        (["restore", "--mark", "notes.txt"], exits.SETTINGS, "Name either the FILE"),
    ],
)
def test_what_can_not_be_done_is_said_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    (folder / "notes.txt").write_text("mine", "utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert main(arguments) == code

    assert words in capsys.readouterr().err
    assert before.items() <= {path.name: path.read_bytes() for path in folder.iterdir()}.items()
    assert {path.name for path in folder.iterdir()} - before.keys() <= {"reelay.db.use.lock"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("command", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_postgresql_has_tools_of_its_own(
    command: str, tool: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://user:secret@host/reelay")

    assert main([command, "saved.db"]) == exits.SETTINGS

    said = capsys.readouterr().err
    assert tool in said
    assert "secret" not in said
