"""How many polls went out, second by second: the account's limits are for all processes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select, update

from bot.store.tables import polls_sent

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


async def note(connection: AsyncConnection, count: int, *, now: datetime, forget_before: datetime) -> None:
    """Count polls that go out now; seconds before ``forget_before`` are dropped."""
    second_at = now.replace(microsecond=0)
    if (await connection.execute(_MORE, {"second": second_at, "more": count})).rowcount == 0:
        await connection.execute(insert(polls_sent), {"second_at": second_at, "count": count})
        await connection.execute(_FORGET, {"before": forget_before})


async def since(connection: AsyncConnection, start: datetime) -> list[tuple[datetime, int]]:
    """Return the seconds that began after ``start`` and in which polls went out, with how many, first to last."""
    return [(row.second_at, row.polls) for row in await connection.execute(_SINCE, {"start": start})]


_MORE = (
    update(polls_sent)
    .where(polls_sent.c.second_at == bindparam("second"))
    .values(count=polls_sent.c.count + bindparam("more"))
)
_FORGET = delete(polls_sent).where(polls_sent.c.second_at < bindparam("before"))
_SINCE = (
    select(polls_sent.c.second_at, polls_sent.c.count.label("polls"))
    .where(polls_sent.c.second_at > bindparam("start"))
    .order_by(polls_sent.c.second_at)
)
