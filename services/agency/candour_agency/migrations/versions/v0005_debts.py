"""When a concern ceased to pay a debt, and since when the debt is owed again.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for name in ("owed_again_at", "unsound_at"):
        op.add_column("messages", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    """Take them back."""
    for name in ("owed_again_at", "unsound_at"):
        op.drop_column("messages", name)
