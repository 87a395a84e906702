"""Previews: rounds that are planned, kept for a day.

Who may change a row: the member whose it is, out of the revision that they were shown (``update``, ``remove``); any
process deletes it when its time is over (``retention/endings.py``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy import update as sql_update

from bot.models import Aspect
from bot.models.brainstorms import PlannedTake, Preview, Take, Vary, VoteTerms
from bot.store.tables import previews

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

PREVIEWS_ARE_KEPT_FOR = timedelta(days=1)

_OWN = select(previews).where(
    previews.c.id == bindparam("preview_id"),
    previews.c.guild_id == bindparam("guild_id"),
    previews.c.member_id == bindparam("member_id"),
    previews.c.created_at > bindparam("since", type_=previews.c.created_at.type),
)
_BY_INTERACTION = select(previews).where(previews.c.interaction_id == bindparam("interaction_id"))


async def add(connection: AsyncConnection, preview: Preview) -> None:
    """Keep a new preview."""
    await connection.execute(insert(previews), _to_row(preview))


async def find(
    connection: AsyncConnection, preview_id: str, *, guild_id: int, member_id: int, now: datetime
) -> Preview | None:
    """Return a member's preview in a server that is less than a day old, or None."""
    own = {"preview_id": preview_id, "guild_id": guild_id, "member_id": member_id, "since": now - PREVIEWS_ARE_KEPT_FOR}
    row = (await connection.execute(_OWN, own)).one_or_none()
    return None if row is None else _from_row(row)


async def find_by_interaction(connection: AsyncConnection, interaction_id: int) -> Preview | None:
    """Return the preview that an interaction asked for, or None."""
    row = (await connection.execute(_BY_INTERACTION, {"interaction_id": interaction_id})).one_or_none()
    return None if row is None else _from_row(row)


async def update(connection: AsyncConnection, preview: Preview, *, out_of: int) -> bool:
    """Change a preview that is still as it was in the revision ``out_of``; tell whether it was."""
    mine = sql_update(previews).where(previews.c.id == preview.id, previews.c.revision == out_of)
    return (await connection.execute(mine.values(_to_row(preview)))).rowcount == 1


async def remove(connection: AsyncConnection, preview_id: str) -> None:
    """Delete a preview: it was started, or is not wanted any more."""
    await connection.execute(delete(previews).where(previews.c.id == preview_id))


_OF_SEVERAL_COLUMNS = frozenset({"vote", "planned"})
_PLAIN_FIELDS = tuple(name for name in Preview.__dataclass_fields__ if name not in _OF_SEVERAL_COLUMNS)


def _to_row(preview: Preview) -> dict[str, Any]:
    planned = [[it.take.prompt, it.take.difference, it.is_refused] for it in preview.planned]
    return {name: getattr(preview, name) for name in _PLAIN_FIELDS} | to_vote_row(preview.vote) | {"planned": planned}


def _from_row(row: Row[Any]) -> Preview:
    values: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN_FIELDS}
    values["vary"] = Vary(row.vary)
    values["aspect"] = None if row.aspect is None else Aspect(row.aspect)
    planned = tuple(PlannedTake(Take(prompt, difference), refused) for prompt, difference, refused in row.planned)
    return Preview(vote=from_vote_row(row), planned=planned, **values)


def to_vote_row(vote: VoteTerms) -> dict[str, Any]:
    """Return the columns that say how takes are voted on."""
    return {
        "clock_seconds": vote.clock_seconds,
        "votes_each": vote.votes_each,
        "shows_counts": vote.shows_counts,
        "voter_role_id": vote.voter_role_id,
    }


def from_vote_row(row: Row[Any]) -> VoteTerms:
    """Return what these columns say."""
    return VoteTerms(
        clock_seconds=row.clock_seconds,
        votes_each=row.votes_each,
        shows_counts=row.shows_counts,
        voter_role_id=row.voter_role_id,
    )
