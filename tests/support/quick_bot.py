"""The bot with shorter waits, for tests that run it as a process of its own.

Clips are looked at in a thread, since a process for each takes most of such a test's time; what begins a bot as people
do, and the media process's own tests, have the real thing.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import pytest

from bot import serving
from bot.command_line import main
from bot.services.brainstorms import rules
from bot.services.jobs import lost_cards, status_cards
from bot.services.jobs.policy import WorkerPolicy
from bot.services.throttling import throttle
from tests.support.media import DirectMedia

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import ModuleType

POLICY = WorkerPolicy(
    lease_seconds=30.0,
    sending_seconds=8.0,
    stop_deadline_seconds=6.0,
    reconcile_seconds=4.0,
    reconcile_interval_seconds=1.0,
    retry_seconds=1.0,
    answer_seconds=5.0,
    unattended_seconds=1.0,
    poll_time_scale=0.1,
)

BOARD_EDIT_EVERY = timedelta(seconds=0.5)
WAITS: dict[ModuleType, dict[str, float | timedelta]] = {
    rules: {"EDIT_EVERY": BOARD_EDIT_EVERY},
    status_cards: {"SHORTEST_INTERVAL_SECONDS": 0.5},
    lost_cards: {"POSTED_SECONDS": 6.0, "THINKING_SECONDS": 6.0},
    throttle: {"FIRST_PROBE_SECONDS": 1.0},
}
"""What is shorter although nobody gives it to the bot, by where it stands."""


@contextmanager
def shorter_waits() -> Generator[None]:
    """Let cards and boards be edited sooner, and what went wrong be looked at sooner, in this process."""
    with pytest.MonkeyPatch.context() as patched:
        for module, waits in WAITS.items():
            for name, value in waits.items():
                patched.setattr(module, name, value)
        yield


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
    with shorter_waits():
        return main([], policy=POLICY)
