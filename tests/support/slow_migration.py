"""The bot with a migration that never ends: all is written, and nothing committed."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot import serving
from bot.command_line import main
from bot.store import migrating
from bot.store.migrating import MigrationPolicy

if TYPE_CHECKING:
    from sqlalchemy import Connection

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
WRITTEN = "all is written"


def run() -> int:
    """Run it; say when the statement begins that never ends."""
    upgrade = migrating._upgrade

    def upgrade_without_end(connection: Connection, progress: migrating._Progress) -> None:
        upgrade(connection, progress)
        logging.getLogger(__name__).info(WRITTEN)
        connection.execute(text(ENDLESS))

    vars(migrating)["_upgrade"] = upgrade_without_end
    return run_beside()


def run_beside() -> int:
    """Run a bot as it is, but that it says at once how far it is."""
    vars(serving)["MigrationPolicy"] = partial(MigrationPolicy, say_seconds=0.2)
    return main([])
