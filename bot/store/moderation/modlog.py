"""The log: cards for a server's log channel, written with what they tell of and posted afterwards.

Who may change an entry's row: whoever writes what it tells of adds it, in the same transaction; a process that holds
its lease posts it and says so, or puts it off; a log channel that closes drops what is still to be posted there.
Whoever takes a clip away lets its card be drawn anew (``clips/endings.py``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, bindparam, case, cast, func, insert, or_, select, type_coerce, update

from bot.models import LogEntry, LogKind
from bot.store import jobs
from bot.store.clips import stills
from bot.store.holders import is_of_name
from bot.store.moderation import audit
from bot.store.tables import log_entries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.models import AuditDetails, Change, Job, Server

REFUSAL_CARDS_A_MINUTE = 5
"""How many of a member's refusals get a card; more are only counted, or one member could bury the log."""

_DUE_AT = log_entries.c.due_at

# A crowd of accounts that are refused asks these again and again: they are written once, and count in the database.
_OF_INTERACTION = select(log_entries.c.id).where(log_entries.c.interaction_id == bindparam("interaction"))
_REFUSED_BEFORE = (
    select(log_entries.c.id)
    .where(
        log_entries.c.guild_id == bindparam("guild"),
        log_entries.c.kind == LogKind.REFUSED,
        log_entries.c.created_at > bindparam("since", type_=log_entries.c.created_at.type),
        or_(_DUE_AT.is_not(None), log_entries.c.message_id.is_not(None)),
        cast(log_entries.c.details["member_id"].as_string(), BigInteger) == bindparam("member"),
    )
    .limit(REFUSAL_CARDS_A_MINUTE)
)
_FREE_AT = case((log_entries.c.lease_until > _DUE_AT, log_entries.c.lease_until), else_=_DUE_AT)
_NEXT_OF_SERVERS = (  # asked whenever anything happens to any job
    select(log_entries.c.guild_id, type_coerce(_FREE_AT, _DUE_AT.type).label("free_at"))
    .where(
        log_entries.c.id.in_(
            select(func.min(log_entries.c.id)).where(_DUE_AT.is_not(None)).group_by(log_entries.c.guild_id)
        )
    )
    .order_by("free_at")
)


async def add(
    connection: AsyncConnection,
    server: Server,
    kind: LogKind,
    *,
    now: datetime,
    job: Job | None = None,
    change: Change | None = None,
    details: AuditDetails | None = None,
    stays: bool = False,
) -> None:
    """Write a card for the server's log channel, where there is one.

    Args:
        stays: it goes to the channel that the log has now, whatever is chosen later.
    """
    if server.is_logging:
        entry = {"job_id": None if job is None else job.id, "change_id": None if change is None else change.id}
        place = {"channel_id": server.log_channel_id} if stays else {}
        await _insert(connection, server, kind, now, **entry, **place, details=details or {})


async def tells_of_clip(connection: AsyncConnection, server: Server, job_id: str) -> bool:
    """Tell whether the log has a card of a posted clip, or will have: what becomes of the clip is shown there."""
    statement = select(log_entries.c.id).where(
        log_entries.c.job_id == job_id,
        log_entries.c.kind == LogKind.POSTED,
        or_(
            log_entries.c.channel_id == server.log_channel_id,
            and_(log_entries.c.message_id.is_(None), _DUE_AT.is_not(None)),
        ),
    )
    return (await connection.execute(statement)).first() is not None


async def add_refusal(
    connection: AsyncConnection, server: Server, details: AuditDetails, *, now: datetime, interaction_id: int
) -> None:
    """Write a card of a refusal, where there is a log channel and the member has not had enough of them.

    Args:
        details: with the ``member_id`` among them.
        interaction_id: what was refused; every process that serves the token hears of it, and it is written once.
    """
    if not server.is_logging:
        return
    asked = {"guild": server.guild_id, "member": details["member_id"], "since": now - timedelta(minutes=1)}
    if len((await connection.execute(_REFUSED_BEFORE, asked)).all()) >= REFUSAL_CARDS_A_MINUTE:
        return
    if (await connection.execute(_OF_INTERACTION, {"interaction": interaction_id})).one_or_none() is None:
        await _insert(connection, server, LogKind.REFUSED, now, interaction_id=interaction_id, details=details)


async def _insert(
    connection: AsyncConnection,
    server: Server,
    kind: LogKind,
    now: datetime,
    **values: Any,  # noqa: ANN401 (columns)
) -> None:
    entry = {"guild_id": server.guild_id, "kind": kind, "created_at": now, "due_at": now, "attempts": 0}
    await connection.execute(insert(log_entries).values(entry | values))


async def list_due(connection: AsyncConnection) -> dict[int, datetime]:
    """Say of each server with entries to be posted from when on its first one can be, soonest first."""
    return {row.guild_id: row.free_at for row in await connection.execute(_NEXT_OF_SERVERS)}


async def claim(
    connection: AsyncConnection, guild_id: int, *, now: datetime, limit: int, owner: str, lease_until: datetime
) -> list[LogEntry]:
    """Lease a server's next ``limit`` entries to ``owner``, oldest first; none while its first has to wait."""
    waiting = select(log_entries.c.id).where(log_entries.c.guild_id == guild_id, _DUE_AT.is_not(None))
    next_ids = waiting.order_by(log_entries.c.id).limit(limit)
    first = log_entries.alias()
    first_is_free = (
        select(first.c.id)
        .where(
            first.c.id == waiting.with_only_columns(func.min(log_entries.c.id)).scalar_subquery(),
            first.c.due_at <= now,
            or_(first.c.lease_until.is_(None), first.c.lease_until <= now),
        )
        .exists()
    )
    statement = (
        update(log_entries)
        .where(log_entries.c.id.in_(next_ids), first_is_free)
        .values(lease_owner=owner, lease_until=lease_until)
        .returning(log_entries)
    )
    rows = sorted((await connection.execute(statement)).all(), key=lambda row: row.id)
    return await _with_what_they_tell(connection, rows)


async def get(connection: AsyncConnection, guild_id: int, entry_id: int) -> LogEntry | None:
    """Return a server's entry, or None."""
    statement = select(log_entries).where(log_entries.c.guild_id == guild_id, log_entries.c.id == entry_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else (await _with_what_they_tell(connection, [row]))[0]


async def note_posted(
    connection: AsyncConnection,
    entry: LogEntry,
    *,
    owner: str,
    channel_id: int,
    message_id: int,
    now: datetime,
    was_found: bool = False,
) -> None:
    """Note that an entry's card is there; due again where its clip or the still went since the entry was read.

    Args:
        was_found: an earlier attempt has posted it, with what there was to show then.
    """
    is_stale = False
    if entry.kind is LogKind.POSTED and entry.job is not None:
        had_still, was_there = was_found or entry.still is not None, was_found or entry.job.removed_at is None
        job = await jobs.get(connection, entry.job.id)
        is_stale = was_there and job is not None and job.removed_at is not None
        is_stale = is_stale or (had_still and not await stills.get_many(connection, [entry.job.id]))
    await _update(
        connection,
        entry,
        owner=owner,
        due_at=now if is_stale else None,
        attempts=0,
        lease_owner=None,
        lease_until=None,
        channel_id=channel_id,
        message_id=message_id,
    )


async def put_off(connection: AsyncConnection, entry: LogEntry, *, owner: str, due_at: datetime) -> None:
    """Let go of an entry until it is due again; those of its server that come after it wait for it."""
    attempts = entry.attempts + 1
    await _update(connection, entry, owner=owner, due_at=due_at, attempts=attempts, lease_owner=None, lease_until=None)


async def release(connection: AsyncConnection, entries: Iterable[LogEntry], *, owner: str) -> None:
    """Let go of entries that were not tried."""
    for entry in entries:
        await _update(connection, entry, owner=owner, lease_owner=None, lease_until=None)


async def drop(connection: AsyncConnection, entry: LogEntry, *, owner: str) -> None:
    """Give an entry up: it stays stored and is not posted."""
    await _update(connection, entry, owner=owner, due_at=None, lease_owner=None, lease_until=None)


async def drop_waiting(connection: AsyncConnection, guild_id: int) -> int:
    """Give up all of a server's entries that are still to be posted; return how many."""
    waiting = update(log_entries).where(log_entries.c.guild_id == guild_id, log_entries.c.due_at.is_not(None))
    result = await connection.execute(waiting.values(due_at=None, lease_owner=None, lease_until=None))
    return result.rowcount


async def release_leases(connection: AsyncConnection, *, name: str) -> None:
    """Give up every lease of a process of a name."""
    held = update(log_entries).where(is_of_name(log_entries.c.lease_owner, name))
    await connection.execute(held.values(lease_owner=None, lease_until=None))


async def _update(connection: AsyncConnection, entry: LogEntry, *, owner: str, **changes: Any) -> None:  # noqa: ANN401
    mine = update(log_entries).where(log_entries.c.id == entry.id, log_entries.c.lease_owner == owner)
    await connection.execute(mine.values(changes))


async def _with_what_they_tell(connection: AsyncConnection, rows: list[Row[Any]]) -> list[LogEntry]:
    told_jobs = {job.id: job for job in await jobs.get_many(connection, {row.job_id for row in rows if row.job_id})}
    told_changes = await audit.get_many(connection, {row.change_id for row in rows if row.change_id})
    shown = await stills.get_many(connection, [row.job_id for row in rows if row.kind == LogKind.POSTED])
    return [
        replace(
            _from_row(row),
            job=told_jobs.get(row.job_id),
            change=told_changes.get(row.change_id),
            still=shown.get(row.job_id),
        )
        for row in rows
    ]


def _from_row(row: Row[Any]) -> LogEntry:
    return LogEntry(
        id=row.id,
        guild_id=row.guild_id,
        kind=LogKind(row.kind),
        created_at=row.created_at,
        details=row.details,
        attempts=row.attempts,
        channel_id=row.channel_id,
        message_id=row.message_id,
    )
