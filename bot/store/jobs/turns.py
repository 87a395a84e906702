"""Turns: in which order waiting jobs start, and which place one of them has in that order.

Next is the server with the fewest render slots taken, and of servers level on that the one whose last start is the
longest ago; in it the member likewise, by their slots and starts in that server; of the member the oldest job. Of a
brainstorm's round no more than ``TAKES_AT_ONCE`` are rendered while others wait: the rest goes after all others.

That is also an order of all that wait: whoever has ``taken`` slots has their next start but ``n`` in the round
``taken + n``. In a round those go first who have so many slots already, by their last start, and then those who get
there by starts still to come, in the order in which they were in the round before: that of more slots, then by their
last start. So the place of one job is a sum over the others that wait of how many of their starts come before it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, bindparam, case, func, literal, literal_column, select

from bot.models import JobState
from bot.store.jobs.leases import IS_FREE
from bot.store.jobs.submits import HOLDS_SLOT
from bot.store.tables import jobs, submits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import ColumnElement, Label, Select
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

    Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]

TAKES_AT_ONCE = 2
_TURN = ("taken", "started_at")
_ONCE = "MATERIALIZED"  # else a column is worked out anew wherever it is used
_SERVER, _MEMBER = ("guild_id",), ("guild_id", "member_id")
_NEVER = literal(datetime(1, 1, 1, tzinfo=UTC), jobs.c.submitted_at.type)
_QUEUED: ColumnElement[str] = literal_column(
    f"'{JobState.QUEUED}'"
)  # no parameter: the partial index serves only if the statement says it
IS_WAITING: ColumnElement[bool] = jobs.c.state == _QUEUED


async def places(
    connection: AsyncConnection, job_ids: Collection[str], *, slots_since: datetime, now: datetime
) -> dict[str, int]:
    """Return the places of those of the jobs that wait: 1 for the next to start.

    Args:
        slots_since: open submits that were sent after that hold a render slot.
        now: starts after it are of before a clock was set back, and are left out: they would stay the last for as long.
    """
    if not job_ids:
        return {}
    rows = await connection.execute(_places(), {"job_ids": list(job_ids), "since": slots_since, "now": now})
    return {row.id: row.place for row in rows}


async def first_free(
    connection: AsyncConnection, *, slots_since: datetime, now: datetime, limit: int, in_flight: Collection[str]
) -> list[str]:
    """Return the ids of the first ``limit`` jobs that wait and that nobody holds at the moment ``now``, in order.

    Args:
        slots_since, now: as ``places`` has them.
        in_flight: jobs that are left out.
    """
    values = {"in_flight": list(in_flight), "now": now, "limit": limit, "since": slots_since}
    return [row.id for row in await connection.execute(_first_free(), values)]


@cache  # to write these statements takes longer than to run them
def _places() -> Select[str, int]:
    earlier = jobs.alias()
    are_asked = jobs.c.id.in_(bindparam("job_ids", expanding=True))
    of_servers = jobs.c.guild_id.in_(select(jobs.c.guild_id).where(are_asked).correlate(None))
    members = _figures(_MEMBER).where(of_servers).cte().prefix_with(_ONCE)
    servers = _figures(_SERVER).cte().prefix_with(_ONCE)
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
        select(
            *(jobs.c.id, *_columns(_MEMBER), own_earlier.label("number")),
            *(members.c[name].label(f"{name}_in_server") for name in _TURN),
            *(servers.c[name] for name in _TURN),
        )
        .select_from(jobs)
        .join(members, _are_same(members.c, jobs.c, _MEMBER))
        .join(servers, _are_same(servers.c, jobs.c, _SERVER))
        .where(are_asked, IS_WAITING)
        .cte("asked")
        .prefix_with(_ONCE)
    )
    member = (asked.c.taken_in_server, asked.c.started_at_in_server, asked.c.member_id)
    before_in_server = select(func.sum(_starts_before(members.c, "member_id", member, asked.c.number)))
    before_in_server = before_in_server.where(members.c.guild_id == asked.c.guild_id).scalar_subquery()
    placed = select(*asked.c, before_in_server.label("place")).cte("placed").prefix_with(_ONCE)
    server = (placed.c.taken, placed.c.started_at, placed.c.guild_id)
    before = select(func.sum(_starts_before(servers.c, "guild_id", server, placed.c.place))).scalar_subquery()
    return select(placed.c.id, (1 + before).label("place"))


@cache
def _first_free() -> Select[str]:
    number = func.row_number().over(partition_by=_columns(_MEMBER), order_by=jobs.c.id)
    waiting = (
        select(jobs.c.id, *_columns(_MEMBER), number.label("number"), _is_crowded().label("is_crowded"))
        .where(IS_WAITING, IS_FREE, jobs.c.id.not_in(bindparam("in_flight", expanding=True)))
        .cte("free")
    )
    members, servers = (_figures(whose).cte().prefix_with(_ONCE) for whose in (_MEMBER, _SERVER))
    in_server = func.row_number().over(
        partition_by=waiting.c.guild_id, order_by=_order(members.c, "member_id", waiting.c.number)
    )
    ordered = (
        select(waiting.c.id, waiting.c.guild_id, waiting.c.is_crowded, in_server.label("number"))
        .select_from(waiting.join(members, _are_same(members.c, waiting.c, _MEMBER)))
        .cte("ordered")
    )
    return (
        select(ordered.c.id)
        .select_from(ordered.join(servers, _are_same(servers.c, ordered.c, _SERVER)))
        .order_by(ordered.c.is_crowded, *_order(servers.c, "guild_id", ordered.c.number))
        .limit(bindparam("limit", type_=Integer))
    )


def _is_crowded() -> ColumnElement[int]:
    """Say of a waiting job, by 1 or 0, whether as many of its round have started, or go before it, as may at once."""
    started = jobs.alias()
    rendering = (
        select(func.count())
        .select_from(submits.join(started, started.c.id == submits.c.job_id))
        .where(HOLDS_SLOT, started.c.round_id == jobs.c.round_id)
        .scalar_subquery()
    )
    before = func.row_number().over(partition_by=jobs.c.round_id, order_by=jobs.c.id)
    return case((jobs.c.round_id.is_(None), 0), (rendering + before > TAKES_AT_ONCE, 1), else_=0)


def _order(whose: Columns, key: str, number: ColumnElement[int]) -> list[ColumnElement[Any]]:
    """Return what their starts are sorted by; ``number`` counts them."""
    return [whose["taken"] + number, whose["taken"].desc(), whose["started_at"], whose[key]]


def _starts_before(
    other: Columns, key: str, own: tuple[ColumnElement[Any], ...], number: ColumnElement[int]
) -> ColumnElement[int]:
    """Count another's starts that come before one's own next start but ``number``.

    Args:
        own: slots taken, last start and key.
    """
    taken, started_at, own_key = own
    is_first_in_round = case(
        (other["taken"] != taken, other["taken"] > taken),
        (other["started_at"] != started_at, other["started_at"] < started_at),
        else_=other[key] < own_key,
    )
    count = taken + number - other["taken"] + case((is_first_in_round, 1), else_=0)
    return case((count <= 0, 0), (count >= other["waiting"], other["waiting"]), else_=count)


def _figures(names: tuple[str, ...]) -> Select[Any]:
    """Select for whoever waits how many jobs do, how many slots are taken, and the last start.

    The slots are those of open submits, whatever their jobs say: one that comes from a backup was perhaps never sent.

    Args:
        names: of the columns of ``jobs`` that say who: the server, or a member in it.
    """
    sent = jobs.alias()
    whose = [sent.c[name] for name in names]
    slots = (
        select(*whose, func.count().label("taken"))
        .select_from(submits.outerjoin(sent, sent.c.id == submits.c.job_id))  # outer: from few submits to their jobs
        .where(HOLDS_SLOT, whose[-1].in_(select(jobs.c[names[-1]]).where(IS_WAITING)))  # to count few of many
        .group_by(*whose)
        .cte()
        .prefix_with(_ONCE)
    )
    taken = func.coalesce(slots.c.taken, 0).label("taken")
    return (
        select(*_columns(names), func.count().label("waiting"), taken, _last_start(names))
        .select_from(jobs.outerjoin(slots, _are_same(slots.c, jobs.c, names)))
        .where(IS_WAITING)
        .group_by(*_columns(names), slots.c.taken)
    )


def _last_start(names: Iterable[str]) -> Label[Any]:
    """Return when the server or member of a job had their last start."""
    started = jobs.alias()
    last_start = select(func.max(started.c.submitted_at)).where(
        _are_same(started.c, jobs.c, names),
        started.c.submitted_at.is_not(None),  # as the index has it
        started.c.submitted_at <= bindparam("now"),
    )
    return func.coalesce(last_start.scalar_subquery(), _NEVER).label("started_at")


def _are_same(one: Columns, other: Columns, names: Iterable[str]) -> ColumnElement[bool]:
    """Say that two are of the same server, or of the same member in it."""
    return and_(*(one[name] == other[name] for name in names))


def _columns(names: Iterable[str]) -> list[ColumnElement[Any]]:
    return [jobs.c[name] for name in names]
