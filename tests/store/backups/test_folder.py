"""A folder has the latest backups and no more, and nothing else in it is touched."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import BackupError
from bot.store.backups import BackupFolder
from tests.support.databases import fresh_database

pytestmark = pytest.mark.sqlite

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def folder_in(tmp_path: Path) -> BackupFolder:
    await fresh_database(tmp_path)
    (tmp_path / "backups").mkdir()
    return BackupFolder(tmp_path / "backups", database=tmp_path / "reelay.db")


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "backups").iterdir() if path.suffix != ".lock")


async def test_a_backup_is_made_when_the_latest_is_old_enough_whichever_process_made_it(tmp_path: Path) -> None:
    folder = await folder_in(tmp_path)

    made = [folder.back_up_if_due(NOW + hours, every=DAY, keep=7) for hours in (DAY * 0, DAY / 2, DAY)]

    assert made == [NOW, NOW, NOW + DAY]
    assert files(tmp_path) == ["reelay-20260304T120000Z.db", "reelay-20260305T120000Z.db"]


async def test_only_the_latest_are_kept_and_nothing_else_is_removed(tmp_path: Path) -> None:
    folder, others = await folder_in(tmp_path), ["reelay-20200101T000000Z.db.old", "my-reelay-20200101T000000Z.db"]
    for name in (*others, ".reelay-20200101T000000Z.db.abc.partial"):
        (tmp_path / "backups" / name).write_text("mine", "utf-8")

    for days in range(4):
        folder.back_up_if_due(NOW + days * DAY, every=DAY, keep=2)

    assert files(tmp_path) == sorted([*others, "reelay-20260306T120000Z.db", "reelay-20260307T120000Z.db"])


async def test_backups_of_a_clock_that_was_set_back_keep_none_from_being_made(tmp_path: Path) -> None:
    folder = await folder_in(tmp_path)
    folder.back_up_if_due(NOW + 30 * DAY, every=DAY, keep=7)

    assert folder.back_up_if_due(NOW, every=DAY, keep=7) == NOW
    assert folder.back_up_if_due(NOW + DAY / 2, every=DAY, keep=7) == NOW


async def test_a_folder_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    folder = BackupFolder(tmp_path / "backups", database=tmp_path / "reelay.db")

    with pytest.raises(BackupError, match="there is no folder"):
        folder.back_up_if_due(NOW, every=DAY, keep=7)

    assert not (tmp_path / "backups").exists()


async def test_names_that_tell_no_time_are_others_files(tmp_path: Path) -> None:
    folder = await folder_in(tmp_path)
    (tmp_path / "backups" / "reelay-20269999T999999Z.db").touch()

    folder.back_up_if_due(NOW, every=DAY, keep=1)

    assert files(tmp_path) == ["reelay-20260304T120000Z.db", "reelay-20269999T999999Z.db"]


async def test_a_check_leaves_nothing_and_says_what_keeps_a_backup_from_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, database = await folder_in(tmp_path), tmp_path / "reelay.db"

    folder.check()
    assert files(tmp_path) == []

    with pytest.raises(BackupError, match="there is no folder"):
        BackupFolder(database, database=database).check()
    with pytest.raises(BackupError, match="can't be written"):
        BackupFolder(Path("/proc"), database=database).check()  # which nobody can write, not even root
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 5, 5))
    with pytest.raises(BackupError, match=r"has no room for a backup: it takes [\d,]+ bytes, 5 are free"):
        folder.check()
