"""The tables of what moderators decide; ``tables.py`` has all others, and these by name."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from bot.store.columns import UtcDateTime, metadata

quota_rules = Table(
    "quota_rules",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("source", String(16), primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    Column("is_passing", Boolean, primary_key=True, key="is_temporary"),
    Column("seconds", Integer),
    Column("period", String(8), nullable=False),
    Column("set_by", BigInteger, nullable=False, key="set_by_id"),
    Column("set_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    CheckConstraint("source IN ('member', 'role', 'channel', 'server')", name="quota_rules_source"),
)

servers = Table(
    "servers",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("timezone", String(64), nullable=False),
    Column("cap_seconds", Integer),
    Column("cap_period", String(8)),
    Column("cap_told_percent", Integer, nullable=False),
    Column("cap_told_at", UtcDateTime),
    Column("log_channel_id", BigInteger),
    Column("log_closed", Boolean, nullable=False),
    Column("pause_reason", Text),
    Column("paused_by", BigInteger, key="paused_by_id"),
    Column("paused_at", UtcDateTime),
    Column("rules_version", Integer, nullable=False),
    Column("clip_buttons", String(16), nullable=False, server_default="everyone"),
    Column("allows_private", Boolean, nullable=False, server_default=true()),
    Column("brainstorms_per_channel", Integer, nullable=False, server_default="3"),
    Column("brainstorms_per_member", Integer, nullable=False, server_default="1"),
    Column("voter_role_id", BigInteger),
    Column("allows_own_votes", Boolean, nullable=False, server_default=true()),
)

channel_rules = Table(
    "channel_rules",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("channel_id", BigInteger, primary_key=True),
    Column("access", String(8)),
    Column("aspect", String(8)),
    Column("duration_seconds", Integer),
)

blocks = Table(
    "blocks",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("member_id", BigInteger, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("set_by", BigInteger, nullable=False, key="set_by_id"),
    Column("set_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
)

prompt_rules = Table(
    "prompt_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("set_by", BigInteger, nullable=False, key="set_by_id"),
    Column("set_at", UtcDateTime, nullable=False),
    UniqueConstraint("guild_id", "kind", "text"),
)

automod_rules = Table(
    "automod_rules",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rules", JSON, nullable=False),
)

phrase_lists = Table(
    "phrase_lists",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("name", String(30), primary_key=True),
    Column("phrases", JSON, nullable=False),
    Column("set_by", BigInteger, nullable=False, key="set_by_id"),
    Column("set_at", UtcDateTime, nullable=False),
)
