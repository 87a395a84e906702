"""Who sees a clip and how."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("is_private", sa.Boolean(), nullable=False, server_default=sa.false()))
