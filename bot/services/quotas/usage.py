"""Who used how much in a server, and what came of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.models import FINAL_STATES, JobState
from bot.services.quotas.periods import local_day, period_bounds, zone_of
from bot.slices import slices
from bot.store import jobs
from bot.store.brainstorms import records
from bot.store.moderation import refusals, servers
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.models import Job, Period
    from bot.services.ports import Clock
    from bot.store.database import Database


JOBS_LISTED = 5000
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
        names: what members were called when they last asked for something in it, as far as that is kept.
    """

    period: Period
    start: datetime
    end: datetime
    members: Sequence[MemberUsage]
    refused: int
    jobs: Sequence[Job]
    names: Mapping[int, str] = field(default_factory=dict[int, str])

    @property
    def asked(self) -> int:
        """Count the jobs that were asked for, whatever became of them."""
        return self.delivered + self.failed + self.cancelled + self.open

    @property
    def used_seconds(self) -> int:
        """Return the seconds everybody used."""
        return sum(member.used_seconds for member in self.members)

    @property
    def delivered(self) -> int:
        """Count the clips that were handed over."""
        return sum(member.delivered for member in self.members)

    @property
    def failed(self) -> int:
        """Count the jobs that failed."""
        return sum(member.failed for member in self.members)

    @property
    def cancelled(self) -> int:
        """Count the jobs that were cancelled."""
        return sum(member.cancelled for member in self.members)

    @property
    def open(self) -> int:
        """Count the jobs that have not ended."""
        return sum(member.open for member in self.members)

    @property
    def removed(self) -> int:
        """Count the clips that moderators took away."""
        return sum(member.removed for member in self.members)

    @property
    def brainstorms(self) -> int:
        """Count the brainstorms that were started."""
        return sum(member.brainstorms for member in self.members)

    @property
    def takes(self) -> int:
        """Count the takes that were made for brainstorms."""
        return sum(member.takes for member in self.members)


class UsageService:
    """Reports use, one server at a time."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, guild_id: int, period: Period) -> UsageReport:
        """Sum up the present day, week or month by the server's own time.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            server = await servers.get(connection, guild_id)
            zone = zone_of(server.timezone)
            start, end = period_bounds(period, self._clock.now(), zone)
            counts = await jobs.count_outcomes(connection, guild_id=guild_id, start=start, end=end)
            latest = await jobs.list_period(connection, guild_id=guild_id, start=start, end=end, limit=JOBS_LISTED)
            names = await jobs.list_names(connection, guild_id=guild_id, start=start, end=end)
            used = await ledger.sum_by_member(connection, guild_id=guild_id, start=start, end=end)
            brainstorms, takes = await records.count_by_member(connection, guild_id, start=start, end=end)
            first, last = local_day(start, zone), local_day(end, zone)
            refused = await refusals.count_days(connection, guild_id, first=first, end=last)
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
        )


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
