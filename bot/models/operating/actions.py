"""What the operator does by hand, and which jobs they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.models.jobs import JobState


class OperatorAction(StrEnum):
    """What the operator changed."""

    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    CANCEL = "cancel"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorEntry:
    """One entry of the operator's own audit.

    Attributes:
        made_by: a member by their id, or whoever used the command line by their name on the machine.
        target: the job or the server that it is about; None for the whole bot.
        reason: what they gave as theirs.
    """

    id: int = 0
    made_at: datetime
    made_by: str
    action: OperatorAction
    target: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """Who may use ``/operator``, and the only server that has it."""

    member_ids: Collection[int]
    server_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are listed, newest first.

    Attributes:
        states: in one of them; empty is any.
        since: asked for from then on.
        before_id: a page goes on after this job.
    """

    limit: int
    states: Collection[JobState] = ()
    guild_id: int | None = None
    member_id: int | None = None
    since: datetime | None = None
    before_id: str | None = None
