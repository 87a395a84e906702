"""How the parts are wired to one another: once, for the product, the demo and the tests. Discord is not among them."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.parts import Shared
from bot.services.admission.privately import SHOWN_WITHIN_SECONDS, PrivateRequests
from bot.services.admission.service import Admission
from bot.services.backups.backups import Backups
from bot.services.brainstorms.brainstorming import Brainstorming
from bot.services.brainstorms.lists import PhraseLists
from bot.services.brainstorms.settings import BrainstormSettings
from bot.services.clips.deleting import ClipDeleter
from bot.services.clips.downloads import Downloads
from bot.services.clips.drafts import Drafts
from bot.services.clips.history import History
from bot.services.clips.library import Library
from bot.services.clips.mentions import Mentions
from bot.services.clips.sending import ClipSender
from bot.services.clips.versions import Versions
from bot.services.jobs.held import HeldJobs
from bot.services.jobs.requests import JobService
from bot.services.jobs.status_cards import CardChanges, StatusCardUpdater
from bot.services.moderation.audit_trail import AuditTrail
from bot.services.moderation.modlog import Modlog
from bot.services.moderation.servers import ServerService
from bot.services.operating.operating import Operating
from bot.services.polling.arrivals import Arrivals
from bot.services.polling.planner import PollPlanner
from bot.services.quotas.service import QuotaService
from bot.services.quotas.usage import UsageService
from bot.services.report import WorkReporter
from bot.services.retention.presence import Presence
from bot.services.retention.privacy import PrivacyService
from bot.services.retention.retention import Retention
from bot.services.screening.automod import AutomodService
from bot.services.screening.rules import PromptService
from bot.services.services import Services
from bot.services.spend.watch import SpendWatch
from bot.services.submits.discards import Discards
from bot.services.throttling.alerts import OperatorAlerts
from bot.services.throttling.floods import FloodGuard
from bot.services.throttling.throttle import ServiceThrottle
from bot.worker_wiring import wire_context, wire_worker

if TYPE_CHECKING:
    from bot.parts import Ports, Terms
    from bot.services.clips.workspace import Workspace
    from bot.services.instance_name import InstanceName
    from bot.services.jobs.worker import Worker

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reelay:
    """The parts that run, wired to one another.

    Attributes:
        services: what people's commands and buttons ask for.
        wake: set to let the worker look for work.
        reporter: says how much work there is, and whether it goes on.
        backups: backs up the database, where there is a folder for it.
    """

    services: Services
    worker: Worker
    card_updater: StatusCardUpdater
    card_changes: CardChanges
    modlog: Modlog
    throttle: ServiceThrottle
    polling: PollPlanner
    retention: Retention
    alerts: OperatorAlerts
    wake: asyncio.Event
    workspace: Workspace
    reporter: WorkReporter
    backups: Backups | None


def assemble(ports: Ports, terms: Terms, *, instance: InstanceName) -> Reelay:
    """Wire the parts, for the product, the demo and the tests alike; nothing is opened or started here.

    Args:
        instance: names this process in leases.

    Returns:
        The parts that run; ``loops_of`` in ``bot/app.py`` names those that have to be run.
    """
    wake = asyncio.Event()
    alerts = OperatorAlerts(ports.publisher, wake)
    polling = PollPlanner(
        database=ports.database,
        jitter=ports.jitter,
        profile=terms.profile,
        time_scale=terms.policy.poll_time_scale,
    )
    shared = Shared(
        throttle=ServiceThrottle(terms.policy, ports.jitter),
        card_changes=CardChanges(),
        held=HeldJobs(),
        alerts=alerts,
        spend_watch=SpendWatch(
            database=ports.database,
            clock=ports.clock,
            service=ports.service,
            alerts=alerts,
            wake=wake,
            policy=terms.spending,
            profile=terms.profile,
        ),
        polling=polling,
        arrivals=Arrivals(polling=polling, policy=terms.policy),
        downloads=Downloads(service=ports.service),
        wake=wake,
    )
    services = _wire_services(ports, terms, shared, instance)
    work = wire_context(ports, terms, shared, services, instance)
    card_updater = StatusCardUpdater(
        database=ports.database,
        clock=ports.clock,
        publisher=ports.publisher,
        throttle=shared.throttle,
        arrivals=shared.arrivals,
        current_jobs=work.current_jobs,
        card_changes=shared.card_changes,
        answering=shared.held.answering,
        policy=terms.policy,
    )
    return Reelay(
        services=services,
        worker=wire_worker(ports, work, shared, services, card_updater),
        card_updater=card_updater,
        card_changes=shared.card_changes,
        modlog=Modlog(
            database=ports.database,
            clock=ports.clock,
            publisher=ports.modlog_publisher,
            audit_trail=services.audit_trail,
            instance=instance,
            jitter=ports.jitter,
        ),
        throttle=shared.throttle,
        polling=shared.polling,
        retention=Retention(
            database=ports.database,
            clock=ports.clock,
            policy=terms.retention,
            presence=services.presence,
            jobs=services.jobs,
            stopwatch=time.perf_counter,
        ),
        alerts=alerts,
        wake=wake,
        workspace=ports.workspace,
        reporter=WorkReporter(
            database=ports.database, clock=ports.clock, throttle=shared.throttle, policy=terms.policy
        ),
        backups=None
        if ports.backup_folder is None
        else Backups(
            folder=ports.backup_folder,
            database=ports.database,
            clock=ports.clock,
            alerts=alerts,
            policy=terms.backups,
        ),
    )


def _wire_services(ports: Ports, terms: Terms, shared: Shared, instance: InstanceName) -> Services:
    database, clock = ports.database, ports.clock
    audit_trail = AuditTrail(database=database, clock=clock)
    quotas = QuotaService(
        database=database,
        clock=clock,
        audit_trail=audit_trail,
        operator_quota=terms.quota,
        profile=terms.profile,
    )
    threads = ports.screening_threads
    prompts = PromptService(database=database, clock=clock, audit_trail=audit_trail, threads=threads)
    automod = AutomodService(database=database, clock=clock, source=ports.automod_source, threads=threads)
    admission = Admission(
        database=database,
        clock=clock,
        quotas=quotas,
        prompts=prompts,
        automod=automod,
        max_open_jobs=terms.max_open_jobs,
        spend_watch=shared.spend_watch,
        policy=terms.policy,
    )
    jobs = JobService(
        database=database,
        clock=clock,
        admission=admission,
        audit_trail=audit_trail,
        publisher=ports.modlog_publisher,
        throttle=shared.throttle,
        arrivals=shared.arrivals,
        random_bits=ports.random_bits,
        card_changes=shared.card_changes,
        wake=shared.wake,
        held=shared.held,
        instance=instance,
        policy=terms.policy,
    )
    lists = PhraseLists(database=database, clock=clock, audit_trail=audit_trail)
    presence, library = Presence(database=database), Library(database=database)
    return Services(
        profile=terms.profile,
        jobs=jobs,
        private_requests=PrivateRequests(
            jobs=jobs, publisher=ports.publisher, shown_within_seconds=SHOWN_WITHIN_SECONDS
        ),
        discards=Discards(database=database, clock=clock, audit_trail=audit_trail, jobs=jobs),
        versions=Versions(database=database, profile=terms.profile),
        drafts=Drafts(database=database, clock=clock),
        mentions=Mentions(database=database),
        history=History(database=database, clock=clock, policy=terms.policy),
        clip_deleter=ClipDeleter(
            database=database, clock=clock, audit_trail=audit_trail, publisher=ports.modlog_publisher
        ),
        library=library,
        sender=ClipSender(
            library=library,
            clock=clock,
            downloads=shared.downloads,
            workspace=ports.workspace,
            media=ports.media,
            publisher=ports.publisher,
        ),
        quotas=quotas,
        servers=ServerService(
            database=database,
            clock=clock,
            audit_trail=audit_trail,
            jobs=jobs,
            spend_watch=shared.spend_watch,
            profile=terms.profile,
        ),
        prompts=prompts,
        brainstorms=Brainstorming.wire(
            database=database,
            clock=clock,
            admission=admission,
            audit_trail=audit_trail,
            jobs=jobs,
            lists=lists,
            media=ports.media,
            random_bits=ports.random_bits,
        ),
        phrase_lists=lists,
        brainstorm_settings=BrainstormSettings(audit_trail=audit_trail),
        automod=automod,
        admission=admission,
        usage=UsageService(database=database, clock=clock, media=ports.media),
        audit_trail=audit_trail,
        floods=FloodGuard(terms.policy.flood_limits),
        presence=presence,
        privacy=PrivacyService(database=database, clock=clock, days=terms.retention.days, woken=presence.woken),
        operating=Operating(
            database=database,
            clock=clock,
            policy=terms.policy,
            spending=terms.spending,
            random_bits=ports.random_bits,
            card_changes=shared.card_changes,
            wake=shared.wake,
        ),
    )
