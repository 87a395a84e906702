"""How a moderator's change is made: written down with who made it, told in the log, shown wherever it is looked at."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.models import Change, LogKind
from bot.store.moderation import audit, modlog, servers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from bot.models import AuditDetails, ChangeKind, Server
    from bot.services.ports import Clock
    from bot.store import Connection
    from bot.store.database import Database


_SAME_END = timedelta(minutes=1)


class AuditTrail:
    """Makes changes to servers.

    Two moderators who change the same thing at once change it one after the other; each entry of the audit has what
    the change really replaced.

    Attributes:
        log_woken: set when there may be a card to post.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._listeners: list[Callable[[int], None]] = []
        self.modlog_woken = asyncio.Event()

    def listen(self, listener: Callable[[int], None]) -> None:
        """Call this with a server's id after each change of it."""
        self._listeners.append(listener)

    @asynccontextmanager
    async def write(self, guild_id: int) -> AsyncGenerator[Connection]:
        """Give a connection for a change of a server, and tell whoever wants to know when it is made.

        Raises:
            StoreUnavailableError: when the database cannot be asked; nothing has changed then.
        """
        async with self._database.write() as connection:
            yield connection
        self.tell(guild_id)

    def tell(self, guild_id: int) -> None:
        """Say that something about a server may look different now."""
        self.modlog_woken.set()
        for listener in self._listeners:
            listener(guild_id)

    async def record(
        self,
        connection: Connection,
        *,
        guild_id: int,
        made_by_id: int,
        kind: ChangeKind,
        subject_id: int | None = None,
        before: AuditDetails | None,
        after: AuditDetails | None,
        is_shown: bool = False,
        was: Server | None = None,
    ) -> None:
        """Write a change down in the transaction that makes it; what is as it was is no change.

        Args:
            is_shown: the log shows it already, on a card that is drawn anew.
            was: the server before it, whose log is told, too, where it was elsewhere: nobody there is left to wonder.
        """
        if are_same(before, after):
            return
        change = await audit.add(
            connection,
            Change(
                guild_id=guild_id,
                made_by_id=made_by_id,
                made_at=self._clock.now(),
                kind=kind,
                subject_id=subject_id,
                before=before,
                after=after,
            ),
        )
        server = await servers.get(connection, guild_id)
        if was is not None and was.log_channel_id != server.log_channel_id:
            await modlog.add(connection, was, LogKind.CHANGED, now=change.made_at, change=change, stays=True)
        if not is_shown:
            await modlog.add(connection, server, LogKind.CHANGED, now=change.made_at, change=change)

    async def change_settings(
        self,
        connection: Connection,
        guild_id: int,
        made_by_id: int,
        kind: ChangeKind,
        change: Callable[[Server], Server],
        details: Callable[[Server], AuditDetails | None],
    ) -> Server:
        """Change a server's settings and write that down; return them as they are then.

        Args:
            details: says what they were and what they are, for the audit; where that is the same, nothing changes.
        """
        server = await servers.get(connection, guild_id)
        changed = change(server)
        before, after = details(server), details(changed)
        if are_same(before, after):
            return server
        await servers.put(connection, changed)
        await self.record(
            connection, guild_id=guild_id, made_by_id=made_by_id, kind=kind, before=before, after=after, was=server
        )
        return changed


def are_same(before: AuditDetails | None, after: AuditDetails | None) -> bool:
    """Tell whether two states are the same, but for an end that is less than a minute off.

    Every process that serves the token hears of a command and does it; who is second would change nothing but, by a
    moment, when something ends.
    """
    if before is None or after is None:
        return before is after
    ends = [details.get("until") for details in (before, after)]
    if None in ends:
        return before == after
    first, second = (datetime.fromisoformat(str(end)) for end in ends)
    return before | {"until": None} == after | {"until": None} and abs(first - second) < _SAME_END
