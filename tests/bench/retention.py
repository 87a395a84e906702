"""How long retention holds the write lock, over a database of a million old rows.

``uv run python -m tests.bench.retention [--scale SHARE]`` prints JSON. Two years of a busy bot are stored, then all
that is older than is kept is ended, step by step, without the pauses that the loop makes between two steps. A member's
erasure comes last.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sqlite3
import time
from collections import Counter
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot.services.retention.retention import BETWEEN_STEPS_SECONDS
from bot.store.database import Database
from tests.bench.figures import freeze, machine, print_report, tail
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from bot.store import Connection

JOBS = 215_000
"""With what belongs to them, a million rows."""
SERVERS, MEMBERS = 20, 1000
DAYS_STORED, DAYS_KEPT = 730, 180
LOCK_TARGET_MS = 20
TABLES = ("jobs", "submits", "ledger", "ledger_sums", "usage", "log_entries", "changes")


class WatchedDatabase(Database):
    """A database that notes for how long each write held its lock.

    Attributes:
        held_ms: of each, from its beginning to its commit.
        computed_ms: of each, the processor time in that: on a busy machine the rest is mostly waiting for a processor.
    """

    held_ms: list[float]
    computed_ms: list[float]

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Connection]:
        """Write, and note how long that took once the lock was there."""
        async with super().write() as connection:
            began, computed = time.perf_counter(), time.process_time()
            yield connection
        self.held_ms.append((time.perf_counter() - began) * 1000)
        self.computed_ms.append((time.process_time() - computed) * 1000)


def fill(path: str, now: datetime, jobs: int, rng: random.Random) -> None:
    """Store two years of a bot."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        rows = list(_jobs(now, jobs, rng))
        connection.executemany(
            "INSERT INTO jobs (id, interaction_id, guild_id, channel_id, member_id, prompt, aspect, duration_seconds,"
            " state, created_at, finished_at, quota_period, quota_source, attempts, generation_id, result_url,"
            " message_id) VALUES (:id, :number, :guild, 3, :member, :prompt, '16:9', 6, 'delivered', :at, :at, 'day',"
            " 'operator', 0, :id, :url, :number)",
            rows,
        )
        connection.executemany(
            "INSERT INTO submits (job_id, number, seconds, model, sent_at, outcome, ended_at, generation_id, attempts)"
            " VALUES (:id, 1, 6, 'gemini_omni', :at, 'completed', :at, :id, 0)",
            rows,
        )
        connection.executemany(
            "INSERT INTO ledger (guild_id, member_id, kind, seconds, counted_at, made_at, made_by_id, job_id)"
            " VALUES (:guild, :member, 'charge', 6, :at, :at, :member, :id)",
            rows,
        )
        connection.executemany(
            "INSERT INTO log_entries (guild_id, kind, created_at, job_id, facts, attempts)"
            " VALUES (:guild, 'posted', :at, :id, '{}', 0)",
            rows,
        )
        connection.executemany(
            "INSERT INTO changes (guild_id, made_by_id, made_at, kind, subject_id, after)"
            """ VALUES (:guild, 5, :at, 'clip_removed', :member, '{"prompt": "a fox", "seconds": 0}')""",
            rows[::10],
        )
        usage = Counter[tuple[int, str, int, str]]()
        for row in rows:
            usage[row["guild"], "member", row["member"], row["quarter"]] += 6
            usage[row["guild"], "server", row["guild"], row["quarter"]] += 6
        connection.executemany(
            "INSERT INTO usage (guild_id, account_kind, account_id, quarter_at, seconds, drawn_seconds)"
            " VALUES (?, ?, ?, ?, ?, 0)",
            [(*key, seconds) for key, seconds in usage.items()],
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or the first steps would wait for that
    with Path(path).open("rb+") as file:
        os.fsync(file.fileno())  # and for this


def _jobs(now: datetime, count: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    start = now - timedelta(days=DAYS_STORED)
    for number in range(count):
        at = start + timedelta(days=DAYS_STORED) * (number / count)
        quarter = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        yield {
            "id": f"{number:016d}",
            "number": number,
            "guild": rng.randrange(1, SERVERS + 1),
            "member": rng.randrange(1, MEMBERS + 1),
            "prompt": "A fox walks through the snow at dusk, in the style of an old film. " * 3,
            "url": f"https://files.example/{number:016d}/a-rather-long-address-of-a-finished-clip.mp4",
            "at": f"{at:%F %T.%f}",
            "quarter": f"{quarter:%F %T.%f}",
        }


def count_rows(path: str) -> dict[str, int]:
    """Count what is stored."""
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


async def measure(scale: float = 1.0) -> dict[str, Any]:
    """Store rows, end the old ones, then erase a member."""
    report: dict[str, Any] = {"machine": machine(), "lock_max_ms_target": LOCK_TARGET_MS}
    with TemporaryDirectory() as folder:
        async with open_workshop(Path(folder)) as workshop:
            now = datetime.fromtimestamp(workshop.time(), UTC)
            path = workshop.database_url.removeprefix("sqlite+aiosqlite:///")
            await asyncio.to_thread(fill, path, now, max(50, int(JOBS * scale)), random.Random(1))
            report["rows_before"] = count_rows(path)
            freeze()
            async with WatchedDatabase.open(workshop.database_url, migrate=False) as database:
                assert isinstance(database, WatchedDatabase)
                process = workshop.start(database=database, retention_days=DAYS_KEPT)
                report["retention"] = await _end(database, process.reelay.retention.tick)
                report["rows_after"] = count_rows(path)
                await process.services.privacy.erase(1)
                report["erasure"] = await _end(database, process.reelay.retention.tick)
    report["rows"] = sum(report["rows_before"].values())
    return report


async def _end(database: WatchedDatabase, tick: Any) -> dict[str, Any]:  # noqa: ANN401 (a coroutine function)
    database.held_ms, database.computed_ms = [], []
    began, looks_ms = time.perf_counter(), list[float]()
    while True:
        looked = time.perf_counter()
        pause = await tick()
        looks_ms.append((time.perf_counter() - looked) * 1000)
        if pause != BETWEEN_STEPS_SECONDS:
            break
    seconds = time.perf_counter() - began
    return {
        "steps": len(database.held_ms),
        "seconds": round(seconds, 1),
        "lock_ms": tail(database.held_ms),
        "lock_computed_ms": tail(database.computed_ms),
        "step_ms": tail(looks_ms),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    print_report(measure(parser.parse_args().scale))
