"""What ends rows, a few at a time: looked for while others write, then changed in a transaction of some milliseconds.

Several processes may be at it: what is changed is asked again in the statement that changes it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import and_, bindparam, delete, insert, literal, select, update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

ERASED_ID = 0
"""Stands for all members who have erased their data; Discord gives nobody this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to end.

    Attributes:
        now: the present.
        before: what is older ends.
        limit: how many rows at most.
        day_of: says when the day began, by the clocks of a server (its id), in which a moment lies.
        subject_id: the member whose data are to be erased, or the server that was left; None where it is about age.
    """

    now: datetime
    before: datetime
    limit: int
    day_of: Callable[[int, datetime], datetime]
    subject_id: int | None = None


class Step(Protocol):
    """Ends rows of one table, with what belongs to them."""

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Look for rows; none is "nothing left to do"."""
        ...

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Change those that were found, as far as they are still to be; called where no other can write."""
        ...


class Deletes:
    """Deletes a table's rows.

    Args:
        which: says which ones, of what is asked.
    """

    def __init__(self, table: Table, which: Callable[[Asked], ColumnElement[bool]]) -> None:
        self._table = table
        self._which = which

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the keys of some rows."""
        statement = select(*self._table.primary_key).where(self._which(asked)).limit(asked.limit)
        return [tuple(row) for row in await connection.execute(statement)]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Delete them."""
        statement = delete(self._table).where(has_key(self._table), self._which(asked))
        await connection.execute(statement, keys_of(self._table, found))


def has_key(table: Table) -> ColumnElement[bool]:
    """Say that a row has a primary key, given with each execution by ``keys_of``.

    Many keys in one statement would not be looked up by the index where they have several columns.
    """
    return and_(*(column == bindparam(f"key_{column.key}", type_=column.type) for column in table.primary_key))


def keys_of(table: Table, keys: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the values of ``has_key`` for each of some keys."""
    names = [f"key_{column.key}" for column in table.primary_key]
    return [dict(zip(names, key, strict=True)) for key in keys]


async def add_up(
    connection: AsyncConnection, table: Table, sums: Mapping[tuple[Any, ...], Mapping[str, int]], **fixed: object
) -> None:
    """Add to rows by their primary keys, and make those that are not there.

    Args:
        sums: by key, what is added to which columns, the same ones for all.
        fixed: what else those rows have, by column.
    """
    if not sums:
        return
    names = list(next(iter(sums.values())))
    keys = keys_of(table, sums)
    key_columns = [bindparam(f"key_{column.key}", type_=column.type) for column in table.primary_key]
    others = [literal(0, table.c[name].type) for name in names]
    others += [literal(value, table.c[name].type) for name, value in fixed.items()]
    first = select(*key_columns, *others).where(~select(table).where(has_key(table)).exists())
    columns = [*(column.key for column in table.primary_key), *names, *fixed]
    await connection.execute(insert(table).from_select(columns, first), keys)
    mores = {name: table.c[name] + bindparam(f"more_{name}") for name in names}
    added = [
        key | {f"more_{name}": more[name] for name in names} for key, more in zip(keys, sums.values(), strict=True)
    ]
    await connection.execute(update(table).where(has_key(table)).values(mores | fixed), added)


def total(amounts: Sequence[tuple[tuple[Any, ...], Mapping[str, int]]]) -> dict[tuple[Any, ...], Counter[str]]:
    """Add amounts up by key."""
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for key, more in amounts:
        mine = sums.setdefault(key, Counter())
        for name, value in more.items():
            mine[name] += value
    return sums
