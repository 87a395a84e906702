"""What a next round goes on from: the winner of a round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import OthersClipError
from bot.models import ClipButtons
from bot.models.brainstorms import TAKES_FEWEST, TAKES_MOST, RoundRefusal, RoundRefusedError
from bot.services.brainstorms.drawing.idea import escaped
from bot.services.brainstorms.previews import Plan
from bot.store.brainstorms import boards, rounds
from bot.store.moderation import servers

if TYPE_CHECKING:
    from bot.models import Job, Requester
    from bot.models.brainstorms import Round, Vary
    from bot.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRound:
    """A winner that a next round may go on from.

    Attributes:
        idea: that stands for its prompt.
        takes: how many new ones there would be without being asked for.
    """

    round: Round
    winner: Job
    idea: str
    takes: int

    @property
    def vary(self) -> Vary:
        """Say what the round varied."""
        return self.round.vary

    def plan(self, *, interaction_id: int, channel_id: int, idea: str, takes: int, vary: Vary) -> Plan:
        """Plan a next round: in the winner's shape and length, voted on as before."""
        return Plan(
            interaction_id=interaction_id,
            channel_id=channel_id,
            idea=idea,
            takes=takes,
            vary=vary,
            aspect=self.winner.spec.aspect,
            duration_seconds=self.winner.spec.duration_seconds,
            vote=self.round.vote,
            is_spoiler=self.winner.is_spoiler,
            brainstorm_id=self.round.brainstorm_id,
            reigning_job_id=self.winner.id,
        )


class NextRounds:
    """Finds what a next round goes on from."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def find(self, round_id: str, requester: Requester) -> NextRound:
        """Return what a next round would go on from.

        Raises:
            RoundRefusedError: when there is no such round in the requester's server, nothing has won it, the next one
                is under way, or what it was about is erased.
            OthersClipError: when only whoever started it may go on from it.
            StoreUnavailableError: when the database cannot be asked.
        """
        async with self._database.read() as connection:
            board = await boards.read(connection, round_id)
            if board is None or board.round.guild_id != requester.guild_id:
                raise RoundRefusedError(RoundRefusal.UNKNOWN)
            latest = await rounds.find_latest(connection, board.round.brainstorm_id)
            server = await servers.get(connection, requester.guild_id)
        winner = board.winner
        if winner is None:
            raise RoundRefusedError(RoundRefusal.NOT_OVER)
        if latest is not None and latest.ended_at is None:
            raise RoundRefusedError(RoundRefusal.UNDER_WAY)
        if not winner.job.spec.prompt or not board.round.idea or not winner.has_landed:
            raise RoundRefusedError(RoundRefusal.ERASED)
        if server.clip_buttons is ClipButtons.REQUESTER and board.round.member_id != requester.member_id:
            raise OthersClipError("buttons")
        made = sum(not take.is_reigning for take in board.takes)
        return NextRound(
            round=board.round,
            winner=winner.job,
            idea=escaped(winner.job.spec.prompt),
            takes=min(max(made, TAKES_FEWEST - 1), TAKES_MOST - 1),
        )
