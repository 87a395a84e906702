"""What the operator may do and look at by hand; the command line and ``/operator`` ask for the same."""

from __future__ import annotations

import logging
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from bot import __version__
from bot.errors import OperatorRefusedError
from bot.models import CeilingKind, JobError
from bot.models.operating import (
    BotStatus,
    JobDetails,
    OperatorAction,
    OperatorEntry,
    PauseStatus,
    RateStatus,
    SpendReport,
    SpendStatus,
)
from bot.services.jobs.leases import BOT_ID
from bot.services.operating.retrying import retry
from bot.services.spend.ceilings import NOBODY
from bot.services.throttling.backoff import MINUTE_SECONDS, window_start
from bot.store import jobs
from bot.store.jobs import polls, spend, submits
from bot.store.operating import audit, departures, looks, pauses
from bot.store.quotas import ledger

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection
    from datetime import date, datetime

    from bot.models import Job, SpendPolicy
    from bot.models.operating import JobFilter, ServerStatus
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database

_log = logging.getLogger(__name__)

FAILURES_OF = timedelta(hours=1)
"""How far back a status names failures."""


def by_member(member_id: int) -> str:
    """Name in the audit whoever used ``/operator``."""
    return f"member {member_id}"


def by_command_line(user: str) -> str:
    """Name in the audit whoever used the command line, by the machine's name for them."""
    return f"command line, {user.encode(errors='backslashreplace').decode()}"[:128]


class Operating:
    """Looks at the running database, and changes it; a running bot sees that at its worker's next pass.

    Every method raises ``StoreUnavailableError`` when the database can't be asked; nothing has changed then. What
    changes something takes ``by``, who does it, and ``reason``, and writes both down in the same transaction.

    Args:
        random_bits: ``random.getrandbits`` or the like, for ids.
        wake: set to let this process's worker look at once, if it has one.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        policy: WorkerPolicy,
        spending: SpendPolicy,
        random_bits: Callable[[int], int],
        card_changes: CardChanges,
        wake: asyncio.Event,
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._spending = spending
        self._random_bits = random_bits
        self._card_changes = card_changes
        self._wake = wake

    # Looking -------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the time by which all of it goes."""
        return self._clock.now()

    async def status(self) -> BotStatus:
        """Return how the bot stands."""
        now = self._clock.now()
        schema, _ = await self._database.find_revision()
        since, limits = window_start(now, MINUTE_SECONDS), self._policy.rate_limits
        async with self._database.read() as connection:
            open_pauses = await pauses.list_kept(connection, now=now)
            owners = {pause.owner for pause in open_pauses if pause.owner != pauses.OPERATOR}
            owners.update(await looks.list_lease_owners(connection, now))
            submits_sent, _ = await submits.count_sent(connection, since=since)
            polls_sent = sum(count for _, count in await polls.since(connection, since))
            slots = await submits.slots(connection, since=self._policy.slots_since(now))
            spent = await spend.read(connection, guild_id=NOBODY, member_id=NOBODY, now=now)
            return BotStatus(
                now=now,
                version=__version__,
                schema=schema or "",
                processes=sorted(owners),
                pauses=[PauseStatus(it.owner, it.began_at, it.reason or "", it.note) for it in open_pauses],
                submits=RateStatus(submits_sent, limits.submits.per_minute),
                polls=RateStatus(polls_sent, limits.queries.per_minute),
                open_jobs={state.value: count for state, count in (await looks.count_open(connection)).items()},
                oldest_waiting_at=await jobs.oldest_waiting_at(connection),
                renders=slots.taken,
                max_renders=self._policy.max_concurrent_renders,
                last_clip_at=await looks.last_clip_at(connection),
                failures=await looks.count_failures(connection, now - FAILURES_OF),
                spent_today=SpendStatus(spent[CeilingKind.DAY], self._spending.max_seconds_per_day),
                spent_this_month=SpendStatus(spent[CeilingKind.MONTH], self._spending.max_seconds_per_month),
            )

    async def spend_of_days(self, days: int) -> SpendReport:
        """Return what was spent in the last so many days, today among them."""
        today = self._today()
        return await self._spend(today - timedelta(days=days - 1), today)

    async def spend_of_month(self) -> SpendReport:
        """Return what was spent in the running month."""
        today = self._today()
        return await self._spend(today.replace(day=1), today)

    async def list_jobs(self, wanted: JobFilter) -> list[Job]:
        """Return some jobs, newest first."""
        async with self._database.read() as connection:
            return await looks.list_jobs(connection, wanted)

    async def show_job(self, job_id: str) -> JobDetails:
        """Return all that is known of a job.

        Raises:
            OperatorRefusedError: when there is none of that id.
        """
        async with self._database.read() as connection:
            job = await jobs.get(connection, job_id)
            if job is None:
                raise OperatorRefusedError("no_job")
            return JobDetails(
                job=job,
                submits=await submits.list_of(connection, job_id),
                ledger=await looks.list_entries(connection, job_id),
                audit=await audit.list_of(connection, job_id),
                retried_by=[it.id for it in await looks.list_adopting(connection, job_id)],
            )

    async def list_servers(self, allowed: Collection[int]) -> list[ServerStatus]:
        """Return all servers that the bot is in, or was of late.

        Args:
            allowed: the only ones that are served; empty is every server.
        """
        async with self._database.read() as connection:
            return await departures.list_servers(connection, allowed)

    async def list_audit(self, limit: int) -> list[OperatorEntry]:
        """Return what was last changed by hand, newest first."""
        async with self._database.read() as connection:
            return await audit.list_latest(connection, limit=limit)

    # Changing ------------------------------------------------------------------------------------

    async def pause(self, *, by: str, reason: str) -> None:
        """Let no process submit from now on, over restarts, until ``resume``; requests are taken in and wait.

        Raises:
            OperatorRefusedError: when it is so already.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            await pauses.forget_before(connection, await jobs.oldest_to_wait_at(connection) or now)
            if not await pauses.begin_operators(connection, now=now, note=reason):
                raise OperatorRefusedError("paused")
            await self._record(connection, OperatorAction.PAUSE, by, now, reason=reason)
        self._note_changed()

    async def resume(self, *, by: str, reason: str | None = None) -> None:
        """Let clips be submitted again.

        Raises:
            OperatorRefusedError: when the operator has not paused.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            if not await pauses.end(connection, owner=pauses.OPERATOR, now=now):
                raise OperatorRefusedError("not_paused")
            await self._record(connection, OperatorAction.RESUME, by, now, reason=reason)
        self._note_changed()

    async def retry(self, job_id: str, *, by: str, reason: str | None = None) -> Job:
        """Have the clip of a failed job posted that was paid for; return the job that does, which costs nothing.

        Raises:
            OperatorRefusedError: as ``retrying.retry``.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            adopting = await retry(connection, job_id, now=now, random_bits=self._random_bits)
            await self._record(connection, OperatorAction.RETRY, by, now, target=job_id, reason=reason)
        self._note_changed()
        return adopting

    async def cancel(self, job_id: str, *, by: str, reason: str | None = None) -> Job:
        """Cancel any job that is not on its way to the channel yet, and give its seconds back, as a moderator does.

        Raises:
            OperatorRefusedError: when it is not there, or has come further.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            job = await jobs.get(connection, job_id)
            if job is None:
                raise OperatorRefusedError("no_job")
            cancelled = await jobs.call_off(connection, job, JobError.CANCELLED_BY_OPERATOR, now=now)
            if cancelled is None:
                raise OperatorRefusedError("over" if job.state.is_final else "delivering")
            await ledger.refund(connection, cancelled, now=now, made_by_id=BOT_ID)
            await self._record(connection, OperatorAction.CANCEL, by, now, target=job_id, reason=reason)
        self._note_changed()
        return cancelled

    async def leave(self, guild_id: int, *, by: str, reason: str | None = None) -> None:
        """Have a server left; a running bot does it, and tries again until Discord says that it has.

        Raises:
            OperatorRefusedError: when the bot is not in it, as far as is known, or is to leave it already.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            if not await departures.ask(connection, guild_id, now=now):
                is_asked = await departures.is_asked(connection, guild_id)
                raise OperatorRefusedError("leaving" if is_asked else "no_server")
            await self._record(connection, OperatorAction.LEAVE, by, now, target=str(guild_id), reason=reason)
        self._note_changed()

    async def _record(
        self,
        connection: Connection,
        action: OperatorAction,
        by: str,
        now: datetime,
        *,
        target: str | None = None,
        reason: str | None = None,
    ) -> None:
        entry = OperatorEntry(made_at=now, made_by=by, action=action, target=target, reason=reason)
        await audit.add(connection, entry)
        _log.info("by hand: %s", action.value, extra={"made_by": by, "target": target})

    def _note_changed(self) -> None:
        self._card_changes.touch_queue()
        self._wake.set()

    def _today(self) -> date:
        return self._clock.now().astimezone(UTC).date()

    async def _spend(self, first: date, last: date) -> SpendReport:
        async with self._database.read() as connection:
            days = await looks.list_spend_by_day(connection, first, last)
            servers = await looks.list_spend_by_server(connection, first, last)
        total = sum(day.seconds for day in days)
        return SpendReport(
            first=first,
            last=last,
            total_seconds=total,
            credits_per_second=self._spending.credits_per_second,
            days=days,
            servers=servers,
        )
