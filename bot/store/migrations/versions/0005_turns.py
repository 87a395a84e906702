"""Fair turns between servers and members, and the operator's pauses."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
