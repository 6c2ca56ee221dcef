"""What a restored node has forgotten, and what nobody could open.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UNREADABLE = sa.text("opened = 'unreadable'")


def upgrade() -> None:
    """Add the table and the index."""
    op.create_table(
        "forgotten",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_forgotten")),
    )
    op.create_index(
        "ix_messages_unreadable",
        "messages",
        ["seq"],
        unique=False,
        sqlite_where=UNREADABLE,
        postgresql_where=UNREADABLE,
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_index("ix_messages_unreadable", "messages")
    op.drop_table("forgotten")
