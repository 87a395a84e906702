"""The words for quotas, pools and caps that are used up, and for those that are too small whenever one asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import QuotaSource
from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models import CapStatus, ModelProfile, Quota, QuotaStatus

_OWN_COUNTS = "in channels without a pool your own quota counts"


def too_small(quota: Quota, profile: ModelProfile) -> str | None:
    """Say that a rule is less than any clip: ``5 s a day is less than the shortest clip, 6 s``; None where it is not.

    One of 0 s is meant to allow none, and needs no such words.
    """
    if not quota.seconds or quota.seconds >= profile.shortest_seconds:
        return None
    return f"{_a_period(quota)} is less than the shortest clip, {formatting.seconds(profile.shortest_seconds)}"


def rule(quota: Quota, profile: ModelProfile) -> str:
    """Write a rule, and that it is less than any clip where it is."""
    if too_small(quota, profile) is None:
        return formatting.quota_rule(quota)
    return f"{formatting.quota_rule(quota)} (**less than the shortest clip**)"


def quota_exceeded(status: QuotaStatus, cost_seconds: int) -> str:
    """Say that a clip costs more than is left, and until when: or that it always will, and what to do then."""
    cost, quota = formatting.seconds(cost_seconds), status.effective.quota
    is_for_good, is_none = status.never_fits(cost_seconds), not status.limit_seconds
    small = too_small(quota, status.profile) if is_for_good else None
    resets = formatting.relative(status.resets_at)
    if status.effective.source is QuotaSource.CHANNEL:
        pool = f"the pool of {formatting.channel(status.effective.subject_id or 0)}, which this clip is charged to,"
        own_counts = _OWN_COUNTS.capitalize()
        if is_none:
            return f"No clips here: {pool} is 0 s. {own_counts}."
        if small:
            return f"No clips here: {pool} allows none, since {small}. {own_counts}."
        if is_for_good:
            return f"This clip costs {cost}, and {pool} is {_a_period(quota)}: choose a shorter one. {own_counts}."
        left = formatting.seconds(status.left_seconds or 0)
        return f"This clip costs {cost}, and {pool} has {left} left. It resets {resets}; {_OWN_COUNTS}."
    if is_none:
        return "Your quota here allows no clips. Ask a moderator for one."
    if small:
        return f"Your quota here allows no clips: {small}. Ask a moderator for more."
    if is_for_good:
        return (
            f"This clip costs {cost}, and your quota here is {_a_period(quota)}: choose a shorter one, or ask a "
            "moderator for more."
        )
    left = f"{formatting.seconds(status.left_seconds or 0)} left {formatting.PERIOD_NOW[quota.period]}"
    return f"This clip costs {cost} and you have {left}. Your quota resets {resets}; a moderator can give you more."


def cap_exceeded(cap: CapStatus, cost_seconds: int) -> str:
    """Say that a clip costs more than the server as a whole has left."""
    if cap.is_reached:
        return cap_reached(cap)
    cost = formatting.seconds(cost_seconds)
    if cap.never_fits(cost_seconds):
        return f"This clip costs {cost}, and the cap of this server is {_a_period(cap.cap)}: choose a shorter one."
    resets = formatting.relative(cap.resets_at)
    return f"This clip costs {cost}, and this server as a whole has only {cap_left(cap)}. That resets {resets}."


def cap_reached(cap: CapStatus) -> str:
    """Say that the server has used too much for another clip, and until when; or that its cap is less than any."""
    if not cap.cap.seconds:
        return "Moderators allow no clips in this server: its cap is 0 s."
    small = too_small(cap.cap, cap.profile)
    if small:
        return f"No clips can be made in this server: its cap of {small}."
    resets = formatting.relative(cap.resets_at)
    return f"This server as a whole has only {cap_left(cap)}, too little for a clip. That resets {resets}."


def cap_left(cap: CapStatus) -> str:
    """Write what the server has left: ``36 s left today``."""
    return f"{formatting.seconds(cap.left_seconds)} left {formatting.PERIOD_NOW[cap.cap.period]}"


def too_dear(quota: Quota, whose: str, cost_seconds: int) -> str:
    """Say that several clips cost more together than a rule ever allows."""
    return f"All together cost {formatting.seconds(cost_seconds)}, and {whose} is {_a_period(quota)}."


def resets(status: QuotaStatus) -> str | None:
    """Say when a quota resets, or that this lets no clip be made either; None where it is to allow none."""
    if not status.never_fits(status.profile.shortest_seconds):
        return f"It resets {formatting.relative(status.resets_at)}."
    small = too_small(status.effective.quota, status.profile)
    return small and f"No clip can be made of it: {small}."


def _a_period(quota: Quota) -> str:
    return f"{formatting.seconds(quota.seconds or 0)} a {quota.period.value}"
