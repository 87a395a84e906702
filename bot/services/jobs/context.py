"""What every step of the worker needs, in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import Generation, VideoServiceError
    from bot.services.current_jobs import CurrentJobs
    from bot.services.instance_name import InstanceName
    from bot.services.jobs.leases import LeasedJobs
    from bot.services.jobs.policy import WorkerPolicy
    from bot.services.polling.planner import PollPlanner
    from bot.services.ports import Clock, Measures, Publisher, VideoService
    from bot.services.submits.recovery import Recovery
    from bot.services.submits.refitting import Refitting
    from bot.services.throttling.alerts import OperatorAlerts
    from bot.services.throttling.throttle import ServiceThrottle
    from bot.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkContext:
    """The worker's surroundings: the outside, the figures, and what its steps share.

    Attributes:
        instance: names this process in leases.
        jitter: returns a number from 0 to 1.
    """

    database: Database
    clock: Clock
    policy: WorkerPolicy
    jitter: Callable[[], float]
    instance: InstanceName
    service: VideoService
    publisher: Publisher
    throttle: ServiceThrottle
    leased_jobs: LeasedJobs
    current_jobs: CurrentJobs
    alerts: OperatorAlerts
    polling: PollPlanner
    recovery: Recovery
    refitting: Refitting
    measures: Measures

    @property
    def owner(self) -> str:
        """Return whose leases this process's are."""
        return self.instance.owner

    def note_poll_refused(self, error: VideoServiceError) -> None:
        """Note that a poll was refused or not answered, and let the operator be told where that is theirs to mend."""
        self.alerts.note(self.throttle.refused(self.throttle.poll, self.clock.now(), error))

    def note_submit_refused(self, error: VideoServiceError, job_id: str) -> None:
        """Note the same of a job's submit."""
        self.alerts.note(self.throttle.refused(self.throttle.submit, self.clock.now(), error, job_id=job_id))

    def note_poll_answered(self, generation: Generation) -> None:
        """Note that the service answered a poll."""
        self.throttle.answered(self.throttle.poll, self.clock.now(), generation.rate_limit)
