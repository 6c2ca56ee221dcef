"""From when the time for an answer counts; a request is answered once every line has its outcome.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. What wants more, or was open again since, is not answered."""
    op.add_column("messages", sa.Column("begins_at", sa.BigInteger()))
    op.execute(
        "UPDATE messages SET answered_at = NULL, begins_at = more_at"
        " WHERE kind = 'request' AND (answered_at = more_at OR answered_at < reopened_at)"
    )


def downgrade() -> None:
    """Take it back; what wants more is open without a pause."""
    op.drop_column("messages", "begins_at")
