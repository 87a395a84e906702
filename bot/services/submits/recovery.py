"""Whether a "no such task" for our own id proves anything: found out once for each model.

The service documents that its status endpoint takes the caller's id for all video tasks, but not on the model's own
pages. So the first job of a model that was accepted is also asked for by our id. Until then, what is documented holds.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import OperatorAlert
from bot.store.jobs import submits

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services.ports import Clock
    from bot.services.throttling.alerts import OperatorAlerts
    from bot.store.database import Database

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_ASKS = 30.0
"""Between two questions of a process where the answers say neither yes nor no."""


class Recovery:
    """Remembers, for each model, whether the service finds its generations by our job's id."""

    def __init__(self, *, database: Database, clock: Clock, alerts: OperatorAlerts) -> None:
        self._database = database
        self._clock = clock
        self._alerts = alerts
        self._finds: dict[str, bool] = {}
        self._asked_at: dict[str, datetime] = {}

    async def finds_by_job_id(self, model: str) -> bool | None:
        """Tell whether generations of a model are found by our job's id; None while nobody has found out.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        if model not in self._finds:
            async with self._database.read() as connection:
                finds = await submits.finds_by_job_id(connection, model)
            if finds is None:
                return None
            self._finds[model] = finds
        return self._finds[model]

    def may_ask(self, model: str) -> bool:
        """Tell whether it is time to ask for an accepted job of the model by our id, and note that it is done."""
        now, asked_at = self._clock.now(), self._asked_at.get(model)
        if asked_at is not None and now - asked_at < timedelta(seconds=SECONDS_BETWEEN_ASKS):
            return False
        self._asked_at[model] = now
        return True

    async def note(self, model: str, *, finds: bool) -> None:
        """Write down what was found out; tell the operator, once, if recovery can't be exact.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        if self._finds.get(model) == finds:
            return
        async with self._database.write() as connection:
            is_first = await submits.note_finds_by_job_id(connection, model, finds=finds, now=self._clock.now())
        self._finds[model] = finds
        if is_first:
            _log.info("recovery by the job's id", extra={"model": model, "works": finds})
        if is_first and not finds:
            self._alerts.note(OperatorAlert.RECOVERY_INEXACT)
