"""Submits: each request to the video service as a row, and what is known of the models asked.

A job that was sent before, and of which it isn't known that the service is done with it, may be on the wire: it is
asked about before it is sent again. That goes for a job that waits, too, where the service's id of an exchange shows
that it was sent once.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JOBS = sa.table(
    "jobs",
    *map(sa.column, ("id", "state", "duration_seconds", "generation_id", "request_id", "error_code", "attempts")),
    *(
        sa.column(name, UtcDateTime())
        for name in ("created_at", "started_at", "submitted_at", "rendered_at", "finished_at", "due_at")
    ),
)
_REFUSED = {"rejected", "wrong_endpoint", "content_policy"}
"""Reasons for which a job without a generation ended at its submit."""
_ENDED = {"delivered", "failed", "cancelled"}
_ASKED_FOR = timedelta(hours=48)
"""For how long after a submit it is still asked about when its job has ended."""
_BATCH = 1000


def upgrade() -> None:
    op.create_table(
        "submits",
        sa.Column("job_id", sa.String(length=25), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("sent_at", _TIME, nullable=False),
        sa.Column("cut_at", _TIME, nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("generation_id", sa.String(length=128), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL OR outcome = 'accepted')", name="submits_outcome"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("job_id", "number"),
    )
    op.create_index("submits_by_time", "submits", ["sent_at"], unique=False)
    is_open = sa.text("ended_at IS NULL")
    op.create_index("submits_open", "submits", ["job_id"], unique=True, sqlite_where=is_open, postgresql_where=is_open)
    is_due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "submits_unattended", "submits", ["due_at"], unique=False, sqlite_where=is_due, postgresql_where=is_due
    )
    op.create_table(
        "polls_sent",
        sa.Column("second_at", _TIME, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("second_at"),
    )
    op.create_table(
        "models",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("finds_by_job_id", sa.Boolean(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    _write_down_what_was_sent(datetime.now(UTC))


def _write_down_what_was_sent(now: datetime) -> None:
    connection = op.get_bind()
    submits = sa.table(
        "submits",
        *map(sa.column, ("job_id", "number", "seconds", "model", "outcome", "generation_id", "attempts")),
        *(sa.column(name, UtcDateTime()) for name in ("sent_at", "cut_at", "ended_at", "due_at")),
    )
    was_sent = sa.or_(_JOBS.c.submitted_at.is_not(None), _JOBS.c.request_id.is_not(None))
    total = connection.execute(sa.select(sa.func.count()).where(was_sent)).scalar_one()
    done, after = 0, ""
    while jobs := connection.execute(
        sa.select(_JOBS).where(was_sent, _JOBS.c.id > after).order_by(_JOBS.c.id).limit(_BATCH)
    ).all():
        connection.execute(submits.insert(), [_submit_of(job, now) for job in jobs])
        done, after = done + len(jobs), jobs[-1].id
        op.get_context().opts["note_rows"](done, total, "jobs")
    # A job's attempts were its submits; now they are refused polls, and submits are counted here.
    connection.execute(_JOBS.update().where(_JOBS.c.state == "submitting").values(attempts=0))
    waiting = sa.and_(_JOBS.c.state == "queued", was_sent)
    connection.execute(
        _JOBS.update()
        .where(waiting)
        .values(state="submitting", started_at=now, submitted_at=now, due_at=now, attempts=0)
    )


def _submit_of(job: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 (a row)
    sent_at = job.submitted_at or (now if job.state == "queued" else job.created_at)
    outcome, ended_at = _outcome_of(job, sent_at, now)
    return {
        "job_id": job.id,
        "number": 1,
        "seconds": job.duration_seconds,
        "model": "",
        "sent_at": sent_at,
        "cut_at": None,
        "outcome": outcome,
        "ended_at": ended_at,
        "due_at": now if ended_at is None and job.state in _ENDED else None,
        "generation_id": job.generation_id,
        "attempts": 0,
    }


def _outcome_of(job: Any, sent_at: datetime, now: datetime) -> tuple[str | None, datetime | None]:  # noqa: ANN401 (a row)
    over_at = job.rendered_at or job.finished_at or sent_at
    is_known = job.generation_id is not None
    if job.rendered_at is not None:
        return "completed", over_at
    if job.state in _ENDED:
        if is_known and job.error_code in {"generation_failed", "content_policy"}:
            return "failed", over_at
        if not is_known and job.error_code in _REFUSED:
            return "refused", over_at
        if now - sent_at > _ASKED_FOR:  # nobody can say any more; what was waiting again had not been taken
            return ("lost" if job.submitted_at is not None else "missing"), over_at
    return ("accepted" if is_known else None), None
