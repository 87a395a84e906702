"""Serving: opens what must be opened, has it wired, and runs bot and loops side by side until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING

import aiohttp

from bot.app import assemble_on_discord, loops_of
from bot.client import point_discord_at
from bot.errors import ReelayError
from bot.instance import hold_instance_name, use_database
from bot.media.wall import hide_from_other_processes
from bot.media.worker import MediaWorker
from bot.models import OperatorAlert, Quota, UnauthorizedError, VideoServiceError
from bot.parts import Terms
from bot.process import heed_signals, share_one_heap, spare_what_stays
from bot.services.clips.workspace import MEGABYTE, Workspace
from bot.services.database_time import DatabaseTime
from bot.services.ports import SystemClock
from bot.services.retention.policy import RetentionPolicy
from bot.services.screening.threads import ScreeningThreads
from bot.store.backups import BackupFolder
from bot.store.database import Database
from bot.store.migrating import MigrationPolicy
from bot.toapis.account import explain_models
from bot.toapis.client import ToApisClient
from bot.ui.text import operators

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from bot.app import Reelay
    from bot.client import ReelayBot
    from bot.config import Settings
    from bot.models import SpendPolicy
    from bot.services.instance_name import InstanceName
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.ports import Clock, Measures, VideoService
    from bot.web.measures import PrometheusMeasures

_log = logging.getLogger(__name__)


async def run(settings: Settings, *, policy: WorkerPolicy | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then finish or release what has begun.

    Args:
        policy: the worker's other figures, where they are not the usual ones.

    Raises:
        CancelledError: when told to stop before serving began.
        SettingsError: when Discord, the database or the machine does not take what the settings say.
        PortTakenError: when another program listens where the bot is to.
        GatewayClosedError: when Discord wants another start.
        StoreUnavailableError: when the database can't be opened just now, or its file is gone.
    """
    hide_from_other_processes()  # of which some read strangers' files
    share_one_heap()
    starting = asyncio.current_task()
    assert starting is not None  # this is a coroutine
    with heed_signals(starting.cancel) as on_signals:
        await _run(settings, policy, on_signals)


async def _run(
    settings: Settings, policy: WorkerPolicy | None, on_signals: Callable[[Callable[[], object]], None]
) -> None:
    started = time.monotonic()
    database_url = settings.database_url.get_secret_value()
    point_discord_at(api_url=settings.discord_api, gateway_url=settings.discord_gateway)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(use_database(database_url))
        migration = MigrationPolicy(copies=settings.migration_copies)
        database = await stack.enter_async_context(Database.open(database_url, migration=migration))
        await database.check_writable()
        name = await stack.enter_async_context(hold_instance_name(database_url, nonce=secrets.token_hex(8)))
        clock = DatabaseTime(database=database, machine=SystemClock())
        await clock.measure()
        service = open_service(settings, await stack.enter_async_context(aiohttp.ClientSession()), clock)
        measures = None if settings.http_listen is None else _measure(database)
        assembled = assemble_for(
            settings,
            database=database,
            service=service,
            clock=clock,
            instance=name.instance,
            policy=policy,
            measures=measures,
        )
        bot, reelay = await stack.enter_async_context(assembled)
        if measures is not None:
            seen = _be_seen(settings, bot, reelay, service=service, clock=clock, measures=measures)
            await stack.enter_async_context(seen)
        await reelay.polling.recall()
        await stack.enter_async_context(bot)
        await bot.sign_in(settings.discord_token.get_secret_value())
        if not settings.profile.is_known:
            _log.warning("%s", operators.model_unknown(settings.profile))
        if not settings.spending.ceilings:
            _log.warning("%s", operators.NO_CEILING)
        stop = _Stop()
        async with asyncio.TaskGroup() as group:
            beside = {
                group.create_task(stop.at_error(bot.connect())),
                group.create_task(stop.at_error(database.wait_gone())),
                group.create_task(name.keep()),
                group.create_task(clock.keep()),
                group.create_task(_say_ready(bot, name.instance, started=started)),
                group.create_task(_check_service(service, reelay, settings.spending, clock)),
            }
            loops = loops_of(bot, reelay)
            running = {group.create_task(loop.run()) for loop in loops}
            on_signals(stop.asked.set)
            spare_what_stays()
            await stop.asked.wait()
            _log.info("stopping")
            for loop in loops:
                loop.stop()
            await asyncio.wait(running)  # what they have begun goes through the bot's own connections
            await bot.close()
            for task in beside:
                task.cancel()
    if stop.error is not None:
        raise stop.error
    _log.info("stopped")


@contextlib.asynccontextmanager
async def assemble_for(
    settings: Settings,
    *,
    database: Database,
    service: VideoService,
    clock: Clock,
    instance: InstanceName,
    policy: WorkerPolicy | None = None,
    measures: Measures | None = None,
) -> AsyncGenerator[tuple[ReelayBot, Reelay]]:
    """Have the bot and its parts wired as the settings say; nothing runs yet.

    Args:
        instance: names this process in leases.
        policy: the worker's figures, where they are not the usual ones.
        measures: measures what the worker does; None where nobody wants to see it.
    """
    async with contextlib.AsyncExitStack() as stack:
        workspace = stack.enter_context(Workspace.open(max_bytes=settings.temp_max_mb * MEGABYTE))
        yield assemble_on_discord(
            database=database,
            service=service,
            media=await stack.enter_async_context(MediaWorker(parent=workspace.root)),
            workspace=workspace,
            screening_threads=stack.enter_context(ScreeningThreads.open()),
            clock=clock,
            terms=_terms(settings, policy),
            instance=instance,
            privacy_url=None if settings.privacy_url is None else str(settings.privacy_url),
            operator_channel_id=settings.operator_channel_id,
            allowed_servers=settings.allowed_servers,
            operators=settings.operators,
            measures=measures,
            backup_folder=backup_folder(settings),
        )


def _measure(database: Database) -> PrometheusMeasures:
    """Measure from now on, writers' waits for the database among it."""
    from bot.web.measures import PrometheusMeasures  # which takes a while, for those who want to see it only

    measures = PrometheusMeasures()
    database.wait_to_write = measures.wait_to_write
    return measures


@contextlib.asynccontextmanager
async def _be_seen(
    settings: Settings,
    bot: ReelayBot,
    reelay: Reelay,
    *,
    service: VideoService,
    clock: DatabaseTime,
    measures: PrometheusMeasures,
) -> AsyncGenerator[None]:
    """Answer over HTTP how the bot is, for as long as the context is open.

    Raises:
        PortTakenError, SettingsError: as ``serve_http``.
    """
    from bot.web.server import serve_http
    from bot.web.watching import Sources

    assert settings.http_listen is not None  # else nobody measures
    folders = {"temporary": reelay.workspace.root.parent}
    if settings.database_file is not None:
        folders["database"] = settings.database_file.parent
    sources = Sources(
        gateway=bot,
        throttle=reelay.throttle,
        workspace=reelay.workspace,
        clock=clock,
        spending=settings.spending,
        read_report=reelay.reporter.read,
        fetch_balance=service.fetch_balance,
        render_slots=settings.max_concurrent_renders,
        folders=folders,
        last_backup_at=lambda: None if reelay.backups is None else reelay.backups.last_backup_at,
        clock_offset_seconds=lambda: -clock.offset_seconds,
    )
    bot.add_listener(measures.note_refused, "on_refused")
    async with serve_http(*settings.http_listen, sources=sources, measures=measures) as (host, port):
        _log.info("seen from outside", extra={"host": host, "port": port})
        yield


class _Stop:
    """Why serving ends.

    Attributes:
        asked: set when it has to end.
        error: what ends it, when it is no signal.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.error: ReelayError | None = None

    async def at_error(self, work: Awaitable[None]) -> None:
        """Do something for as long as the bot serves; an error of it ends serving in good order."""
        try:
            await work
        except ReelayError as error:
            self.error = self.error or error
            self.asked.set()


async def _say_ready(bot: ReelayBot, instance: InstanceName, *, started: float) -> None:
    """Log that the bot is ready when Discord has named its servers on every connection."""
    await bot.wait_until_ready()
    _log.info("ready", extra={"owner": instance.name, "seconds": round(time.monotonic() - started, 3)})


def backup_folder(settings: Settings) -> BackupFolder | None:
    """Give the folder that the settings name for backups; None where the bot makes none."""
    if settings.backup_dir is None or settings.database_file is None:
        return None
    return BackupFolder(settings.backup_dir.absolute(), database=settings.database_file)


def _terms(settings: Settings, policy: WorkerPolicy | None) -> Terms:
    return Terms(
        quota=Quota(settings.default_quota_seconds, settings.default_quota_period),
        max_open_jobs=settings.max_open_jobs_per_member,
        policy=settings.worker_policy(policy),
        retention=RetentionPolicy(days=settings.retention_days),
        spending=settings.spending,
        profile=settings.profile,
        backups=settings.backups,
    )


def open_service(settings: Settings, session: aiohttp.ClientSession, clock: Clock) -> ToApisClient:
    """Make the video service's client from the settings."""
    return ToApisClient(
        session=session,
        base_url=str(settings.toapis_base_url),
        api_key=settings.toapis_api_key.get_secret_value(),
        model=settings.toapis_model,
        resolution=settings.resolution,
        now=clock.now,
    )


async def _check_service(service: VideoService, reelay: Reelay, spending: SpendPolicy, clock: Clock) -> None:
    """Look once at the account, so that a wrong key, address or model is known before a member finds out."""
    try:
        balance = await service.fetch_balance()
    except VideoServiceError as error:
        _log.error(
            "the video service did not answer as it should: check TOAPIS_BASE_URL and TOAPIS_API_KEY",
            extra={"error": type(error).__name__, "http_status": error.http_status, "request_id": error.request_id},
        )
        if isinstance(error, UnauthorizedError):
            reelay.alerts.note(reelay.throttle.confirm(clock.now(), OperatorAlert.UNAUTHORIZED))
        return
    dollars = {} if balance.credits is None else spending.worth(of_credits=balance.credits)
    _log.info("video service reached", extra={"remaining_credits": balance.credits} | dollars)
    try:
        models = await service.fetch_models()
    except VideoServiceError as error:
        _log.info("the service does not say which models the key may use", extra={"error": type(error).__name__})
        return
    if (sentence := explain_models(service.model, models)) is not None:
        _log.error("%s", sentence)
