from __future__ import annotations

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, insert, text

from bot.errors import SettingsError, StoreRefusedError, StoreUnavailableError
from bot.models import (
    OPEN_STATES,
    Account,
    AccountKind,
    ClipQuery,
    Requester,
    Server,
)
from bot.store import jobs, standing
from bot.store.clips import favourites, stills
from bot.store.clips import lists as clip_lists
from bot.store.clips.endings import end_with_prompts, redraw_card
from bot.store.database import Database
from bot.store.engines import sqlite
from bot.store.engines.turns import Turns
from bot.store.moderation import audit, modlog, refusals, servers
from bot.store.quotas import ledger
from bot.store.quotas import rules as quota_rules
from bot.store.quotas.ledger import UsageSpan
from bot.store.tables import drafts, metadata
from tests.support.another_program import AnotherProgram
from tests.support.databases import HASTY_SECONDS, empty_database, fresh_database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


CLIP_QUERIES = [
    ClipQuery(guild_id=1, member_id=2, favourites_only=favourites_only, text=text)
    for favourites_only in (False, True)
    for text in ("", "fox")
]


@pytest_asyncio.fixture
async def url(tmp_path: Path) -> str:
    return await empty_database(tmp_path)


async def write_and_fail(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO command_digests VALUES ('a', 'b')"))
        raise ZeroDivisionError


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_migrations_lead_to_the_tables_the_code_uses(url: str) -> None:
    async with Database.open(url) as database, database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_two_starts_at_once_and_a_third_later_agree_on_the_schema(url: str) -> None:
    async def start() -> None:
        async with Database.open(url) as database:
            await database.check_writable()

    await asyncio.gather(start(), start())
    await start()


@pytest.mark.sqlite
async def test_a_start_waits_for_another_that_is_making_the_file(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(tmp_path / "reelay.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        other.rollback()

    monkeypatch.setattr("bot.store.engines.write_ahead.time.sleep", wait)
    async with Database.open(url) as database:
        await database.check_writable()

    assert len(waits) == 1
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


async def test_a_database_of_a_newer_version_is_named_and_left_alone(url: str) -> None:
    async with Database.open(url) as database, database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SettingsError, match="newer version"):
        async with Database.open(url):
            raise AssertionError("opened")


async def test_a_write_that_fails_leaves_nothing(url: str) -> None:
    async with Database.open(url) as database:
        with pytest.raises(ZeroDivisionError):
            await write_and_fail(database)
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM command_digests"))).scalar_one() == 0


async def test_a_locked_database_is_unavailable_for_writing_and_readable_all_the_while(url: str) -> None:
    async with Database.open(url):
        pass
    async with Database.open(url, busy_timeout_seconds=HASTY_SECONDS) as database:
        with AnotherProgram(url) as other, other.writing():
            with pytest.raises(StoreUnavailableError):
                await database.check_writable()
            async with database.read() as connection:
                assert await jobs.next_due(connection) == {}
        await database.check_writable()


async def test_a_read_sees_one_state_whatever_is_written_meanwhile(url: str) -> None:
    count = text("SELECT count(*) FROM command_digests")
    async with Database.open(url) as database, database.read() as reading:
        assert (await reading.execute(count)).scalar_one() == 0
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO command_digests VALUES ('a', 'b')"))
        assert (await reading.execute(count)).scalar_one() == 0
    async with Database.open(url) as database, database.read() as reading:
        assert (await reading.execute(count)).scalar_one() == 1


async def test_who_waits_behind_a_writer_that_stands_still_is_told_so_and_the_next_gets_its_turn(url: str) -> None:
    async with Database.open(url) as database:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(database, "_turns", Turns(HASTY_SECONDS))
            async with database.write():
                with pytest.raises(StoreUnavailableError):
                    await put(database, 1, "a fox")
        await put(database, 1, "a fox")


@pytest.mark.parametrize(("guild_id", "prompt"), [(2**63, "a fox"), (1, "half a pair: \ud83d")])
async def test_a_value_that_no_database_takes_is_refused_and_the_next_is_taken(
    url: str, guild_id: int, prompt: str
) -> None:
    async with Database.open(url) as database:
        with pytest.raises(StoreRefusedError):
            await put(database, guild_id, prompt)
        await put(database, 1, "a fox")


async def put(database: Database, guild_id: int, prompt: str) -> None:
    async with database.write() as connection:
        await connection.execute(
            insert(drafts).values(id=1, guild_id=guild_id, member_id=2, prompt=prompt, kept_at=NOW)
        )


async def test_who_wants_to_write_is_known_to_wait_until_it_is_their_turn(tmp_path: Path) -> None:
    heard: list[str] = []
    both_wait = asyncio.Event()

    def wait_to_write() -> Callable[[], None]:
        if heard:
            both_wait.set()
        heard.append("waits")
        return lambda: heard.append("may write")

    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        database.wait_to_write = wait_to_write
        async with database.write():
            other = asyncio.create_task(database.check_writable())
            await both_wait.wait()
            assert heard == ["waits", "may write", "waits"]
        await other
        async with database.read():
            pass

    assert heard == ["waits", "may write", "waits", "may write"]


@pytest.mark.parametrize("address", ["nonsense", "oracle+nothing://x"])
async def test_an_address_of_no_supported_database_is_a_wrong_setting(address: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        async with Database.open(address):
            raise AssertionError("opened")


async def test_postgresql_without_its_driver_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(SettingsError, match="uv sync --extra postgresql"):
        async with Database.open("postgresql+asyncpg://user@host/reelay"):
            raise AssertionError("opened")


@pytest.mark.sqlite
async def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="check DATABASE_URL"):
        async with Database.open(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}"):
            raise AssertionError("opened")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "query",
    [
        lambda connection: standing.read(
            connection, Requester(guild_id=1, member_id=2, role_ids=(3,), places=(4,)), NOW
        ),
        jobs.next_due,
        lambda connection: jobs.places(connection, ["x"], slots_since=NOW, now=NOW),
        lambda connection: jobs.list_waiting_after(connection, jobs.QUEUE_START, limit=9),
        lambda connection: jobs.start_next(
            connection, now=NOW, limit=9, owner="a", lease_until=NOW, slots_since=NOW, in_flight=["x"]
        ),
        lambda connection: jobs.find_by_interaction(connection, 1),
        lambda connection: jobs.recent_render_seconds(connection, "gemini_omni", 6, 500),
        lambda connection: ledger.sum_periods(connection, [UsageSpan(Account(1, AccountKind.MEMBER, 2), NOW, NOW)]),
        lambda connection: ledger.list_grants(connection, guild_id=1, member_id=2, now=NOW),
        lambda connection: ledger.sum_by_member(connection, guild_id=1, start=NOW, end=NOW),
        lambda connection: quota_rules.list_for(connection, guild_id=1, now=NOW, subject_ids=[1, 2]),
        lambda connection: servers.get(connection, 1),
        lambda connection: servers.get_block(connection, guild_id=1, member_id=2, now=NOW),
        lambda connection: servers.list_channel_rules(connection, 1, [1, 2]),
        lambda connection: jobs.list_recent(connection, guild_id=1, member_id=2, limit=9),
        lambda connection: ledger.list_grants(connection, guild_id=1, now=NOW),
        lambda connection: jobs.list_period(connection, guild_id=1, start=NOW, end=NOW, limit=9),
        lambda connection: jobs.count_outcomes(connection, guild_id=1, start=NOW, end=NOW),
        lambda connection: jobs.list_names(connection, guild_id=1, start=NOW, end=NOW),
        lambda connection: jobs.list_posted(connection, 1, limit=9),
        lambda connection: jobs.list_open(connection, 1),
        modlog.list_due,
        lambda connection: modlog.claim(connection, 1, now=NOW, limit=9, owner="a", lease_until=NOW),
        lambda connection: modlog.tells_of_clip(connection, Server(guild_id=1, log_channel_id=2), "x"),
        lambda connection: refusals.count_days(connection, 1, first=NOW.date(), end=NOW.date()),
        *(
            lambda connection, query=query, read=read: read(connection, query, "z", limit=6)
            for read in (clip_lists.ids_from, clip_lists.ids_after)
            for query in CLIP_QUERIES
        ),
        lambda connection: favourites.marked_of(connection, ["x"]),
        lambda connection: stills.get_many(connection, ["x"]),
        lambda connection: jobs.note_removed(connection, "x", removed_by_id=1, now=NOW),
        lambda connection: end_with_prompts(connection, ["x"]),
        lambda connection: redraw_card(connection, "x", now=NOW),
        lambda connection: modlog.add_refusal(
            connection, Server(guild_id=1, log_channel_id=2), {"member_id": 3}, now=NOW, interaction_id=4
        ),
        lambda connection: audit.list_latest(connection, 1, limit=9),
        lambda connection: jobs.claim_due(
            connection, states=OPEN_STATES, now=NOW, limit=9, owner="a", lease_until=NOW, in_flight=["x"]
        ),
        lambda connection: jobs.release_leases(connection, name="a"),
    ],
    ids=[
        *("standing", "next due", "places", "queue", "start", "interaction", "render times", "usage", "gifts"),
        "usage by member",
        *(
            "quotas",
            "server",
            "block",
            "channels",
            "recent",
            "all gifts",
            "period",
            "outcomes",
            "names",
            "posted",
            "open",
        ),
        *("log due", "log claim", "log of a clip", "refused"),
        *(f"clips {number}" for number in range(8)),
        *("favourites", "stills", "removed", "forgotten", "redraw"),
        *("refusal", "audit", "claim", "release"),
    ],
)
async def test_what_is_asked_often_goes_by_an_index(
    tmp_path: Path, query: Callable[[AsyncConnection], Awaitable[object]]
) -> None:
    plans: list[str] = []
    address = await fresh_database(tmp_path)
    async with Database.open(address, migrate=False) as database, database.write() as connection:

        def explain(cursor_of: Connection, cursor: object, statement: str, values: object, *_: object) -> None:
            if not statement.startswith("EXPLAIN"):
                rows = cursor_of.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans.extend(row[3] for row in rows)

        event.listen(connection.sync_connection, "before_cursor_execute", explain)
        await query(connection)

    assert plans
    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    scans = [plan for plan in scans if plan.split()[1] in metadata.tables]
    assert scans == []


@pytest.mark.sqlite
async def test_a_crowd_of_readers_and_writers_shares_a_few_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await fresh_database(tmp_path)  # which may open some itself
    make, opened = sqlite.Connection, list[sqlite.Connection]()

    def open_another(path: str, **options: Any) -> sqlite.Connection:  # noqa: ANN401 (handed through)
        opened.append(make(path, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite, "Connection", open_another)

    async def read() -> int:
        async with database.read() as connection:
            return (await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one()

    async def write() -> int:
        async with database.write() as connection:
            return (await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one()

    async with Database.open(url, migrate=False) as database:
        assert await asyncio.gather(*(work() for _ in range(30) for work in (read, write))) == [0] * 60
    assert len(opened) == 3


async def test_who_writes_has_a_connection_however_many_read(tmp_path: Path) -> None:
    read, may_end = asyncio.Semaphore(0), asyncio.Event()

    async def read_long() -> None:
        async with database.read() as connection:
            await connection.execute(text("SELECT count(*) FROM jobs"))
            read.release()
            await may_end.wait()

    async with (
        Database.open(await fresh_database(tmp_path), migrate=False, busy_timeout_seconds=HASTY_SECONDS) as database,
        asyncio.TaskGroup() as readers,
    ):
        for _ in range(2):
            readers.create_task(read_long())
            await read.acquire()
        third = readers.create_task(read_long())
        await asyncio.sleep(0)
        async with database.write() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one() == 0
        assert not third.done()
        may_end.set()
