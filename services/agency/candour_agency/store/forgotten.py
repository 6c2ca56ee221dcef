"""What the log says this agency has answered, and its database does not know: it was put back from a backup.

Such a statement is not answered a second time when it comes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from candour_protocol.ids import AgencyId, StatementHash
from sqlalchemy import Connection, select, update

from candour_agency.store.among import among
from candour_agency.store.upserting import insert
from candour_agency.tables import forgotten, messages

_AMONG = select(forgotten.c.hash).where(among(forgotten.c.hash, "hashes"))
_LOST = (
    select(forgotten.c.hash, forgotten.c.sender)
    .where(
        forgotten.c.asked_at.is_(None),
        ~select(messages.c.seq).where(messages.c.hash == forgotten.c.hash).exists(),
    )
    .order_by(forgotten.c.log_index)
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A statement of another party that was answered; ``index`` is where the log holds the answer."""

    hash: StatementHash
    sender: AgencyId
    index: int


def add(connection: Connection, found: Iterable[Forgotten]) -> None:
    """Note them; those that are noted already stay as they are."""
    for one in found:
        row = {"hash": one.hash, "sender": one.sender, "log_index": one.index}
        connection.execute(insert(connection, forgotten).values(**row).on_conflict_do_nothing())


def answered(connection: Connection, hashes: Iterable[str]) -> set[StatementHash]:
    """Those of these statements that were answered before."""
    wanted = sorted(set(hashes))
    found = connection.scalars(_AMONG, {"hashes": wanted}) if wanted else ()
    return {StatementHash(name) for name in found}


def lost(connection: Connection, limit: int) -> list[tuple[StatementHash, AgencyId]]:
    """Those that are still not here, and whose sender was not asked for them; with their sender."""
    rows = connection.execute(_LOST.limit(limit))
    return [(StatementHash(row.hash), AgencyId(row.sender)) for row in rows]


def note_asked(connection: Connection, names: Sequence[StatementHash], now_ms: int) -> None:
    """Their senders have been asked."""
    connection.execute(update(forgotten).where(forgotten.c.hash.in_(names)).values(asked_at=now_ms))
