"""Accepting and withdrawing jobs: what a member does to one; ``worker.py`` does the rest."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import NotCancellableError, QuotaExceededError, TooManyOpenJobsError
from bot.models import Job, JobState, StatusCard
from bot.store import jobs, ledger

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import VideoSpec
    from bot.services.gates import ServiceGates
    from bot.services.ports import Clock
    from bot.services.quotas import QuotaService
    from bot.services.status import CardNews
    from bot.store.database import Database

_log = logging.getLogger(__name__)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: sorts like the number, has no letters that look alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A ``/video`` as it arrived: who asked for what, where."""

    interaction_id: int
    guild_id: int
    channel_id: int
    member_id: int
    role_ids: tuple[int, ...]
    spec: VideoSpec


class JobService:
    """Takes jobs in and lets members withdraw them.

    Args:
        random_bits: ``random.getrandbits`` or the like, for the ids.
        wake: set when there may be something new for the worker to do.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        quotas: QuotaService,
        gates: ServiceGates,
        max_open_jobs: int,
        random_bits: Callable[[int], int],
        news: CardNews,
        wake: asyncio.Event,
    ) -> None:
        self._database = database
        self._clock = clock
        self._quotas = quotas
        self._gates = gates
        self._max_open_jobs = max_open_jobs
        self._random_bits = random_bits
        self._news = news
        self._wake = wake

    async def accept(self, request: JobRequest) -> StatusCard:
        """Check, charge and queue in one transaction; the same interaction again gives the same job.

        Raises:
            QuotaExceededError: when the clip costs more than is left.
            TooManyOpenJobsError: when the member has enough jobs open.
            StoreUnavailableError: when the database cannot be asked; the answer is then no.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            job = await jobs.find_by_interaction(connection, request.interaction_id)
            if job is None:
                job = await self._admit(connection, request, now)
                await jobs.insert(connection, job)
                await ledger.charge(connection, job, now=now)
            card = await self._card(connection, job)
        _log.info("job accepted", extra={"job_id": job.id, "guild_id": job.guild_id, "member_id": job.member_id})
        self._news.begin(card)
        self._wake.set()
        return card

    async def attach_status(self, job_id: str, message_id: int) -> None:
        """Remember the job's status card.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.write() as connection:
            await jobs.attach_status(connection, job_id, message_id, now=self._clock.now())
        self._news.touch(job_id)
        self._wake.set()

    async def cancel(self, job_id: str, *, guild_id: int, member_id: int) -> StatusCard:
        """Withdraw a member's own job while it waits, and give its seconds back.

        Raises:
            NotCancellableError: when it is not there, not theirs, or no longer waiting.
            StoreUnavailableError: when the database cannot be asked.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            job = await jobs.get(connection, job_id)
            if job is None or (job.guild_id, job.member_id) != (guild_id, member_id):
                raise NotCancellableError(None)
            cancelled = await jobs.withdraw(connection, job, now=now)
            if cancelled is None:
                raise NotCancellableError(job.state)
            await ledger.refund(connection, cancelled, now=now, made_by=member_id)
        _log.info("job cancelled", extra={"job_id": job_id})
        self._news.touch_queue()
        self._wake.set()
        return StatusCard(cancelled)

    async def _admit(self, connection: AsyncConnection, request: JobRequest, now: datetime) -> Job:
        if await jobs.count_open(connection, request.member_id) >= self._max_open_jobs:
            raise TooManyOpenJobsError(self._max_open_jobs)
        status = await self._quotas.status_within(
            connection,
            guild_id=request.guild_id,
            member_id=request.member_id,
            role_ids=request.role_ids,
            now=now,
        )
        if status.left_seconds is not None and request.spec.cost_seconds > status.left_seconds:
            raise QuotaExceededError(status, request.spec.cost_seconds)
        return Job(
            id=new_job_id(now, self._random_bits),
            interaction_id=request.interaction_id,
            guild_id=request.guild_id,
            channel_id=request.channel_id,
            member_id=request.member_id,
            spec=request.spec,
            state=JobState.QUEUED,
            created_at=now,
            effective_quota=status.effective,
            due_at=now,
        )

    async def _card(self, connection: AsyncConnection, job: Job) -> StatusCard:
        order = await jobs.queue_order(connection) if job.state is JobState.QUEUED else []
        place = order.index(job.id) + 1 if job.id in order else None
        return StatusCard(job, queue_place=place, waiting_for_operator=self._gates.is_paused)


def new_job_id(now: datetime, random_bits: Callable[[int], int]) -> str:
    """Return 16 characters that sort by time: 48 bits of Unix milliseconds, then 32 of chance."""
    number = (int(now.timestamp() * 1000) << 32) | random_bits(32)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))
