"""The message that tells a member of a failure; failures of before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("failure_mentions", sa.Boolean(), nullable=True))
    op.add_column("jobs", sa.Column("failure_message_id", sa.BigInteger(), nullable=True))
