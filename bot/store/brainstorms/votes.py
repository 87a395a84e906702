"""Votes: who voted for which take of a round; names are shown to nobody.

Who may change a row: the voter, while the round takes votes (``services/brainstorms/voting.py`` asks in the same
transaction); *Erase my data* deletes a member's, and counts that were written down at the end stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select

from bot.store.tables import votes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

_OWN = (
    select(votes.c.number)
    .where(votes.c.round_id == bindparam("round_id"), votes.c.member_id == bindparam("member_id"))
    .order_by(votes.c.number)
)
_REMOVE = delete(votes).where(
    votes.c.round_id == bindparam("round_id"),
    votes.c.member_id == bindparam("member_id"),
    votes.c.number == bindparam("number"),
)


async def list_own(connection: AsyncConnection, round_id: str, *, member_id: int) -> list[int]:
    """Return the numbers of the takes that a member votes for."""
    return list((await connection.execute(_OWN, {"round_id": round_id, "member_id": member_id})).scalars())


async def add(connection: AsyncConnection, round_id: str, *, member_id: int, number: int, now: datetime) -> None:
    """Count a member's vote for a take."""
    row = {"round_id": round_id, "member_id": member_id, "number": number, "voted_at": now}
    await connection.execute(insert(votes), row)


async def remove(connection: AsyncConnection, round_id: str, *, member_id: int, number: int) -> None:
    """Take a member's vote for a take back."""
    await connection.execute(_REMOVE, {"round_id": round_id, "member_id": member_id, "number": number})
