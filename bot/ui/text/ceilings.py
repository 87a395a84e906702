"""The words for the operator's limits as members and moderators hear of them: which, and until when, but no figures.

How far they are used is for the operator alone (``operators.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import CeilingKind
from bot.ui.text import formatting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import CeilingReachedError, CeilingStatus

_WHOSE = {
    CeilingKind.MONTH: "all servers together this month",
    CeilingKind.DAY: "all servers together today",
    CeilingKind.SERVER_DAY: "this server today",
    CeilingKind.MEMBER_DAY: "each member today, over all servers",
}


def refused(error: CeilingReachedError) -> str:
    """Tell a member that a clip doesn't fit any more."""
    if error.allows_none:
        return f"{reached(error)} Nothing was charged."
    if error.never_fits:
        return f"{_limit(error.kind)} is less than this costs. Nothing was charged; ask for less."
    resets = formatting.relative(error.resets_at)
    return f"{_limit(error.kind)} leaves no room for this clip. Nothing was charged; that resets {resets}."


def reached(error: CeilingReachedError) -> str:
    """Tell a member that no clip at all fits any more."""
    if error.allows_none:
        return f"{_limit(error.kind)} allows no clips."
    return f"{_limit(error.kind)} is reached. That resets {formatting.relative(error.resets_at)}."


def standing(ceilings: Sequence[CeilingStatus]) -> str:
    """Tell moderators which limit is in the way: of several the one that is asked first."""
    if not ceilings:
        return "none"
    first = min(filter(is_in_the_way, ceilings), key=lambda ceiling: not ceiling.is_reached, default=None)
    if first is None:
        return "not reached"
    if first.allows_none:
        return f"**no clips** for {_WHOSE[first.kind]}"
    if not first.is_reached and first.limit_seconds < first.profile.longest_seconds:
        return f"room for short clips only for {_WHOSE[first.kind]}"
    how = "**reached**" if first.is_reached else "room for short clips only"
    return f"{how} for {_WHOSE[first.kind]}, resets {formatting.relative(first.resets_at)}"


def is_in_the_way(ceiling: CeilingStatus) -> bool:
    """Tell whether some clip doesn't fit any more."""
    return ceiling.left_seconds < ceiling.profile.longest_seconds


def _limit(kind: CeilingKind) -> str:
    whose = "you today, over all servers," if kind is CeilingKind.MEMBER_DAY else _WHOSE[kind]
    return f"The operator's limit for {whose}"
