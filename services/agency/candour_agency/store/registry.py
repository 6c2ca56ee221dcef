"""What was read of the log's registry.

Its facts, the documents they name, and the largest checkpoint seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from candour_agency.engines.sheet import Verb, Write, put
from candour_agency.store.upserting import insert
from candour_agency.tables import documents, incidents, progress, registry

_MOVE_ON = Write(
    Verb.ADD,
    progress,
    ("name", "size", "note"),
    "ON CONFLICT (name) DO UPDATE SET size = excluded.size, note = excluded.note"
    " WHERE progress.size < excluded.size",
)

READ = "read"  # how many entries of the log were read
SEEN = "seen"  # the largest checkpoint


@dataclass(frozen=True, slots=True)
class Kept:
    """A registry fact and where it stands; ``at`` in milliseconds."""

    index: int
    jwt: str
    at: int


def facts(connection: Connection) -> list[Kept]:
    """All facts, in log order."""
    rows = connection.execute(select(registry).order_by(registry.c.log_index))
    return [Kept(row.log_index, row.jwt, row.at) for row in rows]


def keep(connection: Connection, kept: Sequence[Kept]) -> None:
    """Add facts; those that are here already stay as they are."""
    for one in kept:
        row = {"log_index": one.index, "jwt": one.jwt, "at": one.at}
        connection.execute(insert(connection, registry).values(**row).on_conflict_do_nothing())


def note_progress(connection: Connection, name: str, size: int, note: str = "") -> None:
    """Move a mark forward; never back."""
    put(connection, _MOVE_ON, [{"name": name, "size": size, "note": note}])


def read_progress(connection: Connection, name: str) -> tuple[int, str]:
    """A mark, and the note beside it; ``(0, "")`` at first."""
    row = connection.execute(select(progress).where(progress.c.name == name)).first()
    return (0, "") if row is None else (int(row.size), str(row.note))


def keep_document(connection: Connection, sha256: str, kind: str, raw: bytes) -> None:
    """Keep a profile's or policy's exact bytes."""
    row = {"sha256": sha256, "kind": kind, "raw": raw}
    connection.execute(insert(connection, documents).values(**row).on_conflict_do_nothing())


def read_documents(connection: Connection) -> dict[str, bytes]:
    """Every document, by its SHA-256."""
    return {row.sha256: row.raw for row in connection.execute(select(documents))}


def note_incident(connection: Connection, code: str, digest: str, now_ms: int) -> None:
    """Keep that something was not as it must be; never its content."""
    connection.execute(incidents.insert(), {"at": now_ms, "code": code, "digest": digest})
