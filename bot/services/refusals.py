"""Refusals of single messages for a reason that nobody listed: after some of them one moves on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

REFUSALS_BEFORE_BELIEVED = 3


class Refusals:
    """Counts them, in memory only: at worst a message is tried some times more."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Hashable, Hashable]] = Counter()

    def note(self, subject: Hashable, place: Hashable = None) -> bool:
        """Note that a subject's message was refused in a place; tell whether it has been often enough to move on."""
        self._counts[subject, place] += 1
        return self._counts[subject, place] >= REFUSALS_BEFORE_BELIEVED

    def forget(self, subject: Hashable) -> None:
        """Forget a subject's: its message is there, or nobody tries any more."""
        for key in [key for key in self._counts if key[0] == subject]:
            del self._counts[key]
