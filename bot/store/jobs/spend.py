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

from sqlalchemy import Date, and_, bindparam, case, func, literal_column, or_, select, true, union_all, update

from bot.models import CeilingKind, JobState
from bot.store.engines.additions import add
from bot.store.jobs.held import is_held
from bot.store.tables import jobs, spend

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Select, Update
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
    more: list[dict[str, Any]] = []
    less: list[dict[str, Any]] = []
    for (scope, subject_id), seconds in sums.items():
        if seconds > 0:
            more.append({"scope": scope, "subject_id": subject_id, "day": on_day, "seconds": seconds})
        else:  # nothing is taken off a day that is not kept any more
            less.append({"of_scope": scope, "subject": subject_id, "on_day": on_day, "less": -seconds})
    if more:
        await add(connection, spend, more, summed=("seconds",))
    if less:
        await connection.execute(_take_off(), less)


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
def _take_off() -> Update:
    of_subject = and_(spend.c.scope == bindparam("of_scope"), spend.c.subject_id == bindparam("subject"))
    return update(spend).where(of_subject, _is_on_day()).values(seconds=spend.c.seconds - bindparam("less"))


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
