"""A second try for a clip that was paid for and did not arrive: a new job that posts the generation of a failed one.

It is not charged and nothing is sent for it: what the video service bills is the failed job's submit, which stays the
only one. So it begins in ``rendering``, and goes on from there as any other. At most one job at a time, or for good if
it is delivered, posts the same generation; the schema sees to that, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.errors import OperatorRefusedError
from bot.models import CLIPLESS_STATES, UNPAID_OUTCOMES, Job, JobState, Origin
from bot.services.admission.accepting import new_job_id
from bot.services.jobs.rendering import CLOCK_TOLERANCE, RESULT_VALID
from bot.store import jobs
from bot.store.jobs import submits
from bot.store.operating import looks

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.models import Submit
    from bot.store import Connection

_DISCORDS_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


async def retry(connection: Connection, job_id: str, *, now: datetime, random_bits: Callable[[int], int]) -> Job:
    """Add a job that posts the clip of a failed one, in a transaction of the caller's; return it.

    Args:
        random_bits: ``random.getrandbits`` or the like, for the ids.

    Raises:
        OperatorRefusedError: when the job is not there, not over, did not fail, was not paid for, is too old, or when
            another one posts its clip already.
    """
    job = await jobs.get(connection, job_id)
    if job is None:
        raise OperatorRefusedError("no_job")
    if not job.state.is_final:
        raise OperatorRefusedError("not_over")
    if job.state is not JobState.FAILED:
        raise OperatorRefusedError("not_failed")
    first = job if job.adopted_id is None else await jobs.get(connection, job.adopted_id) or job
    if first.archived_at is not None:
        raise OperatorRefusedError("too_old")
    paid = await _find_paid(connection, first.id)
    if paid is None or paid.generation_id is None:
        raise OperatorRefusedError("not_paid")
    if now >= _kept_until(first, paid):
        raise OperatorRefusedError("too_old")
    if any(it.state not in CLIPLESS_STATES for it in await looks.list_adopting(connection, first.id)):
        raise OperatorRefusedError("retried")
    adopting = Job(
        id=new_job_id(now, random_bits),
        interaction_id=_snowflake(now - CLOCK_TOLERANCE, random_bits),
        guild_id=first.guild_id,
        channel_id=first.channel_id,
        member_id=first.member_id,
        member_name=first.member_name,
        spec=first.spec,
        state=JobState.RENDERING,
        created_at=now,
        effective_quota=first.effective_quota,
        due_at=now,
        started_at=now,
        generation_id=paid.generation_id,
        lineage=first.descent(Origin.RETRY),
        is_spoiler=first.is_spoiler,
        is_private=first.is_private,
        model=first.model,
        asked_aspect=first.asked_aspect,
        asked_duration_seconds=first.asked_duration_seconds,
        adopted_id=first.id,
    )
    await jobs.insert(connection, adopting)
    return adopting


async def _find_paid(connection: Connection, job_id: str) -> Submit | None:
    """Return the latest of a job's submits that the service took and that it bills, or may yet bill."""
    taken = [submit for submit in await submits.list_of(connection, job_id) if submit.generation_id is not None]
    return next((submit for submit in reversed(taken) if submit.outcome not in UNPAID_OUTCOMES), None)


def _kept_until(job: Job, paid: Submit) -> datetime:
    """Return until when the service has the clip, as far as is known."""
    return job.result_expires_at or (job.rendered_at or paid.ended_at or paid.sent_at) + RESULT_VALID


def _snowflake(moment: datetime, random_bits: Callable[[int], int]) -> int:
    """Return an id such as Discord would have given at a moment: messages are looked for from then on."""
    return (moment - _DISCORDS_EPOCH) // timedelta(milliseconds=1) << 22 | random_bits(22)
