"""PostgreSQL when something is wrong with it: the answer comes in time, and all goes on when it is well again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from sqlalchemy import insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from bot.errors import SettingsError, StoreRefusedError, StoreUnavailableError
from bot.store.database import BUSY_TIMEOUT_SECONDS, Database
from bot.store.engines import postgresql
from bot.store.engines.name_lock import NameLock
from bot.store.tables import command_digests
from tests.support.another_program import AnotherProgram
from tests.support.cut_line import CutLine
from tests.support.databases import DATABASE_URL, HASTY_SECONDS, connect, empty_database, fresh_database
from tests.support.postgresql_server import PostgreSqlServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.postgresql


@pytest_asyncio.fixture
async def url(tmp_path: Path) -> str:
    return await fresh_database(tmp_path)


def hasty(url: str):  # noqa: ANN201 (an asynchronous context of a Database)
    return Database.open(url, migrate=False, busy_timeout_seconds=HASTY_SECONDS)


async def count(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(text("SELECT count(*) FROM command_digests"))).scalar_one()


async def write(database: Database, key: str = "a", *, meanwhile: Callable[[], None] = lambda: None) -> None:
    async with database.write() as connection:
        await connection.execute(insert(command_digests).values(key=key, digest=""))
        meanwhile()
        await connection.execute(text("SELECT 1"))


async def stay_without_an_answer(database: Database) -> None:
    for ask in (count, write):
        with pytest.raises(StoreUnavailableError):
            await ask(database)


async def change(url: str, what: str) -> None:
    """Change a setting of the database, for connections that are made from now on."""
    connection = await connect(DATABASE_URL)
    await connection.execute(f"ALTER DATABASE {make_url(url).database} {what}")
    await connection.close()


@asynccontextmanager
async def in_time(seconds: float = BUSY_TIMEOUT_SECONDS) -> AsyncGenerator[None]:
    async with asyncio.timeout(seconds):
        yield


async def open_and_close(url: str) -> None:
    async with Database.open(url, busy_timeout_seconds=HASTY_SECONDS):
        pass


# Faults ------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_restart_is_heard_of_at_once_loses_what_was_not_committed_and_is_over_at_once() -> None:
    with PostgreSqlServer() as server:
        admin = await connect(server.url)
        await admin.execute("CREATE DATABASE bot")
        await admin.close()
        url = make_url(server.url).set(database="bot").render_as_string()
        async with Database.open(url) as database:
            await write(database)
            with pytest.raises(StoreUnavailableError):
                await write(database, "b", meanwhile=server.stop)
            async with in_time():
                await stay_without_an_answer(database)

            server.start()
            assert await count(database) == 1
            await write(database, "b")


@pytest.mark.slow
async def test_a_line_that_is_cut_is_found_out_in_time_and_all_goes_on_when_it_is_mended(url: str) -> None:
    port = make_url(url).port
    assert port is not None
    async with CutLine(port) as line, Database.open(at_port(url, line.port), migrate=False) as database:
        await write(database)
        with pytest.raises(StoreUnavailableError):
            async with in_time():
                await write(database, "b", meanwhile=line.cut)
        line.mend()
        assert await count(database) == 1

        line.cut()  # while nobody asks: the connection that is kept seems well
        with pytest.raises(StoreUnavailableError):
            async with in_time():
                await count(database)
        line.mend()
        await write(database, "b")


def at_port(url: str, port: int) -> str:
    return make_url(url).set(port=port).render_as_string(hide_password=False)


async def test_a_server_that_only_lets_read_is_unavailable_for_writing_until_it_lets_write(url: str) -> None:
    await change(url, "SET default_transaction_read_only = on")
    async with Database.open(url, migrate=False) as database:
        with pytest.raises(StoreUnavailableError):
            await write(database)
        with pytest.raises(StoreUnavailableError, match="takes no writes just now"):
            await database.check_writable()
        assert await count(database) == 0

        await change(url, "SET default_transaction_read_only = off")
        with pytest.raises(StoreUnavailableError):  # by the connection that was kept, and now is not
            await write(database)
        await write(database)


async def test_out_of_connections_is_unavailable_until_there_are_some(url: str) -> None:
    with AnotherProgram(url) as other:
        await change(url, "CONNECTION LIMIT 1")
        async with Database.open(url, migrate=False) as database:
            await stay_without_an_answer(database)

            other.rows(f"ALTER DATABASE {make_url(url).database} CONNECTION LIMIT -1")
            await write(database)
            assert await count(database) == 1


async def test_a_table_that_is_locked_keeps_nobody_waiting_for_long(url: str) -> None:
    with AnotherProgram(url) as other:
        async with hasty(url) as database:
            other.rows("BEGIN")
            other.rows("LOCK TABLE command_digests")
            await stay_without_an_answer(database)

            other.rows("ROLLBACK")
            await write(database)


async def test_a_writer_that_stands_still_loses_its_turn(url: str) -> None:
    async with hasty(url) as stuck, hasty(url) as database:
        with pytest.raises(StoreUnavailableError):
            await stand_still(stuck, until=lambda: has_written(database))
        assert await count(database) == 1


async def stand_still(database: Database, *, until: Callable[[], Awaitable[bool]]) -> None:
    """Write, but do not end it until something holds."""
    async with database.write() as connection:
        await connection.execute(insert(command_digests).values(key="a", digest=""))
        async with asyncio.timeout(10):
            while not await until():
                pass


async def has_written(database: Database) -> bool:
    try:
        await write(database, "b")
    except StoreUnavailableError:
        return False
    return True


# How long things may take ------------------------------------------------------------------------


@pytest.mark.parametrize("migrates", [False, True])
async def test_only_a_migration_may_have_a_statement_that_takes_long(url: str, migrates: bool) -> None:
    engine = postgresql.create_engine(url, HASTY_SECONDS, migrates=migrates)
    try:
        async with engine.connect() as connection:
            sleep = connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": HASTY_SECONDS * 0.6})
            if migrates:
                await sleep
            else:
                with pytest.raises(DBAPIError, match="statement timeout"):
                    await sleep
    finally:
        await engine.dispose()


# Values ------------------------------------------------------------------------------------------


async def test_a_sum_of_large_numbers_is_a_whole_number_and_a_time_becomes_a_day_in_utc(url: str) -> None:
    async with Database.open(url, migrate=False) as database, database.read() as connection:
        found = await connection.execute(
            text("SELECT sum(n), date(timestamptz '2026-03-03 23:59:59+00') FROM (VALUES (1::bigint), (2)) AS v(n)")
        )
        assert str(list(found)) == "[(3, datetime.date(2026, 3, 3))]"


@pytest.mark.parametrize("digest", ["NUL \0", "d" * 65])
async def test_a_value_that_does_not_fit_is_refused_and_the_next_is_taken(url: str, digest: str) -> None:
    async with hasty(url) as database:
        with pytest.raises(StoreRefusedError):
            async with database.write() as connection:
                await connection.execute(insert(command_digests).values(key="a", digest=digest))
        await write(database)


# Addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("u@host/d?sslmode=require", r"does not know \(sslmode\)"),
        ("u@host/d?timeout=9", "does not know"),
        ("u@ho..st/d", "no host and port"),
        ("u@host:99999/d", "no host and port"),
        ("u@host/d?port=x", "no host and port"),
    ],
)
@pytest.mark.parametrize("use", [open_and_close, NameLock.take])
async def test_an_address_that_its_driver_can_not_go_to_is_a_wrong_setting(
    address: str, words: str, use: Callable[[str], Awaitable[object]]
) -> None:
    with pytest.raises(SettingsError, match=words):
        await use(f"postgresql+asyncpg://{address}")


async def test_a_user_who_may_not_make_tables_is_told_so(tmp_path: Path) -> None:
    url = await empty_database(tmp_path)
    connection = await connect(url)
    await connection.execute("DROP SCHEMA public")
    await connection.close()
    await change(url, "SET search_path = pg_catalog")
    with pytest.raises(SettingsError, match="may not make tables"):
        await open_and_close(url)


async def test_a_database_or_user_that_is_not_there_is_told_from_a_server_that_is_not_there(url: str) -> None:
    elsewhere = make_url(url).set(database="nowhere"), make_url(url).set(username="nobody")
    for address in (it.render_as_string(hide_password=False) for it in elsewhere):
        for use in (open_and_close, NameLock.take, measure_clock):
            with pytest.raises(StoreUnavailableError, match="check DATABASE_URL"):
                await use(address)


async def measure_clock(url: str) -> None:
    async with Database.open(url, migrate=False) as database:
        await database.measure_clock(lambda: datetime.now(UTC))


async def test_tables_of_another_version_are_told_from_a_server_that_is_not_there(tmp_path: Path) -> None:
    url = await empty_database(tmp_path)
    connection = await connect(url)
    await connection.execute("CREATE TABLE jobs ()")
    await connection.close()
    with pytest.raises(SettingsError, match="a backup is put into an empty one"):
        await open_and_close(url)


async def test_an_option_with_a_value_that_means_nothing_is_unavailable(url: str) -> None:
    for use in (open_and_close, NameLock.take):
        with pytest.raises(StoreUnavailableError, match="the database"):
            await use(f"{url}?ssl=perhaps")
