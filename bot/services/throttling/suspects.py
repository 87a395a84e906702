"""Jobs that are refused for what should concern everybody, while others are taken: it is then their own trouble.

What an answer is about can be told wrongly: a gateway may give one prompt's refusal the look of a refused key, or of
too many requests. So such a job is tried after all others, and ends when it is refused again although others were
taken. Memory only: after a restart it is found out anew.
"""

from __future__ import annotations

from dataclasses import dataclass

REFUSALS_BEFORE_LAST = 3
"""How often a job is held back before it has to let all others go first; a refused key counts as all of them."""
REFUSALS_BEFORE_FAILING = 3
HOLDS_BEFORE_FAILING = 30
"""Too many requests is said to many in turn, so it takes longer to be one job's own trouble."""


@dataclass(slots=True)
class _Record:
    holds: int = 0
    refusals: int = 0
    others_accepted: bool = False


class Suspects:
    """Counts, for each job, refusals of the kind that should concern everybody."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    @property
    def last(self) -> frozenset[str]:
        """Return the jobs that let all others go first."""
        return frozenset(
            job_id for job_id, it in self._records.items() if it.refusals or it.holds >= REFUSALS_BEFORE_LAST
        )

    def note_refused(self, job_id: str) -> None:
        """Note that a job was refused for what is the operator's to mend."""
        self._records.setdefault(job_id, _Record()).refusals += 1

    def was_refused(self, job_id: str) -> bool:
        """Tell whether a job was refused for what is the operator's to mend, and not taken since."""
        record = self._records.get(job_id)
        return record is not None and record.refusals > 0

    def note_held(self, job_id: str) -> None:
        """Note that a job was refused for too many requests."""
        self._records.setdefault(job_id, _Record()).holds += 1

    def note_accepted(self, job_id: str) -> None:
        """Note that a job was taken, which says something of all the others."""
        self._records.pop(job_id, None)
        for record in self._records.values():
            record.others_accepted = True

    def forget(self, job_id: str) -> None:
        """Drop what is known of a job that has ended."""
        self._records.pop(job_id, None)

    def is_alone(self, job_id: str) -> bool:
        """Tell whether others were taken since the job was refused first: then its refusals say nothing of them."""
        record = self._records.get(job_id)
        return record is not None and record.others_accepted

    def is_hopeless(self, job_id: str) -> bool:
        """Tell whether it was refused often enough beside others that were taken."""
        record = self._records.get(job_id)
        if record is None or not record.others_accepted:
            return False
        return record.refusals >= REFUSALS_BEFORE_FAILING or record.holds >= HOLDS_BEFORE_FAILING
