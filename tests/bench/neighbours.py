"""What other servers, and the operator's purse, feel of servers that are as heavy as they may be.

``uv run python -m tests.bench.neighbours [--rounds NUMBER]`` prints JSON. ``purse``: with an operator's limit of 12 s a
day, a moderator sets "unlimited" and a member keeps asking; a moderator cancels 40 clips while they render, one after
the other; 200 accounts of one server ask at once, then another server's only member. ``rules``: 8 servers have rules as
large as they may be and members who ask for clips one after the other, with prompts that take RE2 the longest; their
moderators keep adding patterns that are refused. Meanwhile a member of another server, without rules, and one of a
server with a few, ask for a clip each round. Timed are the acknowledgement, as ``run_or_defer`` gives it, the
acceptance, and how long another write waits.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot.errors import InvalidSettingError, RefusedError
from bot.models import JobState, PromptRuleKind, Quota, Server, SpendPolicy
from bot.services.screening.rules import MOST_RULES, PATTERNS_MAX_TOTAL_SIZE
from bot.services.screening.threads import ScreeningThreads
from bot.store import tables
from bot.store.moderation import servers
from bot.ui.replies import ANSWER_WITHIN_SECONDS
from tests.bench.figures import freeze, machine, print_report, tail
from tests.bench.lag import LagProbe
from tests.support.clocks import ServiceClock
from tests.support.workshop import GUILD_ID, MEMBER_ID, open_workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from tests.support.workshop import Process, Workshop

ROUNDS = 200
HEAVY_SERVERS, MEMBERS_EACH = 8, 2
LARGE_PATTERNS = 10
TARGET_ACKNOWLEDGED_MS, TARGET_ACCEPTED_MS, TARGET_WRITE_WAITS_MS = 500, 1000, 100
WORST_PROMPT = ("🚀🦊🐶🎉😀🐱" * 334)[:2000]
WORST_WORDS_PROMPT = "a's " * 500
REFUSED_PATTERN = r"\pL" * 66
"""As large as 200 characters make it: given up once it is too large."""
_PAUSE_SECONDS = 0.02
LIGHT_GUILD_ID, QUIET_GUILD_ID = GUILD_ID + 1, GUILD_ID + 2


async def measure(*, rounds: int = ROUNDS, heavy_servers: int = HEAVY_SERVERS) -> dict[str, Any]:
    """Measure what neighbours feel of each kind of heavy server."""
    return {
        "machine": machine(),
        "purse": {
            "unlimited": await measure_unlimited(),
            "cancelled": await measure_cancelled(),
            "accounts": await measure_accounts(),
        },
        "rules": await measure_rules(rounds=rounds, heavy_servers=heavy_servers),
    }


async def measure_unlimited() -> dict[str, int]:
    """Let a member of a server without a limit of its own ask 100 times in a day of 12 s."""
    async with _open_workshop() as workshop:
        process = workshop.start(spending=SpendPolicy(max_seconds_per_day=12))
        accepted = await _ask_often(workshop, process, 100)
        await workshop.run_until_idle(process)
        return {"asked": 100, "accepted": len(accepted), "billed_seconds": workshop.server.billed_seconds()}


async def measure_cancelled() -> dict[str, int]:
    """Cancel each clip as soon as it renders, 40 times, where a server may spend 60 s a day."""
    cancelled = 0
    async with _open_workshop() as workshop:
        process = workshop.start(spending=SpendPolicy(max_seconds_per_day_per_server=60))
        for _ in range(40):
            for job_id in await _ask_often(workshop, process, 1):
                await workshop.run_until(process, job_id, JobState.RENDERING)
                await process.cancel(job_id)
                cancelled += 1
        await workshop.run_for(process, 600)
        return {
            "tried": 40,
            "cancelled": cancelled,
            "counted_seconds": await workshop.spent_seconds(),
            "billed_seconds": workshop.server.billed_seconds(),
        }


async def measure_accounts() -> dict[str, int | None]:
    """Let 200 accounts of one server ask, then another server's only member; say which place that one has."""
    async with _open_workshop() as workshop:
        process = workshop.start()
        accepted = [await _ask_often(workshop, process, 1, member_id=1000 + number) for number in range(200)]
        card = await process.jobs.accept(workshop.request(guild_id=LIGHT_GUILD_ID))
        return {"accounts": 200, "accepted": sum(map(len, accepted)), "place_of_another_servers": card.queue_place}


@asynccontextmanager
async def _open_workshop() -> AsyncGenerator[Workshop]:
    with TemporaryDirectory(prefix="reelay-bench-") as folder:
        async with open_workshop(Path(folder)) as workshop:
            workshop.quota, workshop.max_open_jobs = Quota(None), 1_000_000
            yield workshop


async def _ask_often(workshop: Workshop, process: Process, times: int, **who: int) -> list[str]:
    """Ask so many times; return the ids of what was accepted."""
    job_ids: list[str] = []
    for _ in range(times):
        try:
            job_ids.append((await process.jobs.accept(workshop.request(**who))).job.id)
        except RefusedError:
            continue
    return job_ids


async def measure_rules(*, rounds: int, heavy_servers: int) -> dict[str, Any]:
    """Measure while servers with the largest rules are busy, and before."""
    with TemporaryDirectory(prefix="reelay-bench-") as folder, ScreeningThreads.open() as threads:
        async with open_workshop(Path(folder), clock=time.time) as workshop:
            workshop.quota, workshop.max_open_jobs = Quota(None), 1_000_000
            process = workshop.start(threads=threads)
            heavy = [1000 + number for number in range(heavy_servers)]
            for guild_id in heavy:
                await _moderate(workshop, guild_id, _large_rules())
            await _moderate(workshop, LIGHT_GUILD_ID, [("words", "spoiler"), ("pattern", r"\bgr[ue]some\b")])
            report: dict[str, Any] = {"heavy_servers": heavy_servers, "program_size_each": PATTERNS_MAX_TOTAL_SIZE}
            freeze()
            report["alone"] = await _ask_in_rounds(workshop, process, rounds)
            async with asyncio.TaskGroup() as group:
                attacks = [group.create_task(each) for each in _attacks(workshop, process, heavy)]
                await asyncio.sleep(_PAUSE_SECONDS)
                report["beside_them"] = await _ask_in_rounds(workshop, process, rounds)
                for attack in attacks:
                    attack.cancel()
    return report


def _large_rules() -> list[tuple[str, str]]:
    patterns = [("pattern", rf"[^a].{{350}}[^b].{{350}}{number}") for number in range(LARGE_PATTERNS)]
    words = [
        ("words", " ".join("a's" if number >> bit & 1 else "a" for bit in range(8)) + f" {number}")
        for number in range(min(256, MOST_RULES[PromptRuleKind.WORDS]))
    ]
    return patterns + words


async def _moderate(workshop: Workshop, guild_id: int, rules: list[tuple[str, str]]) -> None:
    made = {"guild_id": guild_id, "set_by_id": 1, "set_at": ServiceClock(workshop.time).now()}
    async with workshop.database.write() as connection:
        await connection.execute(
            tables.prompt_rules.insert(), [made | {"kind": kind, "text": text} for kind, text in rules]
        )
        await servers.put(connection, Server(guild_id=guild_id, rules_version=1))


def _attacks(workshop: Workshop, process: Process, guild_ids: Iterable[int]) -> Iterable[Any]:
    for guild_id in guild_ids:
        for number in range(MEMBERS_EACH):
            prompt = WORST_PROMPT if number % 2 == 0 else WORST_WORDS_PROMPT
            yield _keep_asking(workshop, process, guild_id, MEMBER_ID + number, prompt)
        yield _keep_adding(process, guild_id)


async def _keep_asking(workshop: Workshop, process: Process, guild_id: int, member_id: int, prompt: str) -> None:
    while True:
        card = await process.jobs.accept(workshop.request(prompt, guild_id=guild_id, member_id=member_id))
        await process.jobs.cancel(card.job.id, guild_id=guild_id, member_id=member_id)


async def _keep_adding(process: Process, guild_id: int) -> None:
    while True:
        try:
            await process.services.prompts.add(
                guild_id=guild_id, kind=PromptRuleKind.PATTERN, text=REFUSED_PATTERN, set_by_id=1
            )
        except InvalidSettingError:
            await asyncio.sleep(_PAUSE_SECONDS)


async def _ask_in_rounds(workshop: Workshop, process: Process, rounds: int) -> dict[str, Any]:
    probe, since = LagProbe(), time.monotonic()
    probe.start()
    acknowledged, accepted, waits = list[float](), list[float](), list[float]()
    for number in range(rounds):
        guild_id = LIGHT_GUILD_ID if number % 2 else QUIET_GUILD_ID
        waits.append(await _time_write_wait(workshop))
        started = time.perf_counter()
        request = workshop.request("a paper boat on a calm lake", guild_id=guild_id)
        accepting = asyncio.create_task(process.jobs.accept(request))
        await asyncio.wait({accepting}, timeout=ANSWER_WITHIN_SECONDS)
        acknowledged.append(1000 * (time.perf_counter() - started))
        card = await accepting
        accepted.append(1000 * (time.perf_counter() - started))
        await process.jobs.cancel(card.job.id, guild_id=guild_id, member_id=MEMBER_ID)
        await asyncio.sleep(_PAUSE_SECONDS)
    return {
        "acknowledged_ms": tail(acknowledged),
        "acknowledged_p99_ms_target": TARGET_ACKNOWLEDGED_MS,
        "accepted_ms": tail(accepted),
        "accepted_p99_ms_target": TARGET_ACCEPTED_MS,
        "write_waits_ms": tail(waits),
        "write_waits_max_ms_target": TARGET_WRITE_WAITS_MS,
        "loop_lag_ms": tail(probe.lags_ms(since=since)),
    }


async def _time_write_wait(workshop: Workshop) -> float:
    started = time.perf_counter()
    async with workshop.database.write():
        return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_report(measure(rounds=parser.parse_args().rounds))
