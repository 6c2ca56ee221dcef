"""When the first line of a request was answered, so that its outcome is owed.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what wanted nothing more had been answered."""
    op.add_column("messages", sa.Column("given_at", sa.BigInteger()))
    op.execute("UPDATE messages SET given_at = answered_at WHERE kind = 'request' AND more_at IS NULL")


def downgrade() -> None:
    """Take it back."""
    op.drop_column("messages", "given_at")
