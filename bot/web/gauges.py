"""What stands as it stands when it is asked for, as Prometheus's families; what is not known is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.models import CeilingKind
from bot.services.throttling.throttle import PAUSE_REASONS
from bot.web.watching import problems_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from prometheus_client import Metric

    from bot.services.report import WorkReport
    from bot.web.watching import Sight, Sources


class Gauges(Collector):
    """Shows what was seen last.

    Attributes:
        sight: what was seen; set just before it is shown.
    """

    def __init__(self, sources: Sources) -> None:
        self.sight: Sight | None = None
        self._sources = sources

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: there is nothing to be seen yet."""
        return ()

    def collect(self) -> Generator[Metric]:
        """Give all families."""
        assert self.sight is not None  # it is set before
        problems = problems_of(self._sources.gateway, self.sight.report)
        yield _gauge("reelay_ready", "1 if /readyz says so.", not problems)
        yield _gauge("reelay_database_up", "1 if the database answered in time.", self.sight.report is not None)
        if self.sight.report is not None:
            yield from _of_work(self.sight.report)
        yield _gauge("reelay_render_slots", "How many renders there may be at once.", self._sources.render_slots)
        yield from self._of_spending(self.sight)
        yield from self._of_throttle()
        yield from self._of_discord()
        yield from self._of_disk(self.sight)
        yield from self._of_upkeep()

    def _of_spending(self, sight: Sight) -> Generator[Metric]:
        spending = self._sources.spending
        ceilings = {kind.value: float(limit) for kind, limit in spending.ceilings.items() if kind.is_bot_wide}
        yield _by("reelay_spend_ceiling_seconds", "The ceilings on the whole bot, where set.", "period", ceilings)
        if spending.low_balance_credits is not None:
            text = "LOW_BALANCE_CREDITS, where set."
            yield _gauge("reelay_low_balance_credits", text, spending.low_balance_credits)
        if sight.balance is not None and sight.balance.credits is not None:
            yield _gauge("reelay_credits_left", "Credits left at the video service.", sight.balance.credits)

    def _of_throttle(self) -> Generator[Metric]:
        throttle, now = self._sources.throttle, self._sources.clock.now()
        paused = {reason.value: float(reason is throttle.paused_for) for reason in PAUSE_REASONS}
        yield _by("reelay_submitting_paused", "1 for why no clips are sent to be made.", "reason", paused)
        backoffs = {"submit": throttle.submit, "poll": throttle.poll}
        opens_at = {request: backoff.opens_at or now for request, backoff in backoffs.items()}
        held = {request: max(0.0, (at - now).total_seconds()) for request, at in opens_at.items()}
        yield _by("reelay_requests_held_seconds", "How long no such request will go out yet.", "request", held)
        told = {request: backoff.left(now) for request, backoff in backoffs.items()}
        left = {request: float(count) for request, count in told.items() if count is not None}
        text = "Requests left of the video service's limit, as it says."
        yield _by("reelay_rate_limit_remaining", text, "request", left)

    def _of_discord(self) -> Generator[Metric]:
        gateway = self._sources.gateway
        yield _gauge("reelay_discord_shards", "Connections to Discord that there are to be.", gateway.shard_count or 1)
        connected = gateway.shards_connected
        yield _gauge("reelay_discord_shards_connected", "Those on which Discord has let the bot in.", connected)
        if (latency := gateway.slowest_latency_seconds) is not None:
            text = "How long the slowest of them took to answer a heartbeat."
            yield _gauge("reelay_discord_latency_seconds", text, latency)
        text = "How often Discord has answered 429."
        yield CounterMetricFamily("reelay_discord_rate_limited", text, value=gateway.times_limited)

    def _of_disk(self, sight: Sight) -> Generator[Metric]:
        workspace = self._sources.workspace
        text = "Space that clips under way may take by now."
        yield _gauge("reelay_temporary_reserved_bytes", text, workspace.reserved_bytes)
        yield _gauge("reelay_temporary_limit_bytes", "TEMP_MAX_MB.", workspace.max_bytes)
        yield _gauge("reelay_temporary_waiting", "Clips that wait for space.", workspace.waiting)
        free = {use: float(count) for use, count in (sight.free_bytes or {}).items()}
        yield _by("reelay_disk_free_bytes", "Free space of the disks that the bot writes to.", "place", free)

    def _of_upkeep(self) -> Generator[Metric]:
        if (backup_at := self._sources.last_backup_at()) is not None:
            text = "When the last backup was made."
            yield _gauge("reelay_last_backup_timestamp_seconds", text, backup_at.timestamp())
        if (offset_seconds := self._sources.clock_offset_seconds()) is not None:
            text = "How far the machine's clock is ahead of the database's."
            yield _gauge("reelay_clock_offset_seconds", text, offset_seconds)


def _of_work(report: WorkReport) -> Generator[Metric]:
    open_jobs = {state.value: float(count) for state, count in report.open_jobs.items()}
    yield _by("reelay_jobs", "Jobs that have not ended, by state.", "state", open_jobs)
    ended = GaugeMetricFamily(
        "reelay_jobs_ended_last_hour", "Jobs that ended in the last hour, by why.", labels=("state", "reason")
    )
    for (state, reason), count in report.ended_jobs.items():
        ended.add_metric((state.value, reason or ""), count)
    yield ended
    text = "How long ago the oldest waiting job was accepted."
    yield _gauge("reelay_oldest_waiting_seconds", text, report.oldest_waiting_seconds)
    text = "For how long something has been due that nobody has taken."
    yield _gauge("reelay_overdue_seconds", text, report.overdue_seconds)
    yield _gauge("reelay_render_slots_taken", "Renders that are paid for and not over.", report.slots_taken)
    spent = {
        CeilingKind.DAY.value: float(report.day_spend_seconds),
        CeilingKind.MONTH.value: float(report.month_spend_seconds),
    }
    text = "Seconds of video of the present day or month that are or may be billed, with what waits."
    yield _by("reelay_spend_seconds", text, "period", spent)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for value, figure in values.items():
        family.add_metric((value,), figure)
    return family
