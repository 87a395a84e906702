"""What tests of the services rely on: SQLite's statements in their own thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.store.database import Database
from tests.support.databases import fresh_database, statements_in_one_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.sqlite

WRITE = text("INSERT INTO command_digests VALUES ('words', :digest)")


@pytest.fixture
async def databases(tmp_path: Path) -> AsyncIterator[tuple[Database, Database]]:
    url = await fresh_database(tmp_path)
    with statements_in_one_thread():
        async with Database.open(url, migrate=False) as first, Database.open(url, migrate=False) as second:
            yield first, second


async def test_statements_run_in_the_tests_thread_and_others_get_their_turn_after_each(
    databases: tuple[Database, Database],
) -> None:
    first, _ = databases
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with first.read() as connection:
        await connection.execute(text("SELECT 1"))
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        driver._connection.create_function("thread", 0, threading.get_ident)
        others = asyncio.create_task(take_turns())
        for _ in range(3):
            [[ident]] = await connection.execute(text("SELECT thread()"))
            assert ident == threading.get_ident()
        others.cancel()
    assert turns >= 3


async def test_who_waits_for_another_writer_keeps_it_from_nothing(databases: tuple[Database, Database]) -> None:
    first, second = databases

    async def write_too() -> None:
        async with second.write() as connection:
            await connection.execute(text("UPDATE command_digests SET digest = digest || ' and mine'"))

    async with first.write() as connection:
        await connection.execute(WRITE, {"digest": "yours"})
        waiting = asyncio.create_task(write_too())
        await asyncio.wait([waiting], timeout=0.01)
        await connection.execute(text("UPDATE command_digests SET digest = digest || ' again'"))
    await waiting

    async with first.read() as connection:
        assert (await connection.execute(text("SELECT digest FROM command_digests"))).scalars().all() == [
            "yours again and mine"
        ]
