"""Since when a job's row is one that was put back from a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True))
