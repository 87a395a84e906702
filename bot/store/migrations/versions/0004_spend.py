"""What was spent by day, and what the operator was told of it: the submits so far are summed up."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UNPAID = ("refused", "not_taken", "not_sent", "missing", "failed")
_SUBMITS = sa.table(
    "submits", *map(sa.column, ("job_id", "number", "seconds", "outcome")), sa.column("sent_at", UtcDateTime())
)
_AT_A_TIME = 1000
_JOBS = sa.table("jobs", *map(sa.column, ("id", "guild_id", "member_id")))


def upgrade() -> None:
    spend = op.create_table(
        "spend",
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("scope IN ('all', 'server', 'member')", name="spend_scope"),
        sa.PrimaryKeyConstraint("scope", "subject_id", "day"),
    )
    op.create_table(
        "operator_alerts",
        sa.Column("alert", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("alert", "period"),
    )
    is_waiting = sa.text("state = 'queued'")
    op.create_index(
        "jobs_waiting",
        "jobs",
        ["state", "guild_id", "member_id", "id", "duration_seconds"],
        unique=False,
        sqlite_where=is_waiting,
        postgresql_where=is_waiting,
    )
    if rows := _sum_up():
        op.bulk_insert(spend, rows)


def _sum_up() -> list[dict[str, object]]:
    sums: Counter[tuple[str, int, date]] = Counter()
    for row in _spent():
        day = row.sent_at.astimezone(UTC).date()
        for scope, subject_id in (("all", 0), ("server", row.guild_id), ("member", row.member_id)):
            sums[scope, subject_id, day] += row.seconds
    return [
        {"scope": scope, "subject_id": subject_id, "day": day, "seconds": seconds}
        for (scope, subject_id, day), seconds in sums.items()
    ]


def _spent() -> Iterator[sa.Row[Any]]:
    connection = op.get_bind()
    is_spend = sa.or_(_SUBMITS.c.outcome.is_(None), _SUBMITS.c.outcome.not_in(_UNPAID))
    total = connection.execute(sa.select(sa.func.count()).where(is_spend)).scalar_one()
    key = sa.tuple_(_SUBMITS.c.job_id, _SUBMITS.c.number)
    is_next = key > sa.tuple_(sa.bindparam("job_id", type_=sa.String()), sa.bindparam("number", type_=sa.Integer()))
    some = (
        sa.select(*_SUBMITS.c, _JOBS.c.guild_id, _JOBS.c.member_id)
        .join_from(_SUBMITS, _JOBS, _JOBS.c.id == _SUBMITS.c.job_id)
        .where(is_spend, is_next)
        .order_by(_SUBMITS.c.job_id, _SUBMITS.c.number)
        .limit(_AT_A_TIME)
    )
    done, after = 0, {"job_id": "", "number": 0}
    while rows := connection.execute(some, after).all():
        op.get_context().opts["note_rows"](done, total, "submits")
        yield from rows
        done, after = done + len(rows), {"job_id": rows[-1].job_id, "number": rows[-1].number}
