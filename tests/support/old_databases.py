"""Databases as earlier versions have left them: of any revision, with rows in every table that it has."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Date, DateTime, Float, Integer, LargeBinary, MetaData, insert, inspect, text

from bot.store.database import Database
from bot.store.migrating import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy import Column, Connection, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
REVISIONS = [script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()][::-1]
"""All of them, first to last."""
NAMED_ANEW = {
    ("jobs", "lease_owner"): "leased_to",
    ("rounds", "lease_owner"): "leased_to",
    ("log_entries", "lease_owner"): "leased_to",
    ("ledger", "made_by"): "made_by_id",
    ("changes", "made_by"): "made_by_id",
}
"""Columns that some migration has given another name."""
GUILD_ID, CHANNEL_ID, MEMBER_ID = 1, 3, 2


def upgrade_to(connection: Connection, revision: str) -> None:
    """Run migrations up to a revision, in the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes.update(connection=connection, on_version_apply=(), note_rows=lambda *_: None)
    command.upgrade(config, revision)


@asynccontextmanager
async def old_database(url: str, revision: str) -> AsyncGenerator[AsyncConnection]:
    """Make an empty database what a version of that revision has made; give a connection that changes it."""
    async with Database.open(url, migrate=False) as database:
        async with database._begin_write(checks_epoch=False) as connection:
            await connection.run_sync(upgrade_to, revision)
        async with database._begin_write(checks_epoch=False) as connection:
            yield connection


def read_all(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables, as the engine has them."""
    return {
        name: [dict(row._mapping) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
        for name in inspect(connection).get_table_names()
        if name not in _KEPT_BY_MIGRATIONS
    }


def fill(connection: Connection) -> None:
    """Put rows into every table: clips, one of them on its way and one refunded, a grant; else three of each kind."""
    for table in _tables(connection).values():
        if made := _MADE.get(table.name):
            rows = [_row(table, number, with_nothing=True) | _known(table, row) for number, row in enumerate(made)]
        else:
            rows = [_row(table, number, with_nothing=number == 2) for number in range(3)]
        connection.execute(insert(table), rows)


def _tables(connection: Connection) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    return {table.name: table for table in metadata.sorted_tables if table.name not in _KEPT_BY_MIGRATIONS}


def _known(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in table.c}


def _row(table: Table, number: int, *, with_nothing: bool) -> dict[str, Any]:
    """Make up a row; with nothing in it where nothing will do."""
    return {
        column.name: None if with_nothing and column.nullable else _value(table, column, number) for column in table.c
    }


def _value(table: Table, column: Column[Any], number: int) -> Any:  # noqa: ANN401 (of any type)
    for name in (f"{table.name}.{column.name}", column.name):
        if name in _WORDS:
            return _WORDS[name][number % len(_WORDS[name])]
    if column.foreign_keys:
        [key] = column.foreign_keys
        parents = {"jobs": ["a", "b", "c"], "ledger": [4, 4, 4], "rounds": [f"id {n}" for n in range(3)]}
        return parents.get(key.column.table.name, [_value(key.column.table, key.column, n) for n in range(3)])[number]
    match column.type:
        case Boolean():
            return number % 2 == 0
        case Integer():
            return 100 + number
        case Float():
            return number / 2
        case DateTime():
            return NOW - timedelta(hours=number)
        case Date():
            return date(2026, 3, 1 + number)
        case JSON():
            return {"number": number}
        case LargeBinary():
            return bytes([number, 255])
        case _:
            return f"{column.name} {number}"[: getattr(column.type, "length", None)]


_KEPT_BY_MIGRATIONS = {"alembic_version", "schema_epoch"}
_WORDS: dict[str, list[Any]] = {
    # what only some words will do for, that there is one server and one member of interest, and what refers to others
    "guild_id": [GUILD_ID],
    "member_id": [MEMBER_ID],
    "aspect": ["16:9"],
    "period": ["day"],
    "duration_seconds": [6],
    "vary": ["camera", "nothing"],
    "stills.job_id": ["a", "b", "c"],
    "quota_rules.guild_id": [GUILD_ID],
    "quota_rules.source": ["server", "member", "role"],
    "quota_rules.subject_id": [GUILD_ID, MEMBER_ID, 77],
    "blocks.member_id": [MEMBER_ID, 8, 9],
    "servers.guild_id": [GUILD_ID, 11, 12],
    "servers.cap_period": ["month"],
    "servers.cap_seconds": [600],
    "servers.timezone": ["Europe/Berlin", "UTC"],
    "servers.clip_buttons": ["everyone"],
    "channel_rules.channel_id": [CHANNEL_ID, 31, 32],
    "channel_rules.access": ["allowed", None],
    "automod_rules.guild_id": [GUILD_ID, 11, 12],
    "phrase_lists.phrases": [["red", "blue"]],
    "prompt_rules.kind": ["words", "pattern"],
    "changes.kind": ["timezone"],
    "log_entries.kind": ["posted"],
    "refusals.guild_id": [GUILD_ID, 11, 12],
    "guilds.guild_id": [GUILD_ID, 11, 12],
    "erasures.member_id": [21, 22, 23],
    "members.member_id": [MEMBER_ID, 8, 9],
    "previews.planned": [[]],
    "votes_each": [2],
    "clock_seconds": [3600],
    "rounds.number": [1, 2, 3],
    "rounds.brainstorm_id": ["id 0", "id 1", "id 2"],
    "rounds.state": ["ended"],
    "rounds.outcome": ["won"],
    "rounds.shown_outcome": ["won"],
    "rounds.winner_number": [1],
    "takes.number": [1],
    "favourites.member_id": [MEMBER_ID],
    "ledger_sums.day_at": [NOW - timedelta(days=90 + number) for number in range(3)],
}


def _job(job_id: str, number: int, state: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (of any column)
    waits = {"number": 0, "interaction_id": 500 + number, "channel_id": CHANNEL_ID, "prompt": f"a Fox, {job_id}"}
    charged = {"quota_seconds": 60, "quota_period": "day", "quota_source": "operator", "attempts": 0}
    return waits | charged | {"id": job_id, "state": state, "created_at": NOW, "is_private": False} | more


def _entry(number: int, kind: str, seconds: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (of any column)
    return {"id": number, "kind": kind, "seconds": seconds, "counted_at": NOW, "made_at": NOW} | more


_SENT = {"started_at": NOW, "submitted_at": NOW, "model": "gemini_omni"}
_QUARTER = {"quarter_at": NOW, "is_day": False, "drawn_seconds": 0, "seconds": 12}
_SUBMIT = {"number": 1, "seconds": 6, "model": "gemini_omni", "sent_at": NOW, "attempts": 0, "is_probe": False}
_MADE: dict[str, list[dict[str, Any]]] = {
    "jobs": [
        _job("a", 0, "delivered", **_SENT, generation_id="g", rendered_at=NOW, finished_at=NOW, message_id=700),
        _job("b", 1, "rendering", **_SENT, generation_id="h", due_at=NOW, lease_owner="local/1", leased_to="local/1"),
        _job("c", 2, "failed", error_code="waited_too_long", finished_at=NOW),
        _job("d", 3, "queued", due_at=NOW),
    ],
    "ledger": [
        _entry(1, "charge", 6, job_id="a"),
        _entry(2, "charge", 6, job_id="b"),
        _entry(3, "charge", 6, job_id="c"),
        _entry(4, "grant", 30, interaction_id=9, member_id=8, expires_at=datetime(2026, 4, 1, tzinfo=UTC)),
        _entry(5, "refund", 6, job_id="c"),
        _entry(6, "charge", 6, job_id="d"),
    ],
    "usage": [
        _QUARTER | {"account_kind": "member", "account_id": MEMBER_ID, "seconds": 18},
        _QUARTER | {"account_kind": "server", "account_id": GUILD_ID, "seconds": 18},
    ],
    "draws": [{"grant_id": 4, "job_id": "a", "seconds": 2}],
    "submits": [
        _SUBMIT | {"job_id": "a", "outcome": "completed", "ended_at": NOW, "generation_id": "g"},
        _SUBMIT | {"job_id": "b", "outcome": "accepted", "generation_id": "h"},
    ],
    "spend": [
        {"scope": scope, "subject_id": subject_id, "day": NOW.date(), "seconds": 12}
        for scope, subject_id in (("all", 0), ("server", GUILD_ID), ("member", MEMBER_ID))
    ],
    "clip_prompts": [{"job_id": "a", "prompt": "a fox, a"}],
    "pauses": [{"owner": "local/1", "began_at": NOW, "known_until": NOW, "ended_at": NOW}],
}
