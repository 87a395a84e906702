"""Opening a database: what stands in the way, in one sentence for the operator."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import SettingsError, StoreUnavailableError
from bot.store.engines import postgresql

if TYPE_CHECKING:
    from bot.errors import ReelayError

MIGRATING = "another process migrates the database just now: start again when it is done."
_BUSY = "another program holds the database locked: start again when it is done."
_FULL = "the disk of the database is full."
_NOT_REACHED = "the database cannot be reached, or does not let the bot in: check DATABASE_URL."
_NO_OWNER = "DATABASE_URL's user may not make tables in the database: make it the owner of the database."
_NOT_EMPTY = (
    "the database has tables already that are not of its version: DATABASE_URL has to name one of the bot's own, and a "
    "backup is put into an empty one."
)
_PASSING = {
    "25006": "the database takes no writes just now: start again when it does.",
    "53300": "the database has no connection left to give: start again when it has one.",
}
_NOT_LET_IN = ("28", "3D")
"""How PostgreSQL's codes begin where there is no such user, password or database."""
NO_SHARED_FILES = (
    "the disk of the database does not let processes share a file, as many network drives do not: check DATABASE_URL, "
    "and name a file on a disk of this machine."
)
_NOT_WRITABLE = "the database cannot be opened and written: check DATABASE_URL and the permissions of file and folder."
_NO_FOLDER = "the folder of the database is not there: check DATABASE_URL."
_NO_DATABASE = "the file is damaged, or is no database: check DATABASE_URL."


def is_busy(error: BaseException) -> bool:
    """Tell whether somebody else held the database for too long."""
    return _sqlite_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} or postgresql.is_locked(error)


def is_damaged(error: BaseException) -> bool:
    """Tell whether what is in the file is no database, or no whole one."""
    return _sqlite_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def unavailable(error: BaseException) -> StoreUnavailableError:
    """Say in a sentence that the database did not answer; the driver's own error is to be its cause."""
    state = postgresql.state_of(error) or ""
    if state.startswith(_NOT_LET_IN):
        return StoreUnavailableError(_NOT_REACHED)
    generally = f"the database does not answer just now ({type(error).__name__})."
    return StoreUnavailableError(_PASSING.get(state, generally))


def explain_opening(error: StoreUnavailableError, path: str | None, *, is_migrating: bool = False) -> ReelayError:
    """Say in a sentence why the database was not opened or not written.

    Args:
        error: what was met; its cause is the driver's own error.
        path: of the file; None for a database elsewhere.
        is_migrating: the schema is not the latest, so that whoever holds the database locked brings it there.

    Returns:
        A ``SettingsError`` for what is to be set right, a ``StoreUnavailableError`` for what passes by itself.
    """
    if is_busy(error):
        return StoreUnavailableError(MIGRATING if is_migrating else _BUSY)
    if path is None:
        return _explain_postgresql(postgresql.state_of(error))
    match _sqlite_code(error):
        case sqlite3.SQLITE_FULL:
            return StoreUnavailableError(_FULL)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PROTOCOL | sqlite3.SQLITE_NOLFS:
            return SettingsError(NO_SHARED_FILES)
        case _ if is_damaged(error):
            return SettingsError(_NO_DATABASE)
        case _ if not Path(path).absolute().parent.is_dir():
            return SettingsError(_NO_FOLDER)
        case _:
            return SettingsError(_NOT_WRITABLE)


def _explain_postgresql(state: str | None) -> ReelayError:
    match state:
        case "42501":
            return SettingsError(_NO_OWNER)
        case "42P07" | "42701" | "42710":
            return SettingsError(_NOT_EMPTY)
        case _:
            return StoreUnavailableError(_PASSING.get(state or "", _NOT_REACHED))


def _sqlite_code(error: BaseException) -> int | None:
    """Find the driver's primary result code, under however many errors it lies."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, sqlite3.Error):
            return getattr(below, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        below = getattr(below, "orig", None) or below.__cause__
    return None
