"""Jobs as they are stored at the moment, for whoever is about to do something that a newer state forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services.shared_transactions import SharedTransactions
from bot.store import jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import Job
    from bot.store import Connection
    from bot.store.database import Database


class CurrentJobs:
    """Reads jobs by their ids, those that are asked for at the same moment in one statement."""

    def __init__(self, database: Database) -> None:
        self._reads = SharedTransactions(database, reads_only=True, conclude=_get_all)

    async def get(self, job_id: str) -> Job | None:
        """Return a job as it is stored now.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """

        async def ask(_: Connection) -> Job | str | None:
            return job_id  # by which all are read together

        job = await self._reads.run(ask)
        assert not isinstance(job, str)
        return job


async def _get_all(connection: Connection, job_ids: Sequence[str]) -> list[Job | None]:
    found = {job.id: job for job in await jobs.get_many(connection, job_ids)}
    return [found.get(job_id) for job_id in job_ids]
