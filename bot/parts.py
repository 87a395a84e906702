"""What the parts are wired from: the outside, what the operator has decided, and what several of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.models import GEMINI_OMNI, SpendPolicy
from bot.services.backups.policy import BackupPolicy
from bot.services.ports import NoMeasures
from bot.services.retention.policy import RetentionPolicy

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from bot.models import ModelProfile, Quota
    from bot.services.backups.backups import Folder
    from bot.services.clips.downloads import Downloads
    from bot.services.clips.fitting import Media
    from bot.services.clips.workspace import Workspace
    from bot.services.jobs.held import HeldJobs
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.jobs.status_cards import CardChanges
    from bot.services.polling.arrivals import Arrivals
    from bot.services.polling.planner import PollPlanner
    from bot.services.ports import (
        AutomodSource,
        BrainstormPublisher,
        Clock,
        LogPublisher,
        Measures,
        Publisher,
        VideoService,
    )
    from bot.services.screening.threads import ScreeningThreads
    from bot.services.spend.watch import SpendWatch
    from bot.services.throttling.alerts import OperatorAlerts
    from bot.services.throttling.throttle import ServiceThrottle
    from bot.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside: real for the product, simulated where the demo or a test wants it so.

    Attributes:
        brainstorm_publisher: puts brainstorms into threads.
        modlog_publisher: puts cards into log channels.
        automod_source: reads servers' own AutoMod rules.
        screening_threads: where rules for prompts are compiled and asked.
        workspace: where clips lie while they are worked at.
        jitter: returns a number from 0 to 1, for whatever is to be spread by chance.
        random_bits: returns an integer of so many random bits, for ids.
        backup_folder: where the database is backed up to; None is nowhere.
    """

    database: Database
    clock: Clock
    service: VideoService
    publisher: Publisher
    brainstorm_publisher: BrainstormPublisher
    modlog_publisher: LogPublisher
    automod_source: AutomodSource
    screening_threads: ScreeningThreads
    media: Media
    workspace: Workspace
    jitter: Callable[[], float]
    random_bits: Callable[[int], int]
    measures: Measures = field(default_factory=NoMeasures)
    backup_folder: Folder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the operator has decided.

    Attributes:
        quota: the rule that holds where moderators have set none.
        max_open_jobs: how many jobs one member may have open.
        policy: the worker's figures, and how much people may ask.
        retention: how long things are kept.
        spending: what may be spent.
        profile: what the model takes.
        backups: how often the database is backed up, where it is.
    """

    quota: Quota
    max_open_jobs: int
    policy: WorkerPolicy
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    spending: SpendPolicy = field(default_factory=SpendPolicy)
    profile: ModelProfile = GEMINI_OMNI
    backups: BackupPolicy = field(default_factory=BackupPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the services and the worker both use."""

    throttle: ServiceThrottle
    card_changes: CardChanges
    held: HeldJobs
    alerts: OperatorAlerts
    spend_watch: SpendWatch
    polling: PollPlanner
    arrivals: Arrivals
    downloads: Downloads
    wake: asyncio.Event
