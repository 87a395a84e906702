"""What a running process calls itself: the same name after a restart, never the name of another that runs."""

from __future__ import annotations

import asyncio
import errno
import logging
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url

from bot.errors import SettingsError, StoreUnavailableError
from bot.services.instance_name import InstanceName
from bot.store.engines.name_lock import NameLock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

_log = logging.getLogger(__name__)

CHECK_SECONDS = 3.0
"""How often PostgreSQL is asked whether the name is still ours."""
AGAIN_SECONDS = 1.0
"""Between two tries to get a name back."""
_NOT_WRITABLE = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.ENOTDIR})


@asynccontextmanager
async def hold_instance_name(
    database_url: str, *, nonce: str, check_seconds: float = CHECK_SECONDS, again_seconds: float = AGAIN_SECONDS
) -> AsyncGenerator[InstanceName]:
    """Hold the first free name among the processes on one database, for as long as the process lives.

    The name is a lock's, which is freed however the process ends: a file's beside SQLite's, a session's at PostgreSQL.
    So a restarted process finds its own name again and with it its leases, while a second one beside it gets another,
    whatever machines and containers call themselves. Whoever loses the session has no name until there is a new one.

    Args:
        nonce: what no other process has.
        check_seconds: how often PostgreSQL is asked whether the session goes on.
        again_seconds: between two tries to get a name back.

    Raises:
        SettingsError: when no such lock can be had beside the database.
        StoreUnavailableError: when PostgreSQL does not answer.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        with _lock_file(url.database or "") as number:
            yield InstanceName(f"local/{number}", nonce=nonce)
        return
    lock = await NameLock.take(database_url)
    name = InstanceName(_name_of(lock), nonce=nonce, ends_with_process=False)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(_keep(name, lock, database_url, check_seconds, again_seconds))
        try:
            yield name
        finally:
            keeping.cancel()


async def _keep(name: InstanceName, lock: NameLock, url: str, check_seconds: float, again_seconds: float) -> None:
    """See to it that the process has a name, and that it knows when it has none."""
    while True:
        try:
            while True:
                await asyncio.sleep(check_seconds)
                await lock.check()
        except StoreUnavailableError as error:
            name.lose()
            _log.warning("name lost, nothing is taken until there is one: %s", error, extra={"owner": name.name})
        finally:
            await lock.close()
        lock = await _take_again(url, lock.number, again_seconds)
        name.take(_name_of(lock))
        _log.warning("name held again", extra={"owner": name.name})


async def _take_again(url: str, number: int, again_seconds: float) -> NameLock:
    while True:
        try:
            return await NameLock.take(url, wanted=number)
        except StoreUnavailableError:
            await asyncio.sleep(again_seconds)


def _name_of(lock: NameLock) -> str:
    return f"postgresql/{lock.number}"


@contextmanager
def _lock_file(database: str) -> Generator[int]:
    """Hold the first lock beside a database's file that is free, for as long as the process lives."""
    path = Path(database).absolute()
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


def _explain(error: Exception, folder: Path) -> SettingsError:
    if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno in _NOT_WRITABLE):
        return SettingsError(f"no lock can be written in the folder {folder}: check DATABASE_URL and its permissions.")
    return SettingsError(
        f"no file can be locked in the folder {folder}, as on many network drives: check DATABASE_URL, and name a file "
        "on a disk of this machine."
    )
