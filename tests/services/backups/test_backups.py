"""The bot backs up its database in time, says once when it can't, and goes on."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.models import OperatorAlert
from bot.services.backups.backups import RETRY_SECONDS
from bot.store.backups import BackupFolder
from bot.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from bot.services.backups.backups import Backups
    from tests.support.workshop import Process, Workshop

pytestmark = pytest.mark.sqlite


def started(workshop: Workshop, folder: Path) -> tuple[Process, Backups]:
    database = workshop.folder / "reelay.db"
    process = workshop.start(ports={"backup_folder": BackupFolder(folder, database=database)})
    assert process.reelay.backups is not None
    return process, process.reelay.backups


async def test_a_backup_is_made_at_once_and_again_when_it_is_time_over_restarts(
    workshop: Workshop, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    _, backups = started(workshop, folder)
    assert backups.last_backup_at is None

    pause = await backups.tick()
    first_at = backups.last_backup_at
    assert 0 < pause <= 3600
    workshop.time.advance(timedelta(hours=23).total_seconds())
    _, backups = started(workshop, folder)
    await backups.tick()
    assert backups.last_backup_at == first_at
    workshop.time.advance(3600)
    await backups.tick()

    assert first_at is not None
    assert backups.last_backup_at == first_at + timedelta(days=1)
    for path in folder.glob("*.db"):
        async with Database.open(f"sqlite+aiosqlite:///{path}", migrate=False) as copy:
            present, latest = await copy.find_revision()
            assert present == latest


async def test_the_operator_is_told_once_that_there_is_no_backup_until_there_is_one_again(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "backups"
    process, backups = started(workshop, folder)
    for _ in range(2):
        assert await backups.tick() == RETRY_SECONDS
        await process.worker.tick()
    process, backups = started(workshop, folder)
    await backups.tick()
    await process.worker.tick()
    assert workshop.discord.alerts == [OperatorAlert.BACKUP_FAILED]
    assert any("there is no folder" in message for message in caplog.messages)

    folder.mkdir()
    await backups.tick()
    shutil.rmtree(folder)
    await backups.tick()
    await process.worker.tick()

    assert workshop.discord.alerts == [OperatorAlert.BACKUP_FAILED] * 2
