"""Whether a "no such task" for our own id proves anything: found out once for each model.

The service documents that its status endpoint takes the caller's id for all video tasks, but not on the model's own
pages. So the first job of a model that was accepted is also asked for by our id. Until then, what is documented holds.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from bot.models import OperatorAlert
from bot.store import submits

if TYPE_CHECKING:
    from bot.services.jobs.alerts import Operator
    from bot.services.ports import Clock
    from bot.store.database import Database

_log = logging.getLogger(__name__)

ASKS = 5
"""How often a process asks where the answers say neither yes nor no; then what is documented holds."""


class Recovery:
    """Remembers, for each model, whether the service finds its generations by our job's id."""

    def __init__(self, *, database: Database, clock: Clock, operator: Operator) -> None:
        self._database = database
        self._clock = clock
        self._operator = operator
        self._finds: dict[str, bool] = {}
        self._asked: Counter[str] = Counter()

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

    async def is_to_be_asked(self, model: str) -> bool:
        """Tell whether an accepted job of the model should be asked for by our id, and count that it is.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        if self._asked[model] >= ASKS or await self.finds_by_job_id(model) is not None:
            return False
        self._asked[model] += 1
        return True

    async def note(self, model: str, *, finds: bool) -> None:
        """Write down what was found out; tell the operator, once, if recovery can't be exact.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.write() as connection:
            is_first = await submits.note_finds_by_job_id(connection, model, finds=finds, now=self._clock.now())
        self._finds[model] = finds
        if is_first:
            _log.info("recovery by the job's id", extra={"model": model, "works": finds})
        if is_first and not finds:
            await self._operator.tell(OperatorAlert.RECOVERY_INEXACT)
