"""Turns: in which order waiting jobs start, and which place one of them has in that order.

Next is the server with the fewest render slots taken, and of servers level on that the one whose last start is the
longest ago; in it the member likewise, by their slots and starts in that server; of the member the oldest job.

That is also an order of all that wait: whoever has ``taken`` slots has their next start but ``n`` in the round
``taken + n``. In a round those go first who have so many slots already, by their last start, and then those who get
there by starts still to come, in the order in which they were in the round before: that of more slots, then by their
last start. So the place of one job is a sum over the others that wait of how many of their starts come before it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, bindparam, case, func, literal, literal_column, select, true

from bot.models import JobState
from bot.store.jobs.leases import IS_FREE
from bot.store.jobs.submits import HOLDS_SLOT
from bot.store.tables import jobs, submits

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import CTE, ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

    Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]

_NEVER = literal(datetime(1, 1, 1, tzinfo=UTC), jobs.c.submitted_at.type)
_QUEUED: ColumnElement[str] = literal_column(
    f"'{JobState.QUEUED}'"
)  # no parameter: the partial index serves only if the statement says it
IS_WAITING: ColumnElement[bool] = jobs.c.state == _QUEUED


async def places(connection: AsyncConnection, job_ids: Collection[str], *, slots_since: datetime) -> dict[str, int]:
    """Return the places of those of the jobs that wait: 1 for the next to start.

    Args:
        slots_since: open submits that were sent after that hold a render slot.
    """
    if not job_ids:
        return {}
    rows = await connection.execute(_places(), {"job_ids": list(job_ids), "since": slots_since})
    return {row.id: row.place for row in rows}


async def first_free(
    connection: AsyncConnection, *, slots_since: datetime, now: datetime, limit: int, in_flight: Collection[str]
) -> list[str]:
    """Return the ids of the first ``limit`` jobs that wait and that nobody holds at the moment ``now``, in order.

    Args:
        slots_since: as ``places`` has it.
        in_flight: jobs that are left out.
    """
    values = {"in_flight": list(in_flight), "now": now, "limit": limit, "since": slots_since}
    return [row.id for row in await connection.execute(_first_free(), values)]


@cache  # to write these statements takes longer than to run them
def _places() -> Select[str, int]:
    earlier = jobs.alias()
    own_earlier = (
        select(func.count())
        .where(
            earlier.c.state == _QUEUED,
            earlier.c.guild_id == jobs.c.guild_id,
            earlier.c.member_id == jobs.c.member_id,
            earlier.c.id < jobs.c.id,
        )
        .scalar_subquery()
    )
    asked = (
        select(jobs.c.id, jobs.c.guild_id, jobs.c.member_id, own_earlier.label("number"))
        .where(jobs.c.id.in_(bindparam("job_ids", expanding=True)), IS_WAITING)
        .cte("asked")
    )
    members = _figures("guild_id", "member_id", of_servers=jobs.c.guild_id.in_(select(asked.c.guild_id)))
    servers = _figures("guild_id", of_servers=true())
    member, other_member, server, other_server = members.alias(), members.alias(), servers.alias(), servers.alias()
    is_own = and_(member.c.guild_id == asked.c.guild_id, member.c.member_id == asked.c.member_id)
    before_in_server = func.sum(_starts_before(other_member.c, member.c, "member_id", asked.c.number))
    in_server = (
        select(asked.c.id, asked.c.guild_id, before_in_server.label("number"))
        .select_from(
            asked.join(member, is_own).join(other_member, other_member.c.guild_id == asked.c.guild_id),
        )
        .group_by(asked.c.id, asked.c.guild_id)
        .cte("in_server")
    )
    before = func.sum(_starts_before(other_server.c, server.c, "guild_id", in_server.c.number))
    return (
        select(in_server.c.id, (1 + before).label("place"))
        .select_from(in_server.join(server, server.c.guild_id == in_server.c.guild_id).join(other_server, true()))
        .group_by(in_server.c.id)
    )


@cache
def _first_free() -> Select[str]:
    of_member = [jobs.c.guild_id, jobs.c.member_id]
    waiting = (
        select(
            jobs.c.id, *of_member, func.row_number().over(partition_by=of_member, order_by=jobs.c.id).label("number")
        )
        .where(IS_WAITING, IS_FREE, jobs.c.id.not_in(bindparam("in_flight", expanding=True)))
        .cte("free")
    )
    members = _figures("guild_id", "member_id", of_servers=true())
    servers = _figures("guild_id", of_servers=true())
    is_own = and_(members.c.guild_id == waiting.c.guild_id, members.c.member_id == waiting.c.member_id)
    in_server = func.row_number().over(
        partition_by=waiting.c.guild_id, order_by=_order(members.c, "member_id", waiting.c.number)
    )
    ordered = (
        select(waiting.c.id, waiting.c.guild_id, in_server.label("number"))
        .select_from(waiting.join(members, is_own))
        .cte("ordered")
    )
    return (
        select(ordered.c.id)
        .select_from(ordered.join(servers, servers.c.guild_id == ordered.c.guild_id))
        .order_by(*_order(servers.c, "guild_id", ordered.c.number))
        .limit(bindparam("limit", type_=Integer))
    )


def _order(whose: Columns, key: str, number: ColumnElement[int]) -> list[ColumnElement[Any]]:
    """Return what their starts are sorted by; ``number`` counts them."""
    return [whose["taken"] + number, whose["taken"].desc(), whose["started_at"], whose[key]]


def _starts_before(other: Columns, own: Columns, key: str, number: ColumnElement[int]) -> ColumnElement[int]:
    """Count another's starts that come before one's own next start but ``number``."""
    is_first_in_round = case(
        (other["taken"] != own["taken"], other["taken"] > own["taken"]),
        (other["started_at"] != own["started_at"], other["started_at"] < own["started_at"]),
        else_=other[key] < own[key],
    )
    count = own["taken"] + number - other["taken"] + case((is_first_in_round, 1), else_=0)
    return case((count <= 0, 0), (count >= other["waiting"], other["waiting"]), else_=count)


def _figures(*names: str, of_servers: ColumnElement[bool]) -> CTE:
    """Select for whoever waits how many jobs do, how many slots are taken, and the last start.

    Args:
        names: of the columns of ``jobs`` that say who: the server, or a member in it.
        of_servers: in which servers.
    """
    started, sent = jobs.alias(), jobs.alias()
    waiting = (
        select(*(jobs.c[name] for name in names), func.count().label("waiting"))
        .where(IS_WAITING, of_servers)
        .group_by(*(jobs.c[name] for name in names))
        .subquery()
    )
    slots = (
        select(*(sent.c[name] for name in names), func.count().label("taken"))
        .select_from(submits.outerjoin(sent, sent.c.id == submits.c.job_id))  # so that it goes from submits to jobs
        .where(HOLDS_SLOT)
        .group_by(*(sent.c[name] for name in names))
        .subquery()
    )
    last_start = (
        select(func.max(started.c.submitted_at))
        .where(*(started.c[name] == waiting.c[name] for name in names), started.c.submitted_at.is_not(None))
        .scalar_subquery()
    )
    return (
        select(
            *waiting.c,
            func.coalesce(slots.c.taken, 0).label("taken"),
            func.coalesce(last_start, _NEVER).label("started_at"),
        )
        .select_from(waiting.outerjoin(slots, and_(*(slots.c[name] == waiting.c[name] for name in names))))
        .cte()
    )
