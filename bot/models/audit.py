"""The audit: what moderators changed; the modlog: the cards that they get of clips and changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models._values import AuditDetails
    from bot.models.jobs import Job
    from bot.models.servers import Block


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
    PRIVATE_CLIPS = "private_clips"
    PAUSE = "pause"
    BLOCK = "block"
    PROMPT_RULE = "prompt_rule"
    PHRASE_LIST = "phrase_list"
    BRAINSTORMS = "brainstorms"
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


class LogKind(StrEnum):
    """What a card in the log channel is about."""

    POSTED = "posted"
    DELETED = "deleted"
    FAILED = "failed"
    REFUSED = "refused"
    CHANGED = "changed"
    CAP_NEAR = "cap_near"
    CAP_REACHED = "cap_reached"
    BRAINSTORM_STARTED = "brainstorm_begun"  # a column of 16 characters holds it
    BRAINSTORM_ENDED = "brainstorm_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One card of a server's log, posted or yet to be.

    Attributes:
        job: the clip that was posted or failed.
        change: what was changed.
        details: of a refusal or a cap, which have no row of their own.
        channel_id: where it is posted, or has to be; None where it goes wherever the log is then.
        message_id: the card, once it is posted.
        still: a picture of the clip that was posted (WebP), while it is there.
        refunded, block: what moderators have done about the clip since: its seconds came back, its member is blocked.
    """

    id: int
    guild_id: int
    kind: LogKind
    created_at: datetime
    job: Job | None = None
    change: Change | None = None
    details: AuditDetails = field(default_factory=dict[str, Any])
    attempts: int = 0
    channel_id: int | None = None
    message_id: int | None = None
    still: bytes | None = None
    refunded: bool = False
    block: Block | None = None

    @property
    def member_id(self) -> int | None:
        """Say whose clip it is about, if it is about one; nobody's where they have erased their data."""
        return (self.details.get("member_id") if self.job is None else self.job.member_id) or None
