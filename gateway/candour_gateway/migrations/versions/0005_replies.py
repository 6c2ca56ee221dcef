"""By which reply an author has added to a concern; until now that stood beside newer concerns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LogIndex = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A reply of before counts no more until another is sent: nobody knew whether it added a fact."""
    op.add_column("histories", sa.Column("replied_by", LogIndex))
    replies = "SELECT idx FROM entries WHERE kind = 'reply'"
    op.execute(f"UPDATE routes SET refreshed_by = NULL WHERE refreshed_by IN ({replies})")  # noqa: S608 - no input


def downgrade() -> None:
    """Forget it."""
    op.drop_column("histories", "replied_by")
