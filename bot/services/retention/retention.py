"""The loop that ends what is stored: old rows, members' erasures, and what belongs to servers that the bot has left.

It goes in small steps, each a look and then a transaction that holds the write lock for some milliseconds; other
writers come between them. Several processes may do it at once, and any of them may end at any moment: what is left to
do is always read anew.
"""

from __future__ import annotations

import logging
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from bot.models import JobError, Period
from bot.services.jobs.leases import BOT_ID
from bot.services.loops import Loop
from bot.services.quotas.periods import period_bounds, zone_of
from bot.services.retention.policy import SHORTEST_DAYS
from bot.services.retention.step_size import StepSize
from bot.store import jobs
from bot.store.moderation import servers
from bot.store.quotas import ledger
from bot.store.retention import erasures, guilds
from bot.store.retention.endings import AGED, EXPIRED, IDS_ERASED, LEFT, TEXTS_ERASED
from bot.store.retention.steps import Asked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from datetime import datetime, tzinfo

    from bot.services.jobs.requests import JobService
    from bot.services.ports import Clock
    from bot.services.retention.policy import RetentionPolicy
    from bot.services.retention.presence import Presence
    from bot.store import Connection
    from bot.store.database import Database
    from bot.store.retention.erasures import Erasure
    from bot.store.retention.steps import Step

_log = logging.getLogger(__name__)

JOBS_WAIT_FOR = timedelta(hours=1)
"""How long jobs wait for the bot to be invited back to their server."""
SETTINGS_STAY_FOR = timedelta(days=30)
"""How long a server's settings do."""
BETWEEN_STEPS_SECONDS = 0.05
"""Several times what a step takes: what was waiting for the lock gets it, and the loop stays free."""
LOOK_SECONDS = 60.0
"""Between two looks while somebody is being erased, or a server has been left."""
SWEEP_SECONDS = 3600.0
_ERASURES_LOOKED_AT = 1000
_JOBS_CANCELLED_AT_ONCE = 5


class Retention:
    """Owns the loop. ``tick`` is one step, for tests; ``run`` is the process's.

    Args:
        stopwatch: returns seconds of a clock that only goes forward, to find out how many rows a step may take.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        policy: RetentionPolicy,
        presence: Presence,
        jobs: JobService,
        stopwatch: Callable[[], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._presence = presence
        self._jobs = jobs
        self._stopwatch = stopwatch
        self._size = StepSize()
        self._loop = Loop("retention", presence.woken, retry_seconds=LOOK_SECONDS)
        self._swept_at: datetime | None = None
        self._zones: dict[int, tzinfo] | None = None
        self._leaves_traces = True  # a process before may have ended between a step and this

    async def run(self) -> None:
        """Go on until stopped."""
        await self._loop.run(self._pass)

    def stop(self) -> None:
        """Let ``run`` end."""
        self._loop.stop()

    async def _pass(self, _: Callable[[Coroutine[Any, Any, None]], object]) -> float:
        return await self.tick()

    async def tick(self) -> float:
        """Do one step of what there is to do; return the seconds until the next.

        Raises:
            StoreUnavailableError: when the database can't be asked; nothing of the step has happened then.
        """
        now = self._clock.now()
        if await self._presence.write_down(now):
            self._jobs.note_changed()
        if await self._cancel_waiting(now) or await self._erase_texts(now):
            return BETWEEN_STEPS_SECONDS
        if self._is_sweep_due(now):
            if self._zones is None:
                await self._read_zones()
            if await self._age(now) or await self._erase_ids(now) or await self._forget_servers(now):
                return BETWEEN_STEPS_SECONDS
            await self._database.remove_old_copies(now)
            self._swept_at, self._zones = now, None
        if self._leaves_traces and await self._database.remove_traces():
            self._leaves_traces = False
        return LOOK_SECONDS if self._leaves_traces or await self._has_marks() else SWEEP_SECONDS

    def _is_sweep_due(self, now: datetime) -> bool:
        """Tell whether the last sweep was an hour ago, or, by a clock that was set back, is yet to come."""
        since = None if self._swept_at is None else (now - self._swept_at).total_seconds()
        return since is None or not 0 <= since < SWEEP_SECONDS

    async def _has_marks(self) -> bool:
        async with self._database.read() as connection:
            marked = await erasures.list_all(connection, limit=1)
            return bool(marked and marked[0].texts_erased_at is None) or await guilds.is_any_left(connection)

    # Age -----------------------------------------------------------------------------------------

    async def _age(self, now: datetime) -> bool:
        if await self._take_step(EXPIRED, now, now):
            return True
        if self._policy.days is None:
            return False
        return await self._take_step(AGED, now, now - timedelta(days=max(self._policy.days, SHORTEST_DAYS)))

    async def _read_zones(self) -> None:
        async with self._database.read() as connection:
            names = await servers.list_timezones(connection)
        self._zones = {guild_id: zone_of(name) for guild_id, name in names.items()}

    def _day_of(self, guild_id: int, moment: datetime) -> datetime:
        zone = (self._zones or {}).get(guild_id, UTC)
        return period_bounds(Period.DAY, moment, zone)[0]

    # Erasures ------------------------------------------------------------------------------------

    async def _erase_texts(self, now: datetime) -> bool:
        for erasure in await self._erasures():
            if erasure.texts_erased_at is None:
                if await self._take_step(TEXTS_ERASED, now, erasure.asked_at, subject_id=erasure.member_id):
                    self._jobs.note_changed()  # boards of rounds that go on may look different
                    return True
                async with self._database.write() as connection:
                    if await erasures.note_texts_erased(connection, erasure, now=now):
                        _log.info("texts erased", extra={"member_id": erasure.member_id})
        return False

    async def _erase_ids(self, now: datetime) -> bool:
        over = now - timedelta(days=SHORTEST_DAYS)
        for erasure in await self._erasures():
            if erasure.texts_erased_at is None:
                continue
            before = min(erasure.asked_at, over)
            if await self._take_step(IDS_ERASED, now, before, subject_id=erasure.member_id):
                return True
            if erasure.asked_at <= over:
                async with self._database.write() as connection:
                    if await erasures.drop_done(connection, erasure, now=now):
                        _log.info("erasure done")
        return False

    async def _erasures(self) -> list[Erasure]:
        async with self._database.read() as connection:
            return await erasures.list_all(connection, limit=_ERASURES_LOOKED_AT)

    # Servers that were left ----------------------------------------------------------------------

    async def _cancel_waiting(self, now: datetime) -> bool:
        """Cancel and refund some jobs that wait in a server which the bot left an hour ago."""
        left_before = now - JOBS_WAIT_FOR
        async with self._database.read() as connection:
            waiting = await guilds.list_waiting(connection, left_before=left_before, limit=_JOBS_CANCELLED_AT_ONCE)
        if not waiting:
            return False
        async with self._database.write() as connection:
            for job in waiting:
                if await guilds.is_left(connection, job.guild_id, left_before=left_before):
                    cancelled = await jobs.withdraw(connection, job, now=now, error_code=JobError.SERVER_LEFT)
                    if cancelled is not None:
                        await ledger.refund(connection, cancelled, now=now, made_by_id=BOT_ID)
                        _log.info("job of a server that was left cancelled", extra={"job_id": job.id})
        self._jobs.note_cancelled()
        return True

    async def _forget_servers(self, now: datetime) -> bool:
        """Drop some of what a server had set which the bot left 30 days ago."""
        left_before = now - SETTINGS_STAY_FOR
        async with self._database.read() as connection:
            left = await guilds.list_left(connection, left_before=left_before, limit=1)
        for guild_id in left:

            async def is_left(connection: Connection, guild_id: int = guild_id) -> bool:
                return await guilds.is_left(connection, guild_id, left_before=left_before)

            if not await self._take_step(LEFT, now, left_before, subject_id=guild_id, only_if=is_left):
                async with self._database.write() as connection:
                    await guilds.forget(connection, guild_id, left_before=left_before)
                _log.info("settings of a server that was left dropped", extra={"guild_id": guild_id})
        return bool(left)

    # Steps ---------------------------------------------------------------------------------------

    async def _take_step(
        self,
        steps: Sequence[Step],
        now: datetime,
        before: datetime,
        *,
        subject_id: int | None = None,
        only_if: Callable[[Connection], Awaitable[bool]] | None = None,
    ) -> bool:
        """Do the first of some steps that finds something; tell whether one did.

        Args:
            only_if: asked in the transaction that changes something.
        """
        asked = Asked(now=now, before=before, limit=self._size.rows, day_of=self._day_of, subject_id=subject_id)
        for step in steps:
            async with self._database.read() as connection:
                found = await step.find(connection, asked)
            if found:
                async with self._database.write() as connection:
                    started = self._stopwatch()
                    if only_if is None or await only_if(connection):
                        await step.change(connection, found, asked)
                self._size.note(self._stopwatch() - started)
                self._leaves_traces = True
                return True
        return False
