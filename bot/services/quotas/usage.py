"""Who used how much in a server, and what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.errors import CannotFitError
from bot.models import FINAL_STATES, JobState
from bot.models.usage import DailyUsage, UsageBy, UsageShare
from bot.services.quotas.periods import day_start, days_around, local_day, period_bounds, zone_of
from bot.slices import slices
from bot.store import jobs
from bot.store.brainstorms import records
from bot.store.moderation import refusals, servers
from bot.store.quotas import ledger
from bot.store.quotas.days import sum_by_day, sum_days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, tzinfo

    from bot.models import Job, Period, Server
    from bot.models.usage import BarChart
    from bot.services.clips.fitting import Media
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)

JOBS_LISTED = 5000
DAILY_SUMS = 5000
"""Of the sums by day and by member or channel the largest; what is in none of them is in the totals."""
DRAWN_WITHIN_SECONDS = 15.0
"""A chart takes a second or two, most of it to load what draws it; after that long the answer has none."""
_COUNTS_AT_A_TIME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberUsage:
    """One member's use in a period: seconds charged less refunded, and jobs by what came of them.

    Attributes:
        brainstorms: that they started; takes: of brainstorms that were made for them, each once however often it was
            tried.
    """

    member_id: int
    used_seconds: int
    delivered: int
    failed: int
    cancelled: int
    open: int
    removed: int
    brainstorms: int = 0
    takes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """A server's use in the present period.

    Attributes:
        start, end: when it began and when it ends (excluded), in the server's time zone.
        members: who used most first.
        refused: how often ``/video`` was refused, whatever for.
        jobs: the latest that were asked for, newest first.
        names: what members were called when they last asked for something in it, or on the days of ``daily``, as far as
            that is kept.
        daily: its days one by one; of a day the week that it ends.
    """

    period: Period
    start: datetime
    end: datetime
    members: Sequence[MemberUsage]
    refused: int
    jobs: Sequence[Job]
    names: Mapping[int, str] = field(default_factory=dict[int, str])
    daily: DailyUsage

    @property
    def asked(self) -> int:
        """Count the jobs that were asked for, whatever became of them."""
        return self.delivered + self.failed + self.cancelled + self.open

    @property
    def used_seconds(self) -> int:
        """Return the seconds everybody used."""
        return self._sum("used_seconds")

    @property
    def delivered(self) -> int:
        """Count the clips that were handed over."""
        return self._sum("delivered")

    @property
    def failed(self) -> int:
        """Count the jobs that failed."""
        return self._sum("failed")

    @property
    def cancelled(self) -> int:
        """Count the jobs that were cancelled."""
        return self._sum("cancelled")

    @property
    def open(self) -> int:
        """Count the jobs that have not ended."""
        return self._sum("open")

    @property
    def removed(self) -> int:
        """Count the clips that moderators took away."""
        return self._sum("removed")

    @property
    def brainstorms(self) -> int:
        """Count the brainstorms that were started."""
        return self._sum("brainstorms")

    @property
    def takes(self) -> int:
        """Count the takes that were made for brainstorms."""
        return self._sum("takes")

    def _sum(self, name: str) -> int:
        return sum(map(attrgetter(name), self.members))  # with no call for each of thousands


class UsageService:
    """Reports use, one server at a time.

    Args:
        drawn_within_seconds: how long a chart may take, with the wait for others'.
    """

    def __init__(
        self, *, database: Database, clock: Clock, media: Media, drawn_within_seconds: float = DRAWN_WITHIN_SECONDS
    ) -> None:
        self._database = database
        self._clock = clock
        self._media = media
        self._drawn_within_seconds = drawn_within_seconds

    async def draw(self, chart: BarChart) -> bytes | None:
        """Return a chart as PNG; None where it can't be had in time, which is logged."""
        try:
            async with asyncio.timeout(self._drawn_within_seconds):
                return await self._media.draw_chart(chart)
        except (CannotFitError, TimeoutError) as error:
            _log.warning("chart not drawn", extra={"error": str(error) or type(error).__name__})
            return None

    async def report(self, guild_id: int, period: Period, by: UsageBy = UsageBy.MEMBER) -> UsageReport:
        """Sum up the present day, week or month by the server's own time.

        Args:
            by: what its days are told apart by.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            server = await servers.get(connection, guild_id)
            zone = zone_of(server.timezone)
            now = self._clock.now()
            start, end = period_bounds(period, now, zone)
            days = days_around(period, now, zone)
            counts = await jobs.count_outcomes(connection, guild_id=guild_id, start=start, end=end)
            latest = await jobs.list_period(connection, guild_id=guild_id, start=start, end=end, limit=JOBS_LISTED)
            names = await jobs.list_names(connection, guild_id=guild_id, start=day_start(days[0], zone), end=end)
            used = await ledger.sum_by_member(connection, guild_id=guild_id, start=start, end=end)
            brainstorms, takes = await records.count_by_member(connection, guild_id, start=start, end=end)
            first, last = local_day(start, zone), local_day(end, zone)
            refused = await refusals.count_days(connection, guild_id, first=first, end=last)
            daily = await _read_days(connection, server, days, by, now)
        outcomes: dict[int, Counter[tuple[JobState, bool]]] = defaultdict(Counter)
        async for part in slices(counts.items(), _COUNTS_AT_A_TIME):
            for (member_id, state, removed), count in part:
                outcomes[member_id][state, removed] = count
        ids = outcomes.keys() | brainstorms.keys() | {member_id for member_id, seconds in used.items() if seconds}
        members = [
            replace(
                _member_usage(member_id, used.get(member_id, 0), outcomes[member_id]),
                brainstorms=brainstorms[member_id],
                takes=takes[member_id],
            )
            async for part in slices(ids)
            for member_id in part
        ]
        members.sort(key=lambda member: (-member.used_seconds, member.member_id))
        return UsageReport(
            period=period,
            start=start.astimezone(zone),
            end=end.astimezone(zone),
            members=members,
            refused=refused,
            jobs=latest,
            names=names,
            daily=daily,
        )


async def _read_days(
    connection: Connection, server: Server, days: Sequence[date], by: UsageBy, now: datetime
) -> DailyUsage:
    zone = zone_of(server.timezone)
    edges = [day_start(day, zone) for day in (*days, days[-1] + timedelta(days=1))]
    totals = await sum_days(connection, guild_id=server.guild_id, edges=edges)
    sums = await sum_by_day(connection, guild_id=server.guild_id, edges=edges, by=by, most=DAILY_SUMS)
    unlisted = list(totals)
    by_subject: dict[int, list[int]] = defaultdict(lambda: [0] * len(days))
    async for part in slices(sums, _COUNTS_AT_A_TIME):
        for subject_id, number, seconds in part:
            by_subject[subject_id][number] = seconds
            unlisted[number] -= seconds
    ranked = [(-sum(seconds), subject_id) async for part in slices(by_subject.items()) for subject_id, seconds in part]
    ranked.sort()
    return DailyUsage(
        by=by,
        days=days,
        zone=edges[0].astimezone(zone).tzname() or server.timezone,
        totals=totals,
        shares=[
            UsageShare(subject_id, tuple(by_subject[subject_id]))
            async for part in slices(ranked)
            for _, subject_id in part
        ],
        unlisted=[max(0, seconds) for seconds in unlisted],
        cap=server.cap,
        cap_days=_cap_days(server, now, zone),
    )


def _cap_days(server: Server, now: datetime, zone: tzinfo) -> int:
    if server.cap is None:
        return 1
    start, end = (local_day(edge, zone) for edge in period_bounds(server.cap.period, now, zone))
    return (end - start).days


def _member_usage(member_id: int, used_seconds: int, outcomes: Counter[tuple[JobState, bool]]) -> MemberUsage:
    ended = {state: outcomes[state, False] + outcomes[state, True] for state in FINAL_STATES}
    return MemberUsage(
        member_id=member_id,
        used_seconds=used_seconds,
        delivered=ended[JobState.DELIVERED],
        failed=ended[JobState.FAILED],
        cancelled=ended[JobState.CANCELLED],
        open=outcomes.total() - sum(ended.values()),
        removed=outcomes[JobState.DELIVERED, True],
    )
