"""Reading obligations: what is open, the oldest of each kind, and how much each owes whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.instants import from_ms, to_ms
from candour_gateway.tables import obligations

_OWED = obligations.c


@dataclass(frozen=True, slots=True)
class OpenDuty:
    """One open obligation; ``id`` is the REST id of the statement that it is about."""

    index: int
    kind: str
    owed_by: str
    owed_to: str
    id: str
    about: str
    urgent: bool
    since: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """How many obligations of a kind one agency owes another, how many of them late, and since when."""

    owed_by: str
    owed_to: str
    kind: str
    count: int
    overdue: int
    oldest: datetime


Place = tuple[int, int, str]


async def open_duties(
    connection: AsyncConnection, party: str | None, limit: int, after: Place | None
) -> list[OpenDuty]:
    """Those due first come first; a party's own (owed by or to it), or everybody's."""
    place = tuple_(_OWED.due_at, _OWED.idx, _OWED.kind)
    query = (
        select(obligations).where(*_open(party)).order_by(_OWED.due_at, _OWED.idx, _OWED.kind).limit(limit)
    )
    if after is not None:
        query = query.where(place > tuple_(*after))
    return [_read(row) for row in await connection.execute(query)]


async def oldest(connection: AsyncConnection, party: str | None) -> list[OpenDuty]:
    """The oldest open obligation of each kind."""
    first = (
        select(_OWED.kind, func.min(_OWED.idx).label("idx"))
        .where(*_open(party))
        .group_by(_OWED.kind)
        .subquery()
    )
    query = select(obligations).join(first, (first.c.idx == _OWED.idx) & (first.c.kind == _OWED.kind))
    return [_read(row) for row in await connection.execute(query.order_by(_OWED.kind))]


async def pairs(connection: AsyncConnection, party: str | None, now: datetime) -> list[Pair]:
    """Who owes whom how much."""
    late = func.sum(case((_OWED.due_at < to_ms(now), 1), else_=0))
    query = (
        select(_OWED.owed_by, _OWED.owed_to, _OWED.kind, func.count(), late, func.min(_OWED.since))
        .where(*_open(party))
        .group_by(_OWED.owed_by, _OWED.owed_to, _OWED.kind)
        .order_by(_OWED.owed_by, _OWED.owed_to, _OWED.kind)
    )
    rows = await connection.execute(query)
    return [
        Pair(owed_by, owed_to, kind, count, overdue, from_ms(since))
        for owed_by, owed_to, kind, count, overdue, since in rows
    ]


def _open(party: str | None) -> Sequence[ColumnElement[bool]]:
    mine = () if party is None else (or_(_OWED.owed_by == party, _OWED.owed_to == party),)
    return (_OWED.settled_by.is_(None), *mine)


def _read(row: Row[Any]) -> OpenDuty:
    return OpenDuty(
        row.idx,
        row.kind,
        row.owed_by,
        row.owed_to,
        row.jti,
        row.about,
        bool(row.urgent),
        from_ms(row.since),
        from_ms(row.due_at),
    )
