"""How the worker and its steps are wired; ``wiring.py`` has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services.backups.recall import Recall
from bot.services.brainstorms.keeper import RoundKeeper
from bot.services.brainstorms.showing import BoardShower
from bot.services.current_jobs import CurrentJobs
from bot.services.jobs.context import WorkContext
from bot.services.jobs.delivery import Deliverer
from bot.services.jobs.expiry import Expiry
from bot.services.jobs.leases import LeasedJobs
from bot.services.jobs.rendering import Renderer
from bot.services.jobs.settling import CardSettler
from bot.services.jobs.worker import Worker
from bot.services.operating.departures import Departures
from bot.services.submits.recovery import Recovery
from bot.services.submits.refitting import Refitting
from bot.services.submits.submitting import Submitter
from bot.services.submits.unattended import UnattendedSubmits
from bot.services.throttling.account import AccountCheck
from bot.services.throttling.sign import TroubleSign

if TYPE_CHECKING:
    from bot.parts import Ports, Shared, Terms
    from bot.services.instance_name import InstanceName
    from bot.services.jobs.status_cards import StatusCardUpdater
    from bot.services.services import Services


def wire_context(ports: Ports, terms: Terms, shared: Shared, services: Services, instance: InstanceName) -> WorkContext:
    """Put together what every step of the worker needs."""
    database, clock, policy = ports.database, ports.clock, terms.policy
    return WorkContext(
        database=database,
        clock=clock,
        policy=policy,
        jitter=ports.jitter,
        instance=instance,
        service=ports.service,
        publisher=ports.publisher,
        throttle=shared.throttle,
        leased_jobs=LeasedJobs(
            database=database,
            clock=clock,
            audit_trail=services.audit_trail,
            card_changes=shared.card_changes,
            instance=instance,
        ),
        current_jobs=CurrentJobs(database),
        alerts=shared.alerts,
        polling=shared.polling,
        recovery=Recovery(database=database, clock=clock, alerts=shared.alerts),
        refitting=Refitting(profile=terms.profile, audit_trail=services.audit_trail, card_changes=shared.card_changes),
        measures=ports.measures,
    )


def wire_worker(
    ports: Ports, work: WorkContext, shared: Shared, services: Services, card_updater: StatusCardUpdater
) -> Worker:
    """Wire the worker and its steps."""
    renderer = Renderer(work)
    shower = BoardShower(work, publisher=ports.brainstorm_publisher, media=ports.media)
    return Worker(
        work,
        submitter=Submitter(work, renderer=renderer),
        renderer=renderer,
        unattended=UnattendedSubmits(work),
        deliverer=Deliverer(
            work,
            downloads=shared.downloads,
            workspace=ports.workspace,
            media=ports.media,
            mentions=services.mentions,
        ),
        settler=CardSettler(work, card_updater=card_updater, card_changes=shared.card_changes),
        recall=Recall(work),
        keeper=RoundKeeper(
            work,
            publisher=ports.brainstorm_publisher,
            shower=shower,
            audit_trail=services.audit_trail,
            jobs=services.jobs,
        ),
        account=AccountCheck(work),
        spend_watch=shared.spend_watch,
        card_changes=shared.card_changes,
        held=shared.held,
        expiry=Expiry(work, audit_trail=services.audit_trail, card_changes=shared.card_changes),
        departures=Departures(work),
        trouble_sign=TroubleSign(ports.publisher, shared.throttle),
        wake=shared.wake,
    )
