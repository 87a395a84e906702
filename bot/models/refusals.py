"""Refusals that carry models: why something that was asked for is not done; ``bot/errors/`` draws the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models.jobs import JobState
    from bot.models.quotas import CapStatus, QuotaStatus
    from bot.models.servers import Block, Pause
    from bot.models.spend import CeilingKind


class PausedError(RefusedError):
    """Moderators have paused video making in the server."""

    def __init__(self, pause: Pause) -> None:
        super().__init__("paused")
        self.pause = pause


class BlockedError(RefusedError):
    """Moderators have blocked the member."""

    def __init__(self, block: Block) -> None:
        super().__init__("blocked")
        self.block = block


class QuotaExceededError(RefusedError):
    """The clip costs more than is left.

    Attributes:
        status: where the member stands.
        cost_seconds: what the clip would have cost.
    """

    def __init__(self, status: QuotaStatus, cost_seconds: int) -> None:
        super().__init__(f"{cost_seconds} s asked, {status.left_seconds} s left")
        self.status = status
        self.cost_seconds = cost_seconds


class CapReachedError(RefusedError):
    """The clip costs more than the whole server has left.

    Attributes:
        status: where the server stands.
        cost_seconds: what the clip would have cost.
    """

    def __init__(self, status: CapStatus, cost_seconds: int) -> None:
        super().__init__(f"{cost_seconds} s asked, {status.left_seconds} s left to the server")
        self.status = status
        self.cost_seconds = cost_seconds


class CeilingReachedError(RefusedError):
    """The clip would pass a ceiling of the operator's; how far it is used is nobody's business in a server.

    Attributes:
        resets_at: when its day or month ends.
        allows_none: whether no clip fits in it then, either.
        never_fits: whether this one does not.
    """

    def __init__(
        self, kind: CeilingKind, resets_at: datetime, *, allows_none: bool = False, never_fits: bool = False
    ) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.resets_at = resets_at
        self.allows_none = allows_none
        self.never_fits = never_fits


class NotCancellableError(RefusedError):
    """The job is not there, not this member's, or no longer waiting.

    Attributes:
        state: the job's state, or None when there is no such job of this member's (a moderator: of this server's).
        by_moderator: whether a moderator wanted to cancel it.
    """

    def __init__(self, state: JobState | None, *, by_moderator: bool = False) -> None:
        super().__init__(str(state))
        self.state = state
        self.by_moderator = by_moderator
