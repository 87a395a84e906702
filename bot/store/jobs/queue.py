"""What takes a job out of the queue: its turn (``turns.py``), its member, that it has waited too long, or the model."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, case, func, select
from sqlalchemy import update as sql_update

from bot.models import WAITING_STATES, JobError, JobState, VideoSpec
from bot.store.brainstorms.touching import touch_of
from bot.store.jobs import submits, turns
from bot.store.jobs.leases import IS_FREE
from bot.store.jobs.rows import from_row
from bot.store.jobs.turns import IS_WAITING
from bot.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.dml import ReturningUpdate, Update

    from bot.models import Aspect, Job, ModelProfile


async def start_next(
    connection: AsyncConnection,
    *,
    now: datetime,
    limit: int,
    owner: str,
    lease_until: datetime,
    slots_since: datetime,
    in_flight: Collection[str],
    model: str = "",
    last: Collection[str] = (),
) -> list[Job]:
    """Move up to ``limit`` waiting jobs that nobody holds to ``submitting``, in fair turns; lease them to ``owner``.

    Args:
        slots_since: open submits that were sent after that hold a render slot.
        in_flight: jobs this worker is still at, which may be back in the queue already.
        model: that they are sent to.
        last: jobs that let all others go first.
    """
    waiting_ids = await turns.first_free(
        connection, slots_since=slots_since, now=now, limit=limit + len(last), in_flight=in_flight
    )
    job_ids = sorted(waiting_ids, key=lambda job_id: job_id in last)[:limit]
    values = {"job_ids": job_ids, "now": now, "lease_owner": owner, "lease_until": lease_until}
    values["model"] = model
    rows = await connection.execute(_start(), values)
    started = {row.id: from_row(row) for row in rows}
    await touch_of(connection, started.values(), now=now)
    return [started[job_id] for job_id in job_ids if job_id in started]


async def withdraw(
    connection: AsyncConnection,
    job: Job,
    *,
    now: datetime,
    error_code: JobError | None = None,
    held_by: str | None = None,
) -> Job | None:
    """Cancel a job that is still waiting, whoever holds it; None when it no longer was.

    Args:
        error_code: why; None where its member wanted it so.
        held_by: who has to hold it for its answer; None where that does not matter.
    """
    changes: dict[str, Any] = {
        "state": JobState.CANCELLED,
        "error_code": error_code,
        "finished_at": now,
        "due_at": now,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
    }
    statement = sql_update(jobs).where(jobs.c.id == job.id, jobs.c.state.in_(WAITING_STATES))
    if held_by is not None:
        statement = statement.where(jobs.c.lease_owner == held_by)
    result = await connection.execute(statement.values(changes))
    if result.rowcount != 1:
        return None
    if job.restored_at is not None:
        await submits.leave(connection, job.id, now=now)
    await touch_of(connection, [job], now=now)
    return replace(job, **changes)


async def release_held(connection: AsyncConnection, round_id: str, *, channel_id: int, now: datetime) -> None:
    """Let a round's takes wait for their turn: their thread, ``channel_id``, and their board are there.

    Those that may have been sent, since they come from a backup, are asked about first.
    """
    await connection.execute(_RELEASE_HELD, {"of_round": round_id, "channel_id": channel_id, "due_at": now})


_RELEASE_HELD = (
    sql_update(jobs)
    .where(jobs.c.round_id == bindparam("of_round"), jobs.c.state == JobState.HELD)
    .values(
        state=case((submits.has_open(jobs.c.id), JobState.SUBMITTING), else_=JobState.QUEUED),
        channel_id=bindparam("channel_id"),
        due_at=bindparam("due_at"),
    )
)


async def list_unfit(connection: AsyncConnection, profile: ModelProfile, *, now: datetime, limit: int) -> list[Job]:
    """Return some of the jobs that wait, that nobody holds, and whose clips a model does not make; oldest first."""
    is_made = jobs.c.duration_seconds.in_(profile.durations_seconds) & jobs.c.aspect.in_(profile.aspects)
    statement = select(jobs).where(IS_WAITING, IS_FREE, ~is_made).order_by(jobs.c.id).limit(limit)
    return [from_row(row) for row in await connection.execute(statement, {"now": now})]


async def fit(
    connection: AsyncConnection, job: Job, *, aspect: Aspect, duration_seconds: int, now: datetime
) -> Job | None:
    """Have another clip made of a job that waits than was asked for; None when it no longer waits as it was read."""
    spec = VideoSpec.accepted(job.spec.prompt, aspect, duration_seconds)
    asked = {
        "asked_aspect": job.asked_aspect or job.spec.aspect,
        "asked_duration_seconds": job.asked_duration_seconds or job.spec.duration_seconds,
    }
    values = {"aspect": aspect, "duration_seconds": duration_seconds} | asked
    result = await connection.execute(_as_read(job).values(values), {"now": now})
    return replace(job, spec=spec, **asked) if result.rowcount == 1 else None


async def give_up(connection: AsyncConnection, job: Job, error_code: JobError, *, now: datetime) -> Job | None:
    """Let a job that waits fail; None when it no longer waits as it was read."""
    changes: dict[str, Any] = {
        "state": JobState.FAILED,
        "error_code": error_code,
        "finished_at": now,
        "due_at": now,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
    }
    result = await connection.execute(_as_read(job).values(changes), {"now": now})
    if result.rowcount != 1:
        return None
    await touch_of(connection, [job], now=now)
    return replace(job, **changes)


def _as_read(job: Job) -> Update:
    """Change a job that waits, that nobody holds, and of which still the same clip is to be made."""
    is_same = (jobs.c.aspect == job.spec.aspect) & (jobs.c.duration_seconds == job.spec.duration_seconds)
    return sql_update(jobs).where(jobs.c.id == job.id, IS_WAITING, IS_FREE, is_same)


async def oldest_waiting_at(connection: AsyncConnection) -> datetime | None:
    """Return when the oldest waiting job was accepted; None when none waits."""
    return (await connection.execute(_OLDEST_WAITING_AT)).scalar_one()


async def oldest_to_wait_at(connection: AsyncConnection) -> datetime | None:
    """Return when the oldest job was accepted that waits or, being sent, may come to wait again; None without one."""
    return (await connection.execute(_OLDEST_TO_WAIT_AT)).scalar_one()


async def expire(connection: AsyncConnection, *, accepted_by: datetime, now: datetime, limit: int) -> list[Job]:
    """Let up to ``limit`` jobs fail that wait, that nobody holds and that were accepted by then, oldest first."""
    values = {"accepted_by": accepted_by, "now": now, "limit": limit}
    expired = [from_row(row) for row in await connection.execute(_expire(), values)]
    await touch_of(connection, expired, now=now)
    return expired


_OLDEST_WAITING_AT = select(func.min(jobs.c.created_at)).where(IS_WAITING)
_OLDEST_TO_WAIT_AT = select(func.min(jobs.c.created_at)).where(
    jobs.c.state.in_([JobState.QUEUED, JobState.SUBMITTING]),
    jobs.c.due_at.is_not(None),  # as the index has it
)


@cache
def _expire() -> ReturningUpdate[Any]:
    now = bindparam("now", type_=jobs.c.due_at.type)
    changes: dict[str, Any] = {
        "state": JobState.FAILED,
        "error_code": JobError.WAITED_TOO_LONG,
        "finished_at": now,
        "due_at": now,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
    }
    oldest = (
        select(jobs.c.id)
        .where(IS_WAITING, IS_FREE, jobs.c.created_at <= bindparam("accepted_by"))
        .order_by(jobs.c.created_at)
        .limit(bindparam("limit", type_=Integer))
    )
    return sql_update(jobs).where(jobs.c.id.in_(oldest), IS_WAITING, IS_FREE).values(changes).returning(jobs)


@cache
def _start() -> ReturningUpdate[Any]:
    now = bindparam("now", type_=jobs.c.due_at.type)
    changes: dict[str, Any] = {
        "state": JobState.SUBMITTING,
        "attempts": 0,
        "due_at": now,
        "submitted_at": now,
        "started_at": func.coalesce(jobs.c.started_at, now),
        "model": bindparam("model"),
        "lease_owner": bindparam("lease_owner"),
        "lease_until": bindparam("lease_until"),
    }
    waiting = jobs.c.id.in_(bindparam("job_ids", expanding=True)) & (jobs.c.state == JobState.QUEUED)
    return sql_update(jobs).where(waiting, IS_FREE).values(changes).returning(jobs)
