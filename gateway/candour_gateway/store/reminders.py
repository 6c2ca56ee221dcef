"""Obligations that are to be spoken of: which, and when next. Read and changed under the log's lock only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from candour_protocol.ids import AgencyId, StatementHash, Txn
from candour_protocol.kinds.lists import Kind
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.instants import from_ms, to_ms
from candour_gateway.store.bulk import Bulk
from candour_gateway.store.cases import read_codes
from candour_gateway.t1box import T1Box
from candour_gateway.tables import codes, entries, obligations

_OWED = obligations.c
_OPEN = (_OWED.settled_by.is_(None), _OWED.remind_at.is_not(None))
_NEXT = text("UPDATE obligations SET remind_at = :again WHERE idx = :at_idx AND kind = :at_kind")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One obligation that is still open at a time at which it is to be spoken of.

    Attributes:
        txn: None where the codes of what it is about were erased.
        times: all at which it is spoken of, in their order; ``next_at`` is the first that still is to come.
    """

    index: int
    duty: str
    owed_by: AgencyId
    owed_to: AgencyId
    about: StatementHash
    txn: Txn | None
    times: tuple[datetime, ...]
    next_at: datetime


async def due(connection: AsyncConnection, now: datetime, limit: int, box: T1Box) -> list[Waiting]:
    """Those whose time has come, the earliest first."""
    query = (
        select(obligations, entries.c.kind.label("of_kind"), codes.c.box)
        .join(entries, entries.c.idx == _OWED.idx)
        .outerjoin(codes, codes.c.idx == _OWED.idx)
        .where(*_OPEN, _OWED.remind_at <= to_ms(now))
        .order_by(_OWED.remind_at, _OWED.idx, _OWED.kind)
        .limit(limit)
    )
    return [_read(row, box) for row in await connection.execute(query)]


async def next_time(connection: AsyncConnection) -> datetime | None:
    """When something is to be spoken of next, if nothing happens before."""
    earliest = await connection.scalar(select(func.min(_OWED.remind_at)).where(*_OPEN))
    return None if earliest is None else from_ms(earliest)


def note(bulk: Bulk, spoken: Sequence[tuple[Waiting, datetime | None]]) -> None:
    """Say when each is to be spoken of again; never, where there is no such time."""
    rows = [
        {"at_idx": each.index, "at_kind": each.duty, "again": None if again is None else to_ms(again)}
        for each, again in spoken
    ]
    bulk.add(_NEXT, rows)


def _read(row: Any, box: T1Box) -> Waiting:
    about = StatementHash(row.about)
    return Waiting(
        index=row.idx,
        duty=row.kind,
        owed_by=AgencyId(row.owed_by),
        owed_to=AgencyId(row.owed_to),
        about=about,
        txn=None if row.box is None else read_codes(Kind(row.of_kind), box.open(about, row.box)).txn,
        times=tuple(from_ms(int(each)) for each in row.reminders.split()),
        next_at=from_ms(row.remind_at),
    )
