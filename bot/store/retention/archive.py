"""What becomes of old jobs and of what they cost: texts and addresses go, entries are summed up by day.

A finished job keeps its row: who asked for it, when, what became of it, and where its message is, so that a clip can
still be removed. With its texts go its entries of the ledger and its submits; what the entries come to is added to
``ledger_sums``, by member and by the server's day. ``usage``, which is summed up by quarters of an hour already, is
summed up by the server's days in its own place. So the sums of all whole days, weeks and months stay what they were,
unless a server's time zone is changed afterwards: then an old day counts where it began.

The entries of a job that was paid by a grant stay as long as the grant can be used, since what is left of it is
reckoned from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, or_, select, update

from bot.store.clips.endings import end_with_prompts
from bot.store.retention.steps import add_up, has_key, keys_of, total
from bot.store.tables import grant_uses, jobs, ledger, ledger_sums, submits, usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.store.retention.steps import Asked

FORGOTTEN: dict[str, Any] = {
    "prompt": "",
    "generation_id": None,
    "request_id": None,
    "result_url": None,
    "result_expires_at": None,
    "member_name": None,
}
"""What a job has in place of its texts, names and addresses; by the service's ids they could be found there."""
HAS_TEXTS = or_(
    jobs.c.prompt != "",
    *(jobs.c[name].is_not(None) for name in FORGOTTEN if name != "prompt"),
)
IS_SETTLED = and_(jobs.c.finished_at.is_not(None), jobs.c.due_at.is_(None))
"""The job has ended, and its card shows so, or is gone; by its state, an index of nearly all jobs would be searched."""


class ArchiveJobs:
    """Takes texts and addresses from old jobs, sums up their entries, and drops their submits."""

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the ids of some jobs, those that ended first first, and of each whether its entries have to stay."""
        is_paid_by_grant = grant_uses.c.grant_id == ledger.c.id
        stays = (
            select(grant_uses.c.job_id)
            .join(ledger, is_paid_by_grant)
            .where(grant_uses.c.job_id == jobs.c.id, ledger.c.expires_at > asked.now)
            .exists()
        )
        is_asked_about = (
            select(submits.c.job_id).where(submits.c.job_id == jobs.c.id, submits.c.due_at.is_not(None)).exists()
        )
        statement = (
            select(jobs.c.id, stays.label("stays"))
            .where(
                jobs.c.archived_at.is_(None),
                jobs.c.finished_at < asked.before,
                IS_SETTLED,
                ~is_asked_about,
                or_(HAS_TEXTS, ~stays),
            )
            .order_by(jobs.c.finished_at)
            .limit(asked.limit)
        )
        return [(row.id, bool(row.stays)) for row in await connection.execute(statement)]

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Archive them; from those whose entries stay only the texts go, with the still."""
        await end_with_prompts(connection, [job_id for job_id, _ in found])
        if keeping := [job_id for job_id, stays in found if stays]:
            await connection.execute(update(jobs).where(jobs.c.id.in_(keeping), IS_SETTLED).values(FORGOTTEN))
        mine = and_(jobs.c.id.in_([job_id for job_id, stays in found if not stays]), jobs.c.archived_at.is_(None))
        archived = update(jobs).where(mine, IS_SETTLED).values(FORGOTTEN | {"archived_at": asked.now})
        job_ids = list((await connection.execute(archived.returning(jobs.c.id))).scalars())
        if not job_ids:
            return
        await connection.execute(delete(grant_uses).where(grant_uses.c.job_id.in_(job_ids)))
        await connection.execute(delete(submits).where(submits.c.job_id.in_(job_ids)))
        column = ledger.c
        entries = delete(ledger).where(column.job_id.in_(job_ids))
        entries = entries.returning(column.guild_id, column.member_id, column.kind, column.seconds, column.counted_at)
        await add_up(
            connection,
            ledger_sums,
            total(
                [
                    (
                        (row.guild_id, row.member_id, asked.day_of(row.guild_id, row.counted_at)),
                        {"seconds": row.seconds if row.kind == "charge" else -row.seconds},
                    )
                    for row in await connection.execute(entries)
                ]
            ),
        )


class SumUpUsage:
    """Puts the quarters of an old day together."""

    def _old(self, asked: Asked) -> Select[Any]:
        old = and_(usage.c.is_day.is_(False), usage.c.quarter_at < asked.before)
        return select(usage).where(old).order_by(usage.c.quarter_at).limit(asked.limit)

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return some quarters, the oldest first."""
        return (await connection.execute(self._old(asked))).all()

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Add them to their days, which begin with their first quarter."""

        def day_of(row: Row[Any]) -> tuple[Any, ...]:
            return row.guild_id, row.account_kind, row.account_id, asked.day_of(row.guild_id, row.quarter_at)

        await move_usage(connection, self._old(asked), day_of, is_day=True)


async def move_usage(
    connection: AsyncConnection, which: Select[Any], to_key: Callable[[Row[Any]], tuple[Any, ...]], *, is_day: bool
) -> None:
    """Add rows of ``usage`` to others, and delete them: read anew, since a refund may have changed them meanwhile.

    Args:
        to_key: says to which row, by the columns of the key.
        is_day: whether those rows then are summed up by day.
    """
    moved = (await connection.execute(which)).all()
    if not moved:
        return
    keys = keys_of(usage, [(row.guild_id, row.account_kind, row.account_id, row.quarter_at) for row in moved])
    await connection.execute(delete(usage).where(has_key(usage)), keys)
    amounts = [(to_key(row), {"seconds": row.seconds, "from_grants_seconds": row.from_grants_seconds}) for row in moved]
    await add_up(connection, usage, total(amounts), is_day=is_day)


class DropGrants:
    """Deletes grants that ended long ago, and that no kept job was paid by."""

    async def find(self, connection: AsyncConnection, asked: Asked) -> Sequence[Any]:
        """Return the ids of some."""
        statement = select(ledger.c.id).where(_has_ended(asked)).limit(asked.limit)
        return list((await connection.execute(statement)).scalars())

    async def change(self, connection: AsyncConnection, found: Sequence[Any], asked: Asked) -> None:
        """Delete them."""
        await connection.execute(delete(ledger).where(ledger.c.id.in_(found), _has_ended(asked)))


def _has_ended(asked: Asked) -> ColumnElement[bool]:
    is_used = select(grant_uses.c.job_id).where(grant_uses.c.grant_id == ledger.c.id).exists()
    return and_(ledger.c.kind == "grant", ledger.c.expires_at < asked.before, ~is_used)
