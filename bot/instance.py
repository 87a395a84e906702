"""What a running process calls itself: the same name after a restart, never the name of another that runs."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from contextlib import asynccontextmanager, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, ReadWriteLock, Timeout
from sqlalchemy.engine import make_url

from bot.errors import SettingsError, StoreUnavailableError
from bot.services.instance_name import InstanceName
from bot.store.engines.name_lock import RESTORING, RUNNING, NameLock, hold_all_names

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

_log = logging.getLogger(__name__)

CHECK_SECONDS = 3.0
"""How often PostgreSQL is asked whether the name is still ours."""
AGAIN_SECONDS = 1.0
"""Between two tries to get a name back."""
_NOT_WRITABLE = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.ENOTDIR})

_SQLITE_NOT_WRITABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL})
_LONGEST_START_SECONDS = 1.0
"""So long a lock is waited for that somebody else may just be making."""


@asynccontextmanager
async def hold_instance_name(
    database_url: str, *, nonce: str, check_seconds: float = CHECK_SECONDS, again_seconds: float = AGAIN_SECONDS
) -> AsyncGenerator[HeldName]:
    """Hold the first free name among the processes on one database, for as long as the process lives.

    The name is a lock's, which is freed however the process ends: a file's beside SQLite's, a session's at PostgreSQL.
    So a restarted process finds its own name again and with it its leases, while a second one beside it gets another,
    whatever machines and containers call themselves.

    Args:
        nonce: what no other process has.
        check_seconds: how often PostgreSQL is asked whether the session goes on.
        again_seconds: between two tries to get a name back.

    Raises:
        SettingsError: when no such lock can be had beside the database.
        StoreUnavailableError: when PostgreSQL does not answer.
    """
    path = _file_of(database_url)
    if path is not None:
        with _lock_file(path) as number:
            yield HeldName(InstanceName(f"local/{number}", nonce=nonce))
        return
    lock = await NameLock.take(database_url)
    held = _NameOfSession(lock, database_url, nonce, check_seconds, again_seconds)
    try:
        yield held
    finally:
        await held.close()


class HeldName:
    """A name that the operating system frees with the process, and not before.

    Attributes:
        instance: what the process goes by.
    """

    def __init__(self, instance: InstanceName) -> None:
        self.instance = instance

    async def keep(self) -> None:
        """See to it that the process knows when it has no name, and gets one again; to be run beside its work."""


class _NameOfSession(HeldName):
    """A name that is lost with a session at PostgreSQL."""

    def __init__(self, lock: NameLock, url: str, nonce: str, check_seconds: float, again_seconds: float) -> None:
        super().__init__(InstanceName(_name_of(lock), nonce=nonce, ends_with_process=False))
        self._lock = lock
        self._url = url
        self._check_seconds = check_seconds
        self._again_seconds = again_seconds

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                await self._lock.check()
            except StoreUnavailableError as error:
                self.instance.lose()
                _log.warning("name lost, nothing is taken: %s", error, extra={"owner": self.instance.name})
                await self._take_again()
                _log.warning("name held again", extra={"owner": self.instance.name})

    async def close(self) -> None:
        """Free the name."""
        self.instance.lose()
        await self._lock.close()

    async def _take_again(self) -> None:
        await self._lock.close()
        while not self.instance.is_held:
            try:
                self._lock = await NameLock.take(self._url, wanted=self._lock.number)
                self.instance.take(_name_of(self._lock))
            except StoreUnavailableError:
                await asyncio.sleep(self._again_seconds)


def _name_of(lock: NameLock) -> str:
    return f"postgresql/{lock.number}"


@contextmanager
def _lock_file(path: Path) -> Generator[int]:
    """Hold the first lock beside a database's file that is free, for as long as the process lives."""
    for number in count(1):
        lock = FileLock(path.with_name(f"{path.name}.{number}.lock"), fallback_to_soft=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        except (OSError, NotImplementedError) as error:
            raise _explain(error, path.parent) from error
        try:
            yield number
        finally:
            lock.release()
        return


@contextmanager
def use_database(database_url: str) -> Generator[None]:
    """Keep a restore from replacing SQLite's file for as long as it is used; to be held before it is opened.

    On PostgreSQL, where no file is replaced, whoever has a name keeps restores off.

    Raises:
        StoreUnavailableError: when a restore goes on.
        SettingsError: when no lock can be had beside the database.
    """
    path = _file_of(database_url)
    with nullcontext() if path is None else _hold(path, writes=False, otherwise=RESTORING):
        yield


@asynccontextmanager
async def use_database_alone(database_url: str) -> AsyncGenerator[None]:
    """Use the database while no bot runs on it, and keep one from starting.

    Raises:
        StoreUnavailableError: when somebody uses it, or PostgreSQL does not answer.
        SettingsError: when no lock can be had beside the database.
    """
    path = _file_of(database_url)
    if path is None:
        async with hold_all_names(database_url):
            yield
        return
    with _hold(path, writes=True, otherwise=RUNNING):
        yield


@contextmanager
def _hold(path: Path, *, writes: bool, otherwise: str) -> Generator[None]:
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


def _file_of(database_url: str) -> Path | None:
    """Return the absolute path of SQLite's file; None for a database elsewhere."""
    url = make_url(database_url)
    return Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None


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
