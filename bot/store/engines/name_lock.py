"""PostgreSQL's locks for the names of processes: one session for each, which frees its name however it ends."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import StoreUnavailableError
from bot.store.engines import postgresql
from bot.store.files import unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy import TextClause
    from sqlalchemy.ext.asyncio import AsyncConnection

ANSWER_SECONDS = 5.0
"""How long a session may take to answer; one that is silent for longer is lost."""

_LOCK_CLASS = 7_355_609
"""Keeps these locks apart from others of the database's; any fixed number serves."""
_ALL_NAMES = 7_355_610
"""Key of the lock that whoever has a name shares, and a restore has alone."""
RESTORING = "a restore of the database goes on: start again when it is done."
RUNNING = "the bot runs on this database: stop it first."
_KEEP = text(
    """
    SELECT set_config(name, kept.setting, false)
    FROM pg_settings JOIN (VALUES
        ('idle_session_timeout', '0'),
        ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3')
    ) AS kept (of_name, setting) ON name = kept.of_name
    """
)
"""The server ends no session for being idle, and soon one whose machine is gone."""
_SHARE_ALL = text("SELECT pg_try_advisory_lock_shared(:key)")
_TAKE_ALL = text("SELECT pg_try_advisory_lock(:key)")
_TRY = text("SELECT pg_try_advisory_lock(:class, :number)")
_IS_HELD = text(
    """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid, objid, objsubid) = (:class, :number, 2)
    """
)


class NameLock:
    """The lock of one number among all processes on a database, held by a session of its own.

    Attributes:
        number: from 1 on.
    """

    def __init__(self, connection: AsyncConnection, number: int) -> None:
        self._connection = connection
        self.number = number

    @classmethod
    async def take(cls, url: str, *, wanted: int = 1) -> NameLock:
        """Take a number that nobody holds: the one that is wanted, or the first.

        Raises:
            StoreUnavailableError: when the database does not answer, or is being restored.
        """
        connection = await _connect(url)
        try:
            async with _in_time():
                await _lock_all(connection, _SHARE_ALL, otherwise=RESTORING)
                number = await _lock_first(connection, wanted)
        except BaseException:  # also when cancelled: nobody else would close it
            await _close(connection)
            raise
        return cls(connection, number)

    async def check(self) -> None:
        """Make sure that the lock is still held, by the very session that answers.

        Raises:
            StoreUnavailableError: when it is not, or nobody can say.
        """
        async with _in_time():
            is_held = await self._connection.scalar(_IS_HELD, {"class": _LOCK_CLASS, "number": self.number})
        if not is_held:
            raise StoreUnavailableError("the session is another, and does not hold the name")

    async def close(self) -> None:
        """Free the number."""
        await _close(self._connection)


@contextlib.asynccontextmanager
async def hold_all_names(url: str) -> AsyncGenerator[None]:
    """Hold all names, when nobody has one: meanwhile no process on the database gets any.

    Raises:
        SettingsError: when the address is none for the driver, or there is no driver.
        StoreUnavailableError: when somebody has one, or the database does not answer.
    """
    connection = await _connect(url)
    try:
        async with _in_time():
            await _lock_all(connection, _TAKE_ALL, otherwise=RUNNING)
        yield
    finally:
        await _close(connection)


async def _connect(url: str) -> AsyncConnection:
    postgresql.require_driver(url)
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with _in_time():
        return await engine.connect()


async def _lock_all(connection: AsyncConnection, how: TextClause, *, otherwise: str) -> None:
    await connection.execute(_KEEP)
    if not await connection.scalar(how, {"key": _ALL_NAMES}):
        raise StoreUnavailableError(otherwise)


async def _lock_first(connection: AsyncConnection, wanted: int) -> int:
    if await _try(connection, wanted):
        return wanted
    number = 1
    while not await _try(connection, number):
        number += 1
    return number


async def _try(connection: AsyncConnection, number: int) -> bool:
    return bool(await connection.scalar(_TRY, {"class": _LOCK_CLASS, "number": number}))


@contextlib.asynccontextmanager
async def _in_time() -> AsyncGenerator[None]:
    """Bound what a session does, and turn "it did not answer" into the project's word for it."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except (DBAPIError, OSError) as error:  # a time-out is one of these
        raise unavailable(error) from error


async def _close(connection: AsyncConnection) -> None:
    """End a session, which may be gone or answer nothing any more."""
    with contextlib.suppress(StoreUnavailableError):
        async with _in_time():
            await connection.close()
