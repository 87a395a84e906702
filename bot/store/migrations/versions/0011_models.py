"""Which model makes a job's clip, and what was asked for where that has no such clips; probes, and why it is paused."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

jobs = sa.table("jobs", sa.column("id"), sa.column("model"))
submits = sa.table("submits", sa.column("job_id"), sa.column("number"), sa.column("model"))


def upgrade() -> None:
    op.add_column("jobs", sa.Column("model", sa.String(length=128), nullable=True))
    op.add_column("jobs", sa.Column("asked_aspect", sa.String(length=8), nullable=True))
    op.add_column("jobs", sa.Column("asked_duration_seconds", sa.Integer(), nullable=True))
    op.add_column("submits", sa.Column("is_probe", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("pauses", sa.Column("reason", sa.String(length=32), nullable=True))
    latest = (
        sa.select(submits.c.model)
        .where(submits.c.job_id == jobs.c.id, submits.c.model != "")
        .order_by(submits.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    op.execute(sa.update(jobs).values(model=latest))
    op.drop_index("jobs_by_rendered_at", table_name="jobs")
    op.create_index("jobs_by_rendered_at", "jobs", ["model", "duration_seconds", "rendered_at"])
