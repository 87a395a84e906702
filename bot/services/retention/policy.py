"""How long things are kept."""

from __future__ import annotations

from dataclasses import dataclass

SHORTEST_DAYS = 32
"""No day, week or month that is running in any time zone began longer ago; what counts in one can't end before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long things are kept.

    Attributes:
        days: ``SHORTEST_DAYS`` or more; None keeps everything.
    """

    days: int | None = None
