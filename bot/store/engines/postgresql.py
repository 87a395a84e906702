"""PostgreSQL's connections: how long they wait, what a reader sees, and where writers queue."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from sqlalchemy import AdaptedConnection, ExceptionContext
    from sqlalchemy.ext.asyncio import AsyncConnection


WRITE_LOCK = 7_355_608
"""Key of the advisory lock that makes PostgreSQL's writers queue as SQLite's do; any fixed number serves."""

TURN_SHARE, _LOCK_SHARE, _STATEMENT_SHARE, _NETWORK_SHARE, _GOODBYE_SHARE = 0.3, 0.3, 0.4, 0.5, 0.1
"""Of the time in which there has to be an answer: for the writers of this process; for a lock and for a statement,
which the server itself gives up, so that the connection is kept; for any answer over the network; for a good-bye."""
CLOCK_READINGS = 3
"""The one that took least is off by half of that at most."""
_OPTIONS = frozenset({
    *("host", "port", "user", "password", "database", "passfile", "service", "servicefile", "krbsrvname", "gsslib"),
    *("ssl", "target_session_attrs", "prepared_statement_cache_size"),
})  # fmt: skip
"""What an address may say behind its question mark: what the driver takes as text."""
_READ_ONLY, _LOCK_NOT_AVAILABLE = "25006", "55P03"


def create_engine(url: str, answer_seconds: float, *, migrates: bool) -> AsyncEngine:
    """Make an engine whose connections wait for nothing longer than given, be it a lock, a statement or the network.

    Args:
        url: begins with ``postgresql+asyncpg://``.
        answer_seconds: how long anybody waits to hear that the database can't be asked.
        migrates: statements may take as long as they like, and the lock is waited for all that time.

    Raises:
        SettingsError: as ``require_driver``.
    """
    require_driver(url)
    network_seconds = answer_seconds * _NETWORK_SHARE
    settings = {
        "application_name": "reelay",
        "timezone": "UTC",  # by which a time becomes a day
        "lock_timeout": _milliseconds(answer_seconds * (1 if migrates else _LOCK_SHARE)),
    }
    if not migrates:
        settings["statement_timeout"] = _milliseconds(answer_seconds * _STATEMENT_SHARE)
        settings["idle_in_transaction_session_timeout"] = settings["statement_timeout"]
    engine = create_async_engine(
        url,
        connect_args={
            "server_settings": settings,
            "timeout": network_seconds,
            "command_timeout": None if migrates else network_seconds,
            "connection_class": _connection_class(answer_seconds * _GOODBYE_SHARE),
        },
        pool_timeout=network_seconds,
        pool_pre_ping=True,
    )
    event.listen(engine.sync_engine, "connect", _read_whole_sums)
    event.listen(engine.sync_engine, "handle_error", _let_go)
    return engine


def require_driver(url: str) -> None:
    """Check that there is a driver, and that the address is one that it can go to, with options that it knows.

    Raises:
        SettingsError: when it is not so; the message is a sentence.
    """
    if importlib.util.find_spec("asyncpg") is None:
        raise SettingsError("DATABASE_URL names PostgreSQL: `uv sync --extra postgresql` for its driver.")
    address = make_url(url)
    try:
        address.get_dialect()().create_connect_args(address)
        (address.host or "").encode("idna")
        is_address = (address.port or 1) in range(1, 65_536)
    except (ArgumentError, UnicodeError):
        is_address = False
    if not is_address:
        raise SettingsError("DATABASE_URL is wrong: no host and port can be called what it names.")
    if unknown := ", ".join(sorted(address.query.keys() - _OPTIONS)):
        raise SettingsError(
            f"DATABASE_URL has options that its driver does not know ({unknown}): where other programs have sslmode, "
            "it has ssl."
        )


def _milliseconds(seconds: float) -> str:
    return str(max(int(1000 * seconds), 1))


def for_reading(engine: AsyncEngine) -> AsyncEngine:
    """Return the same engine, whose transactions see what was committed before their first statement, and only that."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


async def wait_for_turn(connection: AsyncConnection) -> None:
    """Wait until no other writer is at work; what they have committed is seen by the statements that follow."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITE_LOCK})


async def measure_clock(connection: AsyncConnection, now: Callable[[], datetime]) -> float:
    """Return how many seconds the server's clock is ahead of another one, by the quickest of some answers.

    Args:
        now: tells the other one's time.
    """
    measured: list[tuple[timedelta, timedelta]] = []
    for _ in range(CLOCK_READINGS):
        asked_at = now()
        server_at: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        took = now() - asked_at
        measured.append((took, server_at - asked_at - took / 2))
    return min(measured)[1].total_seconds()


def refuses_value(error: BaseException) -> bool:
    """Tell whether it is a value that PostgreSQL takes by no means: a NUL, or one that is too long or too large."""
    return (_sqlstate(error) or "").startswith("22") or isinstance(error.__cause__, ValueError)  # the driver's own no


def is_locked(error: BaseException) -> bool:
    """Tell whether somebody else held a lock for too long."""
    return isinstance(error.__cause__, DBAPIError) and _sqlstate(error.__cause__.orig) == _LOCK_NOT_AVAILABLE


def state_of(error: BaseException) -> str | None:
    """Find PostgreSQL's own code for what is wrong, under however many errors it lies."""
    below: BaseException | None = error
    while below is not None:
        if (state := _sqlstate(below)) is not None:
            return state
        below = getattr(below, "orig", None) or below.__cause__
    return None


def _connection_class(goodbye_seconds: float) -> type[Any]:
    from asyncpg import Connection  # pyright: ignore[reportMissingTypeStubs] (and not everybody has it)

    class QuicklyClosed(Connection):
        """A connection that leaves, answered or not."""

        async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (as the driver has it)
            quickly = goodbye_seconds if timeout is None else min(timeout, goodbye_seconds)
            await super().close(timeout=quickly)  # pyright: ignore[reportUnknownMemberType]

    return QuicklyClosed


def _read_whole_sums(connection: AdaptedConnection, _: object) -> None:
    """Read a sum of large integers as one: PostgreSQL says it as a decimal number, of which no table has any."""
    connection.run_async(
        lambda driver: driver.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=int, format="text")
    )


def _let_go(context: ExceptionContext) -> None:
    """Keep no connection that does not answer, or to a server that takes no writes: there may be another by now."""
    error = context.original_exception
    if isinstance(error, TimeoutError) or _sqlstate(error) == _READ_ONLY:
        context.is_disconnect = True


def _sqlstate(error: BaseException | None) -> str | None:
    return getattr(error, "sqlstate", None)
