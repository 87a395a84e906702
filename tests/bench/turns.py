"""What an acceptance and an edit of a status card cost with a few jobs waiting, and with as many as may.

``uv run python -m tests.bench.turns [--rounds NUMBER]`` prints JSON. Timed, in turn with each length of the queue, are
all of ``JobService.accept``, a pass over the status cards that edits one waiting card, and, for each card it looks at,
one after the whole queue was touched. The queue is of many servers with a member each, or of few that are full.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import time
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot.services.jobs.policy import WorkerPolicy
from bot.services.jobs.status_cards import WAITING_AT_ONCE
from tests.bench.figures import machine, print_report
from tests.support.clocks import ServiceClock
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import open_workshop

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

FEW, PAST_JOBS, ROUNDS = 10, 20_000, 200
TARGET_RATIO = 1.5
OWN_GUILD_ID, OWN_MEMBER_ID = 1, 10**6


@dataclass(frozen=True)
class Queue:
    """A bot with so many jobs waiting, and what was timed with it."""

    workshop: Workshop
    process: Process
    waiting: int
    figures: dict[str, list[float]]


async def measure(rounds: int = ROUNDS, *, past_jobs: int = PAST_JOBS) -> dict[str, Any]:
    """Measure with queues of different lengths and kinds; of each the median milliseconds, and their ratios."""
    most = WorkerPolicy().waiting_in_all
    kinds = {"few": (FEW, FEW), "many_servers": (most - 1, most), "full_servers": (most - 1, most // 50)}
    async with AsyncExitStack() as stack:
        queues = {name: await _open(stack, waiting, servers, past_jobs) for name, (waiting, servers) in kinds.items()}
        for number in range(rounds):
            for queue in queues.values():
                await _time(queue, number)
    medians = {
        name: {what: round(1000 * statistics.median(times), 3) for what, times in queue.figures.items()}
        for name, queue in queues.items()
    }
    return {
        "machine": machine(),
        "rounds": rounds,
        "waiting": {name: waiting for name, (waiting, _) in kinds.items()},
        "median_ms": medians,
        "ratio_target": TARGET_RATIO,
        "ratios": {
            name: {what: round(value / medians["few"][what], 2) for what, value in figures.items()}
            for name, figures in medians.items()
            if name != "few"
        },
    }


async def _open(stack: AsyncExitStack, waiting: int, servers: int, past_jobs: int) -> Queue:
    folder = stack.enter_context(TemporaryDirectory(prefix="reelay-bench-"))
    workshop = await stack.enter_async_context(open_workshop(Path(folder)))
    _fill(workshop, waiting, servers, past_jobs)
    return Queue(workshop, workshop.start(), waiting, {"accept": [], "edit_one": [], "look_at_one": []})


def _fill(workshop: Workshop, waiting: int, servers: int, past_jobs: int) -> None:
    now = ServiceClock(workshop.time).now()
    rows = [
        *((number, "delivered", now - timedelta(minutes=past_jobs - number), None) for number in range(past_jobs)),
        *((past_jobs + number, "queued", None, now) for number in range(waiting)),
    ]
    with closing(sqlite3.connect(workshop.database_url.removeprefix("sqlite+aiosqlite:///"))) as connection:
        connection.executemany(
            "INSERT INTO jobs (id, interaction_id, guild_id, channel_id, member_id, prompt, aspect, duration_seconds,"
            " state, created_at, quota_period, quota_source, attempts, submitted_at, due_at, status_message_id)"
            f" VALUES (?, ?, ?, {CHANNEL_ID}, ?, 'a fox', '16:9', 6, ?, ?, 'day', 'operator', 0, ?, ?, 1)",
            [
                (
                    *(f"{number:016}", -number - 1, OWN_GUILD_ID + 1 + number % servers, number % 997, state),
                    *(None if at is None else f"{at:%Y-%m-%d %H:%M:%S.%f}" for at in (now, started_at, due_at)),
                )
                for number, state, started_at, due_at in rows
            ],
        )
        connection.commit()


async def _time(queue: Queue, number: int) -> None:
    workshop, process = queue.workshop, queue.process
    member_id = OWN_MEMBER_ID + number
    request = workshop.request("a fox", guild_id=OWN_GUILD_ID, member_id=member_id)
    started = time.perf_counter()
    card = await process.jobs.accept(request)
    queue.figures["accept"].append(time.perf_counter() - started)
    await process.jobs.attach_status(card.job.id, 1)
    process.card_changes.note_failed(card.job.id, ServiceClock(workshop.time).now())  # so that it has to be edited
    while await process.card_updater.tick() == 0.0:  # the others come to rest
        pass
    workshop.time.advance(6)
    started = time.perf_counter()
    await process.card_updater.tick()
    queue.figures["edit_one"].append(time.perf_counter() - started)
    assert len(workshop.discord.cards[card.job.id]) == 1, "it was edited"
    process.card_changes.touch_queue()
    started = time.perf_counter()
    await process.card_updater.tick()
    queue.figures["look_at_one"].append((time.perf_counter() - started) / min(WAITING_AT_ONCE, queue.waiting + 1))
    await process.jobs.cancel(card.job.id, guild_id=OWN_GUILD_ID, member_id=member_id)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_report(measure(parser.parse_args().rounds))
