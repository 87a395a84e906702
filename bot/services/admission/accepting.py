"""What is written when a member may have a clip made, and when they may not: in the transaction that decided it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import RefusedError, RepeatedPressError
from bot.models import Job, JobState, Origin
from bot.services.admission.decision import Admitted
from bot.services.moderation.refusal_details import refusal_details
from bot.services.quotas.caps import record_cap_alert
from bot.services.quotas.periods import local_day, zone_of
from bot.store import jobs
from bot.store.moderation import modlog, refusals
from bot.store.quotas import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.models import QuotaStatus, Server
    from bot.services.admission.decision import AdmissionDetails, ScreeningResult
    from bot.services.admission.job_request import JobRequest
    from bot.services.admission.service import Admission
    from bot.store import Connection

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: sorts like the number, has no letters that look alike."""


@dataclass(frozen=True, slots=True)
class Charged:
    """A new job, and where its member (in a pool: its channel) stands once it is charged."""

    job: Job
    status: QuotaStatus


async def admit(
    connection: Connection,
    admission: Admission,
    request: JobRequest,
    screening: ScreeningResult | None,
    now: datetime,
    *,
    random_bits: Callable[[int], int],
    lease_owner: str | None,
    lease_seconds: float,
) -> Charged | RefusedError | None:
    """Store and charge a new job, or tell the log why not; None when the rules are to be asked first.

    Args:
        screening: what the rules said of the prompt, if they were asked.
        random_bits, lease_owner, lease_seconds: as ``new_job`` takes them.
    """
    details, decision = await admission.decide(connection, request, screening, now)
    if isinstance(decision, RefusedError):
        await record_refusal(connection, details, request, decision, now)
    if not isinstance(decision, Admitted):
        return decision
    job = new_job(request, decision, now, random_bits=random_bits, lease_owner=lease_owner, lease_seconds=lease_seconds)
    status = await charge(connection, details.server, [job], decision, now)
    return Charged(job, status)


async def require_another_press(connection: Connection, request: JobRequest, *, since: datetime) -> None:
    """Check that a press is not only the second half of a double click, nor a form that is sent twice as it is.

    Args:
        since: a press of the same button of the same clip after that is the same one.

    Raises:
        RepeatedPressError: when it is.
    """
    lineage = request.lineage
    if lineage is None:
        return
    job = await jobs.find_press(connection, lineage, member_id=request.requester.member_id, since=since)
    if job is None:
        return
    is_same = (
        request.prompt == job.spec.prompt
        and request.aspect in {None, job.spec.aspect}  # what was left open is the place's
        and request.duration_seconds in {None, job.spec.duration_seconds}
    )
    if lineage.origin is not Origin.REMIX or is_same:
        raise RepeatedPressError


def new_job(
    request: JobRequest,
    admitted: Admitted,
    now: datetime,
    *,
    random_bits: Callable[[int], int],
    lease_owner: str | None,
    lease_seconds: float,
) -> Job:
    """Return a job that waits for its turn.

    Args:
        random_bits: ``random.getrandbits`` or the like, for the id.
        lease_owner: the process that holds it until its acknowledgement was answered; None is nobody.
        lease_seconds: how long the lease lasts, if there is one.
    """
    return Job(
        id=new_job_id(now, random_bits),
        interaction_id=request.interaction_id,
        guild_id=request.requester.guild_id,
        channel_id=request.channel_id,
        member_id=request.requester.member_id,
        member_name=request.requester.name,
        spec=admitted.spec,
        state=JobState.QUEUED,
        created_at=now,
        effective_quota=admitted.status.effective,
        due_at=now,
        lineage=request.lineage,
        is_spoiler=request.is_spoiler,
        is_private=request.is_private,
        lease_owner=lease_owner,
        lease_until=None if lease_owner is None else now + timedelta(seconds=lease_seconds),
    )


def new_job_id(now: datetime, random_bits: Callable[[int], int]) -> str:
    """Return 16 characters that sort by time: 48 bits of Unix milliseconds, then 32 of chance."""
    number = (int(now.timestamp() * 1000) << 32) | random_bits(32)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))


async def charge(
    connection: Connection, server: Server, new: Sequence[Job], admitted: Admitted, now: datetime
) -> QuotaStatus:
    """Store new jobs with their charges; return where that leaves their member.

    The log is told where it brings the server to a mark of its cap.
    """
    await jobs.insert(connection, *new)
    status = admitted.status
    for job in new:
        cost_seconds = job.spec.cost_seconds
        await ledger.charge(connection, job, now=now, from_grants=status.use_grants(cost_seconds))
        status = status.after(cost_seconds)
    if admitted.cap is not None:
        used = admitted.cap.used_seconds + sum(job.spec.cost_seconds for job in new)
        await record_cap_alert(connection, server, replace(admitted.cap, used_seconds=used), now)
    return status


async def record_refusal(
    connection: Connection, details: AdmissionDetails, request: JobRequest, error: RefusedError, now: datetime
) -> None:
    """Count a refusal, and tell the server's log of it, if it is one that moderators decided."""
    server = details.server
    day = local_day(now, zone_of(server.timezone))
    await refusals.count_one(connection, server.guild_id, day, interaction_id=request.interaction_id)
    told = refusal_details(error)
    if told is None:
        return
    spec = details.place.spec_for(request)
    told |= {
        "member_id": request.requester.member_id,
        "channel_id": request.channel_id,
        "prompt": spec.prompt,
        "aspect": spec.aspect.value,
        "duration": spec.duration_seconds,
    }
    await modlog.add_refusal(connection, server, told, now=now, interaction_id=request.interaction_id)
