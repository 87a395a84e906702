"""The worker's figures, in one place; tests and the demo give their own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPolicy:
    """How much at once, how often, how long.

    Attributes:
        max_concurrent_renders: jobs that occupy the video service at one time, across all servers.
        job_deadline_seconds: from the first submit to an answer that says the clip is done.
        unanswered_grace_seconds: how much longer to ask a service that has stopped answering; the clip may
            be there when it comes back.
        lease_seconds: how long a job stays a silent worker's; renewed at a third of it.
        stop_deadline_seconds: how long a stopping worker may finish what it has in hand.
        reconcile_after_seconds: how long a submit whose answer was lost may still be on its way before the
            service's "no such task" is believed.
        max_submits: how often a job is sent to a service that answers 5xx and then does not have it
            (contract: "2-3 retries with short delays").
        polls_at_once, deliveries_at_once: requests, and files on disk and in encoding, at one time.
        poll_time_scale: a factor on the pace of looks; 1 but for a sandbox that renders in seconds.
    """

    max_concurrent_renders: int = 4
    job_deadline_seconds: float = 900.0
    unanswered_grace_seconds: float = 3600.0
    lease_seconds: float = 60.0
    stop_deadline_seconds: float = 20.0
    reconcile_after_seconds: float = 5.0
    max_submits: int = 4
    polls_at_once: int = 32
    deliveries_at_once: int = 4
    settles_at_once: int = 8
    poll_time_scale: float = 1.0


def backoff_seconds(attempt: int, jitter: float, *, first: float = 2.0, longest: float = 300.0) -> float:
    """Return the wait after the ``attempt``-th failure in a row: doubling from ``first``, up to ``longest``.

    Args:
        attempt: 1 for the first failure.
        jitter: 0 to 1; lengthens the wait by up to a quarter, so that many jobs do not return as one.
    """
    return min(first * 2.0 ** min(attempt - 1, 32), longest) * (1 + jitter / 4)
