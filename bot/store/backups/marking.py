"""What a database is told that was put back: much may have happened since, of which it has nothing.

Each job that is open in it may have been sent, and its clip posted. So all that waits goes by the way of a submit that
may be on the wire: the service is asked about it, by the job's id, before anything is sent. And the mark itself,
``restored_at``, has the clip looked for where it may be posted before anything else is done for the job.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, insert, select, text, update

from bot.models import OPEN_STATES, WAITING_STATES, JobState, LogKind
from bot.store.jobs import submits as submit_rows
from bot.store.jobs.rows import from_row
from bot.store.jobs.submits import has_open
from bot.store.tables import command_digests, jobs, log_entries, rounds, submits

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

VOTES_AGAIN_FOR = timedelta(hours=1)
"""How long a vote that goes on can be given at least, since those that came after the backup are lost."""
_LOST_ENTRIES_MOST = 1_000_000
_NOBODYS = 0
_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None}


async def mark_open_jobs(connection: AsyncConnection, *, now: datetime) -> int:
    """Note in a database that was put back that more may have happened to all that goes on; return how many jobs do.

    For one transaction, while no worker runs. It may be done again.
    """
    await _mark_submits(connection, now)
    marked = await _mark_jobs(connection, now)
    await _mark_rounds(connection, now)
    await _mark_log(connection, now)
    await connection.execute(delete(command_digests))  # Discord may have been sent the commands of another version
    return marked


async def _mark_submits(connection: AsyncConnection, now: datetime) -> None:
    """Note that no answer can come any more, and add the submits that may have been sent after the backup."""
    is_open = submits.c.ended_at.is_(None)
    await connection.execute(update(submits).where(is_open).values(is_probe=False))
    await connection.execute(update(submits).where(is_open, submits.c.outcome.is_(None)).values(cut_at=now))
    waiting = select(jobs).where(jobs.c.state.in_(WAITING_STATES), ~has_open(jobs.c.id)).order_by(jobs.c.id)
    may_be_sent = [from_row(row) for row in await connection.execute(waiting)]
    added = await submit_rows.add(connection, may_be_sent, model="", now=now)
    if added:
        await connection.execute(update(submits).where(submits.c.job_id.in_(added), is_open).values(cut_at=now))


async def _mark_jobs(connection: AsyncConnection, now: datetime) -> int:
    await connection.execute(update(jobs).where(jobs.c.lease_owner.is_not(None)).values(_NO_LEASE))
    changes: dict[str, Any] = {
        "restored_at": now,
        "due_at": now,
        "attempts": 0,
        "state": case((jobs.c.state == JobState.QUEUED, JobState.SUBMITTING), else_=jobs.c.state),
    }
    return (await connection.execute(update(jobs).where(jobs.c.state.in_(OPEN_STATES)).values(changes))).rowcount


async def _mark_rounds(connection: AsyncConnection, now: datetime) -> None:
    """Have rounds that go on looked after at once, and leave time to vote again."""
    await connection.execute(update(rounds).where(rounds.c.lease_owner.is_not(None)).values(_NO_LEASE))
    earliest = now + VOTES_AGAIN_FOR
    for column in (rounds.c.closes_at, rounds.c.choose_by):
        ends_before = update(rounds).where(rounds.c.ended_at.is_(None), column < earliest)
        await connection.execute(ends_before.values({column.name: earliest}))
    goes_on = update(rounds).where(rounds.c.ended_at.is_(None))
    await connection.execute(goes_on.values(due_at=now, changes=rounds.c.changes + 1))


async def _mark_log(connection: AsyncConnection, now: datetime) -> None:
    """Leave out the numbers of cards that are lost: their buttons name them."""
    await connection.execute(update(log_entries).where(log_entries.c.lease_owner.is_not(None)).values(_NO_LEASE))
    last = (await connection.execute(select(func.coalesce(func.max(log_entries.c.id), 0)))).scalar_one()
    next_id = last + _LOST_ENTRIES_MOST
    await connection.execute(
        insert(log_entries).values(
            id=next_id, guild_id=_NOBODYS, kind=LogKind.CHANGED, created_at=now, details={}, attempts=0
        )
    )
    if connection.dialect.name == "postgresql":
        moved = text("SELECT setval(pg_get_serial_sequence('log_entries', 'id'), :next_id)")
        await connection.execute(moved, {"next_id": next_id})
