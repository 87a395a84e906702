"""Turns: the order in one sum against starting one job after the other, and what the statements go by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert

from bot.models import JobState, SubmitOutcome
from bot.store import jobs
from bot.store.database import Database
from bot.store.jobs import turns
from bot.store.tables import jobs as jobs_table
from bot.store.tables import submits as submits_table
from tests.support.databases import fresh_database
from tests.support.jobs import make_job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SLOTS_SINCE = NOW - timedelta(hours=1)
BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Past:
    """A job that was started: when, and whether its submit still holds a slot, is over, or is too old for one.

    What was started less than no minutes ago was so before the clock was set back.
    """

    guild_id: int
    member_id: int
    minutes_ago: int
    slot: str


@dataclass
class Turns:
    """What is counted for a server, or for a member in one."""

    taken: int = 0
    started_at: datetime = BEFORE_ALL


@dataclass
class Simulation:
    """Starts one waiting job at a time, as the rule has it word for word."""

    waiting: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    turns: dict[tuple[int, ...], Turns] = field(default_factory=dict)

    def start_all(self) -> list[str]:
        order, now = [], NOW
        while self.waiting:
            now += timedelta(seconds=1)
            guild_id = min({guild_id for guild_id, _ in self.waiting}, key=lambda it: self._key(it))
            members = [member_id for of_guild, member_id in self.waiting if of_guild == guild_id]
            member_id = min(members, key=lambda it: self._key(guild_id, it))
            job_ids = self.waiting[guild_id, member_id]
            order.append(job_ids.pop(0))
            if not job_ids:
                del self.waiting[guild_id, member_id]
            self.note_start((guild_id, member_id), now, takes_slot=True)
        return order

    def note_start(self, who: tuple[int, int], at: datetime, *, takes_slot: bool, counts: bool = True) -> None:
        for key in (who[:1], who):
            it = self.turns.setdefault(key, Turns())
            it.taken += takes_slot
            it.started_at = max(it.started_at, at if counts else BEFORE_ALL)

    def _key(self, *who: int) -> tuple[int, datetime, int]:
        it = self.turns.get(who, Turns())
        return it.taken, it.started_at, who[-1]


GUILDS, MEMBERS = st.integers(1, 4), st.integers(1, 3)
PAST = st.lists(
    st.builds(Past, GUILDS, MEMBERS, st.integers(-5, 50), st.sampled_from(["held", "held", "over", "too old"])),
    max_size=12,
)
WAITING = st.lists(st.tuples(GUILDS, MEMBERS), min_size=1, max_size=16)


async def put_jobs(database: Database, past: Sequence[Past], waiting: Sequence[tuple[int, int]]) -> None:
    """Store jobs that were started and jobs that wait, their ids in order."""
    stored = [
        make_job(guild_id=it.guild_id, member_id=it.member_id, state=state, submitted_at=_started_at(it))
        for it in past
        for state in ([JobState.RENDERING, JobState.CANCELLED][it.minutes_ago % 2],)  # its slot is held all the same
    ]
    stored += [make_job(guild_id=guild_id, member_id=member_id, due_at=NOW) for guild_id, member_id in waiting]
    async with database.write() as connection:
        await connection.execute(submits_table.delete())
        await connection.execute(jobs_table.delete())
        for number, job in enumerate(stored):
            await jobs.insert(connection, replace(job, id=job_id(number), interaction_id=number + 1))
        for number, it in enumerate(past):
            is_over = it.slot == "over"
            outcome = SubmitOutcome.COMPLETED if is_over else None
            values = {"job_id": job_id(number), "number": 1, "seconds": 6, "model": "", "attempts": 0}
            times = {"sent_at": _started_at(it), "ended_at": NOW if is_over else None, "outcome": outcome}
            await connection.execute(insert(submits_table), values | times)


def _started_at(it: Past) -> datetime:
    if it.slot == "too old":
        return SLOTS_SINCE - timedelta(minutes=abs(it.minutes_ago))
    return NOW - timedelta(minutes=it.minutes_ago)


def job_id(number: int) -> str:
    return f"{number:016}"


def simulate(past: Sequence[Past], waiting: Sequence[tuple[int, int]]) -> list[str]:
    simulation = Simulation()
    for it in past:
        at = _started_at(it)
        simulation.note_start((it.guild_id, it.member_id), at, takes_slot=it.slot == "held", counts=at <= NOW)
    for number, who in enumerate(waiting, start=len(past)):
        simulation.waiting.setdefault(who, []).append(job_id(number))
    return simulation.start_all()


@pytest.mark.slow
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(PAST, WAITING, st.integers(1, 16))
@pytest.mark.usefixtures("in_one_thread")
def test_places_and_starts_are_those_of_starting_one_job_after_the_other(
    past: list[Past], waiting: list[tuple[int, int]], limit: int
) -> None:
    async def play() -> None:
        with TemporaryDirectory() as folder:
            async with Database.open(await fresh_database(Path(folder)), migrate=False) as database:
                await put_jobs(database, past, waiting)
                expected = simulate(past, waiting)
                async with database.read() as connection:
                    places = await jobs.places(connection, [*expected, "no such job"], slots_since=SLOTS_SINCE, now=NOW)
                    alone = await jobs.places(connection, expected[-1:], slots_since=SLOTS_SINCE, now=NOW)
                assert places == {job_id: place for place, job_id in enumerate(expected, start=1)}
                assert alone == {expected[-1]: len(expected)}
                assert await start(database, limit=limit) == expected[:limit]

    asyncio.run(play())


async def start(
    database: Database, *, limit: int, last: Sequence[str] = (), in_flight: Sequence[str] = ()
) -> list[str]:
    async with database.write() as connection:
        started = await jobs.start_next(
            connection,
            now=NOW,
            limit=limit,
            owner="local/1",
            lease_until=NOW,
            slots_since=SLOTS_SINCE,
            in_flight=in_flight,
            last=last,
        )
    return [job.id for job in started]


async def test_two_hundred_accounts_of_one_server_put_anothers_only_member_at_the_second_place(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        crowd = [(1, member_id) for member_id in range(200)]
        await put_jobs(database, [], [*crowd, (2, 7)])

        async with database.read() as connection:
            places = await jobs.places(connection, [job_id(200), job_id(199)], slots_since=SLOTS_SINCE, now=NOW)

        assert places == {job_id(200): 2, job_id(199): 201}
        assert await start(database, limit=2) == [job_id(0), job_id(200)]


async def test_a_server_whose_renders_were_cancelled_waits_for_its_slots_all_the_same(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        cancelled = [Past(1, member_id, 1, "held") for member_id in range(3)]  # an odd minute's are cancelled
        await put_jobs(database, [*cancelled, Past(2, 9, 2, "held")], [(1, 5), (2, 9), (2, 9), (2, 9)])

        assert await start(database, limit=4) == [job_id(5), job_id(6), job_id(4), job_id(7)]


async def test_a_member_waits_for_a_slot_whose_job_says_nothing_of_its_start_as_one_from_a_backup(
    tmp_path: Path,
) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        await put_jobs(database, [Past(1, 1, 2, "held")], [(1, 1), (1, 2)])
        async with database.write() as connection:
            await connection.execute(jobs_table.update().where(jobs_table.c.id == job_id(0)).values(submitted_at=None))
            waiting = [job_id(2), job_id(1)]
            places = await jobs.places(connection, waiting, slots_since=SLOTS_SINCE, now=NOW)

        assert places == {job_id(2): 1, job_id(1): 2}
        assert await start(database, limit=2) == waiting


async def test_a_clock_that_is_set_back_puts_no_server_and_no_member_behind_all_others(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        before_it = [Past(1, 1, -600, "over"), Past(1, 1, 3, "over"), Past(2, 2, 2, "over"), Past(1, 3, 1, "over")]
        await put_jobs(database, before_it[:-1], [(2, 2), (1, 1)])
        assert await start(database, limit=2) == [job_id(4), job_id(3)]

        await put_jobs(database, before_it, [(1, 3), (1, 1)])
        assert await start(database, limit=2) == [job_id(5), job_id(4)]


async def test_what_is_held_in_flight_or_suspect_is_left_out_or_goes_last(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        await put_jobs(database, [], [(guild_id, 1) for guild_id in range(1, 6)])
        async with database.write() as connection:
            held = {"lease_owner": "local/2", "lease_until": NOW + timedelta(seconds=60)}
            await connection.execute(jobs_table.update().where(jobs_table.c.id == job_id(0)).values(held))
            assert await jobs.places(connection, [job_id(0), job_id(4)], slots_since=SLOTS_SINCE, now=NOW) == {
                job_id(0): 1,
                job_id(4): 5,
            }

        started = await start(database, limit=2, in_flight=[job_id(1)], last=[job_id(2)])

        assert started == [job_id(3), job_id(4)]


async def test_the_queue_is_walked_in_steps_oldest_first(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        await put_jobs(database, [Past(1, 1, 1, "held")], [(1, 1)] * 5)
        async with database.read() as connection:
            first = await jobs.list_waiting_after(connection, jobs.QUEUE_START, limit=3)
            second = await jobs.list_waiting_after(connection, first[-1], limit=3)

    assert [it.job_id for it in (*first, *second)] == [job_id(number) for number in range(1, 6)]


@pytest.mark.sqlite
@pytest.mark.parametrize("rows", [0, 300])
async def test_turns_read_waiting_jobs_and_open_submits_alone(tmp_path: Path, rows: int) -> None:
    plans: list[str] = []
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        past = [Past(number % 4, number % 9, 1, "over") for number in range(rows)]
        await put_jobs(database, past, [(1, 1)])
        async with database.write() as connection:

            def explain(cursor_of: Connection, _: object, statement: str, values: object, *__: object) -> None:
                if not statement.startswith("EXPLAIN"):
                    rows = cursor_of.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                    plans.extend(row[3] for row in rows)

            event.listen(connection.sync_connection, "before_cursor_execute", explain)
            await jobs.places(connection, [job_id(rows)], slots_since=SLOTS_SINCE, now=NOW)
            await turns.first_free(connection, slots_since=SLOTS_SINCE, now=NOW, limit=4, in_flight=["x"])
            await jobs.list_waiting_after(connection, jobs.QUEUE_START, limit=4)

    used = {plan.partition(" INDEX ")[2].split()[0] for plan in plans if " INDEX jobs" in plan or " INDEX sub" in plan}
    assert used == {
        *("jobs_waiting", "jobs_waiting_by_age", "jobs_last_started", "jobs_last_started_by_member", "submits_slots"),
        *("jobs_by_round", "submits_open"),  # of a brainstorm's takes alone
    }
    assert not [plan for plan in plans if plan.startswith(("SCAN jobs", "SCAN submits")) and "jobs_waiting" not in plan]


async def put_round(database: Database, *, rendering: int, waiting: int, others: int) -> tuple[list[str], list[str]]:
    """Store a member's takes, some of which render, and jobs of another server's members; return who waits."""
    takes = [
        make_job(guild_id=1, member_id=1, round_id="r", number=number, due_at=NOW)
        for number in range(1, 1 + rendering + waiting)
    ]
    stored = [*takes, *(make_job(guild_id=1, member_id=2 + number, due_at=NOW) for number in range(others))]
    async with database.write() as connection:
        for number, job in enumerate(stored):
            state = JobState.RENDERING if number < rendering else JobState.QUEUED
            await jobs.insert(connection, replace(job, id=job_id(number), interaction_id=number + 1, state=state))
        for number in range(rendering):
            values = {"job_id": job_id(number), "number": 1, "seconds": 6, "model": "", "attempts": 0, "sent_at": NOW}
            await connection.execute(insert(submits_table), values)
    ids = [job_id(number) for number in range(len(stored))]
    return ids[rendering : rendering + waiting], ids[rendering + waiting :]


@pytest.mark.parametrize(("rendering", "before"), [(0, 2), (1, 1), (2, 0), (4, 0)])
async def test_of_a_rounds_takes_two_render_while_others_wait_and_the_rest_goes_last(
    tmp_path: Path, rendering: int, before: int
) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        takes, others = await put_round(database, rendering=rendering, waiting=6, others=4)

        started = await start(database, limit=10)

    assert set(started[: before + 4]) == {*takes[:before], *others}
    assert started[before + 4 :] == takes[before:]


async def test_where_nobody_else_waits_all_takes_of_a_round_are_started(tmp_path: Path) -> None:
    async with Database.open(await fresh_database(tmp_path), migrate=False) as database:
        takes, _ = await put_round(database, rendering=2, waiting=5, others=0)

        assert await start(database, limit=3) == takes[:3]
