"""By which erasure what a statement said is gone.

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
    """Nothing was erased before: the kind was not in force."""
    op.add_column("histories", sa.Column("erased_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))


def downgrade() -> None:
    """Forget it; what is gone stays gone."""
    op.drop_column("histories", "erased_by")
