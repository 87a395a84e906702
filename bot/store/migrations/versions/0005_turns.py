"""Fair turns between servers and members, and the operator's pauses."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Jobs that need nothing more are no longer in it, and what asks for waiting jobs goes by an index of these alone.
    op.drop_index("jobs_by_due_at", table_name="jobs")
    _create_index("jobs_by_due_at", "jobs", ["state", "due_at"], where="due_at IS NOT NULL")
    _create_index("jobs_waiting_by_age", "jobs", ["state", "created_at", "id"], where="state = 'queued'")
    _create_index("jobs_last_started", "jobs", ["guild_id", "submitted_at"], where="submitted_at IS NOT NULL")
    by_member = ["guild_id", "member_id", "submitted_at"]
    _create_index("jobs_last_started_by_member", "jobs", by_member, where="submitted_at IS NOT NULL")
    _create_index("submits_slots", "submits", ["sent_at", "job_id"], where="ended_at IS NULL")
    op.create_table(
        "pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("began_at", _TIME, nullable=False),
        sa.Column("known_until", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _create_index("pauses_open", "pauses", ["owner"], where="ended_at IS NULL", unique=True)


def _create_index(name: str, table: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
