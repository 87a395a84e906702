"""Where what is shown comes from, and looking at all of it at once, within a bound."""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.web.looks import SharedLook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from bot.models import Balance, SpendPolicy
    from bot.services.clips.workspace import Workspace
    from bot.services.ports import Clock
    from bot.services.report import WorkReport
    from bot.services.throttling.throttle import ServiceThrottle

REPORT_KEPT_SECONDS = 2.0
DATABASE_PATIENCE_SECONDS = 5.0
"""How long the database may take to answer before it counts as down."""
BALANCE_KEPT_SECONDS = 600.0
"""As often as the bot itself looks at it."""
BALANCE_PATIENCE_SECONDS = 2.0
DISKS_KEPT_SECONDS = 10.0
DISKS_PATIENCE_SECONDS = 1.0
OVERDUE_AFTER_SECONDS = 30.0


class Gateway(Protocol):
    """The connections to Discord."""

    @property
    def shard_count(self) -> int | None:
        """Return how many connections there are to be; None while that is not known."""
        ...

    @property
    def shards_connected(self) -> int:
        """Return on how many of them Discord has let the bot in."""
        ...

    @property
    def slowest_latency_seconds(self) -> float | None:
        """Return how long the slowest took to answer its last heartbeat; None while that is not known."""
        ...

    @property
    def times_limited(self) -> int:
        """Return how often Discord has answered 429."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where what is shown comes from.

    Attributes:
        read_report: reads how much work there is.
        fetch_balance: asks the video service what can be spent.
        render_slots: how many renders there may be at once.
        folders: whose disks' free space is shown, by what they are for.
        last_backup_at: says when the last backup was made; None where there was none, or nobody makes any.
        clock_offset_seconds: says how far the machine's clock is ahead of the database's; None where nobody knows.
        stopwatch: tells the seconds by which what was seen grows old; it is never set.
    """

    gateway: Gateway
    throttle: ServiceThrottle
    workspace: Workspace
    clock: Clock
    spending: SpendPolicy
    read_report: Callable[[], Awaitable[WorkReport]]
    fetch_balance: Callable[[], Awaitable[Balance]]
    render_slots: int
    folders: Mapping[str, Path] = field(default_factory=dict[str, "Path"])
    last_backup_at: Callable[[], datetime | None] = lambda: None
    clock_offset_seconds: Callable[[], float | None] = lambda: None
    stopwatch: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen at one time of what can't be read at once; None is what has not answered in time."""

    report: WorkReport | None
    balance: Balance | None
    free_bytes: Mapping[str, int] | None


class Watch:
    """Looks at the database, the account and the disks, for all who ask within some seconds at once."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._report = SharedLook(
            sources.read_report,
            kept_seconds=REPORT_KEPT_SECONDS,
            patience_seconds=DATABASE_PATIENCE_SECONDS,
            now=sources.stopwatch,
        )
        self._balance = SharedLook(
            sources.fetch_balance,
            kept_seconds=BALANCE_KEPT_SECONDS,
            patience_seconds=BALANCE_PATIENCE_SECONDS,
            now=sources.stopwatch,
        )
        self._disks = SharedLook(
            self._read_disks,
            kept_seconds=DISKS_KEPT_SECONDS,
            patience_seconds=DISKS_PATIENCE_SECONDS,
            now=sources.stopwatch,
        )

    async def look(self) -> Sight:
        """Look at all of it; nothing that hangs holds it up for longer than it may take."""
        report, balance, free_bytes = await asyncio.gather(
            self._report.find(), self._balance.find(), self._disks.find()
        )
        return Sight(report=report, balance=balance, free_bytes=free_bytes)

    async def find_problems(self) -> list[str]:
        """Say what keeps the bot from being ready; nothing where all is well."""
        return problems_of(self.sources.gateway, await self._report.find())

    async def close(self) -> None:
        """End the looks that go on."""
        for look in (self._report, self._balance, self._disks):
            await look.close()

    async def _read_disks(self) -> dict[str, int]:
        return await asyncio.to_thread(self._free_bytes)

    def _free_bytes(self) -> dict[str, int]:
        free: dict[str, int] = {}
        for use, folder in self.sources.folders.items():
            with suppress(OSError):  # of a folder that is gone nothing is known
                free[use] = shutil.disk_usage(folder).free
        return free


def problems_of(gateway: Gateway, report: WorkReport | None) -> list[str]:
    """Say what keeps the bot from being ready; nothing where all is well.

    Args:
        report: None where the database did not answer in time.
    """
    problems: list[str] = []
    if gateway.shard_count is None or gateway.shards_connected < gateway.shard_count:
        wanted = "some" if gateway.shard_count is None else gateway.shard_count
        problems.append(f"connected to Discord on {gateway.shards_connected} of {wanted} connections")
    if report is None:
        problems.append("the database does not answer")
    elif report.overdue_seconds > OVERDUE_AFTER_SECONDS:
        problems.append(f"something has been due for {report.overdue_seconds:.0f} s")
    return problems
