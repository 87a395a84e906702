"""The loop that backs up the database by itself; what goes wrong is told, and never ends the bot."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

from bot.errors import BackupError
from bot.models import OperatorAlert
from bot.services.loops import Loop
from bot.store.operating import operator_alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime, timedelta

    from bot.services.backups.policy import BackupPolicy
    from bot.services.ports import Clock
    from bot.services.throttling.alerts import OperatorAlerts
    from bot.store.database import Database

_log = logging.getLogger(__name__)

RETRY_SECONDS = 600.0
"""After a backup that could not be made."""
_LONGEST_PAUSE_SECONDS = 3600.0
"""A clock may be set, and a machine sleep."""


class Folder(Protocol):
    """Where backups go; its method blocks, and raises ``BackupError``."""

    def back_up_if_due(self, now: datetime, *, every: timedelta, keep: int) -> datetime:
        """Make a backup unless the latest is young enough; return when the latest was made."""
        ...


class Backups:
    """Owns the loop. ``tick`` is one pass, for tests; ``run`` is the process's.

    Attributes:
        last_backup_at: when the latest backup was made, by whichever process; None while that is not known.
    """

    def __init__(
        self, *, folder: Folder, database: Database, clock: Clock, alerts: OperatorAlerts, policy: BackupPolicy
    ) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._alerts = alerts
        self._policy = policy
        self._loop = Loop("backups", asyncio.Event(), retry_seconds=RETRY_SECONDS)
        self.last_backup_at: datetime | None = None

    async def run(self) -> None:
        """Back up until stopped; a backup that is being made then is finished first."""
        await self._loop.run(self._pass)

    def stop(self) -> None:
        """Let ``run`` end."""
        self._loop.stop()

    async def _pass(self, _: Callable[[Coroutine[Any, Any, None]], object]) -> float:
        return await self.tick()

    async def tick(self) -> float:
        """Make a backup if it is time; return the seconds until the next look.

        Raises:
            StoreUnavailableError: when it can't be written down what the operator was told.
        """
        now, every = self._clock.now(), self._policy.every
        try:
            made_at = await asyncio.to_thread(self._folder.back_up_if_due, now, every=every, keep=self._policy.keep)
        except BackupError as error:
            _log.error("the database is not backed up: %s", error)
            async with self._database.write() as connection:
                is_new = await operator_alerts.note(connection, OperatorAlert.BACKUP_FAILED.value)
            if is_new:
                self._alerts.note(OperatorAlert.BACKUP_FAILED)
            return RETRY_SECONDS
        if made_at != self.last_backup_at:
            _log.info("the database is backed up", extra={"made_at": made_at.isoformat()})
            async with self._database.write() as connection:
                await operator_alerts.forget(connection, OperatorAlert.BACKUP_FAILED.value)
        self.last_backup_at = made_at
        return min(max(1.0, (made_at + every - now).total_seconds()), _LONGEST_PAUSE_SECONDS)
