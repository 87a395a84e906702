"""What the commands print for programs: times are ISO 8601 in UTC, Discord's ids are text, as in its own API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from bot.models import Job
    from bot.models.operating import JobDetails

_LISTED = ("id", "state", "error_code", "guild_id", "channel_id", "member_id", "created_at", "finished_at")
_SHOWN = (
    *_LISTED,
    *("due_at", "attempts", "lease_owner", "lease_until", "started_at", "submitted_at", "rendered_at"),
    *("result_expires_at", "generation_id", "request_id", "model", "status_message_id", "message_channel_id"),
    *("message_id", "removed_at", "removed_by_id", "archived_at", "is_spoiler", "is_private", "round_id", "adopted_id"),
)


def document(value: object) -> Any:  # noqa: ANN401 (whatever JSON has)
    """Return a value, with all that is in it, as JSON has it; the keys of an object are its fields' names."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {it.name: _id_or_document(it.name, getattr(value, it.name)) for it in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): document(each) for key, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [document(each) for each in cast("list[Any]", value)]
    return value


def listed_job(job: Job) -> dict[str, Any]:
    """Return a job as a list has it: without what anybody wrote."""
    return _fields_of(job, _LISTED) | {"duration_seconds": job.spec.duration_seconds}


def shown_job(details: JobDetails) -> dict[str, Any]:
    """Return all of one job but the address of its file, which opens it to anybody."""
    job = details.job
    from bot.ui.text.formatting import card_address
    from bot.ui.text.operating.jobs import message_address

    return _fields_of(job, _SHOWN) | {
        "prompt": job.spec.prompt,
        "aspect": job.spec.aspect.value,
        "duration_seconds": job.spec.duration_seconds,
        "parent_id": None if job.lineage is None else job.lineage.parent_id,
        "origin": None if job.lineage is None else job.lineage.origin.value,
        "card": card_address(job),
        "message": message_address(job),
        "submits": document(details.submits),
        "ledger": document(details.ledger),
        "audit": document(details.audit),
        "retried_by": list(details.retried_by),
    }


def _fields_of(job: Job, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _id_or_document(name, getattr(job, name)) for name in names}


def _id_or_document(name: str, value: object) -> Any:  # noqa: ANN401 (as above)
    return str(value) if name.endswith("_id") and isinstance(value, int) else document(value)
