"""``python -m bot`` with shorter waits, for tests that run it as a process of its own."""

from __future__ import annotations

import sys

from bot.__main__ import main
from bot.services.jobs.policy import WorkerPolicy

POLICY = WorkerPolicy(
    reconcile_seconds=4.0, reconcile_interval_seconds=1.0, retry_seconds=1.0, answer_seconds=5.0, unattended_seconds=1.0
)

if __name__ == "__main__":
    sys.exit(main(policy=POLICY))
