"""A folder of backups, each named by when it was made; several processes on one machine make one at a time."""

from __future__ import annotations

import re
import shutil
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from filelock import FileLock

from bot.errors import BackupError
from bot.store.backups.copying import PARTIAL, back_up, explained, remove
from bot.store.files.copies import read_time

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

_NAME = re.compile(r"reelay-(\d{8}T\d{6}Z)\.db", re.ASCII)
_PARTIAL = re.compile(rf"\.reelay-\d{{8}}T\d{{6}}Z\.db\.\w+{re.escape(PARTIAL)}", re.ASCII)
_TIME = "%Y%m%dT%H%M%SZ"


class BackupFolder:
    """Where a database is backed up to; nothing in it is touched but what is named as these backups are.

    Args:
        database: SQLite's file.
    """

    def __init__(self, folder: Path, *, database: Path) -> None:
        self._folder = folder
        self._database = database

    def back_up_if_due(self, now: datetime, *, every: timedelta, keep: int) -> datetime:
        """Make a backup unless the latest is young enough; return when the latest was made.

        Args:
            every: how old the latest may be; what is of later than now, by a clock that was set back, doesn't count.
            keep: how many backups may be there; older ones are removed.

        Raises:
            BackupError: when it can't be made; the message is a sentence.
        """
        with explained(self._folder):
            self._require_folder()
            with FileLock(self._folder / ".reelay-backups.lock"):
                latest = max((at for at in self._list() if at <= now), default=None)
                if latest is None or now - latest >= every:
                    latest = self._make(now)
                self._drop(keep)
        return latest

    def check(self) -> None:
        """See that a backup could be made, without making one: the folder can be written, and has room for it.

        Raises:
            BackupError: when it could not; the message is a sentence.
        """
        with explained(self._folder):
            self._require_folder()
            with TemporaryFile(dir=self._folder):
                pass
            free = shutil.disk_usage(self._folder).free
        needed = self._database.stat().st_size if self._database.is_file() else 0
        if free < needed:
            raise BackupError(f"{self._folder} has no room for a backup: it takes {needed:,} bytes, {free:,} are free.")

    def _require_folder(self) -> None:
        if not self._folder.is_dir():
            raise BackupError(f"there is no folder {self._folder}.")

    def _make(self, now: datetime) -> datetime:
        for path in self._folder.iterdir():
            if _PARTIAL.fullmatch(path.name):  # of a process that was killed
                remove(path)
        made_at = now.replace(microsecond=0)
        back_up(self._database, self._path(made_at))
        return made_at

    def _drop(self, keep: int) -> None:
        for made_at in sorted(self._list())[:-keep]:
            self._path(made_at).unlink(missing_ok=True)

    def _list(self) -> list[datetime]:
        found = [match[1] for path in self._folder.iterdir() if (match := _NAME.fullmatch(path.name))]
        return [made_at for text in found if (made_at := read_time(text, _TIME)) is not None]

    def _path(self, made_at: datetime) -> Path:
        return self._folder / f"reelay-{made_at:{_TIME}}.db"
