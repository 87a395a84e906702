"""The composition root: wires the parts, once, for the product, the demo and the tests alike."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.client import ReelayBot
from bot.models import SpendPolicy
from bot.services.admission.service import Admission
from bot.services.jobs.context import WorkContext
from bot.services.jobs.delivery import Deliverer
from bot.services.jobs.expiry import Expiry
from bot.services.jobs.held import HeldJobs
from bot.services.jobs.leases import LeasedJobs
from bot.services.jobs.rendering import Renderer
from bot.services.jobs.requests import JobService
from bot.services.jobs.settling import CardSettler
from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater
from bot.services.jobs.worker import Worker
from bot.services.moderation.audit_trail import AuditTrail
from bot.services.moderation.modlog import Modlog
from bot.services.moderation.servers import ServerService
from bot.services.polling.planner import PollPlanner
from bot.services.quotas.service import QuotaService
from bot.services.quotas.usage import UsageService
from bot.services.screening.automod import AutomodService
from bot.services.screening.rules import PromptService
from bot.services.services import Services
from bot.services.spend.watch import SpendWatch
from bot.services.submits.recovery import Recovery
from bot.services.submits.submitting import Submitter
from bot.services.submits.unattended import UnattendedSubmits
from bot.services.throttling.account import AccountCheck
from bot.services.throttling.alerts import OperatorAlerts
from bot.services.throttling.floods import FloodGuard
from bot.services.throttling.throttle import ServiceThrottle
from bot.store.digests import CommandDigests
from bot.ui.modlog_publisher import DiscordLogPublisher
from bot.ui.publisher import DiscordPublisher

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import Quota
    from bot.services.jobs.delivery import Media
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.ports import AutomodSource, Clock, LogPublisher, Publisher, VideoService
    from bot.services.screening.threads import ScreeningThreads
    from bot.store.database import Database

_log = logging.getLogger(__name__)


class Runs(Protocol):
    """Something that runs until it is stopped."""

    async def run(self) -> None:
        """Run until stopped."""
        ...

    def stop(self) -> None:
        """End ``run``, soon."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside: real for the product, simulated where the demo or a test wants it so.

    Attributes:
        modlog_publisher: puts cards into log channels.
        automod_source: reads servers' own AutoMod rules.
        screening_threads: where rules for prompts are compiled and asked.
        jitter: returns a number from 0 to 1, for whatever is to be spread by chance.
        random_bits: returns an integer of so many random bits, for ids.
    """

    database: Database
    clock: Clock
    service: VideoService
    publisher: Publisher
    modlog_publisher: LogPublisher
    automod_source: AutomodSource
    screening_threads: ScreeningThreads
    media: Media
    jitter: Callable[[], float]
    random_bits: Callable[[int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reelay:
    """The parts that run, wired to one another.

    Attributes:
        services: what people's commands and buttons ask for.
        wake: set to let the worker look for work.
    """

    services: Services
    worker: Worker
    card_updater: StatusCardUpdater
    card_changes: CardChanges
    modlog: Modlog
    throttle: ServiceThrottle
    polling: PollPlanner
    alerts: OperatorAlerts
    wake: asyncio.Event


def assemble(
    ports: Ports,
    *,
    operator_quota: Quota,
    max_open_jobs: int,
    policy: WorkerPolicy,
    owner: str,
    spending: SpendPolicy | None = None,
) -> Reelay:
    """Wire the parts, for the product, the demo and the tests alike; nothing is opened or started here.

    Args:
        ports: the outside.
        operator_quota: the rule that holds where moderators have set none.
        max_open_jobs: how many jobs one member may have open.
        policy: the worker's figures.
        owner: this process's name in leases.
        spending: what the operator lets be spent; None is all.

    Returns:
        The parts that run; ``loops_of`` names those that have to be run.
    """
    database, clock = ports.database, ports.clock
    throttle, card_changes, wake = ServiceThrottle(policy, ports.jitter), CardChanges(), asyncio.Event()
    held, alerts = HeldJobs(), OperatorAlerts(ports.publisher, wake)
    spend_watch = SpendWatch(
        database=database,
        clock=clock,
        service=ports.service,
        alerts=alerts,
        wake=wake,
        policy=spending or SpendPolicy(),
    )
    services = _wire_services(
        ports,
        throttle=throttle,
        card_changes=card_changes,
        wake=wake,
        held=held,
        spend_watch=spend_watch,
        operator_quota=operator_quota,
        max_open_jobs=max_open_jobs,
        owner=owner,
        policy=policy,
    )
    work = WorkContext(
        database=database,
        clock=clock,
        policy=policy,
        jitter=ports.jitter,
        owner=owner,
        service=ports.service,
        publisher=ports.publisher,
        throttle=throttle,
        leased_jobs=LeasedJobs(database=database, clock=clock, audit_trail=services.audit_trail, owner=owner),
        alerts=alerts,
        polling=PollPlanner(database=database, jitter=ports.jitter, time_scale=policy.poll_time_scale),
        recovery=Recovery(database=database, clock=clock, alerts=alerts),
    )
    card_updater = StatusCardUpdater(
        database=database,
        clock=clock,
        publisher=ports.publisher,
        throttle=throttle,
        card_changes=card_changes,
        policy=policy,
    )
    renderer = Renderer(work)
    worker = Worker(
        work,
        submitter=Submitter(work, renderer=renderer),
        renderer=renderer,
        unattended=UnattendedSubmits(work),
        deliverer=Deliverer(work, media=ports.media, quotas=services.quotas),
        settler=CardSettler(work, card_updater=card_updater, card_changes=card_changes),
        account=AccountCheck(work),
        spend_watch=spend_watch,
        card_changes=card_changes,
        held=held,
        expiry=Expiry(work, audit_trail=services.audit_trail, card_changes=card_changes),
        wake=wake,
    )
    modlog = Modlog(
        database=database,
        clock=clock,
        publisher=ports.modlog_publisher,
        audit_trail=services.audit_trail,
        owner=owner,
        jitter=ports.jitter,
    )
    return Reelay(
        services=services,
        worker=worker,
        card_updater=card_updater,
        card_changes=card_changes,
        modlog=modlog,
        throttle=throttle,
        polling=work.polling,
        alerts=alerts,
        wake=wake,
    )


def assemble_on_discord(
    *,
    database: Database,
    service: VideoService,
    media: Media,
    screening_threads: ScreeningThreads,
    clock: Clock,
    operator_quota: Quota,
    max_open_jobs: int,
    policy: WorkerPolicy,
    owner: str,
    operator_channel_id: int | None = None,
    spending: SpendPolicy | None = None,
    allowed_servers: frozenset[int] = frozenset(),
    rng: random.Random | None = None,
) -> tuple[ReelayBot, Reelay]:
    """Make a Discord client, and wire the parts to it.

    Args:
        operator_channel_id: where the operator is alerted; None is nowhere.
        spending: what the operator lets be spent; None is all.
        allowed_servers: whom the bot serves; empty is every server.
        rng: where jitter and ids come from; the operating system's by default.
    """
    rng = rng or random.SystemRandom()
    bot = ReelayBot(digests=CommandDigests(database), allowed_servers=allowed_servers)
    modlog_publisher = DiscordLogPublisher(client=bot)
    ports = Ports(
        database=database,
        clock=clock,
        service=service,
        publisher=DiscordPublisher(client=bot, clock=clock, operator_channel_id=operator_channel_id),
        modlog_publisher=modlog_publisher,
        automod_source=modlog_publisher,
        screening_threads=screening_threads,
        media=media,
        jitter=rng.random,
        random_bits=rng.getrandbits,
    )
    reelay = assemble(
        ports,
        operator_quota=operator_quota,
        max_open_jobs=max_open_jobs,
        policy=policy,
        owner=owner,
        spending=spending,
    )
    bot.attach_services(reelay.services)
    return bot, reelay


def loops_of(bot: ReelayBot, reelay: Reelay) -> tuple[Runs, ...]:
    """Return all that runs until it is stopped: each has a ``run`` that ends in time after its ``stop``."""
    return reelay.worker, reelay.card_updater, reelay.modlog, bot.panel


def _wire_services(
    ports: Ports,
    *,
    throttle: ServiceThrottle,
    card_changes: CardChanges,
    wake: asyncio.Event,
    held: HeldJobs,
    spend_watch: SpendWatch,
    operator_quota: Quota,
    max_open_jobs: int,
    owner: str,
    policy: WorkerPolicy,
) -> Services:
    database, clock = ports.database, ports.clock
    audit_trail = AuditTrail(database=database, clock=clock)
    quotas = QuotaService(database=database, clock=clock, audit_trail=audit_trail, operator_quota=operator_quota)
    threads = ports.screening_threads
    prompts = PromptService(database=database, clock=clock, audit_trail=audit_trail, threads=threads)
    automod = AutomodService(database=database, clock=clock, source=ports.automod_source, threads=threads)
    admission = Admission(
        database=database,
        clock=clock,
        quotas=quotas,
        prompts=prompts,
        automod=automod,
        max_open_jobs=max_open_jobs,
        spend_watch=spend_watch,
        policy=policy,
    )
    jobs = JobService(
        database=database,
        clock=clock,
        admission=admission,
        audit_trail=audit_trail,
        publisher=ports.modlog_publisher,
        throttle=throttle,
        random_bits=ports.random_bits,
        card_changes=card_changes,
        wake=wake,
        held=held,
        owner=owner,
        policy=policy,
    )
    return Services(
        jobs=jobs,
        quotas=quotas,
        servers=ServerService(
            database=database, clock=clock, audit_trail=audit_trail, jobs=jobs, spend_watch=spend_watch
        ),
        prompts=prompts,
        automod=automod,
        admission=admission,
        usage=UsageService(database=database, clock=clock),
        audit_trail=audit_trail,
        floods=FloodGuard(policy.flood_limits),
    )
