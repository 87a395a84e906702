"""Every bench runs, on next to nothing, and has figures."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import pytest

from bot.store.database import Database
from bot.store.tables import metadata
from tests.bench import (
    _bot,
    acknowledge,
    admission,
    brainstorms,
    clip,
    estimates,
    flight,
    library,
    neighbours,
    resume,
    retention,
    slow_hosts,
    stage,
    start,
    turns,
)
from tests.bench.doubles import ServiceDouble
from tests.bench.remote import Remote, RemoteError
from tests.support.bot_process import BotProcess
from tests.support.databases import sqlite_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path


class Here:
    """Stands in for ``Remote``, in this process: quicker to start, and nobody measures anything here."""

    def __init__(self, factory: Callable[..., AbstractAsyncContextManager[object]], **arguments: object) -> None:
        self._context = factory(**arguments)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._actor = await self._stack.enter_async_context(self._context)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._stack.aclose()

    async def call(self, method: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the method returns)
        return await getattr(self._actor, method)(**arguments)


class QuickStage(stage.Stage):
    """Has bots that begin with all imported and their databases migrated, and that look soon."""

    migrated = b""

    def directory(self, name: str = "bot") -> Path:
        directory = super().directory(name)
        if not (directory / "reelay.db").exists():
            (directory / "reelay.db").write_bytes(self.migrated)
        return directory

    def bot(self, name: str = "bot", *, module: str = "", arguments: tuple[str, ...] = ()) -> BotProcess:
        assert not module, "others are for whoever starts or measures them"
        assert not arguments
        return BotProcess(self.directory(name), self.environment(name), main=partial(_bot.run, 0.1))


async def test_each_bench_prints_its_figures_and_their_targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stage, "Remote", Here)
    async with Database.open(sqlite_url(tmp_path)):
        pass
    monkeypatch.setattr(QuickStage, "migrated", (tmp_path / "reelay.db").read_bytes())
    for bench in (acknowledge, clip, resume):
        monkeypatch.setattr(bench, "Stage", QuickStage)

    acknowledged, flown, sent, started, resumed = await asyncio.gather(
        acknowledge.measure(scale=0.02, rounds=1),
        flight.measure(scale=0.003, steady_seconds=0.1, warm_up_jobs=0),
        clip.measure({"passes_through": 0.2}, width=320, height=180, warm_up=False),
        start.measure(runs=1, warm_up=False),
        resume.measure(scale=0.003),
    )

    admitted = await admission.measure((20, 40), rounds=4)
    queued = await turns.measure(rounds=1, past_jobs=20)
    brainstormed = await brainstorms.measure(rounds=3, voters=5)  # medians: one alone may wait for the disk
    found = await library.measure(20, rounds=2)
    beside = await neighbours.measure(rounds=4, heavy_servers=2)
    ended = await retention.measure(scale=0.001)
    beside_slow = await slow_hosts.measure(clips=2, clip_bytes=10_000, crowd=2)
    estimated = await estimates.measure(tries=40, slots=(4,), ahead=(0, 20), learnings=2)

    figures = [
        acknowledged,
        flown,
        sent,
        started,
        resumed,
        admitted,
        queued,
        found,
        beside,
        ended,
        estimated,
        beside_slow,
    ]
    figures.append(brainstormed)
    assert json.dumps(figures)
    assert ended["rows"] > ended["rows_after"]["jobs"] == ended["rows_before"]["jobs"]
    assert ended["rows_after"]["ledger"] < ended["rows_before"]["ledger"]
    assert ended["retention"]["lock_ms"]["max"] > 0
    assert ended["erasure"]["steps"] > 0
    assert acknowledged["alone"]["median_ms"] > 0
    for crowd in ("different_members", "busy_members"):
        [run] = acknowledged[crowd]["runs"]
        assert run["asked"] == run["acknowledged"] == 4
        assert run["p50_ms"] <= run["p99_ms"] <= run["max_ms"]
    for ledger in admitted["ledgers"].values():
        assert ledger["accept_ms"] > ledger["write_ms"] > 0
        scans = [plan.split()[1] for plan in ledger["plans"] if plan.startswith("SCAN") and "INDEX" not in plan]
        assert not set(scans) & set(metadata.tables)
    assert beside["purse"]["unlimited"] == {"asked": 100, "accepted": 2, "billed_seconds": 12}
    assert beside["purse"]["cancelled"]["counted_seconds"] == beside["purse"]["cancelled"]["billed_seconds"] == 60
    assert beside["purse"]["accounts"] == {"accounts": 200, "accepted": 50, "place_of_another_servers": 2}
    for case in ("alone", "beside_them"):
        assert 0 < beside["rules"][case]["acknowledged_ms"]["p50"] <= beside["rules"][case]["accepted_ms"]["max"]
    for case, dripping in {"alone": 0, "beside_four_dripping": 4, "beside_a_crowd_of_them": 8}.items():
        assert beside_slow[case]["dripping"] == dripping
        assert 0 < beside_slow[case]["seconds"]["max"] < beside_slow["seconds_max_target"]
    assert queued["ratios"].keys() == {"many_servers", "full_servers"}
    assert all(figure > 0 for figures in queued["median_ms"].values() for figure in figures.values())
    assert brainstormed["votes_counted"] == 5
    assert brainstormed["votes_board_edits"] <= brainstormed["votes_board_edits_target"]
    assert brainstormed["start_ms"] > brainstormed["write_ms"] > 0
    assert found["target_ms"] == 20
    assert all(kind["max"] > 0 for kinds in found["page_ms"].values() for kind in kinds.values())
    assert (flown["jobs"], flown["lag_p99_ms_target"], flown["processor_ms_per_poll_target"]) == (3, 50, 2)
    assert flown["lag_p50_ms"] <= flown["lag_p99_ms"] <= flown["lag_max_ms"]
    assert sent["passes_through"]["clip_mib"] == sent["passes_through"]["posted_mib"] == 0.2
    assert sent["passes_through"]["added_tree_rss_peak_mib"] > 0
    assert started["restart"]["ready_seconds"]["median"] > 0
    assert resumed["after_long"]["due"] == resumed["jobs"] == 3
    assert resumed["after_long"]["all_due_polled_seconds"] >= resumed["after_long"]["first_poll_seconds"] > 0


async def test_a_server_in_a_process_of_its_own_answers_and_says_what_went_wrong() -> None:
    async with Remote(ServiceDouble) as service:
        assert (await service.call("settings"))["toapis_base_url"].startswith("http://127.0.0.1:")
        with pytest.raises(RemoteError, match="no_such_method"):
            await service.call("no_such_method")
