"""Brainstorms: previews, rounds, takes and votes; several jobs of one interaction, by number."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _number_jobs()
    _create_previews()
    _create_brainstorms()
    _create_rounds()
    _create_takes()
    _index_log()


def _number_jobs() -> None:
    """Let an interaction have several jobs; SQLite changes a constraint only by making the table anew."""
    names = {"uq": "%(table_name)s_%(column_0_name)s_key"}  # as PostgreSQL has named it
    with op.batch_alter_table("jobs", naming_convention=names) as jobs:
        jobs.add_column(sa.Column("round_id", sa.String(length=25), nullable=True))
        jobs.add_column(sa.Column("number", sa.Integer(), server_default="0", nullable=False))
        jobs.drop_constraint("jobs_interaction_id_key", type_="unique")
        jobs.create_unique_constraint("jobs_interaction_id_number_key", ["interaction_id", "number"])
    op.drop_index("jobs_waiting", "jobs")
    turn = ["state", "guild_id", "member_id", "id", "duration_seconds", "round_id"]
    _create_index("jobs_waiting", "jobs", turn, where="state = 'queued'")
    _create_index("jobs_by_round", "jobs", ["round_id", "number"], where="round_id IS NOT NULL")


def _vote_terms() -> list[sa.Column[Any]]:
    return [
        sa.Column("clock_seconds", sa.Integer(), nullable=True),
        sa.Column("votes_each", sa.Integer(), nullable=False),
        sa.Column("shows_counts", sa.Boolean(), nullable=False),
        sa.Column("voter_role_id", sa.BigInteger(), nullable=True),
    ]


def _create_previews() -> None:
    op.create_table(
        "previews",
        sa.Column("id", sa.String(length=25), nullable=False),
        sa.Column("interaction_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("idea", sa.Text(), nullable=False),
        sa.Column("takes", sa.Integer(), nullable=False),
        sa.Column("vary", sa.String(length=8), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("aspect", sa.String(length=8), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        *_vote_terms(),
        sa.Column("planned", sa.JSON(), nullable=False),
        sa.Column("combinations", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("is_spoiler", sa.Boolean(), nullable=False),
        sa.Column("brainstorm_id", sa.String(length=25), nullable=True),
        sa.Column("reigning_job_id", sa.String(length=25), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("interaction_id"),
    )
    _create_index("previews_by_member", "previews", ["member_id"])
    _create_index("previews_by_time", "previews", ["created_at"])


def _create_brainstorms() -> None:
    op.create_table(
        "brainstorms",
        sa.Column("id", sa.String(length=25), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("start_message_id", sa.BigInteger(), nullable=True),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _create_index("brainstorms_by_server", "brainstorms", ["guild_id", "id"])
    _create_index("brainstorms_by_thread", "brainstorms", ["thread_id"])
    _create_index("brainstorms_by_member", "brainstorms", ["member_id"])
    _create_index("brainstorms_by_time", "brainstorms", ["created_at"])


def _create_rounds() -> None:
    op.create_table(
        "rounds",
        sa.Column("id", sa.String(length=25), nullable=False),
        sa.Column("brainstorm_id", sa.String(length=25), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("idea", sa.Text(), nullable=False),
        sa.Column("vary", sa.String(length=8), nullable=False),
        *_vote_terms(),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("landed_at", _TIME, nullable=True),
        sa.Column("closes_at", _TIME, nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("winner_number", sa.Integer(), nullable=True),
        sa.Column("choose_by", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("board_message_id", sa.BigInteger(), nullable=True),
        sa.Column("editable_at", _TIME, nullable=True),
        sa.Column("result_message_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_result_message_id", sa.BigInteger(), nullable=True),
        sa.Column("shown_outcome", sa.String(length=16), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=128), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["brainstorm_id"], ["brainstorms.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("brainstorm_id", "number"),
    )
    _create_index("rounds_going", "rounds", ["brainstorm_id"], where="ended_at IS NULL", unique=True)
    _create_index("rounds_open", "rounds", ["guild_id", "member_id"], where="landed_at IS NULL")
    _create_index("rounds_by_due_at", "rounds", ["due_at"], where="due_at IS NOT NULL")
    _create_index("rounds_by_lease_owner", "rounds", ["lease_owner"])
    _create_index("rounds_by_member", "rounds", ["member_id"])


def _create_takes() -> None:
    op.create_table(
        "takes",
        sa.Column("round_id", sa.String(length=25), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=25), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("is_reigning", sa.Boolean(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"]),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("round_id", "number"),
    )
    _create_index("takes_by_job", "takes", ["job_id"])
    op.create_table(
        "votes",
        sa.Column("round_id", sa.String(length=25), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.BigInteger(), nullable=False),
        sa.Column("voted_at", _TIME, nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"]),
        sa.PrimaryKeyConstraint("round_id", "member_id", "number"),
    )
    _create_index("votes_by_member", "votes", ["member_id"])


def _index_log() -> None:
    """Find entries of the log by the member that they name: of brainstorms, too."""
    op.drop_index("log_entries_refused", "log_entries")
    kinds = sa.column("kind", sa.String).in_(["refused", "brainstorm_begun", "brainstorm_ended"])
    op.create_index("log_entries_of_members", "log_entries", ["id"], sqlite_where=kinds, postgresql_where=kinds)


def _create_index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
