"""Copies of SQLite's file beside it, each made before it was migrated, so that there is a way back.

They are named after the database, the revision that was migrated to, and when, as in
``reelay.db.before-0019-2026-11-26T201500Z.bak``. Nothing else beside the file is ever touched.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COPIES_ARE_KEPT_FOR = timedelta(days=30)
"""They hold what has been deleted since, as what members have had erased."""
_TIME = "%Y-%m-%dT%H%M%SZ"
_PAGES_AT_A_TIME = 1024
"""Some megabytes: how far it is, and whether it is still wanted, is asked between."""
_UNFINISHED = ".unfinished"


def make_copy(path: Path, *, revision: str, now: datetime, note: Callable[[int, int], None]) -> Path:
    """Copy the database as it was committed last; whoever calls sees to it that nobody writes meanwhile.

    Only a whole copy, which is on the disk, has its name; what a killed process has left of one is removed. Who can
    read the file can read the copy.

    Args:
        revision: that is migrated to.
        note: is told how many pages are copied, of how many; what it raises ends the copying.

    Raises:
        OSError, sqlite3.Error: when it can't be made, as on a full disk; nothing is left of it then.
    """
    for left in path.parent.glob(f"{path.name}.before-*{_UNFINISHED}"):
        left.unlink(missing_ok=True)
    copy = path.with_name(f"{path.name}.before-{revision}-{now.astimezone(UTC):{_TIME}}.bak")
    unfinished = copy.with_name(copy.name + _UNFINISHED)
    try:
        _copy(path, unfinished, note)
        unfinished.replace(copy)
    finally:
        unfinished.unlink(missing_ok=True)
    return copy


def _copy(path: Path, target: Path, note: Callable[[int, int], None]) -> None:
    there = path.stat()
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")  # a copy that is not whole is thrown away
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy, pages=_PAGES_AT_A_TIME, progress=lambda _, left, total: note(total - left, total))
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, there.st_mode & 0o777)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_copies(path: Path, *, before: datetime | None = None, but_latest: int | None = None) -> None:
    """Remove copies of the database.

    Args:
        before: only those that were made earlier.
        but_latest: how many of the latest stay.

    Raises:
        OSError: when one can't be removed.
    """
    copies = sorted(_copies_of(path), reverse=True)
    for made_at, copy in copies[but_latest or 0 :]:
        if before is None or made_at < before:
            copy.unlink(missing_ok=True)


def _copies_of(path: Path) -> Iterator[tuple[datetime, Path]]:
    pattern = re.compile(rf"{re.escape(path.name)}\.before-\d{{4}}-(\d{{4}}-\d\d-\d\dT\d{{6}}Z)\.bak")
    for entry in path.parent.iterdir():
        if (match := pattern.fullmatch(entry.name)) and (made_at := read_time(match[1], _TIME)) is not None:
            yield made_at, entry


def read_time(text: str, time_format: str) -> datetime | None:
    """Read a time in UTC out of a file's name; None where there is no such time, so that the file is another's."""
    try:
        return datetime.strptime(text, time_format).replace(tzinfo=UTC)
    except ValueError:
        return None
