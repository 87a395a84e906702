"""Everything people's commands and buttons may ask for, wired to one another and in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.services.jobs.admission import Admission
from bot.services.jobs.requests import JobService
from bot.services.moderation.audit_trail import AuditTrail
from bot.services.moderation.servers import ServerService
from bot.services.quotas.service import QuotaService
from bot.services.quotas.usage import UsageService
from bot.services.screening.automod import AutomodService
from bot.services.screening.rules import PromptService

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from bot.models import Quota
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.jobs.throttle import ServiceThrottle
    from bot.services.ports import AutomodSource, Clock, LogPublisher
    from bot.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that people use; the worker, the status board and the log run by themselves."""

    jobs: JobService
    quotas: QuotaService
    servers: ServerService
    prompts: PromptService
    automod: AutomodService
    admission: Admission
    usage: UsageService
    changes: AuditTrail

    @classmethod
    def wire(
        cls,
        *,
        database: Database,
        clock: Clock,
        publisher: LogPublisher,
        automod_source: AutomodSource,
        throttle: ServiceThrottle,
        card_changes: CardChanges,
        wake: asyncio.Event,
        operator_quota: Quota,
        max_open_jobs: int,
        random_bits: Callable[[int], int],
        owner: str,
        lease_seconds: float,
    ) -> Services:
        """Make the services; nothing is opened or started here."""
        changes = AuditTrail(database=database, clock=clock)
        quotas = QuotaService(database=database, clock=clock, changes=changes, operator_quota=operator_quota)
        prompts = PromptService(database=database, clock=clock, changes=changes)
        automod = AutomodService(database=database, clock=clock, source=automod_source)
        admission = Admission(
            database=database,
            clock=clock,
            quotas=quotas,
            prompts=prompts,
            automod=automod,
            max_open_jobs=max_open_jobs,
        )
        jobs = JobService(
            database=database,
            clock=clock,
            admission=admission,
            changes=changes,
            publisher=publisher,
            throttle=throttle,
            random_bits=random_bits,
            card_changes=card_changes,
            wake=wake,
            owner=owner,
            lease_seconds=lease_seconds,
        )
        return cls(
            jobs=jobs,
            quotas=quotas,
            servers=ServerService(database=database, clock=clock, changes=changes, jobs=jobs),
            prompts=prompts,
            automod=automod,
            admission=admission,
            usage=UsageService(database=database, clock=clock),
            changes=changes,
        )
