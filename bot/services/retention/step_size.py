"""How many rows a step may take, so that it holds the write lock for some milliseconds and not for more."""

from __future__ import annotations

LONGEST_SECONDS = 0.006
"""What a step should take at most: a third of what is allowed, since the next one may be slower."""
LEAST_ROWS = 10
"""With fewer, most of a step is what it takes whatever it does; a machine too busy for these is too busy for any."""
MOST_ROWS = 40


class StepSize:
    """Grows slowly while steps are quick, and is halved by one that is not."""

    def __init__(self) -> None:
        self.rows = LEAST_ROWS

    def note(self, seconds: float) -> None:
        """Note how long a step has held the lock."""
        if seconds > LONGEST_SECONDS:
            self.rows = max(LEAST_ROWS, self.rows // 2)
        elif seconds < LONGEST_SECONDS / 2:
            self.rows = min(MOST_ROWS, self.rows + self.rows // 10)
