"""Writes that share a transaction: each has its own outcome, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from sqlalchemy import delete, func, insert, select, text

from bot.errors import StoreRefusedError, StoreUnavailableError
from bot.services.current_jobs import CurrentJobs
from bot.services.shared_transactions import AT_ONCE, SharedTransactions
from bot.store import jobs
from bot.store.database import Database
from bot.store.tables import command_digests
from tests.support.databases import fresh_database
from tests.support.faults import FlakyDatabase
from tests.support.jobs import make_job

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from pathlib import Path

    from bot.models import Job
    from bot.store import Connection


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncGenerator[FlakyDatabase]:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as opened:
        yield FlakyDatabase(opened)


def put(key: str, *, then: Exception | None = None) -> Callable[[Connection], Awaitable[str]]:
    async def work(connection: Connection) -> str:
        await connection.execute(insert(command_digests).values(key=key, digest=""))
        if then is not None:
            raise then
        return key

    return work


async def stored(database: FlakyDatabase) -> set[str]:
    async with database.read() as connection:
        return set((await connection.execute(select(command_digests.c.key))).scalars())


async def run_all(
    writes: SharedTransactions, *works: Callable[[Connection], Awaitable[str]]
) -> list[str | BaseException]:
    return await asyncio.gather(*map(writes.run, works), return_exceptions=True)


async def test_what_comes_at_the_same_moment_is_one_transaction(database: FlakyDatabase) -> None:
    assert await run_all(SharedTransactions(database), *map(put, "abc")) == ["a", "b", "c"]

    assert await stored(database) == {"a", "b", "c"}
    assert database.writes == 1


async def test_what_comes_within_the_moment_that_the_first_one_waits_is_written_with_it(
    database: FlakyDatabase,
) -> None:
    writes = SharedTransactions(database)
    first = asyncio.create_task(writes.run(put("a"), gather_seconds=0.01))
    for _ in range(3):  # it has begun to wait
        await asyncio.sleep(0)

    assert await writes.run(put("b")) == "b"
    assert await first == "a"

    assert database.writes == 1


async def test_a_crowd_is_written_in_portions(database: FlakyDatabase) -> None:
    keys = [str(number) for number in range(2 * AT_ONCE + 1)]

    assert await run_all(SharedTransactions(database), *map(put, keys)) == keys

    assert database.writes == 3


async def test_of_one_that_raises_nothing_is_written_and_the_others_are(database: FlakyDatabase) -> None:
    refused = ValueError("not so")

    results = await run_all(SharedTransactions(database), put("a"), put("b", then=refused), put("c"))

    assert results == ["a", refused, "c"]
    assert await stored(database) == {"a", "c"}


async def test_what_the_database_does_not_take_of_one_is_that_ones_alone(database: FlakyDatabase) -> None:
    refused = StoreUnavailableError("a value that it can't store")

    results = await run_all(SharedTransactions(database), put("a"), put("b", then=refused), put("c"))

    assert results == ["a", refused, "c"]
    assert await stored(database) == {"a", "c"}


async def test_a_value_that_the_database_refuses_is_that_ones_alone(database: FlakyDatabase) -> None:
    first, refused, last = await run_all(SharedTransactions(database), put("a"), put("\ud800"), put("c"))

    assert (first, type(refused), last) == ("a", StoreRefusedError, "c")
    assert await stored(database) == {"a", "c"}


@pytest.mark.postgresql
async def test_a_connection_that_is_lost_before_the_commit_fails_all_and_the_next_has_another(
    database: FlakyDatabase,
) -> None:
    async def lose_it(connection: Connection) -> None:
        session = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with database.read() as other:
            await other.execute(text("SELECT pg_terminate_backend(:session, 5000)"), {"session": session})

    writes = SharedTransactions(database)
    results = await run_all(writes, put("a"), put("b"), lose_it)

    assert [type(result) for result in results] == [StoreUnavailableError] * 3
    assert await run_all(writes, put("c")) == ["c"]
    assert await stored(database) == {"c"}


async def test_a_database_that_is_down_is_asked_twice_and_not_once_for_each(database: FlakyDatabase) -> None:
    down = StoreUnavailableError("locked")

    results = await run_all(SharedTransactions(database), *(put(key, then=down) for key in "abcdef"))

    assert results == [down] * 6
    assert database.writes == 2


async def test_where_a_commit_fails_all_hear_of_it_and_nothing_is_written(database: FlakyDatabase) -> None:
    database.troubles.append("commit")

    results = await run_all(SharedTransactions(database), put("a"), put("b"))

    assert [type(result) for result in results] == [StoreUnavailableError] * 2
    assert await stored(database) == set()


async def test_who_is_cancelled_while_writing_leaves_the_others_to_the_next(database: FlakyDatabase) -> None:
    writes, stops = SharedTransactions(database), asyncio.Event()

    async def stop(connection: Connection) -> str:
        await put("a")(connection)
        stops.set()
        return await asyncio.Future()

    first = asyncio.create_task(writes.run(stop))
    second = asyncio.create_task(writes.run(put("b")))
    await stops.wait()
    first.cancel()

    assert await second == "b"
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await stored(database) == {"b"}


async def test_who_is_cancelled_while_waiting_is_not_written(database: FlakyDatabase) -> None:
    writes = SharedTransactions(database)
    first = asyncio.create_task(writes.run(put("a"), gather_seconds=0.01))
    second = asyncio.create_task(writes.run(put("b")))
    for _ in range(3):
        await asyncio.sleep(0)
    second.cancel()

    assert await first == "a"
    assert await stored(database) == {"a"}


async def test_what_is_concluded_is_so_once_for_all_and_what_raises_then_undoes_all(database: FlakyDatabase) -> None:
    seen: list[list[str]] = []

    async def conclude(connection: Connection, results: Sequence[str]) -> list[str]:
        assert await connection.scalar(select(func.count()).select_from(command_digests)) == 2
        seen.append(list(results))
        if "bad" in results:
            raise ValueError(results)
        return [result.upper() for result in results]

    assert await run_all(SharedTransactions(database, conclude=conclude), *map(put, "ab")) == ["A", "B"]
    assert seen == [["a", "b"]]
    async with database.write() as connection:
        await connection.execute(delete(command_digests))
    refused = await run_all(SharedTransactions(database, conclude=conclude), *map(put, ("c", "bad")))
    assert [type(each) for each in refused] == [ValueError, ValueError]
    assert await stored(database) == set()


async def test_jobs_that_are_asked_for_together_are_read_together_in_the_order_of_asking(
    database: FlakyDatabase,
) -> None:
    known = make_job(id="known", due_at=None)
    async with database.write() as connection:
        await jobs.insert(connection, known)
    current, reads = CurrentJobs(database), database.reads
    answered: list[str] = []

    async def ask(job_id: str) -> Job | None:
        job = await current.get(job_id)
        answered.append(job_id)
        return job

    found = await asyncio.gather(*map(ask, ("unknown", "known", "known")))
    assert [None if job is None else job.id for job in found] == [None, "known", "known"]
    assert answered == ["unknown", "known", "known"]
    assert database.reads == reads + 1
