"""Posting the log: one loop that puts waiting cards into servers' log channels, in order, and never gets in the way.

A card is written in the transaction of what it tells of, so none is lost; it is posted with its id as the nonce, and
looked for before it is posted again, so none is there twice. A channel that is gone or closed ends a server's log until
moderators choose another; a server whose channel is held back by Discord keeps no other server waiting.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from bot.errors import DestinationClosedError, PublishError, StoreUnavailableError
from bot.services.policy import backoff_seconds
from bot.store import log, servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import LogEntry
    from bot.services.changes import Changes
    from bot.services.ports import Clock, LogPublisher
    from bot.store.database import Database

_log = logging.getLogger(__name__)

CARDS_AT_ONCE = 20
LEASE_SECONDS = 120.0
LONGEST_POST_SECONDS = 15.0
"""Discord may hold a card back for minutes; then it is put off."""
NONCE_KNOWN_FOR = timedelta(minutes=1)
"""So long Discord itself drops a card that an interrupted attempt has posted; an older one is looked for first."""
ATTEMPTS_BEFORE_DROPPED = 30
"""Some two hours; then the card is left out, and what it tells of is still in the database."""
_RETRY_SECONDS = 5.0


class ModerationLog:
    """Owns the loop. ``tick`` is one pass, for tests; ``run`` is the process's.

    Args:
        owner: names this process in leases.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        publisher: LogPublisher,
        changes: Changes,
        owner: str,
        jitter: Callable[[], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._changes = changes
        self._owner = owner
        self._jitter = jitter
        self._stopping = False

    async def run(self) -> None:
        """Post until stopped; a card in hand then is posted by the next process."""
        woken = self._changes.log_woken
        started = False
        while not self._stopping:
            woken.clear()
            try:
                if not started:
                    await self._take_back()
                    started = True
                pause = await self.tick()
            except Exception:  # noqa: BLE001 (logged; the loop outlives what it did not expect)
                _log.exception("the log could not be posted")
                pause = _RETRY_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()

    def stop(self) -> None:
        """Let ``run`` end once the cards in hand are posted or put off."""
        self._stopping = True
        self._changes.log_woken.set()

    async def tick(self) -> float | None:
        """Post what is due, servers side by side; return the seconds until more is, None when nothing waits."""
        now = self._clock.now()
        async with self._database.read() as connection:
            due_at = await log.next_due_at(connection)
        if due_at is None:
            return None
        if due_at > now:
            return (due_at - now).total_seconds()
        async with self._database.write() as connection:
            lease_until = now + timedelta(seconds=LEASE_SECONDS)
            entries = await log.claim_due(
                connection, now=now, limit=CARDS_AT_ONCE, owner=self._owner, lease_until=lease_until
            )
        entries.sort(key=lambda entry: (entry.guild_id, entry.id))
        async with asyncio.TaskGroup() as group:
            for guild_id, cards in groupby(entries, key=lambda entry: entry.guild_id):
                group.create_task(self._post_in_order(guild_id, list(cards)))
        return 0.0

    async def _post_in_order(self, guild_id: int, entries: list[LogEntry]) -> None:
        """Post one server's cards; those after one that fails wait for it."""
        async with self._database.read() as connection:
            channel_id = (await servers.get(connection, guild_id)).log_channel_id
        for place, entry in enumerate(entries):
            try:
                if channel_id is None:
                    raise DestinationClosedError("no log channel")
                await self._post(channel_id, entry)
            except DestinationClosedError as error:
                await self._close(guild_id, channel_id, error, entries[place:])
                return
            except (PublishError, TimeoutError) as error:
                _log.warning("log card put off", extra=_facts(entry, error))
                await self._put_off(entries[place:])
                return
            except StoreUnavailableError as error:
                _log.warning("log card put off", extra=_facts(entry, error))
                return  # its lease runs out
            except Exception:  # noqa: BLE001 (logged; a card that cannot be made keeps no other from its place)
                _log.exception("log card left out", extra=_facts(entry))
                async with self._database.write() as connection:
                    await log.drop(connection, entry, owner=self._owner)

    async def _post(self, channel_id: int, entry: LogEntry) -> None:
        may_be_there = entry.attempts or self._clock.now() - entry.created_at > NONCE_KNOWN_FOR
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            message_id = await self._publisher.find_log_card(channel_id, entry) if may_be_there else None
            if message_id is None:
                message_id = await self._publisher.post_log_card(channel_id, entry)
        async with self._database.write() as connection:
            await log.note_posted(connection, entry, owner=self._owner, channel_id=channel_id, message_id=message_id)
        _log.info("log card posted", extra=_facts(entry))

    async def _put_off(self, entries: list[LogEntry]) -> None:
        attempts = entries[0].attempts + 1
        due_at = self._clock.now() + timedelta(seconds=backoff_seconds(attempts, self._jitter()))
        async with self._database.write() as connection:
            if attempts >= ATTEMPTS_BEFORE_DROPPED:
                await log.drop(connection, entries.pop(0), owner=self._owner)
            for entry in entries:
                await log.put_off(connection, entry, owner=self._owner, due_at=due_at, attempts=attempts)

    async def _close(
        self, guild_id: int, channel_id: int | None, error: DestinationClosedError, entries: list[LogEntry]
    ) -> None:
        """Post nothing more there until moderators choose a channel; the settings panel shows why."""
        async with self._database.write() as connection:
            server = await servers.get(connection, guild_id)
            if server.log_channel_id != channel_id:  # they have chosen another meanwhile
                for entry in entries:
                    await log.put_off(connection, entry, owner=self._owner, due_at=self._clock.now(), attempts=0)
                return
            dropped = await log.drop_waiting(connection, guild_id)
            await servers.put(connection, replace(server, log_closed=True))
        _log.warning("log channel closed", extra={"guild_id": guild_id, "dropped": dropped, "error": str(error)})
        self._changes.tell(guild_id)

    async def _take_back(self) -> None:
        async with self._database.write() as connection:
            await log.release_leases(connection, owner=self._owner)


def _facts(entry: LogEntry, error: Exception | None = None) -> dict[str, object]:
    name = None if error is None else type(error).__name__
    job_id = None if entry.job is None else entry.job.id
    ids: dict[str, object] = {"guild_id": entry.guild_id, "log_entry_id": entry.id, "job_id": job_id}
    return ids | {"attempts": entry.attempts, "error": name}
