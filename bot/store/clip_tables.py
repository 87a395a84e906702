"""Tables of what is kept of clips beside their jobs; all of it ends with the prompt (``clips/endings.py``)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table, Text

from bot.store.columns import metadata

stills = Table(
    "stills",
    metadata,
    Column("job_id", String(25), ForeignKey("jobs.id"), primary_key=True),
    Column("image", LargeBinary, nullable=False),
)

favourites = Table(
    "favourites",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("member_id", BigInteger, primary_key=True),
    Column("job_id", String(25), ForeignKey("jobs.id"), primary_key=True),
)
Index("favourites_by_job", favourites.c.job_id)

clip_prompts = Table(
    "clip_prompts",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("member_id", BigInteger, primary_key=True),
    Column("job_id", String(25), ForeignKey("jobs.id"), primary_key=True),
    Column("prompt", Text, nullable=False),
    sqlite_with_rowid=False,  # a member's lie beside one another
)
Index("clip_prompts_by_job", clip_prompts.c.job_id)
