"""A process of the workshop as it is seen from outside: over HTTP, with a gateway that a test moves by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bot.models import SpendPolicy
from bot.web.measures import PrometheusMeasures
from bot.web.server import serve_http
from bot.web.watching import Sources
from tests.support.clocks import ServiceClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from prometheus_client import Metric

    from bot.store.database import Database
    from tests.support.workshop import Process, Workshop

SPENDING = SpendPolicy(max_seconds_per_day=600, max_seconds_per_month=6000, low_balance_credits=1000)


@dataclass
class GivenGateway:
    """Connections to Discord that are as they are told to be."""

    shard_count: int | None = 2
    shards_connected: int = 2
    slowest_latency_seconds: float | None = 0.08
    times_limited: int = 3


@dataclass(kw_only=True)
class Seen:
    """What is seen of a process."""

    process: Process
    gateway: GivenGateway
    measures: PrometheusMeasures
    session: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of a page."""
        async with self.session.get(path) as response:
            return response.status, await response.text()

    async def families(self) -> dict[str, Metric]:
        """Return all that Prometheus reads, by name."""
        status, text = await self.get("/metrics")
        assert status == 200
        return {family.name: family for family in text_string_to_metric_families(text)}

    async def figures(self) -> dict[str, float]:
        """Return all figures, by name and labels as they are written."""
        return {
            sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
            for family in (await self.families()).values()
            for sample in family.samples
        }


@asynccontextmanager
async def seen_from_outside(
    workshop: Workshop,
    *,
    database: Database | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    **changes: Any,  # noqa: ANN401 (of Sources)
) -> AsyncGenerator[Seen]:
    """Start a process and let it be seen.

    Args:
        database: of the process, where it is not the workshop's own.
        changes: of where what is shown comes from.
    """
    measures = PrometheusMeasures()
    workshop.database.wait_to_write = measures.wait_to_write
    process = workshop.start(database=database, ports={"measures": measures})
    gateway = GivenGateway()
    sources = Sources(
        gateway=gateway,
        throttle=process.throttle,
        workspace=process.reelay.workspace,
        clock=ServiceClock(workshop.time),
        spending=SPENDING,
        read_report=process.reelay.reporter.read,
        fetch_balance=workshop.client.fetch_balance,
        render_slots=process.policy.max_concurrent_renders,
        folders={"temporary": workshop.folder, "database": workshop.folder},
        last_backup_at=lambda: datetime(2026, 3, 4, tzinfo=UTC),
        clock_offset_seconds=lambda: 0.25,
        stopwatch=workshop.time,
    )
    async with (
        serve_http(host, port, sources=replace(sources, **changes), measures=measures) as (_, found_port),
        aiohttp.ClientSession(f"http://{host}:{found_port}") as session,
    ):
        yield Seen(process=process, gateway=gateway, measures=measures, session=session)
