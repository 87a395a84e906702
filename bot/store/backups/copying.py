"""Copies of SQLite's file, each in one step and checked before anybody gets it.

SQLite's own online backup reads what is written ahead as well, and sees one state while others write: a copy of the
file by other means would not. What comes of it is one file, with nothing beside it.
"""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from alembic.script import ScriptDirectory

from bot.errors import BackupError
from bot.store.migrating import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Generator

PARTIAL = ".partial"
"""How the name of a copy ends that is being made."""
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file, by the end of its name."""
_OWN_TABLES = {"alembic_version", "jobs", "ledger"}
"""What each version of the schema has."""
_BUSY_SECONDS = 5.0


def back_up(database: Path, target: Path, *, replaces: bool = False) -> None:
    """Copy the database to another file, while others read and write; only who runs this may read it.

    The target is there once the copy is whole and checked, or as it was before.

    Args:
        replaces: a file that is there is replaced.

    Raises:
        BackupError: when that can't be done.
    """
    with explained(target):
        _require_place(database, target, replaces=replaces)
    with copy_checked(database, beside=target) as partial, explained(target):
        _remove_beside(target)  # what is replaced may have a log, of which the copy knows nothing
        partial.replace(target)
        keep(target.parent)


def _require_place(database: Path, target: Path, *, replaces: bool) -> None:
    if not database.is_file():
        raise BackupError(f"there is no database at {database} yet.")
    if not target.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent}.")
    if target.exists() and any(_is_same(target, database.with_name(f"{database.name}{end}")) for end in ("", *BESIDE)):
        raise BackupError(f"{target} is the database itself: name another file.")
    if target.exists() and not replaces:
        raise BackupError(f"{target} is there already: name another file, or use --force.")


@contextmanager
def copy_checked(source: Path, *, beside: Path) -> Generator[Path]:
    """Give a whole copy of a database of this bot, under a name of its own; what is left of it at the end is removed.

    Args:
        beside: in whose folder it is made, and after whom it is named.

    Raises:
        BackupError: when it can't be made, or what is copied is no whole database of this bot, or of a newer version.
    """
    with explained(beside):
        number, name = tempfile.mkstemp(prefix=f".{beside.name}.", suffix=PARTIAL, dir=beside.parent)
        os.close(number)
    partial = Path(name)
    try:
        _copy(source, partial)
        _check(source, partial)
        with explained(beside):
            keep(partial)
        yield partial
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Remove a database's file, if it is there, and what SQLite keeps beside it."""
    _remove_beside(path)
    path.unlink(missing_ok=True)


def remove_partials(beside: Path) -> None:
    """Remove what killed processes have left of copies that ``copy_checked`` was to make, while nobody makes one.

    Raises:
        BackupError: when something can't be removed.
    """
    name = re.compile(rf"\.{re.escape(beside.name)}\.\w+{re.escape(PARTIAL)}({'|'.join(BESIDE)})?")
    with explained(beside):
        for path in beside.parent.iterdir():
            if name.fullmatch(path.name):
                path.unlink(missing_ok=True)


def _remove_beside(path: Path) -> None:
    for end in BESIDE:
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _copy(source: Path, partial: Path) -> None:
    try:
        with closing(_open(source)) as read, closing(_open(partial)) as written:
            read.backup(written)
            written.execute("PRAGMA journal_mode = DELETE").close()  # one file, that can be moved and copied
    except sqlite3.Error as error:
        match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                raise BackupError(f"the disk of {partial.parent} is full, or can't be read and written.") from error
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise BackupError(f"another program holds {source} locked: try again when it is done.") from error
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                raise _is_damaged(source) from error
            case _:
                raise BackupError(f"{source} can't be read: check its permissions and those of its folder.") from error


def _check(source: Path, partial: Path) -> None:
    try:
        with closing(_open(partial)) as connection:
            [[found]] = connection.execute("PRAGMA integrity_check(1)").fetchall()
            if found != "ok":
                raise _is_damaged(source)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if not tables:
                raise _is_damaged(source)
            if not tables >= _OWN_TABLES:
                raise _is_foreign(source)
            revisions = [name for (name,) in connection.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.DatabaseError as error:
        raise _is_damaged(source) from error
    _check_revision(source, revisions)


def _check_revision(source: Path, revisions: list[str]) -> None:
    known = [script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()]
    match revisions:
        case [revision] if revision in known:
            return
        case [revision] if revision.isdecimal() and revision > max(known):  # revisions are numbered
            raise BackupError(f"{source} is of a newer version of the bot ({revision}): update the bot first.")
        case _:
            raise _is_foreign(source)


def _open(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _is_damaged(source: Path) -> BackupError:
    return BackupError(f"{source} is damaged or cut short, or is no database at all.")


def _is_foreign(source: Path) -> BackupError:
    return BackupError(f"{source} is the database of another program.")


def _is_same(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def keep(path: Path) -> None:
    """Have a file, or the names in a folder, survive a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def explained(target: Path) -> Generator[None]:
    """Say in a sentence what the system had against writing a file or folder."""
    try:
        yield
    except OSError as error:
        raise BackupError(f"{target} can't be written: {os.strerror(error.errno or 0)}.") from error
