"""Spend by day: the submits that count as spent, summed up for the whole bot, each server and each member.

It is kept by the statements of ``submits.py``, in the transaction that adds a submit or changes whether it counts, and
never by itself; all of it is called where no other can write. So what an acceptance asks takes a month's days at most,
however many submits there are. Days are UTC's, by when the submit was sent.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Date, and_, bindparam, case, func, insert, literal_column, or_, select, true, union_all, update

from bot.models import CeilingKind, JobState
from bot.store.jobs.held import is_held
from bot.store.tables import jobs, spend

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Insert, Select
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.dml import ReturningUpdate

_ALL, _SERVER, _MEMBER = "all", "server", "member"


class Spender(NamedTuple):
    """Who something is spent for."""

    guild_id: int
    member_id: int


async def count(connection: AsyncConnection, spender: Spender, *, sent_at: datetime, seconds: int) -> None:
    """Count seconds, which may be negative, on the day on which they were sent."""
    values: dict[str, Any] = {"on_day": _day_of(sent_at), "more": seconds, "guild": spender.guild_id}
    values["member"] = spender.member_id
    counted = set((await connection.execute(_count_more(), values)).scalars())
    subjects = {_ALL: 0, _SERVER: spender.guild_id, _MEMBER: spender.member_id}
    firsts = [
        {"of_scope": scope, "subject": subject_id, "on_day": values["on_day"], "more": seconds}
        for scope, subject_id in subjects.items()
        if scope not in counted and seconds > 0  # nothing is taken off a day that is not kept any more
    ]
    if firsts:
        await connection.execute(_count_first(), firsts)


async def read(connection: AsyncConnection, *, guild_id: int, member_id: int, now: datetime) -> dict[CeilingKind, int]:
    """Return the seconds spent in the present day and month, with what waits or is held, for each kind of ceiling."""
    today = _day_of(now)
    first = today.replace(day=1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    values: dict[str, Any] = {
        "guild": guild_id,
        "member": member_id,
        "on_day": today,
        "first": first,
        "next_first": next_first,
    }
    row = (await connection.execute(_sums(), values)).one()
    return {
        CeilingKind.MONTH: row.month + row.waiting,
        CeilingKind.DAY: row.day + row.waiting,
        CeilingKind.SERVER_DAY: row.server + row.waiting_server,
        CeilingKind.MEMBER_DAY: row.member + row.waiting_member,
    }


def _day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


# What every submit and every acceptance says is written once: to write it takes longer than to run it


@cache
def _count_more() -> ReturningUpdate[str]:
    return (
        update(spend)
        .where(or_(_rows_of(_ALL), _rows_of(_SERVER), _rows_of(_MEMBER)))  # all of the key in each, so that it serves
        .values(seconds=spend.c.seconds + bindparam("more"))
        .returning(spend.c.scope)
    )


@cache
def _count_first() -> Insert:
    return insert(spend).values(
        scope=bindparam("of_scope"), subject_id=bindparam("subject"), day=bindparam("on_day"), seconds=bindparam("more")
    )


@cache
def _sums() -> Select[Any]:
    first, next_first = bindparam("first", type_=Date()), bindparam("next_first", type_=Date())
    of_month = and_(*_key(_ALL), spend.c.day >= first, spend.c.day < next_first)
    spent = (
        select(
            _sum(spend.c.seconds, spend.c.scope == _ALL).label("month"),
            _sum(spend.c.seconds, _rows_of(_ALL)).label("day"),
            _sum(spend.c.seconds, spend.c.scope == _SERVER).label("server"),
            _sum(spend.c.seconds, spend.c.scope == _MEMBER).label("member"),
        )
        .where(or_(of_month, _rows_of(_SERVER), _rows_of(_MEMBER)))
        .subquery()
    )
    is_waiting = jobs.c.state == literal_column(f"'{JobState.QUEUED.value}'")  # literally, so that the index serves
    of_jobs = select(jobs.c.duration_seconds, jobs.c.guild_id, jobs.c.member_id)
    each = union_all(of_jobs.where(is_waiting), of_jobs.where(is_held())).subquery()
    waiting = select(
        _sum(each.c.duration_seconds, true()).label("waiting"),
        _sum(each.c.duration_seconds, each.c.guild_id == bindparam("guild")).label("waiting_server"),
        _sum(each.c.duration_seconds, each.c.member_id == bindparam("member")).label("waiting_member"),
    ).subquery()
    return select(*spent.c, *waiting.c).select_from(spent.join(waiting, true()))


def _sum(seconds: ColumnElement[int], counts: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((counts, seconds), else_=0)), 0)


def _rows_of(scope: str) -> ColumnElement[bool]:
    return and_(*_key(scope), spend.c.day == bindparam("on_day", type_=Date()))


def _key(scope: str) -> tuple[ColumnElement[bool], ...]:
    subject: dict[str, Any] = {_ALL: 0, _SERVER: bindparam("guild"), _MEMBER: bindparam("member")}
    return spend.c.scope == scope, spend.c.subject_id == subject[scope]
