"""What a page of ``/clips`` costs a member who has very many clips, with a search and without.

``uv run python -m tests.bench.library [--clips NUMBER]`` prints JSON. Timed is all of ``Library.page``, on a database
in which others' clips lie between the member's.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot.models import SEARCHED_MOST, ClipQuery
from bot.models.clips import folded
from bot.services.clips.library import Library
from bot.store.database import Database
from tests.bench.figures import freeze, machine, print_report, tail
from tests.support.databases import fresh_database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

GUILD_ID, MEMBER_ID = 1, 2
OTHERS_BETWEEN = 9
"""Clips of others for each of the member's."""
ROUNDS = 50
TARGET_MS = 20.0
_WORDS = ("fox", "snow", "über", "cat", "surfing", "wave", "Кот", "slow", "neon", "city", "rain", "\u732b")


async def measure(clips: int = SEARCHED_MOST, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure with prompts of 50, 300 and 2,000 characters, which are the longest; milliseconds of a page of each kind.

    The target is for the first two: of nobody are all prompts the longest.
    """
    figures: dict[str, Any] = {}
    for name, words in (("short_prompts", 9), ("long_prompts", 53), ("longest_prompts", 330)):
        with TemporaryDirectory(prefix="reelay-bench-") as folder:
            url = await fresh_database(Path(folder))
            await asyncio.to_thread(_fill, Path(folder) / "reelay.db", clips, words)
            async with Database.open(url, migrate=False) as database:
                figures[name] = await _time(Library(database=database), f"{clips // 2 * 10:016}", rounds)
    return {"machine": machine(), "clips": clips, "rounds": rounds, "target_ms": TARGET_MS, "page_ms": figures}


def _fill(path: Path, clips: int, words: int) -> None:
    chance = random.Random(1)
    with closing(sqlite3.connect(path)) as connection:
        for number in range(clips * (1 + OTHERS_BETWEEN)):
            is_own = number % (1 + OTHERS_BETWEEN) == 0
            prompt = " ".join(chance.choices(_WORDS, k=words if is_own else 10))
            key = (GUILD_ID, MEMBER_ID if is_own else 100 + number % 997)
            connection.execute(
                "INSERT INTO jobs (id, interaction_id, guild_id, channel_id, member_id, prompt, aspect,"
                " duration_seconds, state, created_at, quota_period, quota_source, attempts)"
                " VALUES (?, ?, ?, 1, ?, ?, '16:9', 6, 'delivered', '2026-03-04 12:00:00', 'day', 'operator', 0)",
                (f"{number:016}", number, *key, prompt),
            )
            connection.execute("INSERT INTO clip_prompts VALUES (?, ?, ?, ?)", (*key, f"{number:016}", folded(prompt)))
        connection.commit()


async def _time(library: Library, middle: str, rounds: int) -> dict[str, Any]:
    def asking(text: str, *start: str) -> Callable[[], Awaitable[object]]:
        return lambda: library.page(ClipQuery(guild_id=GUILD_ID, member_id=MEMBER_ID, text=text), *start)

    kinds = {
        "newest": asking(""),
        "middle": asking("", middle),
        "found_at_once": asking("FOX"),
        "found_nowhere": asking("zebra"),
        "found_nowhere_in_other_letters": asking("КОТЫ"),
        "found_from_the_middle_on": asking("Snow", middle),
    }
    freeze()
    spent: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, ask in kinds.items():
            started = time.perf_counter()
            await ask()
            spent[name].append(1000 * (time.perf_counter() - started))
    return {name: tail(times) for name, times in spent.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=SEARCHED_MOST)
    print_report(measure(parser.parse_args().clips))
