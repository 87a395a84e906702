"""Adding to rows that may not be there yet, in one statement, which each engine has in a dialect of its own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    Insert = postgresql.Insert | sqlite.Insert

_INSERTS = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


async def add(
    connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]], *, summed: tuple[str, ...]
) -> None:
    """Insert rows; where there is one of the same primary key, add to its ``summed`` columns instead."""
    await connection.execute(_statement(connection.dialect.name, table, summed), rows)


@cache  # to write it takes longer than to run it
def _statement(dialect_name: str, table: Table, summed: tuple[str, ...]) -> Insert:
    statement = _INSERTS[dialect_name](table)
    return statement.on_conflict_do_update(
        index_elements=[*table.primary_key], set_={name: table.c[name] + statement.excluded[name] for name in summed}
    )
