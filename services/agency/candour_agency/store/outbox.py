"""Statements that are signed and not yet settled.

A row leaves when its receipt, and delivery if due, are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from candour_protocol.ids import Jti
from candour_protocol.kinds import Kind
from sqlalchemy import Connection, delete, func, select, update

from candour_agency.engines.sheet import Verb, Write, put
from candour_agency.store.among import among
from candour_agency.tables import messages, outbox, waits

_ADD = Write(Verb.ADD, outbox, ("jti", "routing_key", "body", "made_at"))
_WAIT = Write(Verb.ADD, waits, ("jti", "hash"))
_REMOVE = Write(Verb.REMOVE, outbox, ("jti",))
# Nothing comes back for these before a second person has approved them.
_HELD = select(messages.c.jti).where(
    messages.c.jti == outbox.c.jti, messages.c.verdict == "held", messages.c.settled_at.is_(None)
)
_WAITING = select(waits.c.jti).where(among(waits.c.hash, "hashes")).distinct()


@dataclass(frozen=True, slots=True)
class Due:
    """A statement that waits for nothing any more, so that it may leave."""

    jti: Jti
    routing_key: str
    body: bytes


def add(
    connection: Connection, rows: Sequence[Mapping[str, Any]], waiting: Sequence[Mapping[str, Any]]
) -> None:
    """Put statements in; ``waiting`` names the hashes whose receipts each must see first."""
    put(connection, _ADD, rows)
    put(connection, _WAIT, waiting)


def due(connection: Connection, jtis: Iterable[str] | None = None) -> list[Due]:
    """What may leave now, oldest first: all of it, or those of these ids; nothing that is held."""
    query = select(outbox.c.jti, outbox.c.routing_key, outbox.c.body).where(
        ~select(waits.c.jti).where(waits.c.jti == outbox.c.jti).exists(), ~_HELD.exists()
    )
    if jtis is not None:
        query = query.where(outbox.c.jti.in_(sorted(set(jtis))))
    rows = connection.execute(query.order_by(outbox.c.made_at, outbox.c.jti))
    return [Due(Jti(row.jti), row.routing_key, row.body) for row in rows]


def wait_for_instead(connection: Connection, earlier: str, later: str) -> None:
    """A transfer that waits for a receipt waits for that of what takes the statement's place.

    A request does not: it names what it rests on, and is itself said again with the new name.
    """
    handing = select(messages.c.jti).where(messages.c.kind == Kind.TRANSFER.value)
    query = update(waits).where(waits.c.hash == earlier, waits.c.jti.in_(handing))
    connection.execute(query.values(hash=later))


def free(connection: Connection, hashes: Iterable[str]) -> list[Jti]:
    """Note that these receipts are held; the ids of statements that waited for nothing else."""
    seen = sorted(set(hashes))
    waited = connection.scalars(_WAITING, {"hashes": seen}).all()
    if not waited:
        return []
    connection.execute(delete(waits).where(waits.c.hash.in_(seen)))
    still = set(connection.scalars(select(waits.c.jti).where(waits.c.jti.in_(waited))))
    return [Jti(jti) for jti in waited if jti not in still]


def remove(connection: Connection, jtis: Iterable[str]) -> None:
    """Let go of statements for which nothing is due any more."""
    put(connection, _REMOVE, ({"jti": jti} for jti in sorted(set(jtis))))


def drop(connection: Connection, jti: str) -> None:
    """Give a statement up: it was refused, or another takes its place."""
    connection.execute(delete(outbox).where(outbox.c.jti == jti))


def drop_lapsed(connection: Connection, issued_before: int) -> None:
    """Give up what was held and never approved; ``issued_before`` in seconds since 1970."""
    lapsed = select(messages.c.jti).where(messages.c.verdict == "held", messages.c.issued_at < issued_before)
    connection.execute(delete(outbox).where(outbox.c.jti.in_(lapsed)))


def size(connection: Connection) -> tuple[int, int | None]:
    """How many wait for the gateway or a recipient, and when the oldest was made."""
    query = select(func.count(), func.min(outbox.c.made_at)).select_from(outbox)
    row = connection.execute(query.where(~_HELD.exists())).one()
    return int(row[0]), row[1]
