"""What a clip was made from, and how; who may use the buttons under clips."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("parent_id", sa.String(length=25), nullable=True))
    op.add_column("jobs", sa.Column("root_id", sa.String(length=25), nullable=True))
    op.add_column("jobs", sa.Column("origin", sa.String(length=16), nullable=True))
    buttons = sa.Column("clip_buttons", sa.String(length=16), nullable=False, server_default="everyone")
    op.add_column("servers", buttons)
    condition = sa.text("parent_id IS NOT NULL")
    op.create_index(
        "jobs_by_parent", "jobs", ["parent_id", "member_id"], sqlite_where=condition, postgresql_where=condition
    )
