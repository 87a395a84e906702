"""How many ``/video`` were refused, by server and day: a number each, however often somebody asks.

Who may change a row: the transaction that refuses adds one. A day is the server's own, as its periods are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, func, insert, select, update

from bot.store.tables import refusals

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncConnection


async def count_one(connection: AsyncConnection, guild_id: int, day: date, *, interaction_id: int) -> None:
    """Count one more, unless it is the one that was counted last: every process that serves the token hears of it."""
    refused = {"guild": guild_id, "on": day, "interaction": interaction_id}
    if (await connection.execute(_ONE_MORE, refused)).rowcount == 0:
        await connection.execute(_FIRST, refused)


async def count_days(connection: AsyncConnection, guild_id: int, *, first: date, end: date) -> int:
    """Return how many there were from a day until just before another."""
    return int((await connection.execute(_SUM, {"guild": guild_id, "first": first, "end": end})).scalar_one())


_ONE_MORE = (
    update(refusals)
    .where(refusals.c.guild_id == bindparam("guild"), refusals.c.day == bindparam("on"))
    .values(
        count=refusals.c.count + case((refusals.c.interaction_id == bindparam("interaction"), 0), else_=1),
        interaction_id=bindparam("interaction"),
    )
)
_FIRST = insert(refusals).values(
    guild_id=bindparam("guild"), day=bindparam("on"), count=1, interaction_id=bindparam("interaction")
)
_SUM = select(func.coalesce(func.sum(refusals.c.count), 0)).where(
    refusals.c.guild_id == bindparam("guild"), refusals.c.day >= bindparam("first"), refusals.c.day < bindparam("end")
)
