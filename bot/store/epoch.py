"""The schema's epoch: which code may write, looked at in each write transaction.

It is higher after a migration that older code must not write next to, and the same after one that it may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, Table, select

from bot.errors import NewerSchemaError
from bot.store.columns import metadata

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy.ext.asyncio import AsyncConnection

EPOCH = 1
"""The epoch that this code writes in; the database's is one row, which migrations change."""

NEWER = "the database was migrated by a newer version of the bot: update this one."

schema_epoch = Table("schema_epoch", metadata, Column("epoch", Integer, primary_key=True, autoincrement=False))

_SELECT = select(schema_epoch.c.epoch)
_SELECT_TEXT = str(_SELECT)


def require_in_sqlite(connection: sqlite3.Connection) -> None:
    """Check, in the connection's own thread, that no newer version has migrated the database.

    Raises:
        NewerSchemaError: when one has.
    """
    _require([epoch for (epoch,) in connection.execute(_SELECT_TEXT)])


async def require(connection: AsyncConnection) -> None:
    """Check, by a statement like any other, that no newer version has migrated the database.

    Raises:
        NewerSchemaError: when one has.
    """
    _require(list(await connection.scalars(_SELECT)))


def _require(epochs: list[int]) -> None:
    if epochs != [EPOCH]:
        raise NewerSchemaError(NEWER)
