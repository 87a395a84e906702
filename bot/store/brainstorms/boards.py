"""What a board shows of a round: its takes with their jobs, and the votes so far or in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, distinct, func, select

from bot.models.brainstorms import Board, BoardTake
from bot.store import jobs
from bot.store.brainstorms import rounds as round_rows
from bot.store.tables import takes, votes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models.brainstorms import Round

_TAKES = select(takes).where(takes.c.round_id == bindparam("round_id")).order_by(takes.c.number)
_COUNTS = (
    select(votes.c.number, func.count().label("counted"))
    .where(votes.c.round_id == bindparam("round_id"), votes.c.is_counted)
    .group_by(votes.c.number)
)
_VOTERS = select(func.count(distinct(votes.c.member_id))).where(
    votes.c.round_id == bindparam("round_id"), votes.c.is_counted
)


async def read(connection: AsyncConnection, round_id: str) -> Board | None:
    """Return all that a round's board shows, or None where there is no such round."""
    round_ = await round_rows.get(connection, round_id)
    return None if round_ is None else await read_of(connection, round_)


async def read_of(connection: AsyncConnection, round_: Round) -> Board:
    """Return the same of a round that was just read."""
    brainstorm = await round_rows.get_brainstorm(connection, round_.brainstorm_id)
    assert brainstorm is not None, "a round belongs to a brainstorm"
    of_round = {"round_id": round_.id}
    rows = (await connection.execute(_TAKES, of_round)).all()
    found = {job.id: job for job in await jobs.get_many(connection, [row.job_id for row in rows])}
    counts = {row.number: row.counted for row in await connection.execute(_COUNTS, of_round)}
    return Board(
        brainstorm=brainstorm,
        round=round_,
        takes=[
            BoardTake(
                number=row.number,
                difference=row.difference,
                job=found[row.job_id],
                is_reigning=row.is_reigning,
                votes=counts.get(row.number, 0) if row.votes is None else row.votes,
            )
            for row in rows
        ],
        voters=(await connection.execute(_VOTERS, of_round)).scalar_one(),
    )
