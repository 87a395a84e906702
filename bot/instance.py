"""What a running process calls itself: the same name after a restart, never the name of another that runs."""

from __future__ import annotations

import errno
import hashlib
import platform
import sqlite3
import tempfile
import uuid
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, ReadWriteLock, Timeout
from sqlalchemy.engine import make_url

from bot.errors import SettingsError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Generator

_NOT_WRITABLE = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.ENOTDIR})

_SQLITE_NOT_WRITABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL})
_LONGEST_START_SECONDS = 1.0
"""So long a lock is waited for that somebody else may just be making."""


@contextmanager
def claim_instance_name(database_url: str) -> Generator[str]:
    """Hold the first free name among the processes on one database, for as long as the process lives.

    The name is a file lock's, which the operating system frees however the process ends. So a restarted process
    finds its own name again and with it its leases, while a second one beside it gets another.

    Raises:
        SettingsError: when no such lock can be had beside the database.
    """
    path, prefix = _place_of(database_url)
    for number in count(1):
        lock = FileLock(path.with_name(f"{path.name}.{number}.lock"), fallback_to_soft=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        except (OSError, NotImplementedError) as error:
            raise _explain(error, path.parent) from error
        try:
            yield f"{prefix}/{number}"
        finally:
            lock.release()
        return


@contextmanager
def use_database(database_url: str) -> Generator[None]:
    """Keep a restore from replacing the database for as long as it is used; to be held before it is opened.

    On PostgreSQL only restores on this machine are kept off.

    Raises:
        StoreUnavailableError: when a restore goes on.
        SettingsError: when no lock can be had beside the database.
    """
    with _hold(database_url, writes=False, otherwise="a restore of the database goes on: start again when it is done."):
        yield


@contextmanager
def use_database_alone(database_url: str) -> Generator[None]:
    """Use the database while nobody else does, and keep others from beginning to.

    Raises:
        StoreUnavailableError: when somebody does.
        SettingsError: when no lock can be had beside the database.
    """
    with _hold(database_url, writes=True, otherwise="the bot runs on this database: stop it first."):
        yield


@contextmanager
def _hold(database_url: str, *, writes: bool, otherwise: str) -> Generator[None]:
    path, _ = _place_of(database_url)
    try:
        lock = ReadWriteLock(path.with_name(f"{path.name}.use.lock"), is_singleton=False)
        acquire = lock.acquire_write if writes else lock.acquire_read
        acquire(timeout=_LONGEST_START_SECONDS)
    except Timeout:
        raise StoreUnavailableError(otherwise) from None
    except (OSError, sqlite3.Error) as error:
        raise _explain(error, path.parent) from error
    try:
        yield
    finally:
        lock.release()
        lock.close()


def _place_of(database_url: str) -> tuple[Path, str]:
    """Return what locks on a database are named after, and what the names of its processes begin with."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).absolute(), "local"
    digest = hashlib.sha256(url.render_as_string(hide_password=True).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"reelay-{digest}", f"{platform.node()}-{uuid.getnode():x}"


def _explain(error: Exception, folder: Path) -> SettingsError:
    if not folder.is_dir():
        return SettingsError("the folder of the database is not there: check DATABASE_URL.")
    if (
        isinstance(error, PermissionError)
        or (isinstance(error, OSError) and error.errno in _NOT_WRITABLE)
        or (isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF in _SQLITE_NOT_WRITABLE)
    ):
        return SettingsError(f"no lock can be written in the folder {folder}: check DATABASE_URL and its permissions.")
    return SettingsError(
        f"no file can be locked in the folder {folder}, as on many network drives: check DATABASE_URL, and name a file "
        "on a disk of this machine."
    )
