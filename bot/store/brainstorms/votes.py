"""Votes: who voted for which take of a round; names are shown to nobody.

A vote that was taken back stays as a row that is not counted: so the same press, heard twice, changes nothing twice.

Who may change a row: the voter, while the round takes votes (``services/brainstorms/voting.py`` asks in the same
transaction); *Erase my data* deletes a member's, and counts that were written down at the end stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select, update

from bot.models.brainstorms import OwnVote
from bot.store.tables import votes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

_OWN = (
    select(votes.c.number, votes.c.interaction_id, votes.c.is_counted)
    .where(votes.c.round_id == bindparam("round_id"), votes.c.member_id == bindparam("member_id"))
    .order_by(votes.c.number)
)
_CHANGE = update(votes).where(
    votes.c.round_id == bindparam("of_round"),
    votes.c.member_id == bindparam("of_member"),
    votes.c.number == bindparam("of_number"),
)


async def list_own(connection: AsyncConnection, round_id: str, *, member_id: int) -> list[OwnVote]:
    """Return a member's votes of a round, those that were taken back too, by the takes' numbers."""
    rows = await connection.execute(_OWN, {"round_id": round_id, "member_id": member_id})
    return [OwnVote(row.number, row.interaction_id, row.is_counted) for row in rows]


async def put(connection: AsyncConnection, round_id: str, vote: OwnVote, *, member_id: int, now: datetime) -> None:
    """Count a member's vote for a take, or count it no more."""
    values = {"interaction_id": vote.interaction_id, "is_counted": vote.is_counted, "voted_at": now}
    its = {"of_round": round_id, "of_member": member_id, "of_number": vote.number}
    if (await connection.execute(_CHANGE, its | values)).rowcount == 0:
        row = {"round_id": round_id, "member_id": member_id, "number": vote.number}
        await connection.execute(insert(votes), row | values)
