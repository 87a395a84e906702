"""Moderation: servers' settings, pools, caps, gifts that end, prompt rules, blocks, the audit and the log.

Gifts from before had no end of their own: they counted in the period they were made in, which nobody noted. They end
with their month, UTC, and what their member used after they were made counts as used of them first: nobody has less
left in the present period than before, and who used up a gift has not more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_AT_A_TIME = 1000
_LEDGER = sa.table(
    "ledger",
    *map(sa.column, ("id", "guild_id", "member_id", "job_id", "kind", "seconds", "drawn_seconds")),
    *(sa.column(name, UtcDateTime()) for name in ("counted_at", "expires_at")),
)


@dataclass
class _Gift:
    id: int
    expires_at: datetime
    left: int


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
    is_gift = sa.text("expires_at IS NOT NULL")
    op.create_index(
        "ledger_gifts",
        "ledger",
        ["guild_id", "member_id", "expires_at"],
        unique=False,
        sqlite_where=is_gift,
        postgresql_where=is_gift,
    )
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
    _draw_from_old_gifts()
    _sum_up_what_was_used()


def _draw_from_old_gifts() -> None:
    draws = sa.table("draws", *map(sa.column, ("grant_id", "job_id", "seconds")))
    connection = op.get_bind()
    given = sa.select(_LEDGER.c.guild_id, _LEDGER.c.member_id).where(_LEDGER.c.kind == "grant")
    of_whom = sa.tuple_(_LEDGER.c.guild_id, _LEDGER.c.member_id).in_(given)
    entries = connection.execute(sa.select(_LEDGER).where(of_whom).order_by(_LEDGER.c.id)).all()
    refunded = {entry.job_id for entry in entries if entry.kind == "refund"}
    gifts: defaultdict[tuple[int, int], list[_Gift]] = defaultdict(list)
    for entry in entries:
        mine = gifts[entry.guild_id, entry.member_id]
        if entry.kind == "grant":
            first = entry.counted_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            expires_at = (first + timedelta(days=31)).replace(day=1)
            mine.append(_Gift(entry.id, expires_at, entry.seconds))
            connection.execute(_LEDGER.update().where(_LEDGER.c.id == entry.id).values(expires_at=expires_at))
        elif entry.kind == "charge" and entry.job_id not in refunded:
            drawn = 0
            for gift in mine:
                taken = min(gift.left, entry.seconds - drawn) if entry.counted_at < gift.expires_at else 0
                if taken:
                    gift.left -= taken
                    drawn += taken
                    connection.execute(draws.insert().values(grant_id=gift.id, job_id=entry.job_id, seconds=taken))
            if drawn:
                connection.execute(_LEDGER.update().where(_LEDGER.c.id == entry.id).values(drawn_seconds=drawn))


def _sum_up_what_was_used() -> None:
    sums: Counter[tuple[int, str, int, datetime]] = Counter()
    drawn: Counter[tuple[int, str, int, datetime]] = Counter()
    for entry in _charges_and_refunds():
        at = entry.counted_at
        quarter_at = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        for account in (("member", entry.member_id), ("server", entry.guild_id)):
            key = (entry.guild_id, *account, quarter_at)
            sums[key] += entry.seconds if entry.kind == "charge" else -entry.seconds
            drawn[key] += entry.drawn_seconds
    usage = sa.table(
        "usage",
        *map(sa.column, ("guild_id", "account_kind", "account_id", "seconds", "drawn_seconds")),
        sa.column("quarter_at", UtcDateTime()),
    )
    rows = [
        {
            "guild_id": key[0],
            "account_kind": key[1],
            "account_id": key[2],
            "quarter_at": key[3],
            "seconds": seconds,
            "drawn_seconds": drawn[key],
        }
        for key, seconds in sums.items()
    ]
    for done in range(0, len(rows), _AT_A_TIME):
        op.get_context().opts["note_rows"](done, len(rows), "sums of the ledger")
        op.get_bind().execute(usage.insert(), rows[done : done + _AT_A_TIME])


def _charges_and_refunds() -> Iterator[sa.Row[Any]]:
    connection = op.get_bind()
    is_wanted = sa.and_(_LEDGER.c.kind != "grant", _LEDGER.c.id > sa.bindparam("after_id"))
    total = connection.execute(sa.select(sa.func.count()).where(is_wanted), {"after_id": 0}).scalar_one()
    some = sa.select(_LEDGER).where(is_wanted).order_by(_LEDGER.c.id).limit(_AT_A_TIME)
    done = after_id = 0
    while rows := connection.execute(some, {"after_id": after_id}).all():
        op.get_context().opts["note_rows"](done, total, "entries of the ledger")
        yield from rows
        done, after_id = done + len(rows), rows[-1].id


def _widen_quota_rules() -> None:
    op.create_table(
        "quota_rules_new",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("is_passing", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.CheckConstraint("source IN ('member', 'role', 'channel', 'server')", name="quota_rules_source"),
        sa.PrimaryKeyConstraint("guild_id", "source", "subject_id", "is_passing"),
    )
    columns = ["guild_id", "source", "subject_id", "seconds", "period", "set_by", "set_at"]
    old = sa.table("quota_rules", *map(sa.column, columns))
    new = sa.table("quota_rules_new", *map(sa.column, [*columns, "is_passing"]))
    op.get_bind().execute(new.insert().from_select([*columns, "is_passing"], sa.select(old, sa.false())))
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
        sa.Column("cap_told_at", _TIME, nullable=True),
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
    is_waiting = sa.text("due_at IS NOT NULL")
    op.create_index(
        "log_entries_waiting",
        "log_entries",
        ["guild_id", "id"],
        unique=False,
        sqlite_where=is_waiting,
        postgresql_where=is_waiting,
    )
    op.create_index("log_entries_by_lease_owner", "log_entries", ["lease_owner"], unique=False)
    op.create_index("log_entries_by_server", "log_entries", ["guild_id", "kind", "created_at"], unique=False)
