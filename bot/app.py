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
from bot.services.jobs.account import AccountCheck
from bot.services.jobs.alerts import Operator
from bot.services.jobs.delivery import Deliverer
from bot.services.jobs.leases import LeasedJobs
from bot.services.jobs.policy import WorkerPolicy
from bot.services.jobs.rendering import Renderer
from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater
from bot.services.jobs.throttle import ServiceThrottle
from bot.services.jobs.worker import Worker
from bot.services.moderation.modlog import Modlog
from bot.services.polling.watch import RenderWatch
from bot.services.ports import SystemClock
from bot.services.services import Services
from bot.services.submits.recovery import Recovery
from bot.services.submits.submitting import Submitter
from bot.services.submits.unattended import UnattendedSubmits
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
    from bot.services.ports import Clock, VideoService

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reelay:
    """The parts that run, wired to one another."""

    bot: ReelayBot
    worker: Worker
    card_updater: StatusCardUpdater
    log: Modlog
    services: Services
    throttle: ServiceThrottle
    watch: RenderWatch
    publisher: DiscordPublisher
    operator: Operator


def assemble(
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
) -> Reelay:
    """Wire the parts; nothing is opened or started here.

    Args:
        owner: this process's name in leases.
        chance: where jitter and ids come from; the operating system's by default.
    """
    rng = rng or random.SystemRandom()
    throttle, card_changes, wake = ServiceThrottle(policy, rng.random), CardChanges(), asyncio.Event()
    bot = ReelayBot(digests=CommandDigests(database))
    log_publisher = DiscordLogPublisher(client=bot)
    services = Services.wire(
        database=database,
        clock=clock,
        publisher=log_publisher,
        automod_source=log_publisher,
        throttle=throttle,
        card_changes=card_changes,
        wake=wake,
        operator_quota=operator_quota,
        max_open_jobs=max_open_jobs,
        random_bits=rng.getrandbits,
        owner=owner,
        lease_seconds=policy.lease_seconds,
    )
    bot.attach_services(services)
    publisher = DiscordPublisher(client=bot, clock=clock, operator_channel_id=operator_channel_id)
    card_updater = StatusCardUpdater(
        database=database, clock=clock, publisher=publisher, throttle=throttle, card_changes=card_changes
    )
    leased_jobs = LeasedJobs(database=database, clock=clock, changes=services.changes, owner=owner)
    watch = RenderWatch(database=database, jitter=rng.random, time_scale=policy.poll_time_scale)
    operator = Operator(publisher)
    recovery = Recovery(database=database, clock=clock, operator=operator)
    renderer = Renderer(
        database=database,
        service=service,
        operator=operator,
        leased_jobs=leased_jobs,
        throttle=throttle,
        watch=watch,
        recovery=recovery,
        clock=clock,
        policy=policy,
        jitter=rng.random,
    )
    worker = Worker(
        database=database,
        publisher=publisher,
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
            policy=policy,
        ),
        renderer=renderer,
        unattended=UnattendedSubmits(
            database=database,
            service=service,
            operator=operator,
            throttle=throttle,
            recovery=recovery,
            clock=clock,
            policy=policy,
        ),
        deliverer=Deliverer(
            service=service,
            publisher=publisher,
            media=media,
            quotas=services.quotas,
            leased_jobs=leased_jobs,
            clock=clock,
            jitter=rng.random,
        ),
        account=AccountCheck(service=service, throttle=throttle, operator=operator, clock=clock),
        leased_jobs=leased_jobs,
        card_updater=card_updater,
        card_changes=card_changes,
        wake=wake,
        held=services.jobs.held,
        throttle=throttle,
        clock=clock,
        policy=policy,
        model=service.model,
        owner=owner,
        jitter=rng.random,
    )
    return Reelay(
        bot=bot,
        worker=worker,
        card_updater=card_updater,
        log=Modlog(
            database=database,
            clock=clock,
            publisher=log_publisher,
            changes=services.changes,
            owner=owner,
            jitter=rng.random,
        ),
        services=services,
        throttle=throttle,
        watch=watch,
        publisher=publisher,
        operator=operator,
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
        reelay = assemble(
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
        await stack.enter_async_context(reelay.bot)
        await reelay.bot.sign_in(settings.discord_token.get_secret_value())
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(reelay.bot.connect())
            working = group.create_task(reelay.worker.run())
            showing = group.create_task(reelay.card_updater.run())
            telling = group.create_task(reelay.log.run())
            refreshing = group.create_task(reelay.bot.panel.run())
            group.create_task(_check_service(service, reelay))
            stop = asyncio.Event()
            _on_signals(stop.set)
            gc.freeze()  # what is loaded by now stays: to look for garbage in it takes 0.1 s, in which nobody is served
            _log.info("ready", extra={"owner": owner, "seconds": round(time.monotonic() - started, 3)})
            await stop.wait()
            _log.info("stopping")
            reelay.worker.stop()
            reelay.card_updater.stop()
            reelay.log.stop()
            reelay.bot.panel.stop()
            await asyncio.wait(
                {working, showing, telling, refreshing}
            )  # what is in hand goes through the bot's own connections
            await reelay.bot.close()
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
            await reelay.operator.tell(reelay.throttle.confirm(SystemClock().now(), OperatorAlert.UNAUTHORIZED))
        return
    _log.info("video service reached", extra={"remaining_credits": balance.credits})
    try:
        models = await service.fetch_models()
    except VideoServiceError as error:
        _log.info("the service does not say which models the key may use", extra={"error": type(error).__name__})
        return
    if (sentence := explain_models(service.model, models)) is not None:
        _log.error("%s", sentence)
