"""Statements that are signed and not yet settled.

A row leaves when its receipt, and delivery if due, are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from candour_protocol.ids import Jti
from sqlalchemy import Connection, and_, delete, func, select, update

from candour_agency.tables import outbox, waits


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
    if rows:
        connection.execute(outbox.insert(), list(rows))
    if waiting:
        connection.execute(waits.insert(), list(waiting))


def due(connection: Connection, jtis: Iterable[str] | None = None) -> list[Due]:
    """What may leave now, oldest first: all of it, or those of these ids."""
    query = select(outbox.c.jti, outbox.c.routing_key, outbox.c.body).where(
        ~select(waits.c.jti).where(waits.c.jti == outbox.c.jti).exists()
    )
    if jtis is not None:
        query = query.where(outbox.c.jti.in_(sorted(set(jtis))))
    rows = connection.execute(query.order_by(outbox.c.made_at, outbox.c.jti))
    return [Due(Jti(row.jti), row.routing_key, row.body) for row in rows]


def free(connection: Connection, hashes: Iterable[str]) -> list[Jti]:
    """Note that these receipts are held; the ids of statements that waited for nothing else."""
    seen = sorted(set(hashes))
    waited = connection.scalars(select(waits.c.jti).where(waits.c.hash.in_(seen)).distinct()).all()
    if not waited:
        return []
    connection.execute(delete(waits).where(waits.c.hash.in_(seen)))
    still = set(connection.scalars(select(waits.c.jti).where(waits.c.jti.in_(waited))))
    return [Jti(jti) for jti in waited if jti not in still]


def settle(connection: Connection, *, receipts: Sequence[str] = (), deliveries: Sequence[str] = ()) -> None:
    """Note what is held for these ids, and let go of rows for which nothing is due any more."""
    for column, jtis in ((outbox.c.needs_receipt, receipts), (outbox.c.needs_delivery, deliveries)):
        if jtis:
            connection.execute(update(outbox).where(outbox.c.jti.in_(jtis)).values({column: False}))
    if touched := {*receipts, *deliveries}:
        done = and_(~outbox.c.needs_receipt, ~outbox.c.needs_delivery, outbox.c.jti.in_(touched))
        connection.execute(delete(outbox).where(done))


def drop(connection: Connection, jti: str) -> None:
    """Give a statement up: it was refused, or another takes its place."""
    connection.execute(delete(outbox).where(outbox.c.jti == jti))


def size(connection: Connection) -> tuple[int, int | None]:
    """How many are not settled, and when the oldest was made."""
    row = connection.execute(select(func.count(), func.min(outbox.c.made_at))).one()
    return int(row[0]), row[1]


def outstanding(connection: Connection, jtis: Iterable[str]) -> set[Jti]:
    """Those of these ids for which something is still due."""
    wanted = sorted(set(jtis))
    if not wanted:
        return set()
    return {Jti(jti) for jti in connection.scalars(select(outbox.c.jti).where(outbox.c.jti.in_(wanted)))}
