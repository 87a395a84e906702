"""What members typed and had refused: kept for an hour, for them alone, so that they need not type it again.

Who may change a row: ``keep`` is for whoever refuses a member; from then on nothing changes it, and any process deletes
it when its time is over (``retention/endings.py``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, bindparam, insert, select

from bot.models import Aspect, Draft, FilledForm
from bot.store.tables import drafts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

DRAFTS_ARE_KEPT_FOR = timedelta(hours=1)

_OWN = select(drafts.c.prompt, drafts.c.aspect, drafts.c.duration_seconds, drafts.c.custom_id, drafts.c.fields).where(
    drafts.c.id == bindparam("draft_id"),
    drafts.c.guild_id == bindparam("guild_id"),
    drafts.c.member_id == bindparam("member_id"),
    drafts.c.kept_at > bindparam("since", type_=drafts.c.kept_at.type),
)
_ROW = [bindparam(f"new_{column.key}", type_=column.type) for column in drafts.c]
_IS_KEPT = select(drafts.c.id).where(drafts.c.id == bindparam("new_id", type_=BigInteger()))
_KEEP = insert(drafts).from_select(list(drafts.c), select(*_ROW).where(~_IS_KEPT.exists()))


async def keep(
    connection: AsyncConnection,
    draft: Draft | FilledForm,
    *,
    draft_id: int,
    guild_id: int,
    member_id: int,
    now: datetime,
) -> None:
    """Keep what was typed; once, whoever else keeps it under this id.

    Args:
        draft_id: the id of the interaction by which it was sent.
    """
    if isinstance(draft, FilledForm):
        typed = {"prompt": "", "aspect": None, "duration_seconds": None}
        typed |= {"custom_id": draft.custom_id, "fields": dict(draft.fields)}
    else:
        aspect = None if draft.aspect is None else draft.aspect.value
        typed = {"prompt": draft.prompt, "aspect": aspect, "duration_seconds": draft.duration_seconds}
        typed |= {"custom_id": None, "fields": None}
    row = typed | {"id": draft_id, "guild_id": guild_id, "member_id": member_id, "kept_at": now}
    await connection.execute(_KEEP, {f"new_{name}": value for name, value in row.items()})


async def find(
    connection: AsyncConnection, draft_id: int, *, guild_id: int, member_id: int, now: datetime
) -> Draft | FilledForm | None:
    """Return what a member typed in a server less than an hour ago, or None."""
    values = {"draft_id": draft_id, "guild_id": guild_id, "member_id": member_id, "since": now - DRAFTS_ARE_KEPT_FOR}
    row = (await connection.execute(_OWN, values)).one_or_none()
    if row is None:
        return None
    if row.custom_id is not None:
        return FilledForm(row.custom_id, row.fields)
    return Draft(row.prompt, None if row.aspect is None else Aspect(row.aspect), row.duration_seconds)
