"""Votes: who voted for which take of a round; names are shown to nobody.

Who may change a row: the voter, while the round takes votes (``services/brainstorms/voting.py`` asks in the same
transaction); *Erase my data* deletes a member's, and counts that were written down at the end stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select, update

from bot.store.tables import votes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

_OWN = (
    select(votes.c.number, votes.c.counts, votes.c.interaction_id)
    .where(votes.c.round_id == bindparam("round_id"), votes.c.member_id == bindparam("member_id"))
    .order_by(votes.c.number)
)
_CHANGE = (
    update(votes)
    .where(
        votes.c.round_id == bindparam("of_round"),
        votes.c.member_id == bindparam("of_member"),
        votes.c.number == bindparam("of_number"),
    )
    .values(counts=bindparam("counts_now"), interaction_id=bindparam("by_id"), voted_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Vote:
    """A member's vote for a take, or that they took it back; ``interaction_id`` is the press that said so last."""

    number: int
    counts: bool
    interaction_id: int


async def list_own(connection: AsyncConnection, round_id: str, *, member_id: int) -> list[Vote]:
    """Return what a member has said of takes of a round, by their numbers."""
    rows = await connection.execute(_OWN, {"round_id": round_id, "member_id": member_id})
    return [Vote(row.number, row.counts, row.interaction_id) for row in rows]


async def add(connection: AsyncConnection, round_id: str, vote: Vote, *, member_id: int, now: datetime) -> None:
    """Write down what a member says of a take for the first time."""
    row = {"round_id": round_id, "member_id": member_id, "number": vote.number, "counts": vote.counts}
    await connection.execute(insert(votes), row | {"interaction_id": vote.interaction_id, "voted_at": now})


async def change(connection: AsyncConnection, round_id: str, vote: Vote, *, member_id: int, now: datetime) -> None:
    """Write down what a member says of a take of which they have said something before."""
    its = {"of_round": round_id, "of_member": member_id, "of_number": vote.number}
    await connection.execute(_CHANGE, its | {"counts_now": vote.counts, "by_id": vote.interaction_id, "at": now})
