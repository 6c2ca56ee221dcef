"""The node's tables. Times are milliseconds since 1970, UTC; JSON stands as compact text.

``messages`` holds every statement that this agency sent or received, once, with what became of it. Columns
that end in ``_at`` are never cleared, and but for those that may come again set once, so that a timeline
needs no table of its own.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

# SQLite numbers rows by itself only where the key's type is exactly INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

messages = Table(
    "messages",
    metadata,
    Column("seq", Number, primary_key=True),
    Column("jti", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("txn", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),  # out, in
    Column("counterparty", Text, nullable=False),
    Column("inbox", Text, nullable=False),  # of whoever receives
    Column("restricted", Boolean, nullable=False),  # seen here with a scope of its own only
    Column("urgency", Text, nullable=False),  # its own, or that of what it answers
    Column("about", Text, index=True),  # hash of what it answers, approves or notifies about
    Column("relays", Text, index=True),
    Column("pays_back", Text, index=True),
    Column("reissues", Text),
    Column("reissued_as", Text),  # jti
    Column("issued_at", BigInteger, nullable=False),  # the signed iat
    Column("made_at", BigInteger, nullable=False),  # when it was committed here
    Column("jwt", Text, nullable=False),
    Column("codes", Text),  # T1; null where the body could not be matched
    Column("content", Text),  # T2; null where it could not be opened
    Column("disclosures", Text),  # the T2 disclosures of a received concern, for passing it on
    Column("receipt", Text),
    Column("log_index", BigInteger),
    Column("logged_at", BigInteger),
    Column("verdict", Text),
    Column("rules", Text),
    Column("violations", Text),
    Column("held_at", BigInteger),
    Column("settled_at", BigInteger),  # when an approval freed it
    Column("opened", Text),
    Column("opened_rules", Text),
    Column("delivered_at", BigInteger),
    Column("refreshed_at", BigInteger),  # when a reply or newer concern added a fact
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", Text),
    Column("decided_at", BigInteger),
    Column("answered_at", BigInteger),  # of a request, when every line had its outcome
    Column("more_at", BigInteger),  # when more was last wanted from the asker about a line
    Column("reopened_at", BigInteger),  # when the asker last said more
    Column("begins_at", BigInteger),  # from when an answer's time counts, once each open line was sent back
    Column("given_at", BigInteger),  # when the first line was answered, so that the outcome is owed
    Column("outcome_at", BigInteger),
    Column("paid_at", BigInteger),  # the last time; owed again from a later owed_again_at on
    Column("owed_again_at", BigInteger),
    Column("unsound_at", BigInteger),  # since when it pays nothing back any more
    Column("closed_at", BigInteger),
    Column("lapsed_at", BigInteger),
    Column("withdrawn_at", BigInteger),
    Column("corrected_at", BigInteger),
    Column("challenged_at", BigInteger),
    Column("transferred_at", BigInteger),
    Column("handed_on_at", BigInteger),  # the last time, within the holder's agency; who has it is said anew
    Column("suspended_at", BigInteger),  # the last time; suspended until a later resumed_at
    Column("resumed_at", BigInteger),
    Column("erased_at", BigInteger),
    Column("shut_out", Text),  # staff ids of those who may never see it here
    sqlite_autoincrement=True,
)
Index("ix_messages_worklist", messages.c.direction, messages.c.seq)
Index(
    "ix_messages_unreadable",
    messages.c.seq,
    sqlite_where=messages.c.opened == "unreadable",
    postgresql_where=messages.c.opened == "unreadable",
)

# By what the same words, or the same number, are known again: see `imprints`.
imprints = Table(
    "imprints",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("jti", Text, ForeignKey("messages.jti"), primary_key=True, index=True),
    Column("child", LargeBinary),  # of a text
    Column("surname", LargeBinary),  # of a number, as is the next
    Column("born", LargeBinary),
)

# What a link joins: threads, or tokens of a child.
joins = Table(
    "joins",
    metadata,
    Column("hash", Text, ForeignKey("messages.hash"), primary_key=True),
    Column("joined", Text, primary_key=True, index=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("jti", Text, ForeignKey("messages.jti"), primary_key=True),
    Column("routing_key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

# A statement leaves only when the receipts of all the hashes it waits for are held.
waits = Table(
    "waits",
    metadata,
    Column("jti", Text, ForeignKey("outbox.jti", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, primary_key=True, index=True),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("client", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),  # SHA-256 of the call and its body, never the body
    Column("reply", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("client", Text, primary_key=True),
    Column("jwk", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("may_assert", Boolean, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)

assertions = Table(
    "assertions",
    metadata,
    Column("client", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

registry = Table(
    "registry",
    metadata,
    Column("log_index", BigInteger, primary_key=True),
    Column("jwt", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # profile, policy
    Column("raw", LargeBinary, nullable=False),
)

# One row each: how far the registry was read, and the largest checkpoint ever seen.
progress = Table(
    "progress",
    metadata,
    Column("name", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
)

# Statements that this agency has answered, as the log shows, and that were lost here with a disk.
forgotten = Table(
    "forgotten",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("log_index", BigInteger, nullable=False),  # of the answer
    Column("asked_at", BigInteger),  # when its sender was asked to say it again
)

incidents = Table(
    "incidents",
    metadata,
    Column("seq", Number, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the bytes at fault
    sqlite_autoincrement=True,
)
