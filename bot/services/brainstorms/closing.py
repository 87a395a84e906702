"""Writing down what became of a round: in one transaction with its votes, its waiting takes and the server's log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.models import WAITING_STATES, LogKind
from bot.models.brainstorms import Round, RoundState
from bot.services.jobs.leases import BOT_ID
from bot.store import jobs
from bot.store.brainstorms import rounds
from bot.store.moderation import modlog, servers
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from datetime import datetime

    from bot.models import JobError
    from bot.models.brainstorms import Board
    from bot.store import Connection

DECIDED = ("state", "landed_at", "closes_at", "outcome", "winner_number", "choose_by", "ended_at")
"""What of a round is decided by time, votes and whoever started it."""


def changes_of(before: Round, after: Round) -> dict[str, Any]:
    """Return what was decided between two looks at a round, by field."""
    return {name: getattr(after, name) for name in DECIDED if getattr(after, name) != getattr(before, name)}


async def note_end_of_vote(
    connection: Connection, board: Board, after: Round, now: datetime, error_code: JobError
) -> None:
    """Write down the votes of a round whose vote is over, withdraw and refund what still waits, and tell the log.

    Args:
        board: as it was just read, in the same transaction.
        after: the round as it is written.
        error_code: why takes that still wait are withdrawn.
    """
    before = board.round
    if before.state in {RoundState.STARTING, RoundState.OPEN} and after.state is not before.state:
        await rounds.note_votes(connection, before.id, {take.number: take.votes for take in board.takes})
        for take in board.takes:
            if take.job.state in WAITING_STATES:
                ended = await jobs.call_off(connection, take.job, error_code, now=now, states=WAITING_STATES)
                if ended is not None:
                    await ledger.refund(connection, ended, now=now, made_by_id=BOT_ID)
    if after.state is RoundState.ENDED and before.state is not RoundState.ENDED:
        server = await servers.get(connection, before.guild_id)
        details = {
            "member_id": before.member_id,
            "channel_id": board.brainstorm.thread_id or board.brainstorm.channel_id,
            "round": before.number,
            "outcome": None if after.outcome is None else after.outcome.value,
            "winner": after.winner_number,
            "voters": board.voters,
        }
        await modlog.add(connection, server, LogKind.BRAINSTORM_ENDED, now=now, details=details)
