"""What the operator does by hand: an audit of it, their pause, servers to be left, generations that a retry adopts."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_IS_ADOPTED = sa.text("adopted_id IS NOT NULL AND state NOT IN ('failed', 'cancelled')")
_IS_TO_BE_LEFT = sa.text("leave_due_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "operator_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("operator_audit_by_time", "operator_audit", ["made_at"])
    op.create_index("operator_audit_by_target", "operator_audit", ["target"])
    op.add_column("pauses", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("guilds", sa.Column("leave_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "guilds_to_leave", "guilds", ["leave_due_at"], sqlite_where=_IS_TO_BE_LEFT, postgresql_where=_IS_TO_BE_LEFT
    )
    op.add_column("jobs", sa.Column("adopted_id", sa.String(length=25), nullable=True))
    op.create_index(
        "jobs_adopting",
        "jobs",
        ["adopted_id"],
        unique=True,
        sqlite_where=_IS_ADOPTED,
        postgresql_where=_IS_ADOPTED,
    )
