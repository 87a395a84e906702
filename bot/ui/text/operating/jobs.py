"""Jobs as the operator sees them, in a list and one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import failures, formatting
from bot.ui.text.operating.tables import aligned, moment, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.models import Job
    from bot.models.operating import JobDetails

_HEAD = ("JOB", "STATE", "WHY", "SERVER", "MEMBER", "SECONDS", "ASKED")


def listed(found: Sequence[Job], limit: int) -> str:
    """List jobs, and say how the list goes on where it may."""
    rows = [
        (
            job.id,
            job.state.value,
            job.error_code or "",
            str(job.guild_id),
            str(job.member_id),
            str(job.spec.duration_seconds),
            moment(job.created_at),
        )
        for job in found
    ]
    text = table(_HEAD, rows, nothing="There are no such jobs.")
    return f"{text}\n\nThere may be more: --before {found[-1].id}" if found and len(found) == limit else text


def shown(details: JobDetails) -> str:
    """Say all that is known of a job, and nothing that opens anything: no address of its file."""
    job = details.job
    lines = [
        ("job", job.id),
        ("state", job.state.value),
        ("why", "" if job.error_code is None else f"{job.error_code.value}: {failures.failure(job.error_code)}"),
        ("server", str(job.guild_id)),
        ("channel", str(job.channel_id)),
        ("member", str(job.member_id)),
        ("prompt", formatting.plain(job.spec.prompt) or "(not kept any more)"),
        ("clip", f"{job.spec.aspect.value}, {job.spec.duration_seconds} s{_manners(job)}"),
        ("model", job.model or ""),
        ("asked", moment(job.created_at)),
        ("first sent", _at(job.started_at)),
        ("rendered", _at(job.rendered_at)),
        ("file until", _at(job.result_expires_at)),
        ("over", _at(job.finished_at)),
        ("next look", _at(job.due_at)),
        ("held by", "" if job.lease_owner is None else f"{job.lease_owner}, until {_at(job.lease_until)}"),
        ("tries in a row", str(job.attempts) if job.attempts else ""),
        ("generation", job.generation_id or ""),
        ("last request", job.request_id or ""),
        ("made from", "" if job.lineage is None else f"{job.lineage.parent_id} ({job.lineage.origin.value})"),
        ("retries", job.adopted_id or ""),
        ("retried by", ", ".join(details.retried_by)),
        ("card", formatting.card_address(job) or ""),
        ("message", message_address(job) or ""),
        ("removed", "" if job.removed_at is None else f"{moment(job.removed_at)}, by {job.removed_by_id}"),
    ]
    submits = [
        (
            f"submit {submit.number}",
            moment(submit.sent_at),
            submit.outcome or "no answer",
            f"{submit.seconds} s",
            submit.generation_id or "",
            "" if submit.ended_at is None else f"over {moment(submit.ended_at)}",
        )
        for submit in details.submits
    ]
    ledger = [
        (entry.kind, moment(entry.made_at), formatting.seconds(entry.seconds), _by(entry.made_by_id))
        for entry in details.ledger
    ]
    audit = [
        (f"by hand: {entry.action.value}", moment(entry.made_at), entry.made_by, formatting.plain(entry.reason or ""))
        for entry in details.audit
    ]
    parts = [aligned([line for line in lines if line[1]]), *map(aligned, (submits, ledger, audit))]
    return "\n\n".join(filter(None, parts))


def retried(job: Job) -> str:
    """Say which job posts a failed one's clip."""
    return f"{job.id} posts that clip as soon as a running bot has fetched it; its member is charged nothing."


def cancelled(job: Job) -> str:
    """Say that a job is cancelled."""
    return f"{job.id} is cancelled, and what it was charged came back to its member; a running bot updates its card."


def message_address(job: Job) -> str | None:
    """Return the address of the clip's message, where it has one that all may see."""
    if job.message_id is None or job.message_channel_id is None or job.is_private:
        return None
    return formatting.message_address(job.guild_id, job.message_channel_id, job.message_id)


def _manners(job: Job) -> str:
    return "".join((", spoiler" if job.is_spoiler else "", ", private" if job.is_private else ""))


def _at(at: datetime | None) -> str:
    return "" if at is None else moment(at)


def _by(made_by_id: int) -> str:
    return f"by {made_by_id}" if made_by_id else "by the bot"
