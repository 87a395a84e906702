"""Every table's end is decided, and its statements find their rows by an index."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from bot.store.database import Database
from bot.store.retention.endings import AGED, ENDINGS, EXPIRED, IDS_ERASED, LEFT, TEXTS_ERASED, Erases, Stays
from bot.store.retention.steps import Asked, add_up
from bot.store.tables import ledger_sums, metadata, usage
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from pathlib import Path

    from bot.store.retention.steps import Step

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_every_tables_end_is_decided() -> None:
    undecided = {table.name for table in metadata.sorted_tables} - {table.name for table in ENDINGS}

    assert undecided == set(), "say in ENDINGS what retention, *Erase my data* and a server's leaving do to these"


def test_every_decision_to_keep_says_why_and_every_erasure_erases_something() -> None:
    for table, ending in ENDINGS.items():
        for decision in (ending.aged, ending.erased, ending.left):
            assert not isinstance(decision, Stays) or len(decision.why.split()) > 3, table
            assert not isinstance(decision, Erases) or decision.texts or decision.ids, table


def test_what_tells_of_other_rows_ends_before_them() -> None:
    order = list(ENDINGS)
    for table in order:
        for key in table.foreign_keys:
            told = key.column.table
            if ENDINGS[table].aged in AGED and ENDINGS[told].aged in AGED and told.name == "changes":
                assert order.index(table) < order.index(told)


@pytest.mark.sqlite
@pytest.mark.parametrize("step", [*AGED, *EXPIRED, *TEXTS_ERASED, *IDS_ERASED], ids=lambda step: type(step).__name__)
async def test_a_step_finds_its_rows_by_an_index(tmp_path: Path, step: Step) -> None:
    statements: list[tuple[str, Any]] = []

    def listen(_: object, __: object, statement: str, values: object, *___: object) -> None:
        statements.append((statement, values))

    url = await fresh_database(tmp_path)
    async with Database.open(url, migrate=False) as database, database.read() as connection:
        event.listen(connection.sync_connection, "before_cursor_execute", listen)
        asked = Asked(now=NOW, before=NOW, limit=10, day_of=lambda _, at: at, subject_id=1)
        assert list(await step.find(connection, asked)) == []
        plans = [
            detail
            for statement, values in list(statements)
            for *_, detail in (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)).all()
        ]

    assert [plan for plan in plans if plan.startswith("SCAN") and " USING " not in plan] == []


async def test_a_servers_rows_are_all_dropped_by_its_id(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        asked = Asked(now=NOW, before=NOW, limit=10, day_of=lambda _, at: at, subject_id=1)
        async with database.write() as connection:
            for guild_id in (1, 2):
                await connection.execute(
                    text(f"INSERT INTO channel_rules VALUES ({guild_id}, 5, 'refused', NULL, NULL)"),
                )
        for step in LEFT:
            async with database.write() as connection:
                if found := await step.find(connection, asked):
                    await step.change(connection, found, asked)
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT guild_id FROM channel_rules"))).scalars().all() == [2]


async def test_sums_are_added_to_rows_that_are_there_and_made_where_there_are_none(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            await add_up(connection, ledger_sums, {(1, 2, NOW): {"seconds": 6}})
            await add_up(connection, ledger_sums, {(1, 2, NOW): {"seconds": 4}, (1, 3, NOW): {"seconds": -1}})
            await add_up(
                connection, usage, {(1, "member", 2, NOW): {"seconds": 6, "from_grants_seconds": 1}}, is_day=True
            )
            await add_up(connection, usage, {})
        async with database.read() as connection:
            sums = await connection.execute(ledger_sums.select().order_by(ledger_sums.c.member_id))
            assert [tuple(row) for row in sums] == [(1, 2, NOW, 10), (1, 3, NOW, -1)]
            [day] = await connection.execute(usage.select())
            assert tuple(day) == (1, "member", 2, NOW, 6, 1, True)
