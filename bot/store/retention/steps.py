"""What ends rows, a few at a time: looked for while others write, then changed in a transaction of some milliseconds.

Several processes may be at it: what is changed is asked again in the statement that changes it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import bindparam, delete, insert, select, tuple_, update

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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
        await connection.execute(delete(self._table).where(have_keys(self._table, found), self._which(asked)))


def have_keys(table: Table, keys: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Say that rows have one of these primary keys."""
    columns = list(table.primary_key)
    if len(columns) == 1:
        return columns[0].in_([key for (key,) in keys])
    return tuple_(*columns).in_(keys)


async def add_up(
    connection: AsyncConnection, table: Table, sums: Mapping[tuple[Any, ...], Mapping[str, int]], **fixed: object
) -> None:
    """Add to rows by their primary keys, and make those that are not there.

    Args:
        sums: by key, what is added to which columns.
        fixed: what else those rows have, by column.
    """
    if not sums:
        return
    key_names = [column.key for column in table.primary_key]
    there = {
        tuple(row) for row in await connection.execute(select(*table.primary_key).where(have_keys(table, [*sums])))
    }
    rows = {
        key: {f"key_{name}": value for name, value in zip(key_names, key, strict=True)}
        | {f"more_{name}": value for name, value in more.items()}
        for key, more in sums.items()
    }
    names = sorted({name for more in sums.values() for name in more})
    mores = {name: table.c[name] + bindparam(f"more_{name}") for name in names}
    if more := [row for key, row in rows.items() if key in there]:
        mine = [
            column == bindparam(f"key_{name}", type_=column.type)
            for name, column in zip(key_names, table.primary_key, strict=True)
        ]
        await connection.execute(update(table).where(*mine).values(mores | fixed), more)
    if firsts := [
        dict(zip(key_names, key, strict=True)) | dict(values) | fixed
        for key, values in sums.items()
        if key not in there
    ]:
        await connection.execute(insert(table), firsts)


def total(amounts: Sequence[tuple[tuple[Any, ...], Mapping[str, int]]]) -> dict[tuple[Any, ...], Counter[str]]:
    """Add amounts up by key."""
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for key, more in amounts:
        mine = sums.setdefault(key, Counter())
        for name, value in more.items():
            mine[name] += value
    return sums
