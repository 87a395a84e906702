"""The bot with shorter waits, for tests that run it as a process of its own.

Clips are looked at in a thread, since a process for each takes most of such a test's time; what begins a bot as people
do, and the media process's own tests, have the real thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from bot import serving
from bot.command_line import main
from bot.services.jobs.policy import WorkerPolicy
from tests.support.media import DirectMedia

if TYPE_CHECKING:
    from pathlib import Path

POLICY = WorkerPolicy(
    stop_deadline_seconds=6.0,
    reconcile_seconds=4.0,
    reconcile_interval_seconds=1.0,
    retry_seconds=1.0,
    answer_seconds=5.0,
    unattended_seconds=1.0,
)


class ThreadedMedia(DirectMedia):
    """A ``MediaWorker`` without processes, and so without folders of theirs."""

    def __init__(self, *, parent: Path) -> None:
        super().__init__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def run() -> int:
    """Run it until it ends; return its exit code."""
    vars(serving)["MediaWorker"] = ThreadedMedia
    return main([], policy=POLICY)
