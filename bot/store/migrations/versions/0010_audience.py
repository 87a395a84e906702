"""Who sees a clip and how: spoilers, private clips, mentions."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("is_spoiler", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("jobs", sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("servers", sa.Column("allows_private", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "members",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_mentioned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("member_id"),
    )
