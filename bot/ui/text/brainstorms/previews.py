"""The words of a preview: what would be made of an idea, before anything is charged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import CapReachedError, QuotaExceededError, QuotaSource
from bot.models.brainstorms import TooFewTakesError, Vary
from bot.ui.text import formatting, limits, refusals
from bot.ui.text import members as member_text
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from bot.errors import RefusedError
    from bot.models.brainstorms import Preview, PreviewStatus

SHUFFLE_BUTTON = "Shuffle"
EDIT_BUTTON = "Edit…"
VOTE_BUTTON = "Vote…"
CANCEL_BUTTON = "Cancel"
IDEA_CHARACTERS = 400
DIFFERENCE_CHARACTERS = (240, 160, 100, 80)
"""How much of each difference is shown: the first of these with which all of them fit."""
_DIFFERENCES_CHARACTERS = 1850
"""Of all differences together: with the idea and the rest that stays under Discord's 4,000."""
_LEFT_OUT = "left out by this server's rules"


def start_button(status: PreviewStatus) -> str:
    """Say how many are started, where these are not all."""
    return "Start" if status.startable == len(status.preview.planned) else f"Start {status.startable}"


def idea(preview: Preview) -> str:
    """Write the idea, once."""
    return f"**Your brainstorm** (nothing is charged yet)\n{formatting.prompt(preview.idea, IDEA_CHARACTERS)}"


def differences(preview: Preview) -> str:
    """Write the takes, one a line, with the numbers that they will have; those that are left out have none."""
    written = [_lines(preview, characters) for characters in DIFFERENCE_CHARACTERS]
    return next((lines for lines in written if len(lines) <= _DIFFERENCES_CHARACTERS), written[-1])


def terms(status: PreviewStatus) -> str:
    """Write how many combinations there were, what the takes cost, what is left, and how they will be voted on."""
    preview = status.preview
    lines = [
        _varied(preview),
        _cost(status),
        member_text.quota_left(status.quota),
        take_text.vote_terms(preview.vote),
    ]
    return "\n".join(f"-# {line}" for line in lines)


def why_not_all(status: PreviewStatus) -> str | None:
    """Say how many fit and why not more; None where all do."""
    offered = len(status.preview.offered)
    if status.limit is not None and status.fits < offered:
        why = _too_dear(status, status.limit) or refusals.explain(status.limit) or ""
        return f"**{status.fits} of {formatting.counted(offered, 'take')} fit{'s' if status.fits == 1 else ''}.** {why}"
    return None if status.startable else refusals.explain(TooFewTakesError())


def _too_dear(status: PreviewStatus, limit: RefusedError) -> str | None:
    """Say what all takes cost, and that less is left; None where that is not what keeps them from being made."""
    cost_seconds = len(status.preview.offered) * status.duration_seconds
    match limit:
        case QuotaExceededError() if status.quota.never_fits(status.quota.profile.shortest_seconds):
            return None
        case QuotaExceededError() if status.quota.never_fits(cost_seconds):
            effective = status.quota.effective
            is_pool = effective.source is QuotaSource.CHANNEL
            whose = f"the pool of {formatting.channel(effective.subject_id or 0)}" if is_pool else "your quota here"
            return limits.too_dear(effective.quota, whose, cost_seconds)
        case CapReachedError() if limit.status.never_fits(limit.status.profile.shortest_seconds):
            return None
        case CapReachedError() if limit.status.never_fits(cost_seconds):
            return limits.too_dear(limit.status.cap, "the cap of this server", cost_seconds)
        case QuotaExceededError():
            left, resets_at = member_text.quota_left(status.quota), status.quota.resets_at
        case CapReachedError():
            left, resets_at = f"{limits.cap_left(limit.status)} for this server as a whole", limit.status.resets_at
        case _:
            return None
    cost, resets = formatting.seconds(cost_seconds), formatting.relative(resets_at)
    return f"All together cost {cost}, and there are {left}. That resets {resets}."


def _lines(preview: Preview, characters: int) -> str:
    first = 1 if preview.reigning_job_id is None else 2
    lines = [] if first == 1 else ["**1** · the winner of the last round, free"]
    number = first
    for planned in preview.planned:
        words = take_text.difference(planned.take.difference, characters)
        if planned.is_refused:
            lines.append(f"**–** · {words} · {_LEFT_OUT}")
        else:
            lines.append(f"**{number}** · {words}")
            number += 1
    return "\n".join(lines)


def _varied(preview: Preview) -> str:
    if not preview.has_slots:
        return f"Varied: {take_text.VARIED[preview.vary]}" if preview.vary is not Vary.NOTHING else "Nothing is varied"
    drawn = len(preview.planned)
    if drawn < preview.combinations:
        return f"{drawn} of {preview.combinations:,} combinations"
    only = "; that is all there are" if drawn < preview.takes else ""
    return f"All {preview.combinations:,} combinations{only}"


def _cost(status: PreviewStatus) -> str:
    count = status.startable or len(status.preview.offered)
    each = formatting.seconds(status.duration_seconds)
    total = formatting.seconds(count * status.duration_seconds)
    return f"{formatting.ASPECTS[status.aspect]} · {each} each, {total} for {formatting.counted(count, 'take')}"
