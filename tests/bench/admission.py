"""How long it takes to decide whether a clip may be made, in a server with many rules and a long ledger.

``uv run python -m tests.bench.admission [--rows NUMBER ...]`` prints JSON. A server has 200 quota rules, 500 filter
words, 50 patterns, a cap, a pool and a block or two. Timed is all of ``JobService.accept``: settings, block, channel,
rules, AutoMod, open jobs, quota, cap, charge; beside it, in turn, a transaction that only writes what a charge writes.
The difference is what the decision costs. The ledger's rows are all of this server and of the present month, of 500
members, so that a sum over them would be as long as it can be.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from bot.models import (
    QUOTA_MAX_SECONDS,
    Block,
    EffectiveQuota,
    Job,
    JobState,
    Period,
    Quota,
    QuotaSource,
    Server,
    VideoSpec,
)
from bot.services.admission.accepting import new_job_id
from bot.store import jobs, tables
from bot.store.moderation import servers
from bot.store.quotas import ledger
from tests.bench.figures import machine, print_report
from tests.support.clocks import ServiceClock
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, MEMBER_ID, open_workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from tests.support.workshop import Process, Workshop

ROWS = (1_000, 1_000_000)
ROUNDS = 400
QUOTA_RULES, WORDS, PATTERNS, LEDGER_MEMBERS = 200, 500, 50, 500
TARGET_MILLISECONDS, TARGET_RATIO = 10, 1.1
PROMPT = (
    "A paper boat drifts across a calm lake at dawn, slow camera, soft light, reeds in the foreground, a heron takes "
    "off in the distance and the ripples spread until they reach the shore where a child waits with a lantern"
)
MODERATOR_ID = 900


async def measure(rows: tuple[int, ...] = ROWS, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure with ledgers of different lengths; of each the median milliseconds, and their ratio."""
    report: dict[str, Any] = {
        "machine": machine(),
        "quota_rules": QUOTA_RULES,
        "words": WORDS,
        "patterns": PATTERNS,
        "prompt_characters": len(PROMPT),
        "rounds": rounds,
        "without_the_write_ms_target": TARGET_MILLISECONDS,
        "ratio_target": TARGET_RATIO,
        "ledgers": {},
    }
    medians = []
    for count in rows:
        figures = await _measure_one(count, rounds)
        report["ledgers"][str(count)] = figures
        medians.append(figures["accept_ms"])
    report["accept_ratio"] = round(medians[-1] / medians[0], 3)
    return report


async def _measure_one(count: int, rounds: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="reelay-bench-") as folder:
        async with open_workshop(Path(folder)) as workshop:
            process = workshop.start()
            await _moderate(workshop)
            _fill(workshop, count)
            accepted, written = [], []
            for number in range(rounds):
                accepted.append(await _time_accept(workshop, process, MEMBER_ID + number % LEDGER_MEMBERS))
                written.append(await _time_write(workshop, MEMBER_ID + number % LEDGER_MEMBERS))
            plans = await _plans(workshop, process)
    accept_ms, write_ms = (1000 * statistics.median(times) for times in (accepted, written))
    return {
        "accept_ms": round(accept_ms, 2),
        "write_ms": round(write_ms, 2),
        "without_the_write_ms": round(accept_ms - write_ms, 2),
        "plans": plans,
    }


async def _time_accept(workshop: Workshop, process: Process, member_id: int) -> float:
    request = workshop.request(PROMPT, member_id=member_id, role_ids=tuple(range(1000, 1010)))
    started = time.perf_counter()
    card = await process.jobs.accept(request)
    seconds = time.perf_counter() - started
    await process.jobs.cancel(card.job.id, guild_id=GUILD_ID, member_id=member_id)
    return seconds


async def _time_write(workshop: Workshop, member_id: int) -> float:
    """Time what the database itself takes to store a job and its charge."""
    now = ServiceClock(workshop.time).now()
    job = Job(
        id=new_job_id(now, random.SystemRandom().getrandbits),
        interaction_id=workshop.request().interaction_id,
        guild_id=GUILD_ID + 1,
        channel_id=CHANNEL_ID,
        member_id=member_id,
        spec=VideoSpec(PROMPT),
        state=JobState.QUEUED,
        created_at=now,
        effective_quota=EffectiveQuota(Quota(60), QuotaSource.OPERATOR),
        due_at=now,
    )
    started = time.perf_counter()
    async with workshop.database.write() as connection:
        await jobs.insert(connection, job)
        await ledger.charge(connection, job, now=now)
    seconds = time.perf_counter() - started
    async with workshop.database.write() as connection:
        await jobs.withdraw(connection, job, now=now)
    return seconds


async def _moderate(workshop: Workshop) -> None:
    """Set up the server, all rules at once."""
    rng, now = random.Random(1), ServiceClock(workshop.time).now()
    made = {"guild_id": GUILD_ID, "set_by_id": MODERATOR_ID, "set_at": now}
    rules = [
        made
        | {
            "source": "role" if number % 2 else "member",
            "subject_id": 1000 + number,
            "is_temporary": False,
            "period": Period.DAY,
        }
        for number in range(QUOTA_RULES)
    ]
    letters = ("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(WORDS))
    words = [made | {"kind": "words", "text": f"{word}{number:03}"} for number, word in enumerate(letters)]
    patterns = [
        made | {"kind": "pattern", "text": rf"\b(?:gr[ue]some|g[o0]re)\s+{number}[a-z]*\b"}
        for number in range(PATTERNS)
    ]
    server = Server(
        guild_id=GUILD_ID, timezone="Europe/Berlin", cap=Quota(QUOTA_MAX_SECONDS, Period.MONTH), rules_version=1
    )
    block = Block(guild_id=GUILD_ID, member_id=1, reason="spam", set_by_id=MODERATOR_ID, set_at=now)
    async with workshop.database.write() as connection:
        await connection.execute(tables.quota_rules.insert(), rules)
        await connection.execute(tables.prompt_rules.insert(), words + patterns)
        await servers.put(connection, server)
        await servers.put_block(connection, block)


def _fill(workshop: Workshop, count: int) -> None:
    """Give the server finished jobs, half of them refunded, from the first of the month until now."""
    now = ServiceClock(workshop.time).now()
    first = now.replace(day=1, hour=12)
    with closing(sqlite3.connect(workshop.database_url.removeprefix("sqlite+aiosqlite:///"))) as connection:
        connection.executemany(
            "INSERT INTO jobs (id, interaction_id, guild_id, channel_id, member_id, prompt, aspect, duration_seconds,"
            " state, created_at, quota_period, quota_source, attempts)"
            f" VALUES (?, ?, {GUILD_ID}, {CHANNEL_ID}, ?, '', '16:9', 6, 'delivered', ?, 'day', 'operator', 0)",
            ((f"x{number}", -number - 1, member_id, at) for number, member_id, at in _past(first, now, count)),
        )
        for kind in ("charge", "refund"):
            connection.executemany(
                "INSERT INTO ledger (guild_id, member_id, kind, seconds, counted_at, made_at, made_by_id, job_id)"
                f" VALUES ({GUILD_ID}, ?, '{kind}', 6, ?, ?, 0, ?)",
                ((member_id, at, at, f"x{number}") for number, member_id, at in _past(first, now, count)),
            )
        for kind, account in (("member", "member_id"), ("server", "guild_id")):
            connection.execute(
                "INSERT OR IGNORE INTO usage (guild_id, account_kind, account_id, quarter_at, seconds, drawn_seconds)"
                " SELECT guild_id, ?, " + account + ", strftime('%Y-%m-%d %H:', counted_at)"
                " || printf('%02d', strftime('%M', counted_at) / 15 * 15) || ':00.000000',"
                " sum(CASE kind WHEN 'charge' THEN seconds ELSE -seconds END), 0 FROM ledger GROUP BY 1, 3, 4",
                (kind,),
            )
        connection.commit()


def _past(first: datetime, now: datetime, count: int) -> Iterator[tuple[int, int, str]]:
    """Give so many jobs' numbers, members and times that charges and refunds are ``count`` rows."""
    step = (now - first) / (count // 2)
    for number in range(count // 2):
        yield number, MEMBER_ID + number % LEDGER_MEMBERS, f"{first + step * number:%Y-%m-%d %H:%M:%S.%f}"


async def _plans(workshop: Workshop, process: Process) -> list[str]:
    """Return how SQLite goes about each statement of one acceptance."""
    plans: list[str] = []
    # The engine is the database's own; nothing else of it is wanted outside ``store``.
    engine = workshop.database._engine.sync_engine

    def explain(connection: Connection, _: object, statement: str, values: object, *__: object) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(row[3] for row in rows)

    event.listen(engine, "before_cursor_execute", explain)
    request = workshop.request(PROMPT)
    await process.jobs.accept(replace(request, requester=replace(request.requester, member_id=MEMBER_ID)))
    event.remove(engine, "before_cursor_execute", explain)
    return list(dict.fromkeys(plans))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    print_report(measure(tuple(parser.parse_args().rows)))
