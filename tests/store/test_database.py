from __future__ import annotations

import asyncio
import sqlite3
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from bot.errors import SettingsError, StoreUnavailableError
from bot.models import (
    OPEN_STATES,
    UNPAID_OUTCOMES,
    Account,
    AccountKind,
    ClipQuery,
    Grant,
    Quota,
    QuotaSource,
    Requester,
    Server,
)
from bot.store import jobs, standing
from bot.store.clips import favourites, stills
from bot.store.clips import lists as clip_lists
from bot.store.clips.endings import end_with_prompts, redraw_card
from bot.store.database import MIGRATIONS, Database
from bot.store.jobs import submits
from bot.store.moderation import audit, modlog, refusals, servers
from bot.store.quotas import ledger
from bot.store.quotas import rules as quota_rules
from bot.store.quotas.ledger import UsageSpan
from bot.store.tables import metadata
from tests.support.databases import fresh_database

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

OLD_ROWS = [
    *(
        "INSERT INTO jobs (id, interaction_id, guild_id, channel_id, member_id, prompt, aspect, duration_seconds,"
        " state, created_at, quota_seconds, quota_period, quota_source, attempts)"
        f" VALUES ('{name}', {number}, 1, 3, 2, 'a fox', '16:9', 6, '{state}', '2026-03-04 12:00:00', 60, 'day',"
        " 'operator', 0)"
        for number, (name, state) in enumerate(
            {"a": "delivered", "b": "failed", "c": "delivered", "d": "delivered"}.items()
        )
    ),
    *(
        "INSERT INTO ledger (guild_id, member_id, kind, seconds, counted_at, made_at, made_by, job_id, interaction_id)"
        f" VALUES (1, 2, '{kind}', {seconds}, '2026-03-04 11:59:59.5', '2026-03-04 12:00:00', 0, {job}, {interaction})"
        for kind, seconds, job, interaction in (
            *(("charge", 6, "'a'", "NULL"), ("charge", 6, "'b'", "NULL"), ("refund", 6, "'b'", "NULL")),
            ("grant", 30, "NULL", 7),
        )
    ),
    *(  # another member's gifts: the first used up on its day and over, the second in part
        "INSERT INTO ledger (guild_id, member_id, kind, seconds, counted_at, made_at, made_by, job_id, interaction_id)"
        f" VALUES (1, 8, '{kind}', {seconds}, '{at}', '{at}', 0, {job}, {interaction})"
        for kind, seconds, at, job, interaction in (
            ("grant", 5, "2026-03-02 12:00:00", "NULL", 8),
            ("charge", 6, "2026-03-02 12:00:01", "'c'", "NULL"),
            ("grant", 8, "2026-03-04 12:00:00", "NULL", 9),
            ("charge", 6, "2026-03-04 12:00:01", "'d'", "NULL"),
        )
    ),
    "INSERT INTO quota_rules VALUES (1, 1, 'server', 60, 'day', 9, '2026-03-04 12:00:00')",
]


SENT_ROWS = {
    # by id: state, submitted_at, generation_id, request_id, rendered_at, error_code
    "waits": ("queued", None, None, None, None, None),
    "was sent": ("queued", None, None, "req-1", None, None),
    "on the wire": ("submitting", "now", None, None, None, None),
    "renders": ("rendering", "now", "video_1", "req-2", None, None),
    "is ready": ("ready", "now", "video_2", "req-3", "now", None),
    "delivered": ("delivered", "old", "video_3", "req-4", "old", None),
    "refused": ("failed", "now", None, "req-5", None, "content_policy"),
    "failed there": ("failed", "now", "video_4", "req-6", None, "generation_failed"),
    "moderated there": ("failed", "now", "video_5", "req-7", None, "content_policy"),
    "gave up": ("failed", "now", "video_6", "req-8", None, "timed_out"),
    "cancelled": ("cancelled", "now", "video_7", "req-9", None, "cancelled_by_moderator"),
    "cancelled in time": ("cancelled", None, None, None, None, None),
    "given up long ago": ("failed", "old", "video_8", "req-10", None, "timed_out"),
    "cancelled long ago": ("cancelled", None, None, "req-11", None, None),
}
SENT_OUTCOMES: dict[str, str | None] = {
    "was sent": None,
    "on the wire": None,
    "renders": "accepted",
    "is ready": "completed",
    "delivered": "completed",
    "refused": "refused",
    "failed there": "failed",
    "moderated there": "failed",
    "gave up": "accepted",
    "cancelled": "accepted",
    "given up long ago": "lost",
    "cancelled long ago": "missing",
}


def upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'reelay.db'}"


async def write_and_fail(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO command_digests VALUES ('a', 'b')"))
        raise ZeroDivisionError


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_migrations_lead_to_the_tables_the_code_uses(tmp_path: Path) -> None:
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_two_starts_at_once_and_a_third_later_agree_on_the_schema(tmp_path: Path) -> None:
    async def start() -> None:
        async with Database.open(url(tmp_path)) as database:
            await database.check_writable()

    await asyncio.gather(start(), start())
    await start()


async def test_a_start_waits_for_another_that_is_making_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(tmp_path / "reelay.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        other.rollback()

    monkeypatch.setattr("bot.store.write_ahead.time.sleep", wait)
    async with Database.open(url(tmp_path)) as database:
        await database.check_writable()

    assert len(waits) == 1
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


async def test_an_upgrade_takes_what_was_sent_for_maybe_on_the_wire_and_lets_the_others_just_wait(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    times = {"now": f"{now:%F %T}", "old": f"{now - timedelta(days=30):%F %T}", None: None}
    insert = text(
        "INSERT INTO jobs (id, interaction_id, guild_id, channel_id, member_id, prompt, aspect, duration_seconds,"
        " state, created_at, quota_seconds, quota_period, quota_source, attempts, due_at, submitted_at, started_at,"
        " generation_id, request_id, rendered_at, error_code)"
        " VALUES (:id, :number, 1, 3, 2, 'a fox', '16:9', 6, :state, :created_at, 60, 'day', 'operator', 0,"
        " :created_at, :sent_at, :sent_at, :generation_id, :request_id, :rendered_at, :error_code)"
    )
    async with Database.open(url(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: upgrade_to(sync, "0002"))
        async with database.write() as connection:
            for number, (job_id, row) in enumerate(SENT_ROWS.items()):
                state, sent, generation_id, request_id, rendered, error_code = row
                values = {"id": job_id, "number": number, "state": state, "sent_at": times[sent]}
                values |= {"created_at": times["old" if "long ago" in job_id else "now"], "error_code": error_code}
                values |= {"generation_id": generation_id, "request_id": request_id, "rendered_at": times[rendered]}
                await connection.execute(insert, values)
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
        assert await connection.run_sync(differences) == []
        found = {job_id: await submits.list_of(connection, job_id) for job_id in SENT_ROWS}
        states = {job_id: (await jobs.get(connection, job_id)).state for job_id in SENT_ROWS}  # type: ignore[union-attr]
        spent = await connection.execute(text("SELECT scope, subject_id, day, sum(seconds) FROM spend GROUP BY 1, 3"))
        by_day = {(row[0], row[1], row[2]): row[3] for row in spent}

    outcomes = {job_id: rows[0].outcome for job_id, rows in found.items() if rows}
    assert outcomes == SENT_OUTCOMES
    assert {job_id for job_id, rows in found.items() if rows and rows[0].due_at} == {"gave up", "cancelled"}
    assert states == {job_id: row[0] for job_id, row in SENT_ROWS.items()} | {"was sent": "submitting"}
    days = [str(times[age])[:10] for age in ("now", "old")]
    on_days = {"delivered": days[1], "given up long ago": days[1]}
    counted = [on_days.get(job_id, days[0]) for job_id, it in outcomes.items() if it not in UNPAID_OUTCOMES]
    assert by_day == {
        (scope, subject_id, day): 6 * counted.count(day)
        for scope, subject_id in (("all", 0), ("server", 1), ("member", 2))
        for day in days
    }


async def test_refusals_that_were_entries_of_the_log_stay_counted_after_the_upgrade(tmp_path: Path) -> None:
    async with Database.open(url(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: upgrade_to(sync, "0003"))
        async with database.write() as connection:
            for guild_id, kind, day in ((1, "refused", 3), (1, "refused", 3), (1, "refused", 4), (1, "changed", 4)):
                await connection.execute(
                    text(
                        "INSERT INTO log_entries (guild_id, kind, created_at, facts, attempts)"
                        " VALUES (:guild_id, :kind, :created_at, '{}', 0)"
                    ),
                    {"guild_id": guild_id, "kind": kind, "created_at": f"2026-03-0{day} 23:59:59.000000"},
                )
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
        days = [date(2026, 3, day) for day in (3, 4, 5)]
        assert [
            await refusals.count_days(connection, 1, first=first, end=first + timedelta(days=1)) for first in days
        ] == [2, 1, 0]
        assert await refusals.count_days(connection, 2, first=days[0], end=days[-1]) == 0


async def test_what_an_older_version_stored_is_counted_and_holds_after_the_upgrade(tmp_path: Path) -> None:
    async with Database.open(url(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: upgrade_to(sync, "0001"))
        async with database.write() as connection:
            for statement in OLD_ROWS:
                await connection.execute(text(statement))
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
        assert await connection.run_sync(differences) == []
        day = timedelta(days=1)
        for account_kind, account_id, used, from_grants in (
            *((AccountKind.MEMBER, 2, 6, 0), (AccountKind.MEMBER, 8, 6, 6), (AccountKind.SERVER, 1, 12, 6)),
        ):
            account = Account(1, account_kind, account_id)
            assert await ledger.sum_periods(connection, [UsageSpan(account, NOW - day, NOW + day)]) == [
                (used, from_grants)
            ]
        assert await ledger.list_grants(connection, guild_id=1, member_id=2, now=NOW) == [
            Grant(4, 30, datetime(2026, 4, 1, tzinfo=UTC), member_id=2, given_by_id=0)
        ]
        assert await ledger.list_grants(connection, guild_id=1, member_id=8, now=NOW) == [
            Grant(7, 2, datetime(2026, 4, 1, tzinfo=UTC), member_id=8, given_by_id=0)
        ]
        [rule] = await quota_rules.list_for(connection, guild_id=1, now=NOW)
        assert (rule.source, rule.quota, rule.expires_at) == (QuotaSource.SERVER, Quota(60), None)
        job = await jobs.get(connection, "a")
        assert job is not None
        assert (job.spec.prompt, job.removed_at) == ("a fox", None)
        failed = await jobs.get(connection, "b")
        assert failed is not None
        assert failed.failure_mentions is None, "old failures are not told of"
        found = ClipQuery(guild_id=1, member_id=2, text="FOX")
        assert await clip_lists.ids_from(connection, found, "z", limit=9) == ["d", "c", "a"]


async def test_an_upgrade_finds_out_which_model_each_job_was_sent_to(tmp_path: Path) -> None:
    sent = "INSERT INTO submits (job_id, number, seconds, model, sent_at, ended_at, outcome, attempts) VALUES "
    async with Database.open(url(tmp_path), migrate=False) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: upgrade_to(sync, "0001"))
        async with database.write() as connection:
            for statement in OLD_ROWS:
                await connection.execute(text(statement))
            await connection.run_sync(lambda sync: upgrade_to(sync, "0010"))
            await connection.execute(text("DELETE FROM submits"))
            for number, model in ((1, "gemini_omni"), (2, "gemini-omni-flash"), (3, "")):
                await connection.execute(
                    text(f"{sent} ('a', {number}, 6, '{model}', :now, :now, 'missing', 0)"), {"now": NOW}
                )
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
        job = await jobs.get(connection, "a")
        assert job is not None
        assert (job.model, job.asked_duration_seconds) == ("gemini-omni-flash", None)
        assert [submit.is_probe for submit in await submits.list_of(connection, "a")] == [False] * 3


async def test_a_database_of_a_newer_version_is_named_and_left_alone(tmp_path: Path) -> None:
    async with Database.open(url(tmp_path)) as database, database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SettingsError, match="newer version"):
        async with Database.open(url(tmp_path)):
            raise AssertionError("opened")


async def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async with Database.open(url(tmp_path)) as database:
        with pytest.raises(ZeroDivisionError):
            await write_and_fail(database)
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM command_digests"))).scalar_one() == 0


async def test_a_locked_database_is_unavailable_for_writing_and_readable_all_the_while(tmp_path: Path) -> None:
    async with Database.open(url(tmp_path), busy_timeout_seconds=0.05) as database:
        other = sqlite3.connect(tmp_path / "reelay.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError):
            await database.check_writable()
        async with database.read() as connection:
            assert await jobs.next_due(connection) == {}
        other.close()
        await database.check_writable()


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


async def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="check DATABASE_URL"):
        async with Database.open(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}"):
            raise AssertionError("opened")


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
        lambda connection: jobs.release_leases(connection, owner="a"),
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
