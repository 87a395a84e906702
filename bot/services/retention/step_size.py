"""How many rows a step may take, so that it holds the write lock for some milliseconds and not for more."""

from __future__ import annotations

LONGEST_SECONDS = 0.01
"""What a step should take at most: half of what is allowed, since the next one may be slower."""
FIRST_ROWS = 20
MOST_ROWS = 200


class StepSize:
    """Grows slowly while steps are quick, and is halved by one that is not."""

    def __init__(self) -> None:
        self.rows = FIRST_ROWS

    def note(self, seconds: float) -> None:
        """Note how long a step has held the lock."""
        if seconds > LONGEST_SECONDS:
            self.rows = max(1, self.rows // 2)
        elif seconds < LONGEST_SECONDS / 2:
            self.rows = min(MOST_ROWS, self.rows + max(1, self.rows // 10))
