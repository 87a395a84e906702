"""The services on real parts, without Discord: a real database, the sandbox video service over real HTTP, real media.

Time is one clock for the bot and the service; a test moves it and drives the worker by hand, one tick at a time.
"""

from __future__ import annotations

import asyncio
import math
import random
import sqlite3
from collections import deque
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import StoreUnavailableError
from bot.media.fitting import fit
from bot.media.probing import probe
from bot.models import Aspect, ClipFile, Job, JobState, Period, PostedMessage, Quota, VideoSpec
from bot.services.jobs.account import AccountCheck
from bot.services.jobs.admission import Wish
from bot.services.jobs.alerts import Operator
from bot.services.jobs.delivery import Deliverer
from bot.services.jobs.leases import LeasedJobs
from bot.services.jobs.policy import WorkerPolicy
from bot.services.jobs.rendering import Renderer
from bot.services.jobs.requests import JobRequest
from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater
from bot.services.jobs.throttle import ServiceThrottle
from bot.services.jobs.worker import Worker
from bot.services.moderation.modlog import Modlog
from bot.services.polling.watch import RenderWatch
from bot.services.quotas.service import Requester
from bot.services.screening.automod import AutomodRules
from bot.services.services import Services
from bot.services.submits.recovery import Recovery
from bot.services.submits.submitting import Submitter
from bot.services.submits.unattended import UnattendedSubmits
from bot.store import jobs as job_store
from bot.store import submits as submit_store
from bot.store.database import Database
from bot.store.tables import ledger
from tests.support.databases import fresh_database
from tests.support.toapis import ManualTime, client_of, sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import (
        Balance,
        CapStatus,
        Clip,
        Generation,
        JobError,
        LogEntry,
        OperatorAlert,
        QuotaStatus,
        StatusCard,
        Submit,
        VideoInfo,
    )
    from bot.sandbox.toapis_server import SandboxServer
    from bot.services.jobs.requests import JobService
    from bot.services.ports import VideoService
    from bot.services.quotas.service import QuotaService
    from bot.toapis.client import ToApisClient

GUILD_ID, CHANNEL_ID, MEMBER_ID = 100, 200, 300
UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024


class GivenTime(ManualTime):
    """A Unix clock that goes by itself and cannot be moved."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock

    def __call__(self) -> float:
        return self._clock()


class ServiceClock:
    """The bot's clock, told by the sandbox's."""

    def __init__(self, time: ManualTime) -> None:
        self._time = time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._time(), UTC)


class DirectMedia:
    """The media functions in a thread, without the worker process of the real thing."""

    async def probe(self, path: Path) -> VideoInfo:
        return await asyncio.to_thread(probe, path)

    async def fit(self, source: Path, destination: Path, max_bytes: int) -> VideoInfo:
        return await asyncio.to_thread(fit, source, destination, max_bytes)


@dataclass
class Message:
    """A message on the simulated Discord."""

    id: int
    place: str
    nonce: str
    clip: Clip
    size_bytes: int
    left_seconds: int | None


@dataclass
class Trouble:
    """What goes wrong with the next call of a method: before it did anything, or after."""

    error: Exception
    after: bool = False


@dataclass
class Hold:
    """A call that does not go on before it is let: ``reached`` when it has come, ``release`` to let it go on."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Be the call: come, and wait to be let go on."""
        self.reached.set()
        await self.release.wait()

    async def arrival(self) -> None:
        """Wait until the call has come."""
        async with asyncio.timeout(10):
            await self.reached.wait()


@dataclass
class SimulatedDiscord:
    """A ``Publisher`` that keeps what it is given, drops repeated nonces and fails on request.

    Attributes:
        troubles: by method name, what goes wrong next.
        cards: what each card shows, by job id; a removed card is None.
        forgotten_cards: message ids of cards that no process remembers, by job id.
    """

    upload_limit: int = UPLOAD_LIMIT_BYTES
    messages: list[Message] = field(default_factory=list[Message])
    cards: dict[str, list[StatusCard | None]] = field(default_factory=dict[str, list["StatusCard | None"]])
    alerts: list[OperatorAlert] = field(default_factory=list["OperatorAlert"])
    troubles: dict[str, deque[Trouble]] = field(default_factory=dict[str, deque[Trouble]])
    remembers_nonces: bool = True
    holds: dict[str, Hold] = field(default_factory=dict[str, "Hold"])
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    forgotten_cards: dict[str, int] = field(default_factory=dict[str, int])

    def fail(self, method: str, *errors: Exception, after: bool = False) -> None:
        """Let the next calls of a method fail, one error each."""
        self.troubles.setdefault(method, deque()).extend(Trouble(error, after) for error in errors)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what can be seen holds; it is looked at after each change."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def hold(self, method: str) -> Hold:
        """Let the next call of a method wait before it does anything; ``after post_clip`` waits once it is posted."""
        return self.holds.setdefault(method, Hold())

    async def upload_limit_bytes(self, job: Job) -> int:
        await self._before("upload_limit_bytes")
        return self.upload_limit

    async def find_clip(self, job: Job) -> PostedMessage | None:
        await self._before("find_clip")
        return self._find("channel", job)

    async def find_clip_in_dm(self, job: Job) -> PostedMessage | None:
        await self._before("find_clip_in_dm")
        return self._find("dm", job)

    async def post_clip(self, job: Job, clip: Clip, status: QuotaStatus | None) -> PostedMessage:
        return await self._post("post_clip", "channel", job, clip, status)

    async def post_clip_in_dm(self, job: Job, clip: Clip, status: QuotaStatus | None) -> PostedMessage:
        return await self._post("post_clip_in_dm", "dm", job, clip, status)

    async def find_status(self, job: Job) -> int | None:
        await self._before("find_status")
        return self.forgotten_cards.get(job.id)

    async def show_status(self, card: StatusCard) -> None:
        await self._before("show_status")
        self.cards.setdefault(card.job.id, []).append(card)
        self._after("show_status")

    async def remove_status(self, job: Job) -> None:
        await self._before("remove_status")
        self.cards.setdefault(job.id, []).append(None)
        self._after("remove_status")

    async def alert_operator(self, alert: OperatorAlert) -> None:
        await self._before("alert_operator")
        self.alerts.append(alert)

    def clips(self, job_id: str) -> list[Message]:
        """Return the messages that carry a job's clip."""
        return [message for message in self.messages if message.nonce == job_id]

    async def _post(self, method: str, place: str, job: Job, clip: Clip, status: QuotaStatus | None) -> PostedMessage:
        await self._before(method)
        known = self._find(place, job) if self.remembers_nonces else None
        if known is None:
            size = clip.path.stat().st_size if isinstance(clip, ClipFile) else 0
            left = None if status is None else status.left_seconds
            self.messages.append(Message(len(self.messages) + 1, place, job.id, clip, size, left))
        self._after(method)
        await self._wait(f"after {method}")
        return known or PostedMessage(CHANNEL_ID, self.messages[-1].id)

    def _find(self, place: str, job: Job) -> PostedMessage | None:
        for message in self.messages:
            if (message.nonce, message.place) == (job.id, place):
                return PostedMessage(CHANNEL_ID, message.id)
        return None

    async def _wait(self, point: str) -> None:
        if (hold := self.holds.pop(point, None)) is not None:
            await hold.wait()

    async def _before(self, method: str) -> None:
        await self._wait(method)
        waiting = self.troubles.get(method)
        if waiting and not waiting[0].after:
            raise waiting.popleft().error

    def _after(self, method: str) -> None:
        self.changed.set()
        waiting = self.troubles.get(method)
        if waiting and waiting[0].after:
            raise waiting.popleft().error


class FlakyDatabase(Database):
    """A database that fails on request: instead of a read, instead of a write, or instead of a write's commit.

    Attributes:
        troubles: what goes wrong with the next uses: ``read`` and ``write`` for each as it comes, ``commit`` for a
            write; None lets one use go by.
        writes: how many writes were begun.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.troubles: deque[str | None] = deque()
        self.writes = 0

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        if self._next("read") is not None:
            raise StoreUnavailableError("no read")
        async with self._database.read() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        self.writes += 1
        trouble = self._next("write", "commit")
        if trouble == "write":
            raise StoreUnavailableError("no write")
        async with self._database.write() as connection:
            yield connection
            if trouble == "commit":
                raise StoreUnavailableError("no commit")

    def _next(self, *kinds: str) -> str | None:
        if not self.troubles or self.troubles[0] not in (None, *kinds):
            return None
        return self.troubles.popleft()


class SurprisingService:
    """The video service, but some calls raise what nobody expects of it: by method name, one for each call.

    Attributes:
        holds: calls that do not go on: ``before submit`` does not reach the service, ``after submit`` has been
            answered and does not return; the other methods likewise.
    """

    def __init__(self, service: VideoService, **unexpected_errors: list[Exception]) -> None:
        self._service = service
        self._unexpected_errors = unexpected_errors
        self.holds: dict[str, Hold] = {}

    @property
    def model(self) -> str:
        return self._service.model

    async def submit(self, spec: VideoSpec, *, client_business_id: str) -> Generation:
        await self._enter("submit")
        generation = await self._service.submit(spec, client_business_id=client_business_id)
        await self._wait("after submit")
        return generation

    async def fetch_generation(self, key: str) -> Generation:
        await self._enter("fetch_generation")
        generation = await self._service.fetch_generation(key)
        await self._wait("after fetch_generation")
        return generation

    async def fetch_balance(self) -> Balance:
        await self._enter("fetch_balance")
        return await self._service.fetch_balance()

    async def fetch_models(self) -> list[str]:
        await self._enter("fetch_models")
        return await self._service.fetch_models()

    async def download(self, url: str, destination: Path) -> None:
        await self._enter("download")
        await self._service.download(url, destination)
        await self._wait("after download")

    async def _enter(self, method: str) -> None:
        await self._wait(f"before {method}")
        if self._unexpected_errors.get(method):
            raise self._unexpected_errors[method].pop(0)

    async def _wait(self, point: str) -> None:
        if (hold := self.holds.pop(point, None)) is not None:
            await hold.wait()


def requester(member_id: int = MEMBER_ID, **fields: Any) -> Requester:  # noqa: ANN401
    """Make a member in no place with no roles; ``fields`` are Asker's."""
    return Requester(**({"guild_id": GUILD_ID, "member_id": member_id} | fields))


@dataclass(kw_only=True)
class SimulatedLog:
    """Log channels by id, each with its cards, and the servers' AutoMod rules.

    Attributes:
        cards: what was posted, by channel.
        removed: jobs whose clips were taken away.
        troubles: what goes wrong with the next posts: an error each.
        removal_troubles: the same for removals.
        automod: what reading the rules gives, or raises.
        automod_reads: how often they were read.
    """

    cards: dict[int, list[LogEntry]] = field(default_factory=dict[int, "list[LogEntry]"])
    removed: list[str] = field(default_factory=list[str])
    troubles: deque[Exception] = field(default_factory=deque[Exception])
    removal_troubles: deque[Exception] = field(default_factory=deque[Exception])
    automod: AutomodRules | Exception = field(default_factory=AutomodRules)
    automod_reads: int = 0

    async def find_log_card(self, channel_id: int, entry: LogEntry) -> int | None:
        places = [place for place, card in enumerate(self.cards.get(channel_id, []), start=1) if card.id == entry.id]
        return places[0] if places else None

    async def post_log_card(self, channel_id: int, entry: LogEntry) -> int:
        if self.troubles:
            raise self.troubles.popleft()
        cards = self.cards.setdefault(channel_id, [])
        cards.append(entry)
        return len(cards)

    async def remove_clip(self, job: Job) -> None:
        if self.removal_troubles:
            raise self.removal_troubles.popleft()
        self.removed.append(job.id)

    async def fetch_automod_rules(self, guild_id: int) -> AutomodRules:
        self.automod_reads += 1
        if isinstance(self.automod, Exception):
            raise self.automod
        return self.automod


@dataclass(kw_only=True)
class Process:
    """One bot process: its own memory over the shared database, service and Discord."""

    worker: Worker
    card_updater: StatusCardUpdater
    log: Modlog
    services: Services
    jobs: JobService
    quotas: QuotaService
    throttle: ServiceThrottle
    card_changes: CardChanges
    wake: asyncio.Event
    policy: WorkerPolicy

    async def stand(self, requester: Requester) -> tuple[QuotaStatus, CapStatus | None]:
        """Say where a member stands, and the server against its cap."""
        explanation = await self.services.admission.explain(requester)
        return explanation.status, explanation.cap


@dataclass(kw_only=True)
class Workshop:
    """Everything outside the processes, and the processes."""

    database: Database
    server: SandboxServer
    client: ToApisClient
    discord: SimulatedDiscord
    log: SimulatedLog
    time: ManualTime
    policy: WorkerPolicy
    database_url: str
    quota: Quota = field(default_factory=lambda: Quota(60, Period.DAY))
    max_open_jobs: int = 100
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    _interactions: int = 0

    def start(
        self,
        owner: str = "local/1",
        *,
        database: Database | None = None,
        service: VideoService | None = None,
        **policy: Any,  # noqa: ANN401 (WorkerPolicy fields)
    ) -> Process:
        """Start a process, as after a crash if one of that name ran before."""
        database, service = database or self.database, service or self.client
        changed_policy = replace(self.policy, **policy)
        clock, throttle = ServiceClock(self.time), ServiceThrottle(changed_policy, lambda: 0.0)
        card_changes, wake = CardChanges(), asyncio.Event()
        services = Services.wire(
            database=database,
            clock=clock,
            publisher=self.log,
            automod_source=self.log,
            throttle=throttle,
            card_changes=card_changes,
            wake=wake,
            operator_quota=self.quota,
            max_open_jobs=self.max_open_jobs,
            random_bits=self.rng.getrandbits,
            owner=owner,
            lease_seconds=changed_policy.lease_seconds,
        )
        quotas, changes = services.quotas, services.changes
        leased_jobs = LeasedJobs(database=database, clock=clock, changes=changes, owner=owner)
        card_updater = StatusCardUpdater(
            database=database, clock=clock, publisher=self.discord, throttle=throttle, card_changes=card_changes
        )
        operator = Operator(self.discord)
        recovery = Recovery(database=database, clock=clock, operator=operator)
        watch = RenderWatch(database=database, jitter=lambda: 0.0, time_scale=changed_policy.poll_time_scale)
        renderer = Renderer(
            database=database,
            service=service,
            operator=operator,
            leased_jobs=leased_jobs,
            throttle=throttle,
            watch=watch,
            recovery=recovery,
            clock=clock,
            policy=changed_policy,
            jitter=lambda: 0.0,
        )
        deliverer = Deliverer(
            service=service,
            publisher=self.discord,
            media=DirectMedia(),
            quotas=quotas,
            leased_jobs=leased_jobs,
            clock=clock,
            jitter=lambda: 0.0,
        )
        worker = Worker(
            database=database,
            publisher=self.discord,
            submitter=Submitter(
                database=database,
                service=service,
                operator=operator,
                leased_jobs=leased_jobs,
                throttle=throttle,
                watch=watch,
                recovery=recovery,
                renderer=renderer,
                clock=clock,
                policy=changed_policy,
            ),
            renderer=renderer,
            unattended=UnattendedSubmits(
                database=database,
                service=service,
                operator=operator,
                throttle=throttle,
                recovery=recovery,
                clock=clock,
                policy=changed_policy,
            ),
            deliverer=deliverer,
            account=AccountCheck(service=service, throttle=throttle, operator=operator, clock=clock),
            leased_jobs=leased_jobs,
            card_updater=card_updater,
            card_changes=card_changes,
            wake=wake,
            held=services.jobs.held,
            throttle=throttle,
            clock=clock,
            policy=changed_policy,
            model=service.model,
            owner=owner,
            jitter=lambda: 0.0,
        )
        log = Modlog(
            database=database, clock=clock, publisher=self.log, changes=changes, owner=owner, jitter=lambda: 0.0
        )
        return Process(
            worker=worker,
            card_updater=card_updater,
            log=log,
            services=services,
            jobs=services.jobs,
            quotas=quotas,
            throttle=throttle,
            card_changes=card_changes,
            wake=wake,
            policy=changed_policy,
        )

    def request(
        self,
        prompt: str = "a fox in the snow",
        *,
        spec: VideoSpec | None = None,
        interaction_id: int | None = None,
        channel_id: int = CHANNEL_ID,
        leaves: str = "",
        **who: Any,  # noqa: ANN401
    ) -> JobRequest:
        """Make a fresh ``/video``.

        Args:
            leaves: options that the member leaves open, ``aspect`` and ``duration``, by name.
            who: Asker fields.
        """
        self._interactions += 1
        self.time.advance(0.001)  # no two of them are made in one millisecond, which is what ids sort by
        return JobRequest(
            interaction_id=interaction_id or self._interactions,
            channel_id=channel_id,
            requester=requester(**({"places": (channel_id,)} | who)),
            wish=Wish(
                spec or VideoSpec(prompt, Aspect.LANDSCAPE, 6),
                leaves_aspect="aspect" in leaves,
                leaves_duration="duration" in leaves,
            ),
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
            return await submit_store.list_of(connection, job_id)

    async def spent_seconds(self) -> int:
        """Return the seconds of video that count as spent."""
        async with self.database.read() as connection:
            return await submit_store.spent_seconds(connection)

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
        if any(it.throttle.tries_one for it in processes) and self._peek(
            "SELECT count(*) FROM jobs WHERE state='queued'"
        ):
            return  # the worker has woken itself to send one
        now = ServiceClock(self.time).now()
        due = self._peek(
            "SELECT min(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END)"
            " FROM jobs WHERE due_at IS NOT NULL AND state <> 'queued'"
        )
        times = [] if due is None else [datetime.fromisoformat(due).replace(tzinfo=UTC)]
        unattended = self._peek("SELECT min(due_at) FROM submits WHERE due_at IS NOT NULL")
        if unattended is not None:
            times.append(datetime.fromisoformat(unattended).replace(tzinfo=UTC))
            times.sort()
        held = self._peek("SELECT min(sent_at) FROM submits WHERE ended_at IS NULL")
        for process in processes:
            if held is not None:  # then its render slot is free again
                free_at = datetime.fromisoformat(held).replace(tzinfo=UTC)
                free_at += timedelta(seconds=process.policy.slot_seconds)
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
        with closing(sqlite3.connect(self.database_url.removeprefix("sqlite+aiosqlite:///"))) as connection:
            return connection.execute(query, values).fetchone()[0]


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
    if finds_by_job_id is not None:
        with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as connection:
            connection.execute("INSERT INTO models VALUES ('gemini_omni', ?, '2026-01-01 00:00:00')", [finds_by_job_id])
            connection.commit()
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
            time=time,
            policy=WorkerPolicy(),
            database_url=url,
        )
