"""Jobs as rows: adding one, finding one, and both ways between rows and models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy import insert as sql_insert

from bot.models import (
    CLIPLESS_STATES,
    Aspect,
    EffectiveQuota,
    Job,
    JobError,
    JobState,
    Lineage,
    Origin,
    Period,
    Quota,
    QuotaSource,
    VideoSpec,
)
from bot.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection


async def insert(connection: AsyncConnection, *new: Job) -> None:
    """Add new jobs."""
    await connection.execute(sql_insert(jobs), [_to_row(job) for job in new])


async def get(connection: AsyncConnection, job_id: str) -> Job | None:
    """Return a job, or None."""
    row = (await connection.execute(_BY_ID, {"job_id": job_id})).one_or_none()
    return None if row is None else from_row(row)


async def get_many(connection: AsyncConnection, job_ids: Collection[str]) -> list[Job]:
    """Return those jobs that exist, oldest first."""
    return [from_row(row) for row in await connection.execute(_BY_IDS, {"job_ids": list(job_ids)})]


async def find_source(connection: AsyncConnection, job: Job) -> tuple[Lineage | None, Job | None]:
    """Return what a clip was made from as people see it, and that clip, where it is stored.

    Requests that ended without a clip are passed over: what was asked for in their place comes of what they came of.
    """
    lineage: Lineage | None = job.lineage
    while lineage is not None:
        parent = await get(connection, lineage.parent_id)
        if parent is None or parent.state not in CLIPLESS_STATES:
            return lineage, parent
        origin, lineage = lineage.origin, parent.lineage
        if lineage is not None and origin is not Origin.RETRY:
            lineage = Lineage(lineage.parent_id, lineage.root_id, origin)
    return None, None


async def find_by_interaction(connection: AsyncConnection, interaction_id: int) -> Job | None:
    """Return the job of its own that an interaction made, or None; takes have numbers."""
    row = (await connection.execute(_BY_INTERACTION, {"interaction_id": interaction_id})).one_or_none()
    return None if row is None else from_row(row)


async def find_press(connection: AsyncConnection, lineage: Lineage, *, member_id: int, since: datetime) -> Job | None:
    """Return the latest job that a member made by a button of a clip since a moment and has not cancelled, or None."""
    values = {"parent_id": lineage.parent_id, "member_id": member_id, "origin": lineage.origin, "since": since}
    row = (await connection.execute(_BY_PRESS, values)).first()
    return None if row is None else from_row(row)


# Written once: to write one takes longer than to run it.
_BY_ID = select(jobs).where(jobs.c.id == bindparam("job_id"))
_BY_IDS = select(jobs).where(jobs.c.id.in_(bindparam("job_ids", expanding=True))).order_by(jobs.c.id)
_BY_PRESS = (
    select(jobs)
    .where(
        jobs.c.parent_id == bindparam("parent_id"),
        jobs.c.member_id == bindparam("member_id"),
        jobs.c.origin == bindparam("origin"),
        jobs.c.created_at > bindparam("since"),
        jobs.c.state != JobState.CANCELLED,
    )
    .order_by(jobs.c.id.desc())
    .limit(1)
)
_BY_INTERACTION = select(jobs).where(jobs.c.interaction_id == bindparam("interaction_id"), jobs.c.number == 0)

_OF_SEVERAL_COLUMNS = frozenset({"spec", "effective_quota", "lineage"})
_PLAIN_FIELDS = tuple(name for name in Job.__dataclass_fields__ if name not in _OF_SEVERAL_COLUMNS)


def _to_row(job: Job) -> dict[str, Any]:
    quota, lineage = job.effective_quota, job.lineage
    return {name: getattr(job, name) for name in _PLAIN_FIELDS} | {
        "prompt": job.spec.prompt,
        "aspect": job.spec.aspect,
        "duration_seconds": job.spec.duration_seconds,
        "quota_seconds": quota.quota.seconds,
        "quota_period": quota.quota.period,
        "quota_source": quota.source,
        "quota_subject_id": quota.subject_id,
        "parent_id": None if lineage is None else lineage.parent_id,
        "root_id": None if lineage is None else lineage.root_id,
        "origin": None if lineage is None else lineage.origin,
    }


def from_row(row: Row[Any]) -> Job:
    """Return the job that a row holds."""
    values: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN_FIELDS}
    values["state"] = JobState(row.state)
    values["error_code"] = None if row.error_code is None else JobError(row.error_code)
    values["asked_aspect"] = None if row.asked_aspect is None else Aspect(row.asked_aspect)
    quota = Quota.accepted(row.quota_seconds, Period(row.quota_period))
    return Job(
        spec=VideoSpec.accepted(row.prompt, Aspect(row.aspect), row.duration_seconds),
        effective_quota=EffectiveQuota(quota, QuotaSource(row.quota_source), row.quota_subject_id),
        lineage=None if row.parent_id is None else Lineage(row.parent_id, row.root_id, Origin(row.origin)),
        **values,
    )
