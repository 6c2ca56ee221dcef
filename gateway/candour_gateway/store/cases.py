"""Load into a casebook what a batch of submissions names: two or three queries, whatever the batch's size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from candour_protocol import disclosures
from candour_protocol.ids import AgencyId, StatementHash
from candour_protocol.kinds import Codes, DeliveryCodes, parse_codes
from candour_protocol.kinds.lists import Kind
from candour_protocol.rules import Outcome
from candour_protocol.transport.topology import Lane
from sqlalchemy import BindParameter, Select, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.casebook import Casebook, Debt, Logged, Route
from candour_gateway.clocks import Duty
from candour_gateway.instants import from_ms
from candour_gateway.parties import named_by
from candour_gateway.t1box import T1Box
from candour_gateway.tables import barred, codes, entries, obligations, routes
from candour_gateway.verdict import Submission

_delivery = entries.alias("delivery")
_delivery_codes = codes.alias("delivery_codes")

_ENTRY = entries.c
_COLUMNS = (
    *(_ENTRY.idx, _ENTRY.t_ms, _ENTRY.kind, _ENTRY.verdict, _ENTRY.rules, _ENTRY.iss, _ENTRY.aud),
    *(_ENTRY.jti, _ENTRY.hash, _ENTRY.irt, _ENTRY.exp),
    codes.c.box,
    *(routes.c.recipient, routes.c.lane, routes.c.urgent, routes.c.approval),
    *(routes.c.settled_by, routes.c.refreshed_by),
    _delivery.c.hash.label("delivery_hash"),
    _delivery_codes.c.box.label("delivery_box"),
)
_FOUND = select(*_COLUMNS).select_from(
    entries.outerjoin(codes, codes.c.idx == _ENTRY.idx)
    .outerjoin(routes, routes.c.idx == _ENTRY.idx)
    .outerjoin(_delivery, _delivery.c.idx == routes.c.settled_by)
    .outerjoin(_delivery_codes, _delivery_codes.c.idx == routes.c.settled_by)
)

_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_NAMED = _FOUND.where(or_(_ENTRY.hash.in_(_NAMES), _ENTRY.jti.in_(bindparam("jtis", expanding=True))))
_FURTHER = _FOUND.where(_ENTRY.hash.in_(_NAMES))
_BARS = select(barred.c.hash, barred.c.iss).where(barred.c.hash.in_(_NAMES))


async def load(connection: AsyncConnection, submissions: Sequence[Submission], box: T1Box) -> Casebook:
    """Everything that these statements' verdicts can depend on."""
    book = Casebook()
    hashes = {each.statement.hash for each in submissions}
    names = {name for each in submissions for name in named_by(each.claims, each.codes)} | hashes
    jtis = [each.claims.jti for each in submissions]
    found = await _find(connection, _NAMED, {"names": list(names), "jtis": jtis}, box)
    book.load(found)
    further = _named_in(found) - names
    if further:
        book.load(await _find(connection, _FURTHER, {"names": list(further)}, box))
    await _load_bars(connection, book, hashes | names)
    await _load_debts(connection, book, submissions)
    return book


def _named_in(found: Iterable[Logged]) -> set[StatementHash]:
    """What those that were found name in their turn: the concerns of a request, the request of an answer."""
    names: set[StatementHash | None] = set()
    for logged in found:
        names.add(logged.irt)
        for member in ("relays", "pays_back", "approves"):
            names.add(getattr(logged.codes, member, None))
        names.update(getattr(logged.codes, "concern_refs", ()))
    return {name for name in names if name is not None}


async def _find(
    connection: AsyncConnection, query: Select[Any], values: Mapping[str, Any], box: T1Box
) -> list[Logged]:
    return [_logged(row, box) for row in await connection.execute(query, values)]


async def _load_bars(connection: AsyncConnection, book: Casebook, names: Collection[StatementHash]) -> None:
    rows = await connection.execute(_BARS, {"names": list(names)})
    book.load_bars((StatementHash(row.hash), AgencyId(row.iss)) for row in rows)


async def _load_debts(connection: AsyncConnection, book: Casebook, submissions: Sequence[Submission]) -> None:
    """Open debts of whoever asks in this batch."""
    askers = {each.claims.iss for each in submissions if each.claims.kind in (Kind.REQUEST, Kind.APPROVAL)}
    if not askers:
        return
    owed = obligations.c
    query = select(owed.about, owed.owed_by, owed.due_at).where(
        owed.owed_by.in_(askers), owed.kind == Duty.DEBT, owed.settled_by.is_(None)
    )
    rows = await connection.execute(query)
    book.load_debts(
        Debt(StatementHash(row.about), AgencyId(row.owed_by), from_ms(row.due_at)) for row in rows
    )


def _logged(row: Any, box: T1Box) -> Logged:
    kind, name = Kind(row.kind), StatementHash(row.hash)
    return Logged(
        index=row.idx,
        hash=name,
        jti=row.jti,
        iss=AgencyId(row.iss),
        aud=AgencyId(row.aud),
        kind=kind,
        irt=row.irt,
        verdict=Outcome(row.verdict),
        rules=tuple(row.rules.split()),
        at=from_ms(row.t_ms),
        exp=row.exp,
        codes=None if row.box is None else read_codes(kind, box.open(name, row.box)),
        route=None if row.recipient is None else _route(row, box),
    )


def _route(row: Any, box: T1Box) -> Route:
    return Route(
        recipient=AgencyId(row.recipient),
        lane=Lane(row.lane),
        urgent=row.urgent,
        approval=row.approval,
        settled_by=row.settled_by,
        opened=None if row.settled_by is None else _opened(row, box),
        refreshed_by=row.refreshed_by,
    )


def _opened(row: Any, box: T1Box) -> str:
    """What the delivery says; once its T1 is erased only that it was opened is known."""
    if row.delivery_box is None:
        return "sound"
    told = read_codes(Kind.DELIVERY, box.open(row.delivery_hash, row.delivery_box))
    return told.opened if isinstance(told, DeliveryCodes) else "sound"


def read_codes(kind: Kind, disclosure: str) -> Codes:
    """T1 as it was judged, from the disclosure as it was sent."""
    value = disclosures.read(disclosure).value
    return parse_codes(kind, value if isinstance(value, dict) else {})
