"""The figures of the worker, and how much people may ask, in one place; tests and the demo give their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests of one kind the video service takes from an account."""

    per_minute: int
    per_10_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The limits of an account, for submits and queries apart."""

    submits: RateLimit
    queries: RateLimit


class RateGroup(StrEnum):
    """The groups of accounts that the video service knows (``docs/video-service.md``, "Rates")."""

    DEFAULT = "default"
    VIP = "vip"
    SVIP = "svip"

    @property
    def limits(self) -> RateLimits:
        """Return what an account of the group may ask."""
        return _RATE_LIMITS[self]


_RATE_LIMITS = {
    RateGroup.DEFAULT: RateLimits(submits=RateLimit(300, 50), queries=RateLimit(3_000, 500)),
    RateGroup.VIP: RateLimits(submits=RateLimit(1_000, 167), queries=RateLimit(10_000, 1_667)),
    RateGroup.SVIP: RateLimits(submits=RateLimit(2_000, 334), queries=RateLimit(30_000, 5_000)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodLimits:
    """How much people may ask of the bot, whatever becomes of it.

    Attributes:
        videos: one member's ``/video`` in any 60 s.
        presses: likewise their buttons, selects, forms and other commands.
        autocompletes: likewise the lists that Discord asks for while they type.
        open_panels: how many settings panels of one server are kept up to date at a time.
    """

    videos: int = 6
    presses: int = 60
    autocompletes: int = 120
    open_panels: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPolicy:
    """How much at once, how often, how long.

    Attributes:
        max_concurrent_renders: submits that occupy the video service at one time, across all servers.
        job_deadline_seconds: from the first submit to an answer that says the clip is done.
        unanswered_grace_seconds: how much longer to ask a service that has stopped answering; the clip may
            be there when it comes back.
        same_press_seconds: how long a member's next press of the same button under the same clip is the same one.
        head_start_seconds: what an answer to a member has before others are woken, who renew the job's lease meanwhile:
            ten times what it takes. They are woken whatever becomes of the answer, or nobody would know of a job whose
            command has ended early.
        lease_seconds: how long a job stays a silent worker's; renewed at a third of it.
        sending_seconds: how much of a job's lease must be left when it is sent: longer than the client waits for a
            connection, so that whoever takes the job over does not send it beside a slow process.
        answer_seconds: how long a submit may go on without an answer before it is cut off; the client's time-out.
        stop_deadline_seconds: how long a stopping worker may finish what it has begun.
        reconcile_seconds: how long a submit may still be taken after it was cut off; only then is the service's "no
            such task" believed (``docs/video-service.md``, "Reconcile": 30 to 60 s).
        reconcile_interval_seconds: how often the service is asked meanwhile.
        retry_seconds: how soon a service that did not answer is asked again, at first.
        max_submits: how often a job is sent to a service that answers 5xx and then does not have it
            (the service advises "2-3 retries with short delays").
        unattended_seconds: how soon a submit whose job has ended is asked about again, at first.
        unattended_for_seconds: for how long after it was sent it is asked about at all: twice as long as a result
            is kept (``docs/video-service.md``, "Poll").
        probes_before_trial: how many checks of the account must say nothing before, in a pause, a job is sent to see.
        foreign_before_alert: answers in a row that are not the service's own, before the operator hears of it.
        rate_limits: what the account may ask.
        waiting_per_server, waiting_per_slot: how many jobs may wait in one server, and in all for each render slot.
        longest_wait_seconds: after so long in the queue, the operator's pauses not counted, a job is given up.
        polls_at_once, uploads_at_once: requests at one time.
        gather_seconds: how long what a poll has shown waits for other polls' answers, to be written down with them.
        deliveries_at_once: clips on their way at one time; many of them may wait for slow hosts.
        poll_time_scale: a factor on the time between polls; 1 but for a sandbox that renders in seconds.
        flood_limits: how much people may ask.
    """

    max_concurrent_renders: int = 4
    job_deadline_seconds: float = 900.0
    unanswered_grace_seconds: float = 3600.0
    head_start_seconds: float = 0.05
    lease_seconds: float = 60.0
    same_press_seconds: float = 3.0
    sending_seconds: float = 15.0
    answer_seconds: float = 60.0
    stop_deadline_seconds: float = 20.0
    reconcile_seconds: float = 45.0
    reconcile_interval_seconds: float = 10.0
    retry_seconds: float = 5.0
    max_submits: int = 4
    unattended_seconds: float = 10.0
    unattended_for_seconds: float = 48 * 3600.0
    probes_before_trial: int = 3
    foreign_before_alert: int = 5
    rate_limits: RateLimits = _RATE_LIMITS[RateGroup.DEFAULT]
    waiting_per_server: int = 50
    waiting_per_slot: int = 50
    longest_wait_seconds: float = 6 * 3600.0
    polls_at_once: int = 32
    gather_seconds: float = 0.02
    deliveries_at_once: int = 200
    uploads_at_once: int = 4
    settles_at_once: int = 8
    rounds_at_once: int = 8
    poll_time_scale: float = 1.0
    flood_limits: FloodLimits = field(default_factory=FloodLimits)

    @property
    def slot_seconds(self) -> float:
        """Return for how long a submit holds its render slot if the service never says that it is over."""
        return self.job_deadline_seconds + self.unanswered_grace_seconds

    @property
    def waiting_in_all(self) -> int:
        """Return how many jobs may wait, across all servers."""
        return self.waiting_per_slot * self.max_concurrent_renders

    def slots_since(self, now: datetime) -> datetime:
        """Return the moment after which an open submit was sent if it still holds its render slot."""
        return now - timedelta(seconds=self.slot_seconds)


def backoff_seconds(attempt: int, jitter: float, *, first: float = 2.0, longest: float = 300.0) -> float:
    """Return the wait after the ``attempt``-th failure in a row: doubling from ``first``, up to ``longest``.

    Args:
        attempt: 1 for the first failure.
        jitter: 0 to 1; lengthens the wait by up to a quarter, so that many jobs do not return as one.
    """
    return min(first * 2.0 ** min(attempt - 1, 32), longest) * (1 + jitter / 4)
