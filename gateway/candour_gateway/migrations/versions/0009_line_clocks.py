"""From when the time of each line counts that was sent back for more, in place of one pause for all.

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

LogIndex = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FORGET = "UPDATE histories SET sent_back = ''"


def upgrade() -> None:
    """Which lines were sent back before does not say when: each may be once more."""
    op.execute(_FORGET)
    op.drop_column("histories", "paused_by")


def downgrade() -> None:
    """Go back to one pause; nothing waits."""
    op.execute(_FORGET)
    op.add_column("histories", sa.Column("paused_by", LogIndex))
