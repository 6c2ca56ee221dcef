"""When an answer wanted more from the asker, and when that was said.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for name in ("more_at", "reopened_at"):
        op.add_column("messages", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    """Take them back."""
    for name in ("more_at", "reopened_at"):
        op.drop_column("messages", name)
