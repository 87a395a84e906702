"""The schema's epoch, and other names for columns that every version before writes.

Processes of these versions don't look at the epoch. Whatever they begin, charge, pay for, give back or deliver, they
write one of these columns with it, and so fail before anything has happened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_RENAMED = (
    ("jobs", "lease_owner", "leased_to"),
    ("rounds", "lease_owner", "leased_to"),
    ("log_entries", "lease_owner", "leased_to"),
    ("ledger", "made_by", "made_by_id"),
    ("changes", "made_by", "made_by_id"),
)


def upgrade() -> None:
    for table, old, new in _RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    schema_epoch = op.create_table(
        "schema_epoch", sa.Column("epoch", sa.Integer(), autoincrement=False, primary_key=True)
    )
    op.bulk_insert(schema_epoch, [{"epoch": 1}])
