"""What is planned before anything is charged: the takes of an idea, and how they will be voted on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import InvalidSettingError
from bot.models._values import storable

if TYPE_CHECKING:
    from datetime import datetime

    from bot.errors import RefusedError
    from bot.models.quotas import QuotaStatus
    from bot.models.video import Aspect

TAKES_FEWEST = 2
TAKES_MOST = 8
TAKES_DEFAULT = 4
VOTES_MOST = 3
CLOCKS_SECONDS = (900, 3600, 4 * 3600, 86_400, 3 * 86_400)
"""How long a vote may go on once its clock has started; it may also be closed by hand alone."""


class Vary(StrEnum):
    """What is varied of an idea without slots."""

    AUTO = "auto"
    CAMERA = "camera"
    STYLE = "style"
    LIGHT = "light"
    PLACE = "place"
    MOOD = "mood"
    NOTHING = "nothing"


def parse_typed_idea(text: str) -> str:
    """Return an idea as it was typed, without what not every database can store."""
    return storable(text)


@dataclass(frozen=True, slots=True)
class Take:
    """One take: its whole prompt, and in which words it differs from the others ("" for the idea as it is)."""

    prompt: str
    difference: str = ""


@dataclass(frozen=True, slots=True)
class PlannedTake:
    """A take as it is previewed; ``is_refused`` by the server's rules, and so left out."""

    take: Take
    is_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteTerms:
    """How takes are voted on.

    Attributes:
        clock_seconds: how long the vote goes on once its clock has started; None until it is closed by hand.
        votes_each: how many takes a member may vote for.
        shows_counts: whether counts are shown before the end.
        voter_role_id: who may vote; None is whoever sees the thread.

    Raises:
        InvalidSettingError: when a clock or a number of votes is not offered.
    """

    clock_seconds: int | None = 3600
    votes_each: int = 1
    shows_counts: bool = False
    voter_role_id: int | None = None

    def __post_init__(self) -> None:
        if self.clock_seconds is not None and self.clock_seconds not in CLOCKS_SECONDS:
            raise InvalidSettingError("clock", "not_offered")
        if not 1 <= self.votes_each <= VOTES_MOST:
            raise InvalidSettingError("votes", "out_of_range")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A round that is planned by a member, for whom alone it is shown: a durable row, for a day.

    Attributes:
        id: that of the round which comes of it.
        interaction_id: Discord's id of what asked for it.
        idea: as it was typed.
        takes: how many were asked for.
        vary: says nothing where the idea has slots.
        seed: of the draw; ``shuffled`` takes another.
        aspect, duration_seconds: of each take; None, the channel's defaults, is filled in when takes are drawn.
        planned: the takes that were drawn, in their order: exactly what will be asked for.
        combinations: how many different prompts an idea with slots stands for; 1 without slots.
        revision: grows with every change, so that a button of an older look is known as such.
        is_spoiler: its takes are hidden until they are clicked.
        brainstorm_id: that it goes on with; None where it begins one.
        reigning_job_id: the winner's job that it goes on from, which stands on the new board as take 1.
    """

    id: str
    interaction_id: int
    guild_id: int
    channel_id: int
    member_id: int
    idea: str
    takes: int
    vary: Vary
    seed: int
    aspect: Aspect | None
    duration_seconds: int | None
    vote: VoteTerms
    planned: tuple[PlannedTake, ...]
    combinations: int
    created_at: datetime
    revision: int = 1
    is_spoiler: bool = False
    brainstorm_id: str | None = None
    reigning_job_id: str | None = None

    @property
    def has_slots(self) -> bool:
        """Tell whether the idea has slots, so that nothing is varied beside them."""
        return self.combinations > 1

    @property
    def offered(self) -> tuple[PlannedTake, ...]:
        """Return the takes that the rules allow."""
        return tuple(planned for planned in self.planned if not planned.is_refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewStatus:
    """A preview with what holds where it would be made, just now.

    Attributes:
        aspect, duration_seconds: of each take, the channel's defaults filled in.
        fits: how many of the offered takes may be made.
        limit: what keeps the others, or all, from being made; None where all fit.
        quota: that the takes would be charged to, the channel's pool or the member's own, and what is left of it.
    """

    preview: Preview
    aspect: Aspect
    duration_seconds: int
    fits: int
    limit: RefusedError | None
    quota: QuotaStatus

    @property
    def startable(self) -> int:
        """Say how many takes can be started: 0 where, with the winner they go on from, they are too few to choose."""
        fitting = min(self.fits, len(self.preview.offered))
        reigning = 0 if self.preview.reigning_job_id is None else 1
        return fitting if fitting and fitting + reigning >= TAKES_FEWEST else 0
