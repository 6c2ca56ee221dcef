"""The gateway's tables, for both SQLite and PostgreSQL; what T1 says stands only in ``codes``.

Instants are integer milliseconds since 1970 (UTC), because an entry's ``t`` is one; hashes and ids are the
protocol's own text. ``idx`` is always a log index.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

# SQLite keeps a table in the order of its key only where the key's type is exactly INTEGER.
LogIndex = BigInteger().with_variant(Integer, "sqlite")

entries = Table(
    "entries",
    metadata,
    Column("idx", LogIndex, primary_key=True, autoincrement=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("rules", Text, nullable=False),  # ids, space between
    Column("iss", String(48), nullable=False),
    Column("aud", String(48), nullable=False),
    Column("jti", String(36), nullable=False),
    Column("hash", String(43), nullable=False),
    Column("irt", String(43)),
    Column("iat", BigInteger, nullable=False),  # seconds, as claimed
    Column("exp", BigInteger, nullable=False),
    Column("bytes", LargeBinary, nullable=False),  # the leaf, exactly
    Index("entries_hash", "hash", unique=True),
    Index("entries_jti", "jti"),
    Index("entries_iss", "iss"),
    Index("entries_aud", "aud"),
    Index(
        "entries_registry",
        "idx",
        sqlite_where=text("kind = 'registry'"),
        postgresql_where=text("kind = 'registry'"),
    ),
)

codes = Table(
    "codes",
    metadata,
    Column("idx", LogIndex, ForeignKey("entries.idx"), primary_key=True, autoincrement=False),
    Column("box", LargeBinary, nullable=False),  # AES-256-GCM of the T1 disclosure as it was sent
)

sealed = Table(
    "sealed",
    metadata,
    Column("idx", LogIndex, ForeignKey("entries.idx"), primary_key=True, autoincrement=False),
    Column("jwe", Text, nullable=False),
    Column("delete_after", BigInteger),
    Index("sealed_delete_after", "delete_after"),
)

tiles = Table(
    "tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),  # 1 to 256 hashes; only ever grows at its end
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("checkpoint", Text, nullable=False),  # empty before the first entry
    Column(
        "facts_at", BigInteger, nullable=False, server_default="-1"
    ),  # the newest registry fact's index, or -1
    CheckConstraint("id = 1", name="log_head_one_row"),
)

routes = Table(
    "routes",
    metadata,
    Column("idx", LogIndex, ForeignKey("entries.idx"), primary_key=True, autoincrement=False),
    Column("recipient", String(48), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("urgent", Boolean(create_constraint=False), nullable=False),
    Column("approval", LogIndex),  # the approval that released a held request
    Column("attempts", Integer, nullable=False),
    Column("sent_at", BigInteger, nullable=False),  # the last copy
    Column("next_at", BigInteger),  # null: nothing more to send
    Column("settled_by", LogIndex),  # the `delivery` that counts
    Column("refreshed_by", LogIndex),  # the newest concern told in its place
    Index("routes_next_at", "next_at"),
    Index("routes_recipient", "recipient", "idx"),
)

obligations = Table(
    "obligations",
    metadata,
    Column("idx", LogIndex, ForeignKey("entries.idx"), primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("owed_by", String(48), nullable=False),
    Column("owed_to", String(48), nullable=False),
    Column("jti", String(36), nullable=False),
    Column("about", String(43), nullable=False),
    Column("urgent", Boolean(create_constraint=False), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("settled_by", LogIndex),
    Column("remind_at", BigInteger),  # when both sides are next told that it is open; null: never again
    Column("reminders", Text, nullable=False, server_default=""),  # all such times, space between
    Index(
        "obligations_remind",
        "remind_at",
        sqlite_where=text("settled_by IS NULL AND remind_at IS NOT NULL"),
        postgresql_where=text("settled_by IS NULL AND remind_at IS NOT NULL"),
    ),
    Index(
        "obligations_open",
        "owed_by",
        "kind",
        "due_at",
        sqlite_where=text("settled_by IS NULL"),
        postgresql_where=text("settled_by IS NULL"),
    ),
)

barred = Table(
    "barred",
    metadata,
    Column("hash", String(43), primary_key=True),
    Column("iss", String(48), nullable=False),
    Column("by_idx", LogIndex, ForeignKey("entries.idx"), nullable=False),
)

# What has happened to a statement since; one that nothing happened to has no row.
histories = Table(
    "histories",
    metadata,
    Column("idx", LogIndex, ForeignKey("entries.idx"), primary_key=True, autoincrement=False),
    Column("withdrawn_by", LogIndex),
    Column("taken_back_by", LogIndex),
    Column("unapplied_by", LogIndex),
    Column("closed_by", LogIndex),
    Column("challenged_by", LogIndex),
    Column("suspended_by", LogIndex),
    Column("replied_by", LogIndex),
    Column("erased_by", LogIndex),
    Column("unsound_by", LogIndex),
    Column("answered", Text, nullable=False, server_default=""),  # line numbers, space between
    Column("sent_back", Text, nullable=False, server_default=""),  # LINE:MS, from when its time counts
)

# By what a statement is looked for: the hash of one that it names, or a keyed hash of what T1 says.
traces = Table(
    "traces",
    metadata,
    Column("key", String(43), primary_key=True),
    Column("idx", LogIndex, ForeignKey("entries.idx"), primary_key=True, autoincrement=False),
    Index("traces_idx", "idx"),
)

documents = Table(
    "documents",
    metadata,
    Column("sha256", String(43), primary_key=True),
    Column("kind", String(8), nullable=False),  # profile, policy
    Column("bytes", LargeBinary, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("digest", String(43), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("broker_user", String(48), primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("times", BigInteger, nullable=False),
    Index("incidents_last_at", "last_at"),
)

clients = Table(
    "clients",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("jwk", Text, nullable=False),
    Column("scopes", Text, nullable=False),
)

# Client assertions that were taken; each is good once (RFC 7523 section 3).
assertions = Table(
    "assertions",
    metadata,
    Column("client", String(64), primary_key=True),
    Column("jti", String(128), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("assertions_expires_at", "expires_at"),
)
