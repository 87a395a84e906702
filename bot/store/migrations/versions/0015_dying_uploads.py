"""Since when a clip's upload keeps dying."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("upload_dying_since", sa.DateTime(timezone=True), nullable=True))
