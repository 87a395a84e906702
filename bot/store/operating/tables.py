"""The tables of what is the operator's; ``bot/store/tables.py`` has all others, and names these."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from bot.store.columns import UtcDateTime, index_where, metadata

operator_alerts = Table(
    "operator_alerts",
    metadata,
    Column("alert", String(32), primary_key=True),
    Column("period", String(16), primary_key=True),
)

pauses = Table(
    "pauses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("known_until", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("reason", String(32)),
    Column("note", Text),
)
index_where(pauses.c.ended_at.is_(None), "pauses_open", pauses.c.owner, unique=True)

operator_audit = Table(
    "operator_audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("action", String(16), nullable=False),
    Column("target", String(64)),
    Column("reason", Text),
)
Index("operator_audit_by_time", operator_audit.c.made_at)
Index("operator_audit_by_target", operator_audit.c.target)
