"""Spend by day: the submits that count as spent, summed up for the whole bot, each server and each member.

It is kept by the statements of ``submits.py``, in the transaction that adds a submit or changes whether it counts, and
never by itself; all of it is called where no other can write. So what an acceptance asks takes a month's days at most,
however many submits there are. Days are UTC's, by when the submit was sent.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Date, and_, bindparam, case, func, insert, literal_column, or_, select, true, union_all, update

from bot.models import CeilingKind, JobState
from bot.store.jobs.held import is_held
from bot.store.tables import jobs, spend

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Insert, Select, Update
    from sqlalchemy.ext.asyncio import AsyncConnection

_ALL, _SERVER, _MEMBER = "all", "server", "member"


class Spender(NamedTuple):
    """Who something is spent for."""

    guild_id: int
    member_id: int


async def count(connection: AsyncConnection, spent: Iterable[tuple[Spender, int]], *, sent_at: datetime) -> None:
    """Count seconds, which may be negative, on the day on which they were sent; of several spenders at once."""
    sums: Counter[tuple[str, int]] = Counter()
    for spender, seconds in spent:
        for subject in ((_ALL, 0), (_SERVER, spender.guild_id), (_MEMBER, spender.member_id)):
            sums[subject] += seconds
    on_day = _day_of(sent_at)
    rows = await connection.execute(_kept(), {"on_day": on_day, "subjects": [subject_id for _, subject_id in sums]})
    kept = {(row.scope, row.subject_id) for row in rows}
    more: list[dict[str, Any]] = []
    first: list[dict[str, Any]] = []
    for subject, seconds in sums.items():
        values = {"of_scope": subject[0], "subject": subject[1], "on_day": on_day, "more": seconds}
        if subject in kept:
            more.append(values)
        elif seconds > 0:  # nothing is taken off a day that is not kept any more
            first.append(values)
    if more:
        await connection.execute(_count_more(), more)
    if first:
        await connection.execute(_count_first(), first)


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
def _kept() -> Select[str, int]:
    of_subjects = spend.c.subject_id.in_(bindparam("subjects", expanding=True))
    scopes = spend.c.scope.in_([_ALL, _SERVER, _MEMBER])  # all of them, so that the key serves
    return select(spend.c.scope, spend.c.subject_id).where(scopes, of_subjects, _is_on_day())


@cache
def _count_more() -> Update:
    of_subject = and_(spend.c.scope == bindparam("of_scope"), spend.c.subject_id == bindparam("subject"))
    return update(spend).where(of_subject, _is_on_day()).values(seconds=spend.c.seconds + bindparam("more"))


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
    return and_(*_key(scope), _is_on_day())


def _is_on_day() -> ColumnElement[bool]:
    return spend.c.day == bindparam("on_day", type_=Date())


def _key(scope: str) -> tuple[ColumnElement[bool], ...]:
    subject: dict[str, Any] = {_ALL: 0, _SERVER: bindparam("guild"), _MEMBER: bindparam("member")}
    return spend.c.scope == scope, spend.c.subject_id == subject[scope]
