"""How much work there is and whether it goes on, as it is seen from outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.models import FINAL_STATES, CeilingKind, JobState
from bot.services.spend.ceilings import NOBODY
from bot.store import jobs
from bot.store.brainstorms import rounds
from bot.store.jobs import spend, submits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.models import JobError
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.ports import Clock
    from bot.services.throttling.throttle import ServiceThrottle
    from bot.store.database import Database

ENDED_WITHIN = timedelta(hours=1)
"""Of which jobs that have ended a report tells."""
_POLLED_STATES = (JobState.SUBMITTING, JobState.RENDERING)
_WORKED_STATES = (JobState.QUEUED, *_POLLED_STATES, JobState.READY, JobState.DELIVERING)
_STEPPED_STATES = (JobState.READY, JobState.DELIVERING, *FINAL_STATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReport:
    """How much work there is, and whether it goes on; all processes on one database together.

    Attributes:
        open_jobs: how many jobs are in each state that is not final.
        ended_jobs: how many have ended in the last hour, by state, and by why they did without a clip.
        oldest_waiting_seconds: how long ago the oldest waiting job was accepted; 0 where none waits.
        overdue_seconds: for how long something has been due that nobody has taken; 0 where nothing is. What the video
            service holds back is not due, and submits whose jobs have ended wait as long as they have to.
        slots_taken: render slots.
        day_spend_seconds, month_spend_seconds: what the ceilings of the whole bot are held against.
    """

    open_jobs: Mapping[JobState, int]
    ended_jobs: Mapping[tuple[JobState, JobError | None], int]
    oldest_waiting_seconds: float
    overdue_seconds: float
    slots_taken: int
    day_spend_seconds: int
    month_spend_seconds: int


class WorkReporter:
    """Reads reports."""

    def __init__(self, *, database: Database, clock: Clock, throttle: ServiceThrottle, policy: WorkerPolicy) -> None:
        self._database = database
        self._clock = clock
        self._throttle = throttle
        self._policy = policy
        self._startable_since: datetime | None = None

    async def read(self) -> WorkReport:
        """Read a report, in one transaction.

        Raises:
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            now = self._clock.now()
            due = await jobs.next_due(connection)
            worked = await jobs.count(connection, _WORKED_STATES)
            held = await jobs.count_held(connection)
            oldest_at = await jobs.oldest_waiting_at(connection)
            ended = await jobs.count_ended(connection, since=now - ENDED_WITHIN)
            slots = await submits.slots(connection, since=self._policy.slots_since(now))
            round_at = await rounds.next_due_at(connection)
            spent = await spend.read(connection, guild_id=NOBODY, member_id=NOBODY, now=now)
        self._note_startable(now, due.get(JobState.QUEUED), slots.taken)
        opens_at = self._throttle.poll.opens_at
        polls = [due[state] for state in _POLLED_STATES if state in due]
        since = [self._startable_since, round_at, *(due.get(state) for state in _STEPPED_STATES)]
        since += [max(at, opens_at) if opens_at else at for at in polls]
        return WorkReport(
            open_jobs={state: worked[state] for state in _WORKED_STATES} | {JobState.HELD: held},
            ended_jobs=ended,
            oldest_waiting_seconds=_seconds_since(oldest_at, now),
            overdue_seconds=max(_seconds_since(at, now) for at in since),
            slots_taken=slots.taken,
            day_spend_seconds=spent[CeilingKind.DAY],
            month_spend_seconds=spent[CeilingKind.MONTH],
        )

    def _note_startable(self, now: datetime, due_at: datetime | None, slots_taken: int) -> None:
        """Note since when a job is seen waiting although it may be sent; nothing tells since when a slot is free."""
        throttle = self._throttle
        is_held_back = throttle.is_paused or (throttle.submit.opens_at is not None and now < throttle.submit.opens_at)
        is_due = due_at is not None and due_at <= now
        is_startable = is_due and slots_taken < self._policy.max_concurrent_renders and not is_held_back
        self._startable_since = (self._startable_since or now) if is_startable else None


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())
