"""When both sides are next told of what is still owed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OPEN = sa.text("settled_by IS NULL AND remind_at IS NOT NULL")


def upgrade() -> None:
    """What was owed before is spoken of at its due time, and then no more."""
    op.add_column("obligations", sa.Column("remind_at", sa.BigInteger))
    op.add_column("obligations", sa.Column("reminders", sa.Text, nullable=False, server_default=""))
    op.execute(
        "UPDATE obligations SET remind_at = due_at, reminders = CAST(due_at AS VARCHAR(20))"
        " WHERE settled_by IS NULL AND kind <> 'delivery'"
    )
    op.create_index(
        "obligations_remind", "obligations", ["remind_at"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_index("obligations_remind", "obligations")
    op.drop_column("obligations", "reminders")
    op.drop_column("obligations", "remind_at")
