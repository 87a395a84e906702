"""What the log keeps of a refusal: the reason and whose rule it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import (
    ChannelRefusedError,
    OthersClipError,
    PrivateRefusedError,
    PromptRefusedError,
    RefusedError,
    TooManyOpenJobsError,
)
from bot.models import BlockedError, CapReachedError, PausedError, QuotaExceededError

if TYPE_CHECKING:
    from bot.models import AuditDetails


def refusal_details(error: RefusedError) -> AuditDetails | None:
    """Return what moderators are told of a refusal; None where no rule of theirs has to do with it."""
    match error:
        case PausedError():
            return {"reason": "paused", "rule": error.pause.reason}
        case BlockedError():
            return {"reason": "blocked", "rule": error.block.reason}
        case ChannelRefusedError():
            return {"reason": "channel", "ruled_by": error.ruled_by}
        case OthersClipError():
            return {"reason": "others_clip"}
        case PrivateRefusedError():
            return {"reason": "private_clips"}
        case PromptRefusedError():
            return {"reason": "automod" if error.is_automod else "prompt_rule", "rule": error.rule}
        case QuotaExceededError():
            effective = error.status.effective
            whose = {"source": effective.source.value, "subject_id": effective.subject_id}
            reason = "quota_small" if error.status.never_fits(error.cost_seconds) else "quota"
            return {"reason": reason} | effective.quota.details | whose
        case CapReachedError():
            reason = "cap_small" if error.status.never_fits(error.cost_seconds) else "cap"
            return {"reason": reason} | error.status.cap.details
        case TooManyOpenJobsError():
            return {"reason": "open_jobs"}
        case _:
            return None
