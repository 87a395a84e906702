"""Jobs that were accepted and wait for Discord's answer to their acknowledgement: held by this process's lease.

Memory only: after a restart the leases are given up, and the jobs start.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.services.jobs.leases import BOT_ID
from bot.store import jobs
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from collections.abc import Generator, KeysView
    from datetime import datetime

    from bot.models import Job, JobError
    from bot.store import Connection

_log = logging.getLogger(__name__)


class HeldJobs:
    """Remembers which jobs this process holds, and which of them nobody heard of and are to be undone.

    Attributes:
        answering: jobs whose cards their commands are about to show, whether they are still held or not.
    """

    def __init__(self) -> None:
        self.answering: set[str] = set()
        self._held: dict[str, int] = {}
        self._abandoned: set[int] = set()
        self._unheard: dict[str, tuple[Job, JobError]] = {}

    @property
    def job_ids(self) -> KeysView[str]:
        """Return the jobs whose leases are renewed until somebody says what became of their acknowledgement."""
        return self._held.keys()

    @contextmanager
    def while_answering(self, job: Job) -> Generator[None]:
        """Keep a job among those whose cards their commands are about to show."""
        self.answering.add(job.id)
        try:
            yield
        finally:
            self.answering.discard(job.id)

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

    async def withdraw(self, connection: Connection, now: datetime, *, owner: str) -> dict[str, bool]:
        """Withdraw and refund what nobody heard of, in a transaction of the caller's.

        A job that ``owner``, this process, holds no more stays: another process has answered, or it has started.

        Returns:
            The jobs that were dealt with, and whether each was withdrawn. Call ``withdrawn`` with it once it is
            committed: more may be unheard by then.
        """
        dealt_with: dict[str, bool] = {}
        for job, error_code in list(self._unheard.values()):
            withdrawn = await jobs.withdraw(connection, job, now=now, error_code=error_code, held_by=owner)
            if withdrawn is not None:
                await ledger.refund(connection, withdrawn, now=now, made_by_id=BOT_ID)
            dealt_with[job.id] = withdrawn is not None
        return dealt_with

    def withdrawn(self, dealt_with: dict[str, bool]) -> None:
        """Note that this is done with."""
        for job_id, was_withdrawn in dealt_with.items():
            del self._unheard[job_id]
            self._held.pop(job_id, None)
            if was_withdrawn:
                _log.warning("nobody heard the answer", extra={"job_id": job_id})
