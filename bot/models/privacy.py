"""What is stored about a member, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAbout:
    """What is stored about a member, in all servers together.

    Attributes:
        clips: that they asked for, whatever became of them; prompts: of how many of these the prompt is still kept.
        servers: in how many they did.
        entries: of the ledger, or sums of them.
        refusals: kept by servers' logs.
        changes: of the audit, about clips of theirs that moderators cancelled or removed.
        drafts: of requests that were refused, which are kept for an hour.
        blocks, quotas: that moderators have set for them.
        erasing_since: when they asked for everything up to then to be erased; None where nothing is left to do.
    """

    clips: int = 0
    prompts: int = 0
    servers: int = 0
    entries: int = 0
    refusals: int = 0
    changes: int = 0
    drafts: int = 0
    blocks: int = 0
    quotas: int = 0
    erasing_since: datetime | None = None
