"""How much each member asks of the bot: past their limits they are not served, before anything is looked up for them.

Memory only, and of the last minute only: a restart forgives, and each process counts what it serves.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.jobs.policy import FloodLimits

WINDOW_SECONDS = 60.0


class Asked(StrEnum):
    """What a member may ask so often; each is counted apart."""

    VIDEO = "video"
    PRESS = "press"
    AUTOCOMPLETE = "autocomplete"


class FloodGuard:
    """Counts what members ask, in all servers together; times are seconds on a clock that only goes on.

    Only what is served is counted, so that whoever goes on pressing is served again as soon as there is room.

    Attributes:
        limits: how much of each may be asked.
    """

    def __init__(self, limits: FloodLimits) -> None:
        self.limits = limits
        self._most = {
            Asked.VIDEO: limits.videos,
            Asked.PRESS: limits.presses,
            Asked.AUTOCOMPLETE: limits.autocompletes,
        }
        self._served: OrderedDict[tuple[int, Asked], list[float]] = OrderedDict()
        self._told: OrderedDict[int, float] = OrderedDict()

    def take(self, member_id: int, asked: Asked, now: float) -> bool:
        """Tell whether a member is served with this, and count it if so."""
        self._forget(now)
        served = [at for at in self._served.get((member_id, asked), ()) if at > now - WINDOW_SECONDS]
        if len(served) >= self._most[asked]:
            return False
        served.append(now)
        self._served[member_id, asked] = served
        self._served.move_to_end((member_id, asked))
        return True

    def may_tell(self, member_id: int, now: float) -> bool:
        """Tell whether it is time to say to a member that they ask too much: once in any 60 s."""
        self._forget(now)
        if member_id in self._told:
            return False
        self._told[member_id] = now
        return True

    def __len__(self) -> int:
        """Return of how many members and kinds something is remembered."""
        return len(self._served) + len(self._told)

    def _forget(self, now: float) -> None:
        """Forget those who were last served, or last told, more than the window ago; they stand in that order."""
        before = now - WINDOW_SECONDS
        while self._served and next(iter(self._served.values()))[-1] <= before:
            self._served.popitem(last=False)
        while self._told and next(iter(self._told.values())) <= before:
            self._told.popitem(last=False)
