"""Moderation: servers' settings, pools, caps, gifts that end, prompt rules, blocks, the audit and the log.

Gifts from before had no end of their own: they counted in the period they were made in, which nobody noted. Those of
the present month go on to its end, UTC; what was used of them stays counted in the quota.
"""

from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

from bot.store.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("removed_by", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("removed_at", _TIME, nullable=True))
    op.create_index("jobs_by_server", "jobs", ["guild_id", "created_at"], unique=False)
    _widen_the_ledger()
    _widen_quota_rules()
    _create_what_moderators_decide()
    _create_audit_and_log()


def _widen_the_ledger() -> None:
    op.add_column("ledger", sa.Column("pool_id", sa.BigInteger(), nullable=True))
    op.add_column("ledger", sa.Column("drawn_seconds", sa.Integer(), server_default="0", nullable=False))
    op.add_column("ledger", sa.Column("expires_at", _TIME, nullable=True))
    op.drop_index("ledger_by_member", "ledger")
    op.create_index("ledger_by_time", "ledger", ["guild_id", "counted_at"], unique=False)
    op.create_index("ledger_gifts", "ledger", ["guild_id", "member_id", "expires_at"], unique=False)
    op.create_table(
        "draws",
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=25), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("seconds > 0", name="draws_seconds_positive"),
        sa.ForeignKeyConstraint(["grant_id"], ["ledger.id"]),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("grant_id", "job_id"),
    )
    op.create_table(
        "usage",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("account_kind", sa.String(length=8), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("quarter_at", _TIME, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("drawn_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "account_kind", "account_id", "quarter_at"),
    )
    _sum_up_what_was_used()
    _end_old_gifts()


def _sum_up_what_was_used() -> None:
    ledger = sa.table(
        "ledger", *map(sa.column, ("guild_id", "member_id", "kind", "seconds")), sa.column("counted_at", UtcDateTime())
    )
    sums: Counter[tuple[int, str, int, datetime]] = Counter()
    entries = op.get_bind().execute(sa.select(ledger).where(ledger.c.kind != "grant"))
    for guild_id, member_id, kind, seconds, counted_at in entries:
        past_quarter = timedelta(
            minutes=counted_at.minute % 15, seconds=counted_at.second, microseconds=counted_at.microsecond
        )
        for account in (("member", member_id), ("server", guild_id)):
            sums[guild_id, *account, counted_at - past_quarter] += seconds if kind == "charge" else -seconds
    usage = sa.table(
        "usage",
        *map(sa.column, ("guild_id", "account_kind", "account_id", "seconds", "drawn_seconds")),
        sa.column("quarter_at", UtcDateTime()),
    )
    for (guild_id, kind, account_id, quarter_at), seconds in sums.items():
        op.get_bind().execute(
            usage.insert().values(
                guild_id=guild_id,
                account_kind=kind,
                account_id=account_id,
                quarter_at=quarter_at,
                seconds=seconds,
                drawn_seconds=0,
            )
        )


def _end_old_gifts() -> None:
    ledger = sa.table(
        "ledger",
        sa.column("id"),
        sa.column("kind"),
        sa.column("counted_at", UtcDateTime()),
        sa.column("expires_at", UtcDateTime()),
    )
    gifts = op.get_bind().execute(sa.select(ledger.c.id, ledger.c.counted_at).where(ledger.c.kind == "grant")).all()
    for gift_id, counted_at in gifts:
        first = counted_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        next_first = (first + timedelta(days=31)).replace(day=1)
        op.get_bind().execute(ledger.update().where(ledger.c.id == gift_id).values(expires_at=next_first))


def _widen_quota_rules() -> None:
    op.create_table(
        "quota_rules_new",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.CheckConstraint("source IN ('member', 'role', 'channel', 'server')", name="quota_rules_source"),
        sa.PrimaryKeyConstraint("guild_id", "source", "subject_id"),
    )
    columns = ["guild_id", "source", "subject_id", "seconds", "period", "set_by", "set_at"]
    new, old = (sa.table(name, *map(sa.column, columns)) for name in ("quota_rules_new", "quota_rules"))
    op.get_bind().execute(new.insert().from_select(columns, sa.select(old)))
    op.drop_table("quota_rules")
    op.rename_table("quota_rules_new", "quota_rules")


def _create_what_moderators_decide() -> None:
    op.create_table(
        "servers",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("cap_seconds", sa.Integer(), nullable=True),
        sa.Column("cap_period", sa.String(length=8), nullable=True),
        sa.Column("cap_told_percent", sa.Integer(), nullable=False),
        sa.Column("cap_told_until", _TIME, nullable=True),
        sa.Column("log_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("log_closed", sa.Boolean(), nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("paused_by", sa.BigInteger(), nullable=True),
        sa.Column("paused_at", _TIME, nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    op.create_table(
        "channel_rules",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("access", sa.String(length=8), nullable=True),
        sa.Column("aspect", sa.String(length=8), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", "channel_id"),
    )
    op.create_table(
        "blocks",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("guild_id", "member_id"),
    )
    op.create_table(
        "prompt_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guild_id", "kind", "text"),
    )
    op.create_table(
        "automod_rules",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id"),
    )


def _create_audit_and_log() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("changes_by_server", "changes", ["guild_id", "id"], unique=False)
    op.create_table(
        "log_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("job_id", sa.String(length=25), nullable=True),
        sa.Column("change_id", sa.Integer(), nullable=True),
        sa.Column("interaction_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=128), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("interaction_id"),
        sa.UniqueConstraint("job_id", "kind"),
    )
    op.create_index("log_entries_by_due_at", "log_entries", ["due_at"], unique=False)
    op.create_index("log_entries_by_lease_owner", "log_entries", ["lease_owner"], unique=False)
    op.create_index("log_entries_by_server", "log_entries", ["guild_id", "kind", "created_at"], unique=False)
