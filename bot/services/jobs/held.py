"""Jobs that were accepted and wait for Discord's answer to their acknowledgement: held by this process's lease.

Memory only: after a restart the leases are given up, and the jobs start.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.services.jobs.leases import BOT_ID
from bot.store import jobs
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from collections.abc import KeysView
    from datetime import datetime

    from bot.models import Job, JobError
    from bot.store import Connection

_log = logging.getLogger(__name__)


class HeldJobs:
    """Remembers which jobs this process holds, and which of them nobody heard of and are to be undone."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._abandoned: set[int] = set()
        self._unheard: dict[str, tuple[Job, JobError]] = {}

    @property
    def job_ids(self) -> KeysView[str]:
        """Return the jobs whose leases are renewed until somebody says what became of their acknowledgement."""
        return self._held.keys()

    def hold(self, job: Job) -> None:
        """Hold a new job, unless its command has ended meanwhile."""
        if job.interaction_id in self._abandoned:
            self._abandoned.discard(job.interaction_id)
        else:
            self._held[job.id] = job.interaction_id

    def let_go(self, job_id: str) -> None:
        """Renew a job's lease no more."""
        self._held.pop(job_id, None)

    def abandon(self, interaction_id: int) -> None:
        """Let go of what a command holds or will hold: it has ended, and nobody will say what became of it."""
        held = [job_id for job_id, its_id in self._held.items() if its_id == interaction_id]
        for job_id in held:
            del self._held[job_id]
        if not held:
            self._abandoned.add(interaction_id)

    def undo(self, job: Job, error_code: JobError) -> None:
        """Let a job be withdrawn and refunded as soon as the database can be asked."""
        self._unheard[job.id] = (job, error_code)

    async def withdraw(self, connection: Connection, now: datetime) -> list[Job]:
        """Withdraw and refund what nobody heard of, in a transaction of the caller's; return what was dealt with.

        A job that has started meanwhile stays. Call ``withdrawn`` once it is committed: more may be unheard by then.
        """
        unheard = list(self._unheard.values())
        for job, error_code in unheard:
            withdrawn = await jobs.withdraw(connection, job, now=now, error_code=error_code)
            if withdrawn is not None:
                await ledger.refund(connection, withdrawn, now=now, made_by_id=BOT_ID)
        return [job for job, _ in unheard]

    def withdrawn(self, dealt_with: list[Job]) -> None:
        """Note that this is done with."""
        for job in dealt_with:
            del self._unheard[job.id]
            self._held.pop(job.id, None)
            _log.warning("nobody heard the answer", extra={"job_id": job.id})
