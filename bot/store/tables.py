"""The schema, as SQLAlchemy tables; ``migrations/`` brings a database to it.

Who may change a row is written in each module of statements. What must never be, the schema forbids:
one job per interaction and number, one grant and one refusal per interaction, one charge and one refund per job, no
ledger entry of nothing, two submits of one job that may both be on the wire, two jobs at once that post the clip of a
failed one, two rounds of a brainstorm at once.

What becomes of each table's rows in the end is written in ``retention/endings.py``.

Everything a server's moderators decide carries that server's id, first in its key: no statement goes without it.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
)

from bot.store.brainstorms.tables import brainstorms as brainstorms
from bot.store.brainstorms.tables import previews as previews
from bot.store.brainstorms.tables import rounds as rounds
from bot.store.brainstorms.tables import takes as takes
from bot.store.brainstorms.tables import votes as votes
from bot.store.clip_tables import clip_prompts as clip_prompts
from bot.store.clip_tables import favourites as favourites
from bot.store.clip_tables import stills as stills
from bot.store.columns import UtcDateTime, index_where, metadata
from bot.store.epoch import schema_epoch as schema_epoch
from bot.store.operating.tables import operator_alerts as operator_alerts
from bot.store.operating.tables import operator_audit as operator_audit
from bot.store.operating.tables import pauses as pauses
from bot.store.settings_tables import automod_rules as automod_rules
from bot.store.settings_tables import blocks as blocks
from bot.store.settings_tables import channel_rules as channel_rules
from bot.store.settings_tables import phrase_lists as phrase_lists
from bot.store.settings_tables import prompt_rules as prompt_rules
from bot.store.settings_tables import quota_rules as quota_rules
from bot.store.settings_tables import servers as servers

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(25), primary_key=True),
    Column("interaction_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("aspect", String(8), nullable=False),
    Column("duration_seconds", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("quota_seconds", Integer),
    Column("quota_period", String(8), nullable=False),
    Column("quota_source", String(16), nullable=False),
    Column("quota_subject_id", BigInteger),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("leased_to", String(128), key="lease_owner"),
    Column("lease_until", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("submitted_at", UtcDateTime),
    Column("generation_id", String(128)),
    Column("request_id", String(256)),
    Column("progress", Float),
    Column("rendered_at", UtcDateTime),
    Column("result_url", Text),
    Column("result_expires_at", UtcDateTime),
    Column("status_message_id", BigInteger),
    Column("message_channel_id", BigInteger),
    Column("message_id", BigInteger),
    Column("error_code", String(32)),
    Column("finished_at", UtcDateTime),
    Column("removed_by", BigInteger, key="removed_by_id"),
    Column("removed_at", UtcDateTime),
    Column("archived_at", UtcDateTime),
    Column("parent_id", String(25)),
    Column("root_id", String(25)),
    Column("origin", String(16)),
    Column("is_spoiler", Boolean, nullable=False, server_default=false()),
    Column("is_private", Boolean, nullable=False, server_default=false()),
    Column("model", String(128)),
    Column("asked_aspect", String(8)),
    Column("asked_duration_seconds", Integer),
    Column("upload_dying_since", UtcDateTime),
    Column("member_name", Text),
    Column("round_id", String(25)),
    Column("number", Integer, nullable=False, server_default="0"),
    Column("failure_mentions", Boolean),
    Column("failure_message_id", BigInteger),
    Column("adopted_id", String(25)),
    Column("restored_at", UtcDateTime),
    UniqueConstraint("interaction_id", "number"),
)
index_where(jobs.c.due_at.is_not(None), "jobs_by_due_at", jobs.c.state, jobs.c.due_at)
index_where(jobs.c.parent_id.is_not(None), "jobs_by_parent", jobs.c.parent_id, jobs.c.member_id)
index_where(jobs.c.round_id.is_not(None), "jobs_by_round", jobs.c.round_id, jobs.c.number)
Index("jobs_by_member", jobs.c.member_id, jobs.c.state, jobs.c.submitted_at)
Index("jobs_by_lease_owner", jobs.c.lease_owner)
Index("jobs_by_rendered_at", jobs.c.model, jobs.c.duration_seconds, jobs.c.rendered_at)
Index("jobs_by_server", jobs.c.guild_id, jobs.c.created_at)
index_where(jobs.c.finished_at.is_not(None) & jobs.c.archived_at.is_(None), "jobs_to_archive", jobs.c.finished_at)
index_where(
    jobs.c.state == literal_column("'delivered'"), "jobs_delivered", jobs.c.guild_id, jobs.c.member_id, jobs.c.id
)
_is_queued, _was_started = jobs.c.state == literal_column("'queued'"), jobs.c.submitted_at.is_not(None)
_turn = (jobs.c.state, jobs.c.guild_id, jobs.c.member_id, jobs.c.id, jobs.c.duration_seconds, jobs.c.round_id)
index_where(_is_queued, "jobs_waiting", *_turn)
index_where(_is_queued, "jobs_waiting_by_age", jobs.c.state, jobs.c.created_at, jobs.c.id)
_is_adopted = jobs.c.adopted_id.is_not(None) & jobs.c.state.not_in(
    [literal_column("'failed'"), literal_column("'cancelled'")]
)
index_where(_is_adopted, "jobs_adopting", jobs.c.adopted_id, unique=True)
index_where(_was_started, "jobs_last_started", jobs.c.guild_id, jobs.c.submitted_at)
index_where(_was_started, "jobs_last_started_by_member", jobs.c.guild_id, jobs.c.member_id, jobs.c.submitted_at)

submits = Table(
    "submits",
    metadata,
    Column("job_id", String(25), ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("seconds", Integer, nullable=False),
    Column("model", String(128), nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("cut_at", UtcDateTime),
    Column("outcome", String(16)),
    Column("ended_at", UtcDateTime),
    Column("due_at", UtcDateTime),
    Column("generation_id", String(128)),
    Column("attempts", Integer, nullable=False),
    Column("is_probe", Boolean, nullable=False, server_default=false()),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL OR outcome = 'accepted')", name="submits_outcome"),
)
Index("submits_by_time", submits.c.sent_at)
index_where(submits.c.ended_at.is_(None), "submits_open", submits.c.job_id, unique=True)
index_where(submits.c.ended_at.is_(None), "submits_slots", submits.c.sent_at, submits.c.job_id)
index_where(submits.c.due_at.is_not(None), "submits_unattended", submits.c.due_at)

spend = Table(
    "spend",
    metadata,
    Column("scope", String(8), primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("seconds", Integer, nullable=False),
    CheckConstraint("scope IN ('all', 'server', 'member')", name="spend_scope"),
)

polls_sent = Table(
    "polls_sent",
    metadata,
    Column("second_at", UtcDateTime, primary_key=True),
    Column("count", Integer, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("finds_by_job_id", Boolean, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("counted_at", UtcDateTime, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by_id", BigInteger, nullable=False),
    Column("job_id", String(25), ForeignKey("jobs.id")),
    Column("interaction_id", BigInteger, unique=True),
    Column("pool_id", BigInteger),
    Column("drawn_seconds", Integer, nullable=False, server_default="0", key="from_grants_seconds"),
    Column("expires_at", UtcDateTime),
    UniqueConstraint("job_id", "kind"),
    CheckConstraint("seconds > 0", name="ledger_seconds_positive"),
    CheckConstraint("kind IN ('charge', 'refund', 'grant')", name="ledger_kind"),
    CheckConstraint("(kind = 'grant') = (job_id IS NULL)", name="ledger_job"),
)
Index("ledger_by_time", ledger.c.guild_id, ledger.c.counted_at)
index_where(
    ledger.c.expires_at.is_not(None), "ledger_gifts", ledger.c.guild_id, ledger.c.member_id, ledger.c.expires_at
)
index_where(ledger.c.expires_at.is_not(None), "ledger_grants_by_end", ledger.c.expires_at)
Index("ledger_by_member", ledger.c.member_id, ledger.c.counted_at)

ledger_sums = Table(
    "ledger_sums",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("member_id", BigInteger, primary_key=True),
    Column("day_at", UtcDateTime, primary_key=True),
    Column("seconds", Integer, nullable=False),
)
Index("ledger_sums_by_member", ledger_sums.c.member_id)

grant_uses = Table(
    "draws",
    metadata,
    Column("grant_id", Integer, ForeignKey("ledger.id"), primary_key=True),
    Column("job_id", String(25), ForeignKey("jobs.id"), primary_key=True),
    Column("seconds", Integer, nullable=False),
    CheckConstraint("seconds > 0", name="draws_seconds_positive"),
)
Index("draws_by_job", grant_uses.c.job_id)

usage = Table(
    "usage",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("account_kind", String(8), primary_key=True),
    Column("account_id", BigInteger, primary_key=True),
    Column("quarter_at", UtcDateTime, primary_key=True),
    Column("seconds", Integer, nullable=False),
    Column("drawn_seconds", Integer, nullable=False, key="from_grants_seconds"),
    Column("is_day", Boolean, nullable=False, server_default=false()),
)
index_where(usage.c.is_day.is_(False), "usage_quarters", usage.c.quarter_at)
index_where(usage.c.account_kind == literal_column("'member'"), "usage_by_member", usage.c.account_id)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("made_by_id", BigInteger, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject_id", BigInteger),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
)
Index("changes_by_server", changes.c.guild_id, changes.c.id)
Index("changes_by_time", changes.c.made_at)
_is_of_clip = changes.c.kind.in_([literal_column("'job_cancelled'"), literal_column("'clip_removed'")])
index_where(_is_of_clip, "changes_of_clips", changes.c.subject_id)

log_entries = Table(
    "log_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("job_id", String(25), ForeignKey("jobs.id")),
    Column("change_id", Integer, ForeignKey("changes.id")),
    Column("interaction_id", BigInteger, unique=True),
    Column("facts", JSON, nullable=False, key="details"),
    Column("due_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("leased_to", String(128), key="lease_owner"),
    Column("lease_until", UtcDateTime),
    Column("channel_id", BigInteger),
    Column("message_id", BigInteger),
    UniqueConstraint("job_id", "kind"),
)
index_where(log_entries.c.due_at.is_not(None), "log_entries_waiting", log_entries.c.guild_id, log_entries.c.id)
Index("log_entries_by_lease_owner", log_entries.c.lease_owner)
Index("log_entries_by_server", log_entries.c.guild_id, log_entries.c.kind, log_entries.c.created_at)
Index("log_entries_by_time", log_entries.c.created_at)
index_where(log_entries.c.change_id.is_not(None), "log_entries_by_change", log_entries.c.change_id)
_has_member = log_entries.c.kind.in_(
    [literal_column("'refused'"), literal_column("'brainstorm_begun'"), literal_column("'brainstorm_ended'")]
)
index_where(_has_member, "log_entries_of_members", log_entries.c.id)

guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("left_at", UtcDateTime),
    Column("leave_due_at", UtcDateTime),
)
index_where(guilds.c.leave_due_at.is_not(None), "guilds_to_leave", guilds.c.leave_due_at)

erasures = Table(
    "erasures",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("texts_erased_at", UtcDateTime),
)

members = Table(
    "members",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("is_mentioned", Boolean, nullable=False),
)

refusals = Table(
    "refusals",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("interaction_id", BigInteger),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("aspect", String(8)),
    Column("duration_seconds", Integer),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("custom_id", String(100)),
    Column("fields", JSON(none_as_null=True)),
)
Index("drafts_by_member", drafts.c.member_id)
Index("drafts_by_time", drafts.c.kept_at)

command_digests = Table(
    "command_digests",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
)
