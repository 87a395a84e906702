"""Whether the video service is in trouble: it failed again and again, and nothing worked in between.

Its own faults count: a 5xx, a submit it could not take, no answer, a generation that failed. What it refuses does not,
be that the prompt, the request, the key or too many requests. Three things can fail, and whatever works says so of
itself; a finished clip also of the polls that found it.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

FAILURES = 5
WITHIN = timedelta(minutes=2)


class Work(Enum):
    """What the service does for us."""

    POLL = "poll"
    SUBMIT = "submit"
    RENDER = "render"


PROVED = {
    Work.POLL: frozenset({Work.POLL}),
    Work.SUBMIT: frozenset({Work.SUBMIT}),
    Work.RENDER: frozenset({Work.POLL, Work.RENDER}),
}
"""What is known to work, by what did."""


class Failures:
    """The latest failures that nothing has disproved yet."""

    def __init__(self) -> None:
        self._latest: deque[tuple[datetime, Work]] = deque(maxlen=FAILURES)

    @property
    def are_open(self) -> bool:
        """Tell whether something failed that has not worked since."""
        return bool(self._latest)

    def are_of(self, work: Work) -> bool:
        """Tell whether that failed and has not worked since."""
        return any(failed is work for _, failed in self._latest)

    def add(self, work: Work, now: datetime) -> None:
        """Note a failure."""
        self._latest.append((now, work))

    def are_trouble(self, now: datetime) -> bool:
        """Tell whether there are enough of them, all within the last minutes."""
        return len(self._latest) == FAILURES and all(abs(now - at) <= WITHIN for at, _ in self._latest)

    def disprove(self, work: Work) -> None:
        """Note that something worked."""
        kept = [failure for failure in self._latest if failure[1] not in PROVED[work]]
        self._latest.clear()
        self._latest.extend(kept)

    def clear(self) -> None:
        """Forget all of them."""
        self._latest.clear()
