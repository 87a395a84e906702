"""The composition root: opens what must be opened, wires it, runs bot and worker side by side."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import signal
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import aiohttp

from bot.client import ReelayBot, point_discord_at
from bot.errors import SettingsError, StoreUnavailableError, UnauthorizedError, VideoServiceError
from bot.instance import claim_instance_name
from bot.media import MediaWorker
from bot.models import OperatorAlert, Quota
from bot.services.jobs.admission import Admission
from bot.services.jobs.context import WorkContext
from bot.services.jobs.delivery import Deliverer
from bot.services.jobs.held import HeldJobs
from bot.services.jobs.leases import LeasedJobs
from bot.services.jobs.policy import WorkerPolicy
from bot.services.jobs.rendering import Renderer
from bot.services.jobs.requests import JobService
from bot.services.jobs.settling import CardSettler
from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater
from bot.services.jobs.worker import Worker
from bot.services.moderation.audit_trail import AuditTrail
from bot.services.moderation.modlog import Modlog
from bot.services.moderation.servers import ServerService
from bot.services.polling.watch import RenderWatch
from bot.services.ports import SystemClock
from bot.services.quotas.service import QuotaService
from bot.services.quotas.usage import UsageService
from bot.services.screening.automod import AutomodService
from bot.services.screening.rules import PromptService
from bot.services.services import Services
from bot.services.submits.recovery import Recovery
from bot.services.submits.submitting import Submitter
from bot.services.submits.unattended import UnattendedSubmits
from bot.services.throttling.account import AccountCheck
from bot.services.throttling.alerts import OperatorAlerts
from bot.services.throttling.throttle import ServiceThrottle
from bot.store.database import Database
from bot.store.digests import CommandDigests
from bot.toapis.account import explain_models
from bot.toapis.client import ToApisClient
from bot.ui.modlog_publisher import DiscordLogPublisher
from bot.ui.publisher import DiscordPublisher

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from bot.config import Settings
    from bot.services.jobs.delivery import Media
    from bot.services.ports import AutomodSource, Clock, LogPublisher, Publisher, VideoService

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside: real for the product, simulated where the demo or a test wants it so.

    Attributes:
        modlog_publisher: puts cards into log channels.
        automod_source: reads servers' own AutoMod rules.
        jitter: returns a number from 0 to 1, for whatever is to be spread by chance.
        random_bits: returns an integer of so many random bits, for ids.
    """

    database: Database
    clock: Clock
    service: VideoService
    publisher: Publisher
    modlog_publisher: LogPublisher
    automod_source: AutomodSource
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
    watch: RenderWatch
    alerts: OperatorAlerts
    wake: asyncio.Event


def assemble(ports: Ports, *, operator_quota: Quota, max_open_jobs: int, policy: WorkerPolicy, owner: str) -> Reelay:
    """Wire the parts, for the product, the demo and the tests alike; nothing is opened or started here.

    Args:
        ports: the outside.
        operator_quota: the rule that holds where moderators have set none.
        max_open_jobs: how many jobs one member may have open.
        owner: this process's name in leases.
    """
    database, clock = ports.database, ports.clock
    throttle, card_changes, wake = ServiceThrottle(policy, ports.jitter), CardChanges(), asyncio.Event()
    held, alerts = HeldJobs(), OperatorAlerts(ports.publisher, wake)
    services = _wire_services(
        ports,
        throttle=throttle,
        card_changes=card_changes,
        wake=wake,
        held=held,
        operator_quota=operator_quota,
        max_open_jobs=max_open_jobs,
        owner=owner,
        lease_seconds=policy.lease_seconds,
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
        watch=RenderWatch(database=database, jitter=ports.jitter, time_scale=policy.poll_time_scale),
        recovery=Recovery(database=database, clock=clock, alerts=alerts),
    )
    card_updater = StatusCardUpdater(
        database=database, clock=clock, publisher=ports.publisher, throttle=throttle, card_changes=card_changes
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
        card_changes=card_changes,
        held=held,
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
        watch=work.watch,
        alerts=alerts,
        wake=wake,
    )


def assemble_on_discord(
    *,
    database: Database,
    service: VideoService,
    media: Media,
    clock: Clock,
    operator_quota: Quota,
    max_open_jobs: int,
    policy: WorkerPolicy,
    owner: str,
    operator_channel_id: int | None = None,
    rng: random.Random | None = None,
) -> tuple[ReelayBot, Reelay]:
    """Make a Discord client, and wire the parts to it.

    Args:
        operator_channel_id: where the operator is alerted; None is nowhere.
        rng: where jitter and ids come from; the operating system's by default.
    """
    rng = rng or random.SystemRandom()
    bot = ReelayBot(digests=CommandDigests(database))
    modlog_publisher = DiscordLogPublisher(client=bot)
    ports = Ports(
        database=database,
        clock=clock,
        service=service,
        publisher=DiscordPublisher(client=bot, clock=clock, operator_channel_id=operator_channel_id),
        modlog_publisher=modlog_publisher,
        automod_source=modlog_publisher,
        media=media,
        jitter=rng.random,
        random_bits=rng.getrandbits,
    )
    reelay = assemble(ports, operator_quota=operator_quota, max_open_jobs=max_open_jobs, policy=policy, owner=owner)
    bot.attach_services(reelay.services)
    return bot, reelay


def _wire_services(
    ports: Ports,
    *,
    throttle: ServiceThrottle,
    card_changes: CardChanges,
    wake: asyncio.Event,
    held: HeldJobs,
    operator_quota: Quota,
    max_open_jobs: int,
    owner: str,
    lease_seconds: float,
) -> Services:
    database, clock = ports.database, ports.clock
    audit_trail = AuditTrail(database=database, clock=clock)
    quotas = QuotaService(database=database, clock=clock, audit_trail=audit_trail, operator_quota=operator_quota)
    prompts = PromptService(database=database, clock=clock, audit_trail=audit_trail)
    automod = AutomodService(database=database, clock=clock, source=ports.automod_source)
    admission = Admission(
        database=database, clock=clock, quotas=quotas, prompts=prompts, automod=automod, max_open_jobs=max_open_jobs
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
        lease_seconds=lease_seconds,
    )
    return Services(
        jobs=jobs,
        quotas=quotas,
        servers=ServerService(database=database, clock=clock, audit_trail=audit_trail, jobs=jobs),
        prompts=prompts,
        automod=automod,
        admission=admission,
        usage=UsageService(database=database, clock=clock),
        audit_trail=audit_trail,
    )


async def run(settings: Settings, *, policy: WorkerPolicy | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then finish or release what is in hand.

    Args:
        policy: the worker's other figures, where they are not the usual ones.

    Raises:
        CancelledError: when told to stop before serving began.
        SettingsError: when Discord or the database does not take what the settings say.
    """
    started = time.monotonic()
    starting = asyncio.current_task()
    assert starting is not None  # this is a coroutine
    _on_signals(starting.cancel)
    database_url = settings.database_url.get_secret_value()
    point_discord_at(api_url=settings.discord_api, gateway_url=settings.discord_gateway)
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(_open_database(database_url))
        owner = stack.enter_context(claim_instance_name(database_url))
        service = open_service(settings, await stack.enter_async_context(aiohttp.ClientSession()))
        bot, reelay = assemble_on_discord(
            database=database,
            service=service,
            media=await stack.enter_async_context(MediaWorker()),
            clock=SystemClock(),
            operator_quota=Quota(settings.default_quota_seconds, settings.default_quota_period),
            max_open_jobs=settings.max_open_jobs_per_member,
            policy=replace(
                policy or WorkerPolicy(rate_limits=settings.toapis_rate_group.limits),
                max_concurrent_renders=settings.max_concurrent_renders,
                job_deadline_seconds=settings.job_deadline_seconds,
            ),
            owner=owner,
            operator_channel_id=settings.operator_channel_id,
        )
        await reelay.watch.recall()
        await stack.enter_async_context(bot)
        await bot.sign_in(settings.discord_token.get_secret_value())
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(bot.connect())
            working = group.create_task(reelay.worker.run())
            showing = group.create_task(reelay.card_updater.run())
            telling = group.create_task(reelay.modlog.run())
            refreshing = group.create_task(bot.panel.run())
            group.create_task(_check_service(service, reelay))
            stop = asyncio.Event()
            _on_signals(stop.set)
            gc.freeze()  # what is loaded by now stays: to look for garbage in it takes 0.1 s, in which nobody is served
            _log.info("ready", extra={"owner": owner, "seconds": round(time.monotonic() - started, 3)})
            await stop.wait()
            _log.info("stopping")
            reelay.worker.stop()
            reelay.card_updater.stop()
            reelay.modlog.stop()
            bot.panel.stop()
            await asyncio.wait(
                {working, showing, telling, refreshing}
            )  # what is in hand goes through the bot's own connections
            await bot.close()
            await serving
    _log.info("stopped")


def open_service(settings: Settings, session: aiohttp.ClientSession) -> ToApisClient:
    """Make the video service's client from the settings."""
    return ToApisClient(
        session=session,
        base_url=str(settings.toapis_base_url),
        api_key=settings.toapis_api_key.get_secret_value(),
        model=settings.toapis_model,
        resolution=settings.toapis_resolution,
    )


@contextlib.asynccontextmanager
async def _open_database(url: str) -> AsyncGenerator[Database]:
    async with contextlib.AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(Database.open(url))
        except StoreUnavailableError as error:
            raise SettingsError("DATABASE_URL names a database that cannot be opened and written.") from error
        yield database


def _on_signals(act: Callable[[], object]) -> None:
    """Do this on SIGINT and SIGTERM from now on; where the platform has no handlers, Ctrl-C cancels us all the same."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has none
            asyncio.get_running_loop().add_signal_handler(number, act)


async def _check_service(service: VideoService, reelay: Reelay) -> None:
    """Look once at the account, so that a wrong key, address or model is known before a member finds out."""
    try:
        balance = await service.fetch_balance()
    except VideoServiceError as error:
        _log.error(
            "the video service did not answer as it should: check TOAPIS_BASE_URL and TOAPIS_API_KEY",
            extra={"error": type(error).__name__, "http_status": error.http_status, "request_id": error.request_id},
        )
        if isinstance(error, UnauthorizedError):
            reelay.alerts.note(reelay.throttle.confirm(SystemClock().now(), OperatorAlert.UNAUTHORIZED))
        return
    _log.info("video service reached", extra={"remaining_credits": balance.credits})
    try:
        models = await service.fetch_models()
    except VideoServiceError as error:
        _log.info("the service does not say which models the key may use", extra={"error": type(error).__name__})
        return
    if (sentence := explain_models(service.model, models)) is not None:
        _log.error("%s", sentence)
