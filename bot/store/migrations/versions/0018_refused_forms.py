"""What was typed into forms of other kinds and refused."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("drafts", sa.Column("custom_id", sa.String(length=100), nullable=True))
    op.add_column("drafts", sa.Column("fields", sa.JSON(), nullable=True))
