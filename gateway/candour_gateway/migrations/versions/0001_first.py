"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LogIndex = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create everything."""
    _log()
    _parts_beside_the_log()
    _state()
    _records()


def _log() -> None:
    op.create_table(
        "entries",
        sa.Column("idx", LogIndex, primary_key=True, autoincrement=False),
        sa.Column("t_ms", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("iss", sa.String(48), nullable=False),
        sa.Column("aud", sa.String(48), nullable=False),
        sa.Column("jti", sa.String(36), nullable=False),
        sa.Column("hash", sa.String(43), nullable=False),
        sa.Column("irt", sa.String(43)),
        sa.Column("iat", sa.BigInteger, nullable=False),
        sa.Column("exp", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
    )
    op.create_index("entries_hash", "entries", ["hash"], unique=True)
    for column in ("jti", "iss", "aud"):
        op.create_index(f"entries_{column}", "entries", [column])
    registry = sa.text("kind = 'registry'")
    op.create_index("entries_registry", "entries", ["idx"], sqlite_where=registry, postgresql_where=registry)
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("t_ms", sa.BigInteger, nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
        sa.CheckConstraint("id = 1", name="log_head_one_row"),
    )


def _parts_beside_the_log() -> None:
    op.create_table("codes", _of_an_entry(), sa.Column("box", sa.LargeBinary, nullable=False))
    op.create_table(
        "sealed",
        _of_an_entry(),
        sa.Column("jwe", sa.Text, nullable=False),
        sa.Column("delete_after", sa.BigInteger),
    )
    op.create_index("sealed_delete_after", "sealed", ["delete_after"])


def _state() -> None:
    op.create_table(
        "routes",
        _of_an_entry(),
        sa.Column("recipient", sa.String(48), nullable=False),
        sa.Column("lane", sa.String(10), nullable=False),
        sa.Column("urgent", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("approval", LogIndex),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("settled_by", LogIndex),
        sa.Column("refreshed_by", LogIndex),
    )
    op.create_index("routes_next_at", "routes", ["next_at"])
    op.create_index("routes_recipient", "routes", ["recipient", "idx"])
    op.create_table(
        "obligations",
        _of_an_entry(),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("owed_by", sa.String(48), nullable=False),
        sa.Column("owed_to", sa.String(48), nullable=False),
        sa.Column("jti", sa.String(36), nullable=False),
        sa.Column("about", sa.String(43), nullable=False),
        sa.Column("urgent", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("settled_by", LogIndex),
    )
    unsettled = sa.text("settled_by IS NULL")
    op.create_index(
        "obligations_open",
        "obligations",
        ["owed_by", "kind", "due_at"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_table(
        "barred",
        sa.Column("hash", sa.String(43), primary_key=True),
        sa.Column("iss", sa.String(48), nullable=False),
        sa.Column("by_idx", LogIndex, sa.ForeignKey("entries.idx"), nullable=False),
    )


def _records() -> None:
    op.create_table(
        "documents",
        sa.Column("sha256", sa.String(43), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "incidents",
        sa.Column("digest", sa.String(43), primary_key=True),
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("broker_user", sa.String(48), primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
    )
    op.create_index("incidents_last_at", "incidents", ["last_at"])
    op.create_table(
        "clients",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("jwk", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
    )
    op.create_table(
        "assertions",
        sa.Column("client", sa.String(64), primary_key=True),
        sa.Column("jti", sa.String(128), primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("assertions_expires_at", "assertions", ["expires_at"])


def _of_an_entry() -> sa.Column[int]:
    return sa.Column("idx", LogIndex, sa.ForeignKey("entries.idx"), primary_key=True, autoincrement=False)


def downgrade() -> None:
    """Back to an empty database; the log is lost with it, so only tests do this."""
    for table in (
        "assertions",
        "clients",
        "incidents",
        "documents",
        "barred",
        "obligations",
        "routes",
        "sealed",
        "codes",
        "log_head",
        "tiles",
        "entries",
    ):
        op.drop_table(table)
