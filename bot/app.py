"""The composition root: makes the Discord client, and has the parts wired to it."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Protocol

from bot.client import ReelayBot
from bot.parts import Ports
from bot.services.ports import NoMeasures
from bot.store.digests import CommandDigests
from bot.ui.brainstorm_publisher import DiscordBrainstormPublisher
from bot.ui.modlog_publisher import DiscordLogPublisher
from bot.ui.publisher import DiscordPublisher
from bot.wiring import Reelay, assemble

if TYPE_CHECKING:
    from bot.models.operating import Operators
    from bot.parts import Terms
    from bot.services.backups.backups import Folder
    from bot.services.clips.fitting import Media
    from bot.services.clips.workspace import Workspace
    from bot.services.instance_name import InstanceName
    from bot.services.ports import Clock, Measures, VideoService
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


def assemble_on_discord(
    *,
    database: Database,
    service: VideoService,
    media: Media,
    workspace: Workspace,
    screening_threads: ScreeningThreads,
    clock: Clock,
    terms: Terms,
    instance: InstanceName,
    privacy_url: str | None = None,
    operator_channel_id: int | None = None,
    allowed_servers: frozenset[int] = frozenset(),
    operators: Operators | None = None,
    rng: random.Random | None = None,
    measures: Measures | None = None,
    backup_folder: Folder | None = None,
) -> tuple[ReelayBot, Reelay]:
    """Make a Discord client, and wire the parts to it.

    Args:
        terms: what the operator has decided.
        instance: names this process in leases.
        privacy_url: where members may read more about what is stored; None is nowhere.
        operator_channel_id: where the operator is alerted; None is nowhere.
        allowed_servers: whom the bot serves; empty is every server.
        operators: who may use ``/operator``, and where; None is nobody.
        rng: where jitter and ids come from; the operating system's by default.
        measures: measures what the worker does; None where nobody wants to see it.
        backup_folder: where the database is backed up to; None is nowhere.
    """
    rng = rng or random.SystemRandom()
    bot = ReelayBot(
        digests=CommandDigests(database), privacy_url=privacy_url, allowed_servers=allowed_servers, operators=operators
    )
    modlog_publisher = DiscordLogPublisher(client=bot)
    ports = Ports(
        database=database,
        clock=clock,
        service=service,
        publisher=DiscordPublisher(
            client=bot, clock=clock, operator_channel_id=operator_channel_id, profile=terms.profile
        ),
        brainstorm_publisher=DiscordBrainstormPublisher(client=bot, clock=clock),
        modlog_publisher=modlog_publisher,
        automod_source=modlog_publisher,
        screening_threads=screening_threads,
        media=media,
        workspace=workspace,
        jitter=rng.random,
        random_bits=rng.getrandbits,
        measures=measures or NoMeasures(),
        backup_folder=backup_folder,
    )
    reelay = assemble(ports, terms, instance=instance)
    bot.attach_services(reelay.services)
    return bot, reelay


def loops_of(bot: ReelayBot, reelay: Reelay) -> tuple[Runs, ...]:
    """Return all that runs until it is stopped: each has a ``run`` that ends in time after its ``stop``."""
    backups = () if reelay.backups is None else (reelay.backups,)
    return reelay.worker, reelay.card_updater, reelay.modlog, reelay.retention, bot.panel, *backups
