"""The audit: what moderators changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models._values import AuditDetails


class ChangeKind(StrEnum):
    """What a moderator changed."""

    QUOTA = "quota"
    POOL = "pool"
    GRANT = "grant"
    CAP = "cap"
    TIMEZONE = "timezone"
    LOG_CHANNEL = "log_channel"
    CHANNEL = "channel"
    CLIP_BUTTONS = "clip_buttons"
    PAUSE = "pause"
    BLOCK = "block"
    PROMPT_RULE = "prompt_rule"
    JOB_CANCELLED = "job_cancelled"
    CLIP_REMOVED = "clip_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of a server's audit: who changed what, when, from what, to what.

    Attributes:
        subject_id: the id of the channel, role, member or rule it is about; None for the server itself.
        before, after: the details; None where there was, or is, nothing.
    """

    id: int = 0
    guild_id: int
    made_by_id: int
    made_at: datetime
    kind: ChangeKind
    subject_id: int | None = None
    before: AuditDetails | None = None
    after: AuditDetails | None = None
