"""Tables of brainstorms: what is planned, rounds with their takes, and votes."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.store.columns import UtcDateTime, index_where, metadata


def _vote_terms() -> list[Column[object]]:
    return [
        Column("clock_seconds", Integer),
        Column("votes_each", Integer, nullable=False),
        Column("shows_counts", Boolean, nullable=False),
        Column("voter_role_id", BigInteger),
    ]


previews = Table(
    "previews",
    metadata,
    Column("id", String(25), primary_key=True),
    Column("interaction_id", BigInteger, nullable=False, unique=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("idea", Text, nullable=False),
    Column("takes", Integer, nullable=False),
    Column("vary", String(8), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("aspect", String(8)),
    Column("duration_seconds", Integer),
    *_vote_terms(),
    Column("planned", JSON, nullable=False),
    Column("combinations", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("is_spoiler", Boolean, nullable=False),
    Column("brainstorm_id", String(25)),
    Column("reigning_job_id", String(25)),
)
Index("previews_by_member", previews.c.member_id)
Index("previews_by_time", previews.c.created_at)

brainstorms = Table(
    "brainstorms",
    metadata,
    Column("id", String(25), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("start_message_id", BigInteger),
    Column("thread_id", BigInteger),
)
Index("brainstorms_by_server", brainstorms.c.guild_id, brainstorms.c.id)
Index("brainstorms_by_thread", brainstorms.c.thread_id)
Index("brainstorms_by_member", brainstorms.c.member_id)
Index("brainstorms_by_time", brainstorms.c.created_at)

rounds = Table(
    "rounds",
    metadata,
    Column("id", String(25), primary_key=True),
    Column("brainstorm_id", String(25), ForeignKey("brainstorms.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("idea", Text, nullable=False),
    Column("vary", String(8), nullable=False),
    *_vote_terms(),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("landed_at", UtcDateTime),
    Column("closes_at", UtcDateTime),
    Column("outcome", String(16)),
    Column("winner_number", Integer),
    Column("choose_by", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("board_message_id", BigInteger),
    Column("editable_at", UtcDateTime),
    Column("result_message_id", BigInteger),
    Column("channel_result_message_id", BigInteger),
    Column("shown_outcome", String(16)),
    Column("changes", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("leased_to", String(128), key="lease_owner"),
    Column("lease_until", UtcDateTime),
    UniqueConstraint("brainstorm_id", "number"),
)
index_where(rounds.c.ended_at.is_(None), "rounds_going", rounds.c.brainstorm_id, unique=True)
index_where(rounds.c.landed_at.is_(None), "rounds_open", rounds.c.guild_id, rounds.c.member_id)
index_where(rounds.c.due_at.is_not(None), "rounds_by_due_at", rounds.c.due_at)
Index("rounds_by_lease_owner", rounds.c.lease_owner)
Index("rounds_by_member", rounds.c.member_id)

takes = Table(
    "takes",
    metadata,
    Column("round_id", String(25), ForeignKey("rounds.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("job_id", String(25), ForeignKey("jobs.id"), nullable=False),
    Column("difference", Text, nullable=False),
    Column("is_reigning", Boolean, nullable=False),
    Column("votes", Integer),
)
Index("takes_by_job", takes.c.job_id)

votes = Table(
    "votes",
    metadata,
    Column("round_id", String(25), ForeignKey("rounds.id"), primary_key=True),
    Column("member_id", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("interaction_id", BigInteger, nullable=False),
    Column("voted_at", UtcDateTime, nullable=False),
    Column("is_counted", Boolean, nullable=False),
)
Index("votes_by_member", votes.c.member_id)
