"""Databases of all earlier versions: what they hold after the upgrade, and that nothing of it is lost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect, text

from bot.models import UNPAID_OUTCOMES, Account, AccountKind, ClipQuery, Grant, JobState, Quota, QuotaSource, Requester
from bot.store import drafts, jobs, standing
from bot.store.brainstorms import previews, records
from bot.store.clips import lists as clip_lists
from bot.store.database import Database
from bot.store.jobs import submits
from bot.store.moderation import audit, modlog, refusals, servers
from bot.store.quotas import ledger
from bot.store.quotas import rules as quota_rules
from bot.store.quotas.ledger import UsageSpan
from tests.support.databases import fresh_database
from tests.support.old_databases import (
    CHANNEL_ID,
    GUILD_ID,
    MEMBER_ID,
    NAMED_ANEW,
    NOW,
    REVISIONS,
    fill,
    old_database,
    read_all,
    upgrade_to,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

pytestmark = pytest.mark.usefixtures("in_one_thread")

DAY = timedelta(days=1)
OLD = REVISIONS[:-1]


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'reelay.db'}"


def schema_of(connection: Connection) -> dict[str, Any]:
    """Describe all tables, so that two databases can be compared."""
    found = inspect(connection)
    by_name = {
        "columns": found.get_multi_columns(),
        "keys": found.get_multi_pk_constraint(),
        "references": found.get_multi_foreign_keys(),
        "unique": found.get_multi_unique_constraints(),
        "checks": found.get_multi_check_constraints(),
        "indexes": found.get_multi_indexes(),
    }
    return {
        f"{kind} of {table}": json.dumps(sorted(map(_described, them)) if isinstance(them, list) else _described(them))
        for kind, tables in by_name.items()
        for (_, table), them in tables.items()
    }


def _described(what: object) -> str:
    return json.dumps(what, default=str, sort_keys=True)


_new: list[dict[str, Any]] = []


async def schema_of_a_new_one(folder: Path) -> dict[str, Any]:
    if not _new:
        (folder / "new").mkdir()
        url = await fresh_database(folder / "new")
        async with Database.open(url, migrate=False) as database, database.read() as connection:
            _new.append(await connection.run_sync(schema_of))
    return _new[0]


def named_as_now(table: str, row: dict[str, Any]) -> dict[str, Any]:
    return {NAMED_ANEW.get((table, name), name): value for name, value in row.items()}


async def read_with_the_bots_own_code(connection: AsyncConnection) -> None:
    requester = Requester(guild_id=GUILD_ID, member_id=MEMBER_ID, role_ids=(77,), places=(CHANNEL_ID,))
    assert (await standing.read(connection, requester, NOW)).waiting == 1
    await servers.get(connection, GUILD_ID)
    await servers.list_blocks(connection, guild_id=GUILD_ID, now=NOW)
    await servers.list_channel_rules(connection, GUILD_ID)
    await quota_rules.list_for(connection, guild_id=GUILD_ID, now=NOW)
    await audit.list_latest(connection, GUILD_ID, limit=9)
    await modlog.list_due(connection)
    await records.list_page(connection, GUILD_ID, limit=9, skip=0)
    await drafts.find(connection, 100, guild_id=GUILD_ID, member_id=MEMBER_ID, now=NOW)
    await previews.find_by_interaction(connection, 100)


@pytest.mark.slow
@pytest.mark.parametrize("revision", OLD)
async def test_database_of_every_version_keeps_all_it_holds_and_is_made_like_a_new_one(
    tmp_path: Path, revision: str
) -> None:
    async with old_database(url(tmp_path), revision) as connection:
        await connection.run_sync(fill)
        before = await connection.run_sync(read_all)
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
        after = await connection.run_sync(read_all)
        upgraded = await connection.run_sync(schema_of)
        found = {job_id: await jobs.get(connection, job_id) for job_id in "abcd"}
        sent = [await submits.list_of(connection, job_id) for job_id in "abcd"]
        spans = [
            UsageSpan(Account(GUILD_ID, kind, account_id), NOW - DAY, NOW + DAY)
            for kind, account_id in ((AccountKind.MEMBER, MEMBER_ID), (AccountKind.SERVER, GUILD_ID))
        ]
        used = await ledger.sum_periods(connection, spans)
        grants = await ledger.list_grants(connection, guild_id=GUILD_ID, now=NOW)
        clips = await clip_lists.ids_from(
            connection, ClipQuery(guild_id=GUILD_ID, member_id=MEMBER_ID, text="FOX"), "z", limit=9
        )
        await read_with_the_bots_own_code(connection)
    assert upgraded == await schema_of_a_new_one(tmp_path)
    for table, rows in before.items():
        kept = [named_as_now(table, row) for row in rows]
        found_again = [{name: row[name] for name in kept[0]} for row in after[table]]
        assert sorted(map(str, found_again)) == sorted(map(str, kept)), table
    assert [job and job.state for job in found.values()] == [
        JobState.DELIVERED,
        JobState.RENDERING,
        JobState.FAILED,
        JobState.QUEUED,
    ]
    assert [[str(submit.outcome) for submit in of_job] for of_job in sent] == [["completed"], ["accepted"], [], []]
    assert {(row["scope"], row["seconds"]) for row in after["spend"]} == {("all", 12), ("server", 12), ("member", 12)}
    assert used == [(18, 0), (18, 0)]
    assert [grant.id for grant in grants] == [4]
    assert clips == ["a"]


# What each step makes of rows ---------------------------------------------------------------------

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
    async with old_database(url(tmp_path), "0002") as connection:
        for number, (job_id, row) in enumerate(SENT_ROWS.items()):
            state, sent, generation_id, request_id, rendered, error_code = row
            values = {"id": job_id, "number": number, "state": state, "sent_at": times[sent]}
            values |= {"created_at": times["old" if "long ago" in job_id else "now"], "error_code": error_code}
            values |= {"generation_id": generation_id, "request_id": request_id, "rendered_at": times[rendered]}
            await connection.execute(insert, values)
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
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
    async with old_database(url(tmp_path), "0003") as connection:
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
    async with old_database(url(tmp_path), "0001") as connection:
        for statement in OLD_ROWS:
            await connection.execute(text(statement))
    async with Database.open(url(tmp_path)) as database, database.read() as connection:
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
    async with old_database(url(tmp_path), "0001") as connection:
        for statement in OLD_ROWS:
            await connection.execute(text(statement))
        await connection.run_sync(upgrade_to, "0010")
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
