"""What members have set for themselves, for all servers; a member without a row has set nothing.

The member alone changes a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select

from bot.store.tables import members

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def is_mentioned(connection: AsyncConnection, member_id: int) -> bool:
    """Tell whether a member is mentioned when a clip is ready, as whoever has set nothing is."""
    found = (await connection.execute(_IS_MENTIONED, {"member": member_id})).scalar_one_or_none()
    return found is not False


async def put_mentioned(connection: AsyncConnection, member_id: int, *, is_mentioned: bool) -> None:
    """Store whether they are, in a transaction of the caller's."""
    await connection.execute(delete(members).where(members.c.member_id == member_id))
    if not is_mentioned:
        await connection.execute(insert(members).values(member_id=member_id, is_mentioned=False))


_IS_MENTIONED = select(members.c.is_mentioned).where(members.c.member_id == bindparam("member"))
