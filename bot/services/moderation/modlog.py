"""Posting the log: one loop that puts waiting cards into servers' log channels, and never gets in the way.

A card that is there and falls due again is drawn anew where it is.

A card is written in the transaction of what it tells of, so none is lost; it is posted with its id as the nonce, and
looked for before it is posted again, so none is there twice. A server's cards are posted one after the other, in their
order, and servers side by side: one whose channel is held back by Discord keeps no other waiting. A channel that is
gone or closed ends a server's log until moderators choose another.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import DestinationClosedError, MessageRefusedError, PublishError, StoreUnavailableError
from bot.services.jobs.policy import backoff_seconds
from bot.services.loops import Loop
from bot.services.moderation.cards import with_what_was_done
from bot.services.refusals import Refusals
from bot.store.moderation import modlog, servers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.models import LogEntry
    from bot.services.instance_name import InstanceName
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.ports import Clock, LogPublisher
    from bot.store.database import Database

_log = logging.getLogger(__name__)

SERVERS_AT_ONCE = 50
CARDS_AT_ONCE = 5
"""Of one server."""
LEASE_SECONDS = 120.0
"""Longer than those cards can take."""
LONGEST_POST_SECONDS = 15.0
"""Discord may hold a card back for minutes; then it is put off."""
NONCE_KNOWN_FOR = timedelta(minutes=1)
"""So long Discord itself drops a card that an interrupted attempt has posted; an older one is looked for first."""
ATTEMPTS_BEFORE_DROPPED = 30
"""Some two hours; then the card is left out, and what it tells of is still in the database."""
SHORTEST_PAUSE_SECONDS = 0.1
"""Between two passes: it is woken by whatever happens to a job, log channel or not."""
_RETRY_SECONDS = 5.0


class Modlog:
    """Owns the loop. ``tick`` is one pass, for tests; ``run`` is the process's.

    Args:
        instance: names this process in leases.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        publisher: LogPublisher,
        audit_trail: AuditTrail,
        instance: InstanceName,
        jitter: Callable[[], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._audit_trail = audit_trail
        self._instance = instance
        self._jitter = jitter
        self._refusals = Refusals()
        self._loop = Loop(
            "modlog",
            audit_trail.modlog_woken,
            retry_seconds=_RETRY_SECONDS,
            shortest_pause_seconds=SHORTEST_PAUSE_SECONDS,
        )
        self._reclaimed_as: str | None = None
        self._posting: set[int] = set()

    async def run(self) -> None:
        """Post until stopped; cards in flight then are posted or put off first."""
        await self._loop.run(self._pass, finish_seconds=None)

    def stop(self) -> None:
        """Let ``run`` end."""
        self._loop.stop()

    async def _pass(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> float | None:
        if self._reclaimed_as != self._instance.name:
            await self._reclaim_leases()
        claimed, pause_seconds = await self._claim_due()
        self._begin(spawn, claimed)
        return pause_seconds

    async def tick(self) -> float | None:
        """Post what is due; return the seconds until more is, None when nothing waits."""
        claimed, pause = await self._claim_due()
        async with asyncio.TaskGroup() as posting:
            self._begin(posting.create_task, claimed)
        return 0.0 if claimed else pause

    async def _claim_due(self) -> tuple[dict[int, list[LogEntry]], float | None]:
        """Lease the next cards of servers that have some due; return them, and the seconds until others have."""
        self._instance.require()
        now = self._clock.now()
        async with self._database.read() as connection:
            waiting = await modlog.list_due(connection)
        idle = {guild_id: due_at for guild_id, due_at in waiting.items() if guild_id not in self._posting}
        due = [guild_id for guild_id, due_at in idle.items() if due_at <= now][: SERVERS_AT_ONCE - len(self._posting)]
        claimed: dict[int, list[LogEntry]] = {}
        if due:
            async with self._database.write() as connection:
                for guild_id in due:
                    claimed[guild_id] = await modlog.claim(
                        connection,
                        guild_id,
                        now=now,
                        limit=CARDS_AT_ONCE,
                        owner=self._instance.owner,
                        lease_until=now + timedelta(seconds=LEASE_SECONDS),
                    )
        later = [due_at for due_at in idle.values() if due_at > now]
        return claimed, (min(later) - now).total_seconds() if later else None

    def _begin(self, spawn: Callable[[Coroutine[Any, Any, None]], object], claimed: dict[int, list[LogEntry]]) -> None:
        """Post each server's cards in a task of its own; its end lets the loop look again."""
        for guild_id, entries in claimed.items():
            self._posting.add(guild_id)
            spawn(self._post_for(guild_id, entries))

    async def _post_for(self, guild_id: int, entries: list[LogEntry]) -> None:
        try:
            await self._post_in_order(guild_id, entries)
        except StoreUnavailableError as error:
            _log.warning("log cards put off", extra={"guild_id": guild_id, "error": type(error).__name__})
        except Exception:  # noqa: BLE001 (logged; one server's cards keep no other's waiting)
            _log.exception("log cards put off", extra={"guild_id": guild_id})
        finally:  # what is still leased is due again when the lease ends
            self._posting.discard(guild_id)
            self._audit_trail.modlog_woken.set()

    async def _post_in_order(self, guild_id: int, entries: list[LogEntry]) -> None:
        """Post one server's cards; those after one that fails wait for it."""
        async with self._database.read() as connection:
            channel_id = (await servers.get(connection, guild_id)).log_channel_id
        for place, entry in enumerate(entries):
            if self._loop.is_stopping:
                async with self._database.write() as connection:
                    await modlog.release(connection, entries[place:], owner=self._instance.owner)
                return
            try:
                self._instance.require()
                if entry.message_id is not None:
                    await self._redraw(entry, channel_id)
                    continue
                destination_id = entry.channel_id or channel_id
                if destination_id is None:
                    raise DestinationClosedError("no log channel")
                await self._post(destination_id, entry)
            except DestinationClosedError as error:
                if channel_id is not None and entry.channel_id in {None, channel_id}:
                    await self._close(guild_id, channel_id, error, entries[place:])
                    return
                _log.info("log card left out", extra=_fields(entry, error))  # the log is elsewhere, or nowhere, by now
                await self._drop(entry)
            except (PublishError, TimeoutError) as error:
                is_believed = isinstance(error, MessageRefusedError) and self._refusals.note(entry.id)
                _log.warning("log card left out" if is_believed else "log card put off", extra=_fields(entry, error))
                await self._put_off(entry, entries[place + 1 :], is_dropped=is_believed)
                return
            except StoreUnavailableError:
                raise
            except Exception:  # noqa: BLE001 (logged; a card that cannot be made keeps no other from its place)
                _log.exception("log card left out", extra=_fields(entry))
                await self._drop(entry)

    async def _drop(self, entry: LogEntry) -> None:
        async with self._database.write() as connection:
            await modlog.drop(connection, entry, owner=self._instance.owner)

    async def _post(self, channel_id: int, entry: LogEntry) -> None:
        if entry.job is not None and entry.job.removed_at is not None:
            entry = await self._with_what_was_done(entry)
        may_be_there = entry.attempts or self._clock.now() - entry.created_at > NONCE_KNOWN_FOR
        async with asyncio.timeout(LONGEST_POST_SECONDS):
            found_id = await self._publisher.find_log_card(channel_id, entry) if may_be_there else None
            message_id = found_id or await self._publisher.post_log_card(channel_id, entry)
        await self._note_posted(entry, channel_id, message_id, was_found=found_id is not None)
        _log.info("log card posted", extra=_fields(entry))

    async def _redraw(self, entry: LogEntry, log_channel_id: int | None) -> None:
        """Draw a card anew; one that is gone, or out of reach for good, is left.

        But who took its clip away is told all the same, by a card in its place.
        """
        channel_id, message_id = entry.channel_id, entry.message_id
        assert channel_id is not None, "a card that is there is in a channel"
        assert message_id is not None
        entry = await self._with_what_was_done(entry)
        try:
            async with asyncio.timeout(LONGEST_POST_SECONDS):
                await self._publisher.redraw_log_card(entry)
        except DestinationClosedError as error:
            _log.info("log card out of reach", extra=_fields(entry, error))
            is_removed = entry.job is not None and entry.job.removed_at is not None
            if is_removed and channel_id == log_channel_id:
                await self._post(channel_id, entry)
                return
        await self._note_posted(entry, channel_id, message_id)

    async def _with_what_was_done(self, entry: LogEntry) -> LogEntry:
        async with self._database.read() as connection:
            return await with_what_was_done(connection, entry, self._clock.now())

    async def _note_posted(self, entry: LogEntry, channel_id: int, message_id: int, *, was_found: bool = False) -> None:
        self._refusals.forget(entry.id)
        async with self._database.write() as connection:
            await modlog.note_posted(
                connection,
                entry,
                owner=self._instance.owner,
                channel_id=channel_id,
                message_id=message_id,
                now=self._clock.now(),
                was_found=was_found,
            )

    async def _put_off(self, entry: LogEntry, following: list[LogEntry], *, is_dropped: bool) -> None:
        attempts = entry.attempts + 1
        due_at = self._clock.now() + timedelta(seconds=backoff_seconds(attempts, self._jitter()))
        async with self._database.write() as connection:
            if is_dropped or attempts >= ATTEMPTS_BEFORE_DROPPED:
                self._refusals.forget(entry.id)
                await modlog.drop(connection, entry, owner=self._instance.owner)
            else:
                await modlog.put_off(connection, entry, owner=self._instance.owner, due_at=due_at)
            await modlog.release(connection, following, owner=self._instance.owner)

    async def _close(
        self, guild_id: int, channel_id: int, error: DestinationClosedError, entries: list[LogEntry]
    ) -> None:
        """Post nothing more there until moderators choose a channel; the settings panel shows why."""
        async with self._database.write() as connection:
            server = await servers.get(connection, guild_id)
            if server.log_channel_id != channel_id:  # they have chosen another meanwhile
                await modlog.release(connection, entries, owner=self._instance.owner)
                return
            dropped = await modlog.drop_waiting(connection, guild_id)
            await modlog.release(connection, entries, owner=self._instance.owner)
            await servers.put(connection, replace(server, log_closed=True))
        _log.warning("log channel closed", extra={"guild_id": guild_id, "dropped": dropped, "error": str(error)})
        self._audit_trail.tell(guild_id)

    async def _reclaim_leases(self) -> None:
        self._instance.require()
        name = self._instance.name
        async with self._database.write() as connection:
            await modlog.release_leases(connection, name=name)
        self._reclaimed_as = name


def _fields(entry: LogEntry, error: Exception | None = None) -> dict[str, object]:
    name = None if error is None else type(error).__name__
    job_id = None if entry.job is None else entry.job.id
    ids: dict[str, object] = {"guild_id": entry.guild_id, "log_entry_id": entry.id, "job_id": job_id}
    return ids | {"attempts": entry.attempts, "error": name}
