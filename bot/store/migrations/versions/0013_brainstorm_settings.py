"""How brainstorms are held in a server, and its own lists of phrases."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("brainstorms_per_channel", sa.Integer(), server_default="3", nullable=False),
        sa.Column("brainstorms_per_member", sa.Integer(), server_default="1", nullable=False),
        sa.Column("voter_role_id", sa.BigInteger(), nullable=True),
        sa.Column("allows_own_votes", sa.Boolean(), server_default=sa.true(), nullable=False),
    ):
        op.add_column("servers", column)
    op.create_table(
        "phrase_lists",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("phrases", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "name"),
    )
