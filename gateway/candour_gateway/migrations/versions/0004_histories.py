"""What has happened to a statement since it was logged, and by what else it is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LogIndex = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MARKS = ("withdrawn", "taken_back", "unapplied", "closed", "challenged", "suspended", "paused")


def upgrade() -> None:
    """Nothing has happened yet to what was logged before: no kind was in force that could do it."""
    op.create_table(
        "histories",
        _of_an_entry(),
        *(sa.Column(f"{mark}_by", LogIndex) for mark in _MARKS),
        sa.Column("answered", sa.Text, nullable=False, server_default=""),
    )
    op.create_table("traces", sa.Column("key", sa.String(43), primary_key=True), _of_an_entry())
    op.create_index("traces_idx", "traces", ["idx"])


def _of_an_entry() -> sa.Column[int]:
    return sa.Column("idx", LogIndex, sa.ForeignKey("entries.idx"), primary_key=True, autoincrement=False)


def downgrade() -> None:
    """Forget it."""
    op.drop_table("traces")
    op.drop_table("histories")
