"""Stills of clips, members' favourites among them, their prompts to be searched, and an index for lists of them."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_AT_A_TIME = 1000
_JOBS = sa.table(
    "jobs",
    sa.column("id", sa.String()),
    sa.column("guild_id", sa.BigInteger()),
    sa.column("member_id", sa.BigInteger()),
    sa.column("prompt", sa.Text()),
    sa.column("state", sa.String()),
)
_PROMPTS = sa.table(
    "clip_prompts", sa.column("guild_id"), sa.column("member_id"), sa.column("job_id"), sa.column("prompt")
)


def upgrade() -> None:
    op.create_table(
        "stills",
        sa.Column("job_id", sa.String(length=25), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_table(
        "favourites",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(length=25), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("guild_id", "member_id", "job_id"),
    )
    op.create_index("favourites_by_job", "favourites", ["job_id"])
    op.create_table(
        "clip_prompts",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(length=25), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("guild_id", "member_id", "job_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("clip_prompts_by_job", "clip_prompts", ["job_id"])
    _fold_prompts()
    condition = sa.text("state = 'delivered'")
    op.create_index(
        "jobs_delivered",
        "jobs",
        ["guild_id", "member_id", "id"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _fold_prompts() -> None:
    """Let the clips that are there already be found by their prompts, some at a time."""
    connection = op.get_bind()
    is_next = sa.and_(_JOBS.c.state == "delivered", _JOBS.c.prompt != "", _JOBS.c.id > sa.bindparam("after_id"))
    total = connection.execute(sa.select(sa.func.count()).where(is_next), {"after_id": ""}).scalar_one()
    some = sa.select(_JOBS).where(is_next).order_by(_JOBS.c.id).limit(_AT_A_TIME)
    done, after_id = 0, ""
    while rows := connection.execute(some, {"after_id": after_id}).all():
        prompts = [
            {
                "guild_id": row.guild_id,
                "member_id": row.member_id,
                "job_id": row.id,
                "prompt": unicodedata.normalize("NFC", " ".join(row.prompt.split()).casefold()),
            }
            for row in rows
        ]
        connection.execute(sa.insert(_PROMPTS), prompts)
        done, after_id = done + len(rows), rows[-1].id
        op.get_context().opts["note_rows"](done, total, "clips")
