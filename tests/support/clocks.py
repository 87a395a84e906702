"""Clocks for tests: moved by hand, and shared by the bot and the services it talks to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.support.toapis import ManualTime

if TYPE_CHECKING:
    from collections.abc import Callable


class GivenTime(ManualTime):
    """A Unix clock that goes by itself and cannot be moved."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock

    def __call__(self) -> float:
        return self._clock()


class ServiceClock:
    """The bot's clock, told by the sandbox's."""

    def __init__(self, time: ManualTime) -> None:
        self._time = time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._time(), UTC)
