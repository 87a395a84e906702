"""The end of what is stored: sums in place of old rows, members' erasures, and the servers that the bot is in.

The servers that anything is known of count as those it is in, until Discord says otherwise at the next start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_USAGE = sa.table("usage", sa.column("account_kind"), sa.column("is_day", sa.Boolean()))
_CHANGES = sa.table("changes", sa.column("kind"))
_LOG_ENTRIES = sa.table("log_entries", sa.column("kind"))


def upgrade() -> None:
    _add_sums()
    _index_what_ends()
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    op.execute("INSERT INTO guilds (guild_id) SELECT guild_id FROM servers UNION SELECT guild_id FROM jobs")
    op.create_table(
        "erasures",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("texts_erased_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("member_id"),
    )


def _add_sums() -> None:
    op.add_column("jobs", sa.Column("archived_at", _TIME, nullable=True))
    op.add_column("usage", sa.Column("is_day", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "ledger_sums",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("day_at", _TIME, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "member_id", "day_at"),
    )
    op.create_index("ledger_sums_by_member", "ledger_sums", ["member_id"])


def _index_what_ends() -> None:
    op.create_index("draws_by_job", "draws", ["job_id"])
    op.create_index("ledger_by_member", "ledger", ["member_id", "counted_at"])
    op.create_index("changes_by_time", "changes", ["made_at"])
    op.create_index("log_entries_by_time", "log_entries", ["created_at"])
    is_of_clip = _CHANGES.c.kind.in_(["job_cancelled", "clip_removed"])
    for name, table, column, where in (
        ("jobs_to_archive", "jobs", "finished_at", sa.text("finished_at IS NOT NULL AND archived_at IS NULL")),
        ("ledger_grants_by_end", "ledger", "expires_at", sa.text("expires_at IS NOT NULL")),
        ("usage_quarters", "usage", "quarter_at", _USAGE.c.is_day.is_(False)),
        ("usage_by_member", "usage", "account_id", _USAGE.c.account_kind == "member"),
        ("changes_of_clips", "changes", "subject_id", is_of_clip),
        ("log_entries_by_change", "log_entries", "change_id", sa.text("change_id IS NOT NULL")),
        ("log_entries_refused", "log_entries", "id", _LOG_ENTRIES.c.kind == "refused"),
    ):
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
