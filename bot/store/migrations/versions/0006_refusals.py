"""How many requests were refused, by server and day."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("interaction_id", sa.BigInteger),
    )
    # Until now each was an entry of the log, where nobody reads it too; their days are taken in UTC.
    op.execute(
        "INSERT INTO refusals (guild_id, day, count) SELECT guild_id, date(created_at), count(*) FROM log_entries "
        "WHERE kind = 'refused' GROUP BY guild_id, date(created_at)"
    )
