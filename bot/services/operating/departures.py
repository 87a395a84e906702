"""Servers that the operator wants left: the worker leaves them, and tries again until Discord says that it has."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import DestinationClosedError, PublishError, StoreUnavailableError
from bot.store.operating import departures

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services.jobs.context import WorkContext
    from bot.store import Connection

_log = logging.getLogger(__name__)

AGAIN = timedelta(seconds=60)
"""Between two tries."""


class Departures:
    """Leaves servers, one step for each."""

    def __init__(self, context: WorkContext) -> None:
        self._work = context

    async def take(self, connection: Connection, now: datetime) -> list[int]:
        """Return the servers to be left now, in a transaction of the worker's; no other process takes them then."""
        return await departures.claim_due(connection, now=now, until=now + AGAIN)

    async def leave(self, guild_id: int) -> None:
        """Leave one; where Discord does not take that just now, it falls due again."""
        try:
            await self._work.publisher.leave_server(guild_id)
        except DestinationClosedError:
            _log.info("a server that is to be left is not the bot's any more", extra={"guild_id": guild_id})
        except PublishError as error:
            _log.warning("server not left", extra={"guild_id": guild_id, "error": type(error).__name__})
            return
        try:
            async with self._work.database.write() as connection:
                await departures.note_left(connection, guild_id, now=self._work.clock.now())
        except StoreUnavailableError as error:
            _log.warning("not written down: %s", error, extra={"guild_id": guild_id})
        else:
            _log.info("server left", extra={"guild_id": guild_id})
