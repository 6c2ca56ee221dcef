"""When a matter went to a colleague, who is yet to say that they have it.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("messages", sa.Column("handed_on_at", sa.BigInteger()))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("messages", "handed_on_at")
