"""When what a statement said was erased.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("messages", sa.Column("erased_at", sa.BigInteger()))


def downgrade() -> None:
    """Take it back; what is gone stays gone."""
    op.drop_column("messages", "erased_at")
