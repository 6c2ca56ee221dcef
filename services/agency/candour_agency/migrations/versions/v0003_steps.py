"""What takes a matter off its straight way: withdrawal, correction, challenge, transfer, suspension, link.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIMES = ("withdrawn_at", "corrected_at", "challenged_at", "transferred_at", "suspended_at", "resumed_at")


def upgrade() -> None:
    """Add the columns and the table of joins."""
    for name in TIMES:
        op.add_column("messages", sa.Column(name, sa.BigInteger()))
    op.add_column("messages", sa.Column("shut_out", sa.Text()))
    op.create_table(
        "joins",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("joined", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["messages.hash"], name=op.f("fk_joins_hash")),
        sa.PrimaryKeyConstraint("hash", "joined", name=op.f("pk_joins")),
    )
    op.create_index(op.f("ix_joins_joined"), "joins", ["joined"], unique=False)


def downgrade() -> None:
    """Take them back."""
    op.drop_index(op.f("ix_joins_joined"), table_name="joins")
    op.drop_table("joins")
    for name in (*TIMES, "shut_out"):
        op.drop_column("messages", name)
