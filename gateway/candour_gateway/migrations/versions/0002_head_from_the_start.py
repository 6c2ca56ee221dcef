"""The log's head is there from the start, to be locked, and says where the newest registry fact stands.

A row that is not there cannot be locked: two processes could both have begun the log. And a process that has
the lock sees by the row alone whether another has logged a fact since.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_EMPTY_ROOT = hashlib.sha256(b"").digest()
_NEWEST = (
    "UPDATE log_head SET facts_at = coalesce((SELECT max(idx) FROM entries WHERE kind = 'registry'), -1)"
)
_HEAD = sa.table(
    "log_head",
    *(sa.column(name, sa.BigInteger) for name in ("id", "size", "t_ms", "facts_at")),
    sa.column("root", sa.LargeBinary),
    sa.column("checkpoint", sa.Text),
)


def upgrade() -> None:
    """Say where the newest fact is; begin a log that has not begun."""
    op.add_column("log_head", sa.Column("facts_at", sa.BigInteger, nullable=False, server_default="-1"))
    op.execute(_NEWEST)
    begun = op.get_bind().execute(sa.select(_HEAD.c.id)).first()
    if begun is None:
        empty = {"id": 1, "size": 0, "root": _EMPTY_ROOT, "t_ms": 0, "checkpoint": "", "facts_at": -1}
        op.execute(sa.insert(_HEAD).values(empty))


def downgrade() -> None:
    """A log without entries has no head."""
    op.execute("DELETE FROM log_head WHERE size = 0")
    op.drop_column("log_head", "facts_at")
