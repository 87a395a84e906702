"""A brainstorm and its rounds: takes that are made in a thread, voted on, and gone on from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.models.jobs import CLIPLESS_STATES, FINAL_STATES, JobState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.models.brainstorms.previews import Vary, VoteTerms
    from bot.models.jobs import Job


class RoundState(StrEnum):
    """Where a round stands; ``docs/architecture.md`` has the diagram."""

    STARTING = "starting"
    """Its takes are charged and held until its thread and its board are there."""
    OPEN = "open"
    """Its takes are made and voted on."""
    UNDECIDED = "undecided"
    """The vote is over without a winner: whoever started the round may choose one."""
    ENDED = "ended"

    @property
    def takes_votes(self) -> bool:
        """Tell whether votes count."""
        return self is RoundState.OPEN


class Outcome(StrEnum):
    """How a vote came out."""

    WON = "won"
    TIED = "tied"
    NO_VOTES = "no_votes"
    TOO_FEW = "too_few"
    CANCELLED = "cancelled"
    THREAD_GONE = "thread_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brainstorm:
    """One idea that a team works at, in a thread of its own: a durable row.

    Attributes:
        id: that of its first round.
        channel_id: where it was started; rules, quota and log are those of this place.
        member_id: who started it; 0 when they have erased their data.
        title: the idea it began with, in one line; empty when it is erased.
        start_message_id: from which the thread was made; None where it was started in a thread, or not posted yet.
        thread_id: None while the thread is not there yet.
    """

    id: str
    guild_id: int
    channel_id: int
    member_id: int
    title: str
    created_at: datetime
    start_message_id: int | None = None
    thread_id: int | None = None

    @property
    def was_started_in_thread(self) -> bool:
        """Tell whether it goes on in the thread in which it was started."""
        return self.thread_id is not None and self.start_message_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Some takes of one idea, and the vote on them: a durable row.

    Attributes:
        number: 1 for a brainstorm's first.
        member_id: who started it, and chooses where the vote does not; 0 when they have erased their data.
        idea: as it was typed; empty when it is erased.
        landed_at: when the last of its takes had landed or failed; None while the round counts as open.
        closes_at: when the vote ends; None while the clock has not started, or for good where it is closed by hand.
        outcome: of the vote; None while it goes on. A tie that was decided is ``WON``.
        winner_number: the take that won.
        choose_by: until when whoever started the round may choose, while it is undecided.
        board_message_id: the board; editable_at: from when on it may be edited again, None where it is to be at once.
        result_message_id, channel_result_message_id: the winner's card in the thread, and where it was started.
        shown_outcome: the outcome that the winner's cards show; None while there are none.
        changes: grows with everything that may look different on the board.
        due_at: when the worker should look next; None when it never has to again.
        attempts: failures in a row; back to 0 on every success.
    """

    id: str
    brainstorm_id: str
    number: int
    guild_id: int
    member_id: int
    idea: str
    vary: Vary
    vote: VoteTerms
    state: RoundState
    created_at: datetime
    landed_at: datetime | None = None
    closes_at: datetime | None = None
    outcome: Outcome | None = None
    winner_number: int | None = None
    choose_by: datetime | None = None
    ended_at: datetime | None = None
    board_message_id: int | None = None
    editable_at: datetime | None = None
    result_message_id: int | None = None
    channel_result_message_id: int | None = None
    shown_outcome: Outcome | None = None
    changes: int = 0
    due_at: datetime | None = None
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = None

    @property
    def clock_minutes(self) -> int | None:
        """Return for how long after the round's start the vote goes on; None while its clock has not started."""
        return None if self.closes_at is None else (self.closes_at - self.created_at) // timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTake:
    """A take of a round as it stands.

    Attributes:
        number: 1 to 8, for good.
        difference: from the others, in words; "" for the idea as it is.
        is_reigning: it won the round before, and costs nothing.
        votes: so far, or in the end.
        still: of its clip, as WebP, where there is one.
    """

    number: int
    difference: str
    job: Job
    is_reigning: bool = False
    votes: int = 0
    still: bytes | None = None

    @property
    def appearance(self) -> tuple[object, ...]:
        """Return all that can be seen of the take but its votes."""
        job = self.job
        progress = None if job.progress is None else int(job.progress)
        return (job.id, job.state, progress, job.error_code, job.removed_at, job.message_id, self.difference)

    @property
    def is_held(self) -> bool:
        """Tell whether it waits for its thread."""
        return self.job.state is JobState.HELD

    @property
    def has_landed(self) -> bool:
        """Tell whether its clip is there to be voted for."""
        return self.job.state is JobState.DELIVERED and self.job.removed_at is None

    @property
    def has_failed(self) -> bool:
        """Tell whether it has ended without a clip."""
        return self.job.state in CLIPLESS_STATES

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing more happens to it."""
        return self.job.state in FINAL_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All that a board, or a winner's card, shows of a round.

    Attributes:
        takes: by their numbers.
        voters: how many members have voted.
        is_held_up: the video service can't be asked just now, so the clock waits.
    """

    brainstorm: Brainstorm
    round: Round
    takes: Sequence[BoardTake]
    voters: int = 0
    is_held_up: bool = False

    @property
    def landed(self) -> list[BoardTake]:
        """Return the takes that are there to be voted for."""
        return [take for take in self.takes if take.has_landed]

    @property
    def candidates(self) -> list[BoardTake]:
        """Return what can be chosen where the vote has no winner: the takes that tie, or all that are there."""
        most = max((take.votes for take in self.landed), default=0)
        return [take for take in self.landed if take.votes == most]

    @property
    def appearance(self) -> tuple[object, ...]:
        """Return all that can be seen of the board; two with the same look need no edit between them."""
        round_ = self.round
        shows_votes = round_.vote.shows_counts or round_.outcome is not None
        decided = (round_.state, round_.closes_at, round_.outcome, round_.winner_number, round_.choose_by)
        takes = tuple((*take.appearance, take.votes if shows_votes else None) for take in self.takes)
        return (*decided, takes, self.voters, self.is_held_up, round_.idea, round_.member_id)

    @property
    def result(self) -> tuple[object, ...]:
        """Return all that can be seen of how the vote came out."""
        round_ = self.round
        shown = [take.appearance for take in self.takes if take.number == round_.winner_number or take.votes]
        return (round_.outcome, round_.winner_number, round_.choose_by, shown, round_.idea, round_.member_id)

    @property
    def winner(self) -> BoardTake | None:
        """Return the take that won."""
        return next((take for take in self.takes if take.number == self.round.winner_number), None)


@dataclass(frozen=True, slots=True)
class OwnVote:
    """A member's vote for a take.

    Attributes:
        interaction_id: the press by which they gave it or took it back.
        is_counted: it was not taken back.
    """

    number: int
    interaction_id: int
    is_counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a member's press on *Vote* has led to.

    Attributes:
        chosen: the numbers they vote for now.
        pressed: the number of the button.
        unfinished, takes: how many takes are still to come, and how many there are in all.
    """

    chosen: tuple[int, ...]
    pressed: int
    votes_each: int
    unfinished: int
    takes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainstormSummary:
    """A brainstorm in a list.

    Attributes:
        round: its latest.
        takes: how many takes were made in all its rounds.
        winner: the job of the latest winner; None while there is none.
        winner_difference: in which words it differs from the other takes of its round.
    """

    brainstorm: Brainstorm
    round: Round
    takes: int
    winner: Job | None = None
    winner_difference: str = ""
