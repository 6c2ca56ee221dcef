"""By what a node knows the same words, or the same number, again. What came before has left none.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "imprints",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("child", sa.LargeBinary(), nullable=True),
        sa.Column("surname", sa.LargeBinary(), nullable=True),
        sa.Column("born", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["jti"], ["messages.jti"], name=op.f("fk_imprints_jti")),
        sa.PrimaryKeyConstraint("digest", "jti", name=op.f("pk_imprints")),
    )
    op.create_index(op.f("ix_imprints_jti"), "imprints", ["jti"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_index(op.f("ix_imprints_jti"), table_name="imprints")
    op.drop_table("imprints")
