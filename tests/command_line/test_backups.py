"""What ``backup`` and ``restore`` say, and how they end, when there is nothing that they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.command_line import exits, main
from bot.config import Settings
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder with a database and its settings."""
    monkeypatch.setattr(exits, "end_by_exceptions", lambda: None)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.chdir(tmp_path)
    url = await fresh_database(tmp_path)
    for name, value in {"DISCORD_TOKEN": "a", "TOAPIS_API_KEY": "b", "DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.sqlite
def test_a_backup_is_made_and_restored_and_a_restored_database_can_be_marked_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [main(arguments) for arguments in (["backup", "saved.db"], ["restore", "saved.db"], ["restore", "--mark"])]

    assert codes == [exits.OK] * 3
    assert capsys.readouterr().err == ""
    assert len(list(folder.glob("reelay.db.replaced-*Z"))) == 1


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["backup", "no/folder/saved.db"], exits.FAILED, "there is no folder"),
        (["backup", "notes.txt"], exits.FAILED, "is there already"),
        (["backup", "--force", "reelay.db"], exits.FAILED, "is the database itself"),
        (["restore", "nothing.db"], exits.FAILED, "there is no file nothing.db"),
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
