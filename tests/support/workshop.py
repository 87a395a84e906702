"""The services on real parts, without Discord: a real database, the sandbox video service over real HTTP, real media.

Time is one clock for the bot and the service; a test moves it and drives the worker by hand, one tick at a time.
"""

from __future__ import annotations

import math
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from bot.models import (
    GEMINI_OMNI,
    Aspect,
    Job,
    JobState,
    Origin,
    Period,
    Quota,
    Requester,
    SpendPolicy,
    VideoSpec,
)
from bot.parts import Ports, Terms
from bot.services.admission.job_request import JobRequest
from bot.services.clips.workspace import Workspace
from bot.services.instance_name import InstanceName
from bot.services.jobs.policy import WorkerPolicy
from bot.services.retention.policy import RetentionPolicy
from bot.services.retention.retention import BETWEEN_STEPS_SECONDS
from bot.store import jobs as job_store
from bot.store.database import Database
from bot.store.jobs import submits
from bot.store.tables import ledger
from bot.wiring import assemble
from tests.support.another_program import AnotherProgram, read_time
from tests.support.clocks import GivenTime, ServiceClock
from tests.support.databases import fresh_database, statements_in_one_thread
from tests.support.media import DirectMedia
from tests.support.screening import screening_threads
from tests.support.simulated_discord import CHANNEL_ID, SimulatedDiscord, SimulatedLog
from tests.support.simulated_threads import SimulatedThreads
from tests.support.toapis import ManualTime, client_of, sandbox

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
    from pathlib import Path

    from bot.app import Reelay
    from bot.models import (
        CapStatus,
        JobError,
        ModelProfile,
        QuotaStatus,
        Submit,
        SubmitOutcome,
    )
    from bot.sandbox.toapis_server import SandboxServer
    from bot.services.jobs.requests import JobService
    from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater
    from bot.services.jobs.worker import Worker
    from bot.services.moderation.modlog import Modlog
    from bot.services.ports import VideoService
    from bot.services.quotas.service import QuotaService
    from bot.services.screening.threads import ScreeningThreads
    from bot.services.services import Services
    from bot.services.throttling.throttle import ServiceThrottle
    from bot.toapis.client import ToApisClient
    from tests.support.simulated_discord import Message

GUILD_ID, MEMBER_ID, MODERATOR_ID = 100, 300, 500
MEMBER_NAME = "Mia of the zebras"


def requester(member_id: int = MEMBER_ID, **fields: Any) -> Requester:  # noqa: ANN401
    """Make a member in no place with no roles; ``fields`` are Requester's."""
    return Requester(**({"guild_id": GUILD_ID, "member_id": member_id, "name": MEMBER_NAME} | fields))


@dataclass(kw_only=True)
class Process:
    """One bot process: its own memory over the shared database, service and Discord."""

    reelay: Reelay
    instance: InstanceName
    policy: WorkerPolicy

    @property
    def owner(self) -> str:
        return self.instance.owner

    @property
    def worker(self) -> Worker:
        return self.reelay.worker

    @property
    def card_updater(self) -> StatusCardUpdater:
        return self.reelay.card_updater

    @property
    def card_changes(self) -> CardChanges:
        return self.reelay.card_changes

    @property
    def log(self) -> Modlog:
        return self.reelay.modlog

    @property
    def services(self) -> Services:
        return self.reelay.services

    @property
    def jobs(self) -> JobService:
        return self.services.jobs

    @property
    def quotas(self) -> QuotaService:
        return self.services.quotas

    @property
    def throttle(self) -> ServiceThrottle:
        return self.reelay.throttle

    @property
    def wake(self) -> asyncio.Event:
        return self.reelay.wake

    async def end_data(self) -> float:
        """End whatever is to end now; return the seconds until more is."""
        while (pause := await self.reelay.retention.tick()) == BETWEEN_STEPS_SECONDS:
            pass
        return pause

    async def cancel(self, job_id: str) -> None:
        """Cancel a job as a moderator."""
        await self.jobs.cancel_as_moderator(job_id, guild_id=GUILD_ID, cancelled_by_id=MODERATOR_ID)

    async def discard(self, job_id: str, *, by: int = MEMBER_ID) -> Job:
        """Discard a job, as its member or as a moderator."""
        return await self.services.discards.discard(
            job_id, guild_id=GUILD_ID, pressed_by_id=by, is_moderator=by == MODERATOR_ID
        )

    async def stand(self, requester: Requester) -> tuple[QuotaStatus, CapStatus | None]:
        """Say where a member stands, and the server against its cap."""
        details = await self.services.admission.explain(requester)
        return details.status, details.cap


@dataclass(kw_only=True)
class Workshop:
    """Everything outside the processes, and the processes."""

    database: Database
    server: SandboxServer
    client: ToApisClient
    discord: SimulatedDiscord
    log: SimulatedLog
    threads: SimulatedThreads
    time: ManualTime
    policy: WorkerPolicy
    database_url: str
    peeking: AnotherProgram
    folder: Path
    quota: Quota = field(default_factory=lambda: Quota(60, Period.DAY))
    max_open_jobs: int = 100
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    nonces: Iterator[int] = field(default_factory=count)
    _interactions: int = 0

    def start(
        self,
        name: str = "local/1",
        *,
        database: Database | None = None,
        service: VideoService | None = None,
        retention_days: int | None = None,
        spending: SpendPolicy | None = None,
        threads: ScreeningThreads | None = None,
        profile: ModelProfile = GEMINI_OMNI,
        ports: Mapping[str, Any] | None = None,
        ends_with_process: bool = True,
        **policy: Any,  # noqa: ANN401 (WorkerPolicy fields)
    ) -> Process:
        """Start a process, as after a crash if one of that name ran before.

        Args:
            ports: parts to be used in place of the simulated ones, by name.
            ends_with_process: its name can't be lost while it lives.
        """
        changed_policy = replace(self.policy, **policy)
        instance = InstanceName(name, nonce=f"{next(self.nonces):x}", ends_with_process=ends_with_process)
        outside = Ports(
            database=database or self.database,
            clock=ServiceClock(self.time),
            service=service or self.client,
            publisher=self.discord,
            brainstorm_publisher=self.threads,
            modlog_publisher=self.log,
            automod_source=self.log,
            screening_threads=threads or screening_threads(),
            media=DirectMedia(),
            workspace=Workspace(self.folder),
            jitter=lambda: 0.0,
            random_bits=self.rng.getrandbits,
        )
        reelay = assemble(
            replace(outside, **(ports or {})),
            Terms(
                quota=self.quota,
                max_open_jobs=self.max_open_jobs,
                policy=changed_policy,
                retention=RetentionPolicy(days=retention_days),
                spending=spending or SpendPolicy(),
                profile=profile,
            ),
            instance=instance,
        )
        return Process(reelay=reelay, instance=instance, policy=changed_policy)

    def request(
        self,
        prompt: str = "a fox in the snow",
        *,
        spec: VideoSpec | None = None,
        interaction_id: int | None = None,
        channel_id: int = CHANNEL_ID,
        leaves: str = "",
        is_spoiler: bool = False,
        parent: Job | None = None,
        is_private: bool = False,
        **who: Any,  # noqa: ANN401
    ) -> JobRequest:
        """Make a fresh ``/video``.

        Args:
            parent: the clip that it is made from, in the other shape.
            leaves: options that the member leaves open, ``aspect`` and ``duration``, by name.
            who: Requester fields.
        """
        self._interactions += 1
        spec = spec or VideoSpec(prompt, Aspect.LANDSCAPE, 6)
        self.time.advance(0.001)  # no two of them are made in one millisecond, which is what ids sort by
        return JobRequest(
            interaction_id=interaction_id or self._interactions,
            channel_id=channel_id,
            requester=requester(**({"places": (channel_id,)} | who)),
            prompt=spec.prompt,
            aspect=None if "aspect" in leaves else spec.aspect,
            duration_seconds=None if "duration" in leaves else spec.duration_seconds,
            is_spoiler=is_spoiler,
            lineage=None if parent is None else parent.descent(Origin.FLIP),
            parent_member_id=None if parent is None else parent.member_id,
            is_private=is_private,
        )

    async def accept(self, process: Process, prompt: str = "a fox in the snow", **changes: Any) -> str:  # noqa: ANN401
        """Accept a job and give it a status card; return its id."""
        card = await process.jobs.accept(self.request(prompt, **changes))
        await process.jobs.attach_status(card.job.id, 1000 + self._interactions)
        return card.job.id

    async def job(self, job_id: str) -> Job:
        """Return a job as it is stored."""
        async with self.database.read() as connection:
            job = await job_store.get(connection, job_id)
        assert job is not None
        return job

    async def submits(self, job_id: str) -> list[Submit]:
        """Return a job's submits, first to last."""
        async with self.database.read() as connection:
            return await submits.list_of(connection, job_id)

    async def outcomes(self, job_id: str) -> list[SubmitOutcome | None]:
        """Return what became of a job's submits, first to last."""
        return [submit.outcome for submit in await self.submits(job_id)]

    async def spent_seconds(self) -> int:
        """Return the seconds of video that count as spent."""
        async with self.database.read() as connection:
            return await submits.spent_seconds(connection)

    async def entries(self, job_id: str) -> list[tuple[str, int]]:
        """Return a job's ledger entries, kind and seconds."""
        statement = ledger.select().where(ledger.c.job_id == job_id).order_by(ledger.c.id)
        async with self.database.read() as connection:
            return [(row.kind, row.seconds) for row in await connection.execute(statement)]

    async def expect_clip(self, job_id: str) -> Message:
        """Check that a job ended well for everyone: one clip, no card, its charge kept; return the message."""
        job = await self.job(job_id)
        assert (job.state, job.error_code) == (JobState.DELIVERED, None)
        [message] = self.discord.clips(job_id)
        assert job.message_id == message.id
        assert self.discord.cards[job_id][-1] is None
        assert await self.entries(job_id) == [("charge", job.spec.cost_seconds)]
        return message

    async def expect_refund(self, job_id: str, error_code: JobError) -> None:
        """Check that a job ended without a clip, for that reason: the card says so, the seconds are back."""
        job = await self.job(job_id)
        assert (job.state, job.error_code) == (JobState.FAILED, error_code)
        assert self.discord.clips(job_id) == []
        card = self.discord.cards[job_id][-1]
        assert card is not None
        assert (card.job.state, card.job.error_code) == (JobState.FAILED, error_code)
        cost = job.spec.cost_seconds
        assert await self.entries(job_id) == [("charge", cost), ("refund", cost)]

    async def run_until_idle(self, *processes: Process, most: int = 300) -> None:
        """Tick, moving the clock to whatever is due next, until nothing is left to do."""
        for _ in range(most):
            for process in processes:
                await process.worker.tick()
                await process.card_updater.tick()
            if self._peek("SELECT count(*) FROM jobs WHERE due_at IS NOT NULL") == 0:
                return
            self.advance_to_next(*processes)
        raise AssertionError("the worker never came to rest")

    async def run_until(self, process: Process, job_id: str, state: JobState, *, most: int = 100) -> Job:
        """Tick and move the clock until a job is in a state; return it."""
        for _ in range(most):
            if self._peek("SELECT state FROM jobs WHERE id = ?", job_id) == state:
                return await self.job(job_id)
            self.advance_to_next(process)
            await process.worker.tick()
            await process.card_updater.tick()
        raise AssertionError(f"the job never was {state}, it is {(await self.job(job_id)).state}")

    async def run_for(self, process: Process, seconds: float) -> None:
        """Tick for so long, at each moment at which something is due."""
        until = self.time() + seconds
        while self.time() < until:
            await process.worker.tick()
            await process.card_updater.tick()
            self.advance_to_next(process, at_most=until - self.time())
        await process.card_updater.tick()

    def advance_to_next(self, *processes: Process, at_most: float = math.inf) -> None:
        """Move the clock to the next moment at which a worker has something to do, or by ``at_most`` seconds."""
        now = ServiceClock(self.time).now()
        if any(it.throttle.waits_for_operator and it.throttle.tries_one(now) for it in processes) and self._peek(
            "SELECT count(*) FROM jobs WHERE state='queued'"
        ):
            return  # the worker has woken itself to send one
        due = self._peek(
            "SELECT min(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END)"
            " FROM jobs WHERE due_at IS NOT NULL AND state <> 'queued'"
        )
        times = [] if due is None else [read_time(due)]
        unattended = self._peek("SELECT min(due_at) FROM submits WHERE due_at IS NOT NULL")
        if unattended is not None:
            times.append(read_time(unattended))
            times.sort()
        held = self._peek("SELECT min(sent_at) FROM submits WHERE ended_at IS NULL")
        for process in processes:
            if held is not None:  # then its render slot is free again
                free_at = read_time(held) + timedelta(seconds=process.policy.slot_seconds)
                times += [free_at] if free_at > now else []
            throttle = process.throttle
            if due is not None and throttle.poll.opens_at and times[0] <= throttle.poll.opens_at:
                times[0] = throttle.poll.opens_at
            times += [time for time in (throttle.submit.opens_at, throttle.probe_at) if time and time > now]
        waits = [(time - now).total_seconds() for time in times] or [15.0]
        # A tenth of a millisecond more, since seconds as a float may fall just short of the moment.
        self.time.advance(min(at_most, max(0.0, min(waits)) + 0.0001))

    def _peek(self, query: str, *values: str) -> Any:  # noqa: ANN401 (of the one column asked for)
        """Look at the database without a way through the bot's own code, which would take most of a test's time."""
        [(value,)] = self.peeking.rows(query, *values)
        return value


@asynccontextmanager
async def open_workshop(
    folder: Path,
    *,
    clock: Callable[[], float] | None = None,
    finds_by_job_id: bool | None = True,
    **server_settings: Any,  # noqa: ANN401
) -> AsyncGenerator[Workshop]:
    """Open a database and a sandbox service on one clock: one that is moved by hand, unless another is given.

    Args:
        finds_by_job_id: what was found out before about asking for the model's generations by the job's id; None is
            nothing.
    """
    time = ManualTime() if clock is None else GivenTime(clock)
    url = await fresh_database(folder)
    with AnotherProgram(url) as peeking, statements_in_one_thread():
        if finds_by_job_id is not None:
            peeking.rows("INSERT INTO models VALUES ('gemini_omni', ?, '2026-01-01 00:00:00')", finds_by_job_id)
        async with (
            sandbox(time, **server_settings) as server,
            client_of(server, now=lambda: datetime.fromtimestamp(time(), UTC)) as client,
            Database.open(url, migrate=False) as database,
        ):
            yield Workshop(
                database=database,
                server=server,
                client=client,
                discord=SimulatedDiscord(),
                log=SimulatedLog(),
                threads=SimulatedThreads(),
                time=time,
                policy=WorkerPolicy(gather_seconds=0.0),
                database_url=url,
                peeking=peeking,
                folder=folder,
            )
