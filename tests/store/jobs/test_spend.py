"""Spend by day: the table is at all times what the submits come to, whatever becomes of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.models import UNPAID_OUTCOMES, CeilingKind, JobState, SubmitOutcome, VideoSpec
from bot.store import jobs as job_store
from bot.store.database import Database
from bot.store.jobs import spend, submits
from bot.store.tables import jobs
from bot.store.tables import spend as spend_table
from bot.store.tables import submits as submit_table
from tests.support.databases import fresh_database
from tests.support.jobs import make_job

if TYPE_CHECKING:
    from pathlib import Path

    from bot.models import Job
    from bot.store import Connection

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
GUILD_IDS, MEMBER_IDS, JOBS = (100, 101), (300, 301), 4


def make(number: int, **changes: Any) -> Job:  # noqa: ANN401
    fields = {
        "id": f"{number:016}",
        "interaction_id": number,
        "guild_id": GUILD_IDS[number % 2],
        "member_id": MEMBER_IDS[number // 2 % 2],
        "spec": VideoSpec("a fox", duration_seconds=6 if number % 2 else 10),
        "state": JobState.QUEUED,
    }
    return make_job(**(fields | changes))


async def kept(connection: Connection) -> Counter[tuple[str, int, object]]:
    rows = await connection.execute(select(spend_table))
    return Counter({(row.scope, row.subject_id, row.day): row.seconds for row in rows if row.seconds})


async def summed_up(connection: Connection) -> Counter[tuple[str, int, object]]:
    rows = await connection.execute(
        select(submit_table, jobs.c.guild_id, jobs.c.member_id).join(jobs, jobs.c.id == submit_table.c.job_id)
    )
    sums: Counter[tuple[str, int, object]] = Counter()
    for row in rows:
        if row.outcome not in UNPAID_OUTCOMES:
            for subject in (("all", 0), ("server", row.guild_id), ("member", row.member_id)):
                sums[*subject, row.sent_at.date()] += row.seconds
    return sums


EVENTS = st.tuples(
    st.integers(0, JOBS - 1),
    st.sampled_from(["send", "cut", "leave", *SubmitOutcome]),
    st.sampled_from([None, 1, 2]),
    st.integers(-12, 20),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS, max_size=25))
@pytest.mark.usefixtures("in_one_thread")
def test_spend_is_what_the_submits_come_to_whatever_becomes_of_them(
    tmp_path: Path, events: list[tuple[int, str, int | None, int]]
) -> None:
    asyncio.run(play(tmp_path, events))


async def play(folder: Path, events: list[tuple[int, str, int | None, int]]) -> None:
    now = NOON
    made = [make(number) for number in range(JOBS)]
    async with Database.open(await fresh_database(folder), migrate=False) as database, database.write() as connection:
        for job in made:
            await job_store.insert(connection, job)
        for which, what, number, hours in events:
            job = made[which]
            now += timedelta(hours=hours)  # also back
            if what == "send":
                if await submits.find_open(connection, job.id) is None:
                    await submits.add(connection, [job], model="gemini_omni", now=now)
            elif what == "leave":
                await submits.leave(connection, job.id, now=now)
            else:
                outcome = None if what == "cut" else SubmitOutcome(what)
                if number is not None or outcome is not SubmitOutcome.ACCEPTED:
                    await submits.note(
                        connection, job.id, now=now, outcome=outcome, number=number, generation_id="video_1"
                    )

            assert await kept(connection) == await summed_up(connection)
            total = sum(seconds for (scope, *_), seconds in (await kept(connection)).items() if scope == "all")
            assert total == await submits.spent_seconds(connection)


async def test_a_day_and_a_month_are_utcs_and_what_waits_counts_for_the_present_ones(tmp_path: Path) -> None:
    async def spent(now: datetime, guild_id: int = 100, member_id: int = 300) -> list[int]:
        read = await spend.read(connection, guild_id=guild_id, member_id=member_id, now=now)
        return [read[kind] for kind in CeilingKind]

    end_of_january = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    async with (
        Database.open(await fresh_database(tmp_path), migrate=False) as database,
        database.write() as connection,
    ):
        early, late, of_another = (make(number, state=JobState.SUBMITTING) for number in (0, 4, 1))
        for job in (early, late, of_another, make(8)):
            await job_store.insert(connection, job)
        await submits.add(connection, [early], model="", now=datetime(2026, 1, 2, tzinfo=UTC))
        await submits.add(connection, [late, of_another], model="", now=end_of_january)

        assert await spent(end_of_january) == [10 + 10 + 6 + 10, 10 + 6 + 10, 10 + 10, 10 + 6 + 10]
        assert await spent(end_of_january, 101, 301) == [36, 26, 6, 0]
        assert await spent(end_of_january + timedelta(seconds=1)) == [10, 10, 10, 10]
        assert await spent(datetime(2026, 1, 2, 12, tzinfo=UTC)) == [36, 20, 20, 20]  # of a clock that was set back
        assert await spent(datetime(2025, 12, 31, 23, tzinfo=UTC)) == [10, 10, 10, 10]


async def test_what_is_taken_off_a_day_that_is_not_kept_any_more_makes_no_row(tmp_path: Path) -> None:
    async with (
        Database.open(await fresh_database(tmp_path), migrate=False) as database,
        database.write() as connection,
    ):
        await spend.count(connection, [(spend.Spender(100, 300), -6)], sent_at=NOON)

        assert await kept(connection) == {}


@pytest.mark.sqlite
async def test_what_waits_is_read_from_its_own_index_alone(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database, database.read() as connection:
        compiled = spend._sums().compile(dialect=connection.dialect)
        values = {"guild": 1, "member": 2, "on_day": "2026-01-31", "first": "2026-01-01", "next_first": "2026-02-01"}
        params = tuple(values.get(name, compiled.params[name]) for name in compiled.positiontup or ())
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", params)
        steps = [row[3] for row in plan]

    assert any("USING COVERING INDEX jobs_waiting" in step for step in steps)
    assert not any(step.startswith("SCAN spend") for step in steps)


@pytest.mark.parametrize("outcome", SubmitOutcome)
async def test_each_outcome_counts_or_does_not(tmp_path: Path, outcome: SubmitOutcome) -> None:
    job = make(0)
    async with (
        Database.open(await fresh_database(tmp_path), migrate=False) as database,
        database.write() as connection,
    ):
        await job_store.insert(connection, job)
        await submits.add(connection, [job], model="", now=NOON)
        await submits.note(connection, job.id, now=NOON, outcome=outcome, generation_id="video_1")

        counted = {("all", 0), ("server", 100), ("member", 300)} if outcome not in UNPAID_OUTCOMES else set()
        assert {key[:2] for key in await kept(connection)} == counted
