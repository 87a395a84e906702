"""PostgreSQL's connections: how long they wait, what a reader sees, and where writers queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from sqlalchemy import ExceptionContext
    from sqlalchemy.ext.asyncio import AsyncConnection

WRITE_LOCK = 7_355_608
"""Key of the advisory lock that makes PostgreSQL's writers queue as SQLite's do; any fixed number serves."""

PATIENT_SHARE = 0.6
"""Of the time in which there has to be an answer; the rest is left for a connection that does not even take a good-bye,
which SQLAlchemy gives 2 s."""
_SERVER_SHARE = 0.5
"""After that the server gives up by itself, sooner than the bot does: its connection stays usable."""
_READ_ONLY = "25006"
CLOCK_READINGS = 3
"""The one that took least is off by half of that at most."""


def create_engine(url: str, answer_seconds: float, *, migrates: bool) -> AsyncEngine:
    """Make an engine whose connections wait for nothing longer than given, be it a lock, a statement or the network.

    Args:
        url: begins with ``postgresql+asyncpg://``.
        answer_seconds: how long anybody waits to hear that the database can't be asked.
        migrates: statements may take as long as they like.
    """
    patient_seconds = answer_seconds * PATIENT_SHARE
    milliseconds = str(max(int(1000 * answer_seconds * _SERVER_SHARE), 1))
    settings = {"application_name": "reelay", "lock_timeout": milliseconds}
    if not migrates:
        settings |= {"statement_timeout": milliseconds, "idle_in_transaction_session_timeout": milliseconds}
    engine = create_async_engine(
        url,
        connect_args={
            "server_settings": settings,
            "timeout": patient_seconds,
            "command_timeout": None if migrates else patient_seconds,
        },
        pool_timeout=patient_seconds,
        pool_pre_ping=True,
    )
    event.listen(engine.sync_engine, "handle_error", _let_go)
    return engine


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


def _let_go(context: ExceptionContext) -> None:
    """Keep no connection that does not answer, or to a server that takes no writes: there may be another by now."""
    error = context.original_exception
    if isinstance(error, TimeoutError) or _sqlstate(error) == _READ_ONLY:
        context.is_disconnect = True


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error, "sqlstate", None)
