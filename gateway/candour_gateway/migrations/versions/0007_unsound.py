"""By which later delivery a concern turned out not to be sound after all, so that it pays no debt any more.

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
    """A later delivery changed nothing before."""
    op.add_column("histories", sa.Column("unsound_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("histories", "unsound_by")
