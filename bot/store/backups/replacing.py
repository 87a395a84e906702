"""Putting a checked copy in the database's place; what was there is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

from bot.errors import BackupError
from bot.store.backups.copying import BESIDE, keep

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_FIRST_BYTES = b"SQLite format 3\0"
_BUSY_SECONDS = 1.0
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}


def put_in_place(copy: Path, database: Path, *, now: datetime) -> Path | None:
    """Put a copy, in the database's own folder, in its place; nobody may use either meanwhile.

    At each moment there is a whole database at its path: the old one, then the new one, which never meets what the old
    one left beside it.

    Returns:
        Where the old one is now, with all that was written ahead; None where there was none.

    Raises:
        BackupError: when a file can't be renamed, the disk is full, or another program uses the old database, which is
            in its place then.
    """
    try:
        _empty_log(copy)
        keep(copy)
        if database.exists():
            _let_whose_it_was(copy, database)
        kept = _keep_old(database, now)
        copy.replace(database)
        keep(database.parent)
    except OSError as error:
        raise BackupError(f"{database} can't be replaced: {os.strerror(error.errno or 0)}.") from error
    except sqlite3.Error as error:
        raise BackupError(f"{database} can't be replaced: the disk is full, or can't be read and written.") from error
    return kept


def _let_whose_it_was(copy: Path, database: Path) -> None:
    """Let the copy be read and written by whom the database was: it may be restored by a superuser."""
    was = database.stat()
    copy.chmod(stat.S_IMODE(was.st_mode))
    if (was.st_uid, was.st_gid) != (copy.stat().st_uid, copy.stat().st_gid):
        shutil.chown(copy, was.st_uid, was.st_gid)


def _keep_old(database: Path, now: datetime) -> Path | None:
    name, is_there = f"{database.name}.replaced-{now:%Y%m%dT%H%M%SZ}", database.exists()
    names = (database.with_name(name if number == 1 else f"{name}-{number}") for number in count(1))
    kept = next(path for path in names if not path.exists())
    if is_there:
        if _begins_well(database):  # else SQLite would remove the log, which goes along as it is
            try:
                _empty_log(database)
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", None) in _NO_ROOM:
                    raise  # it is damaged by nothing, and would be without its log if this ended now
        os.link(database, kept)
    for end in BESIDE:
        beside = database.with_name(f"{database.name}{end}")
        if beside.exists():
            beside.replace(kept.with_name(f"{kept.name}{end}"))
    return kept if is_there else None


def _begins_well(database: Path) -> bool:
    with database.open("rb") as file:
        return file.read(len(_FIRST_BYTES)) == _FIRST_BYTES


def _empty_log(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
        [[is_busy, _, _]] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if is_busy:
        raise BackupError(f"another program uses {path}: try again when it is done.")
