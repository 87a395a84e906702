"""Names on PostgreSQL: a session's lock each, whatever the machines of the processes call themselves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreUnavailableError
from bot.instance import hold_instance_name
from bot.services.instance_name import InstanceName
from bot.store.engines.name_lock import RESTORING, RUNNING, NameLock, hold_all_names
from tests.support.databases import connect, empty_database

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

pytestmark = pytest.mark.postgresql


@asynccontextmanager
async def process(url: str, nonce: str, *, keeps: bool = False) -> AsyncGenerator[InstanceName]:
    """Be a process that holds a name; one that doesn't keep it hears of no loss."""
    async with hold_instance_name(url, nonce=nonce, check_seconds=0.01, again_seconds=0.01) as held:
        keeping = asyncio.create_task(held.keep()) if keeps else None
        yield held.instance
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await empty_database(tmp_path)


async def end_session(url: str, number: int) -> None:
    """End the session that holds a number's lock, as a restart of the server does."""
    connection = await connect(url)
    try:
        ended = await connection.fetchval(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE datname = current_database() AND locktype = 'advisory' AND objid = $1",
            number,
        )
    finally:
        await connection.close()
    assert ended


@pytest.fixture
def named_again(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once a process has lost its name and has one again."""
    event, take = asyncio.Event(), InstanceName.take

    def take_and_tell(instance: InstanceName, name: str) -> None:
        assert not instance.is_held
        take(instance, name)
        event.set()

    monkeypatch.setattr(InstanceName, "take", take_and_tell)
    return event


async def test_processes_beside_one_another_have_names_of_their_own_and_a_freed_one_is_taken_again(url: str) -> None:
    async with process(url, "a") as first, process(url, "b") as second:
        assert (first.name, second.name) == ("postgresql/1", "postgresql/2")
    async with process(url, "c") as again:
        assert again.name == first.name
        assert again.owner != first.owner


async def test_databases_of_one_server_do_not_share_names(url: str, tmp_path: Path) -> None:
    elsewhere = await empty_database(tmp_path)
    async with process(url, "a") as one, process(elsewhere, "b") as other:
        assert one.name == other.name == "postgresql/1"


async def test_a_name_whose_session_ended_is_anybodys_and_its_lease_is_not(url: str) -> None:
    async with process(url, "a") as unaware:
        await end_session(url, 1)
        async with process(url, "b") as other:
            assert other.name == unaware.name
            assert other.owner != unaware.owner


async def test_a_process_whose_session_ended_has_its_name_again_where_nobody_took_it(
    url: str, named_again: asyncio.Event
) -> None:
    async with process(url, "a"), process(url, "b", keeps=True) as second:
        owner = second.owner
        await end_session(url, 2)
        await named_again.wait()
        assert (second.name, second.owner) == ("postgresql/2", owner)


async def test_a_process_whose_name_was_taken_meanwhile_gets_another(url: str, named_again: asyncio.Event) -> None:
    async with hold_instance_name(url, nonce="a", check_seconds=0.0) as loser:
        owner = loser.instance.owner
        await end_session(url, 1)
        async with process(url, "b") as taker:
            keeping = asyncio.create_task(loser.keep())
            await named_again.wait()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            assert (taker.name, loser.instance.name) == ("postgresql/1", "postgresql/2")
            assert loser.instance.owner != owner


async def test_a_session_that_ended_holds_nothing(url: str) -> None:
    lock = await NameLock.take(url)
    await lock.check()
    await end_session(url, 1)
    with pytest.raises(StoreUnavailableError):
        await lock.check()
    await lock.close()


async def test_a_session_that_answers_and_has_no_lock_is_not_believed(url: str) -> None:
    """As where something between the bot and the server hands out sessions anew."""
    lock = await NameLock.take(url)
    await lock._connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
    with pytest.raises(StoreUnavailableError, match="session is another"):
        await lock.check()
    await lock.close()


async def test_nobody_restores_beside_a_process_that_has_a_name(url: str) -> None:
    async with process(url, "a"):
        with pytest.raises(StoreUnavailableError, match=RUNNING):
            await hold_all_names(url).__aenter__()


async def test_a_restore_is_alone_and_who_lost_a_name_has_it_again_when_it_is_done(
    url: str, named_again: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, lose = asyncio.Event(), InstanceName.lose
    monkeypatch.setattr(InstanceName, "lose", lambda instance: (lose(instance), lost.set()))
    async with hold_instance_name(url, nonce="a", check_seconds=0.0, again_seconds=0.01) as loser:
        await end_session(url, 1)
        async with hold_all_names(url):
            for one, sentence in ((hold_all_names(url), RUNNING), (process(url, "b"), RESTORING)):
                with pytest.raises(StoreUnavailableError, match=sentence):
                    await one.__aenter__()
            keeping = asyncio.create_task(loser.keep())
            await lost.wait()
        await named_again.wait()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        assert loser.instance.name == "postgresql/1"


async def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(StoreUnavailableError, match="does not answer just now"):
        await NameLock.take("postgresql+asyncpg://nobody@127.0.0.1:9/nowhere")
