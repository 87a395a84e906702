"""What a brainstorm is refused with; the sentence people read is chosen in ``ui/text/refusals.py``."""

from __future__ import annotations

from enum import StrEnum

from bot.errors import RefusedError


class PreviewGoneError(RefusedError):
    """There is no such preview any more: it is a day old, was cancelled, or is somebody else's."""


class PreviewChangedError(RefusedError):
    """The preview is not as it was shown: it was changed, other takes fit or are allowed now. Nothing was charged."""


class TooFewTakesError(RefusedError):
    """Fewer than two takes may be made: the rules refuse the others, or the idea stands for no more."""


class NoThreadsError(RefusedError):
    """There can be no threads in this kind of channel."""


class TooManyBrainstormsError(RefusedError):
    """As many brainstorms are open as may be.

    Attributes:
        most: how many may be.
        in_channel: whether it is the channel's limit, or else the member's own.
        thread_id: where one of them is; None where its thread is not there yet.
    """

    def __init__(self, most: int, *, in_channel: bool, thread_id: int | None) -> None:
        super().__init__(f"{most} in the {'channel' if in_channel else 'server'}")
        self.most, self.in_channel, self.thread_id = most, in_channel, thread_id


class RoundRefusal(StrEnum):
    """Why something can't be done with a round.

    ``UNKNOWN``: there is no such round in this server. ``OVER``: the vote is over. ``NOT_OVER``: it still goes on.
    ``UNDER_WAY``: the next round is. ``NOT_STARTER``: that is for whoever started it, and for moderators.
    ``NOT_THERE``: the take has no clip to vote for. ``VOTES_USED``: the member has used their votes. ``NEEDS_ROLE``,
    ``OWN_TAKE``: the server's settings. ``NOT_FAILED``: the take has not failed. ``LONGEST``: the vote goes on for as
    long as it may. ``NOT_TO_CHOOSE``: the take is none of those to choose from. ``ERASED``: it was erased.
    ``TOO_FEW_THERE``: fewer than two takes are there to be voted on. ``NO_CLOCK``: the vote has no end to be moved.
    """

    UNKNOWN = "unknown"
    OVER = "over"
    NOT_OVER = "not_over"
    UNDER_WAY = "under_way"
    NOT_STARTER = "not_starter"
    NOT_THERE = "not_there"
    VOTES_USED = "votes_used"
    NEEDS_ROLE = "needs_role"
    OWN_TAKE = "own_take"
    NOT_FAILED = "not_failed"
    LONGEST = "longest"
    NOT_TO_CHOOSE = "not_to_choose"
    ERASED = "erased"
    TOO_FEW_THERE = "too_few_there"
    NO_CLOCK = "no_clock"


class RoundRefusedError(RefusedError):
    """Something can't be done with a round.

    Attributes:
        number: of the take that it is about, if it is about one.
        role_id: that a voter needs, where that is why.
        votes_each: how many votes a member has, where they are used.
    """

    def __init__(
        self, reason: RoundRefusal, *, number: int | None = None, role_id: int | None = None, votes_each: int = 1
    ) -> None:
        super().__init__(reason)
        self.reason, self.number, self.role_id, self.votes_each = reason, number, role_id, votes_each
