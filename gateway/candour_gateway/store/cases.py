"""Load into a casebook what a batch of submissions names: two or three queries, whatever the batch's size."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from candour_protocol import disclosures
from candour_protocol.entry import parse_entry
from candour_protocol.ids import AgencyId, StatementHash
from candour_protocol.kinds import Codes, ConcernCodes, DeliveryCodes, RequestCodes, parse_codes
from candour_protocol.kinds.lists import Kind
from candour_protocol.lines import Lines
from candour_protocol.rules import Outcome
from candour_protocol.statement import parse
from candour_protocol.transport.topology import Lane
from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.casebook import Casebook, Debt, History, Logged, Mark, Route
from candour_gateway.clocks import Duty
from candour_gateway.instants import from_ms
from candour_gateway.lanes import URGENT
from candour_gateway.naming import MOST_UNDER_A_KEY, is_bounded, is_private, named_by
from candour_gateway.searching import Parties, keys_wanted
from candour_gateway.store.among import among
from candour_gateway.t1box import T1Box
from candour_gateway.tables import barred, codes, entries, histories, obligations, routes, traces
from candour_gateway.verdict import Submission

_NOTHING_SINCE = History()
_ROUNDS = 40  # of searching; a chain of copies is no longer than 32, and challenges come all at once

_delivery = entries.alias("delivery")
_delivery_codes = codes.alias("delivery_codes")

_ENTRY = entries.c
_COLUMNS = (
    *(_ENTRY.idx, _ENTRY.t_ms, _ENTRY.kind, _ENTRY.verdict, _ENTRY.rules, _ENTRY.iss, _ENTRY.aud),
    *(_ENTRY.jti, _ENTRY.hash, _ENTRY.irt, _ENTRY.exp),
    codes.c.box,
    *(routes.c.recipient, routes.c.lane, routes.c.urgent, routes.c.approval),
    *(routes.c.settled_by, routes.c.refreshed_by),
    histories.c.idx.label("changed"),
    *(histories.c[mark.value] for mark in Mark),
    *(histories.c.answered, histories.c.sent_back),
    _delivery.c.hash.label("delivery_hash"),
    _delivery_codes.c.box.label("delivery_box"),
)
_FOUND = select(*_COLUMNS).select_from(
    entries.outerjoin(codes, codes.c.idx == _ENTRY.idx)
    .outerjoin(routes, routes.c.idx == _ENTRY.idx)
    .outerjoin(histories, histories.c.idx == _ENTRY.idx)
    .outerjoin(_delivery, _delivery.c.idx == routes.c.settled_by)
    .outerjoin(_delivery_codes, _delivery_codes.c.idx == routes.c.settled_by)
)

_NAMED = _FOUND.where(or_(among(_ENTRY.hash, "names"), among(_ENTRY.jti, "jtis")))
_FURTHER = _FOUND.where(among(_ENTRY.hash, "names"))
_TRACED = _FOUND.where(_ENTRY.idx.in_(select(traces.c.idx).where(among(traces.c.key, "names"))))
_numbered = (
    select(traces.c.idx, func.row_number().over(partition_by=traces.c.key, order_by=traces.c.idx).label("n"))
    .where(among(traces.c.key, "names"))
    .subquery()
)
_FIRST = _FOUND.where(_ENTRY.idx.in_(select(_numbered.c.idx).where(_numbered.c.n <= MOST_UNDER_A_KEY)))
_AT = _FOUND.where(among(_ENTRY.idx, "names"))
_CHALLENGED = histories.c.challenged_by
_first = select(_CHALLENGED.label("idx")).where(among(histories.c.idx, "names"), _CHALLENGED.is_not(None))
_chain = _first.cte("chain", recursive=True)
_BELOW = select(
    _chain.union(
        select(_CHALLENGED)
        .join_from(_chain, histories, histories.c.idx == _chain.c.idx)
        .where(_CHALLENGED.is_not(None))
    ).c.idx
)
_OWED = obligations.c
_DUE = select(_OWED.idx, _OWED.kind, _OWED.due_at, _OWED.settled_by).where(among(_OWED.idx, "names"))
_BARS = select(barred.c.hash, barred.c.iss).where(among(barred.c.hash, "names"))


async def load(
    connection: AsyncConnection,
    submissions: Sequence[Submission],
    box: T1Box,
    readers: Collection[AgencyId] = (),
) -> Casebook:
    """Everything that these statements' verdicts, and what follows from them, can depend on.

    Args:
        readers: who is shown that several concerns are about one child; for them those are looked for too.
    """
    book = Casebook()
    hashes = {each.statement.hash for each in submissions}
    names = {name for each in submissions for name in named_by(each.claims, each.codes)} | hashes
    jtis = [each.claims.jti for each in submissions]
    book.load(await _find(connection, _NAMED, {"names": list(names), "jtis": jtis}, box))
    await _Search(connection, book, box, names).exhaust(submissions, readers)
    await _load_bars(connection, book, hashes | names)
    await _load_debts(connection, book, submissions)
    if any(map(_depends_on_duties, submissions)):
        await _load_duties(connection, book)
    return book


def _depends_on_duties(submission: Submission) -> bool:
    """Erasures and requests; and concerns, where a cover's copy may put off what the inbox owes."""
    codes = submission.codes
    copied = isinstance(codes, ConcernCodes) and codes.urgency in URGENT
    return copied or bool(submission.claims.erases) or isinstance(codes, RequestCodes)


class _Search:
    """Follow what was found to what that names, and to what is kept under its keys, until nothing is new."""

    def __init__(
        self, connection: AsyncConnection, book: Casebook, box: T1Box, names: Collection[StatementHash]
    ) -> None:
        self._connection = connection
        self._book = book
        self._box = box
        self._names = set(names)
        self._keys: set[str] = set()
        self._indexes: set[int] = set()

    async def exhaust(self, submissions: Sequence[Submission], readers: Collection[AgencyId]) -> None:
        for _ in range(_ROUNDS):
            keys = {key for each in submissions for key in self._keys_for(each, readers)}
            found = [
                *await self._under(keys - self._keys),
                *await self._named(set(self._book.names()) - self._names),
                *await self._at(set(self._book.indexes()) - self._indexes),
            ]
            if not found:
                return
            self._book.load(found)

    def _keys_for(self, each: Submission, readers: Collection[AgencyId]) -> Iterator[str]:
        claims = each.claims
        parties = Parties(claims.iss, claims.aud, claims.irt, claims.erases, claims.reissues)
        yield from keys_wanted(each.statement.hash, parties, each.codes, self._book, readers)

    async def _under(self, keys: set[str]) -> list[Logged]:
        self._keys |= keys
        bounded = {key for key in keys if is_bounded(key)}
        return [
            *await self._kept(_TRACED, keys - bounded),
            *await self._kept(_FIRST, bounded),
        ]

    async def _kept(self, query: Select[Any], keys: set[str]) -> list[Logged]:
        stored = [self._box.blind(key) if is_private(key) else key for key in sorted(keys)]
        return await _find(self._connection, query, {"names": stored}, self._box)

    async def _named(self, names: set[StatementHash]) -> list[Logged]:
        self._names |= names
        return await _find(self._connection, _FURTHER, {"names": list(names)}, self._box)

    async def _at(self, indexes: set[int]) -> list[Logged]:
        """What has these indexes; of open challenges every one below, however many there are."""
        if not indexes:
            return []
        below = set((await self._connection.scalars(_BELOW, {"names": list(indexes)})).all())
        new = (indexes | below) - self._indexes
        self._indexes |= new
        return await _find(self._connection, _AT, {"names": list(new)}, self._box)


async def _find(
    connection: AsyncConnection, query: Select[Any], values: Mapping[str, Any], box: T1Box
) -> list[Logged]:
    if not values["names"]:
        return []
    rows = (await connection.execute(query, values)).all()
    erased = await _erased_by(connection, [row.idx for row in rows if row.kind == Kind.ERASURE])
    return [_logged(row, box, erased.get(row.idx, ())) for row in rows]


async def _erased_by(
    connection: AsyncConnection, indexes: Sequence[int]
) -> dict[int, tuple[StatementHash, ...]]:
    """What these erasures name, as they say themselves."""
    if not indexes:
        return {}
    rows = await connection.execute(select(_ENTRY.idx, _ENTRY.bytes).where(_ENTRY.idx.in_(indexes)))
    return {row.idx: parse(parse_entry(row.bytes).jwt).claims.erases for row in rows}


async def _load_bars(connection: AsyncConnection, book: Casebook, names: Collection[StatementHash]) -> None:
    rows = await connection.execute(_BARS, {"names": list(names)})
    book.load_bars((StatementHash(row.hash), AgencyId(row.iss)) for row in rows)


async def _load_debts(connection: AsyncConnection, book: Casebook, submissions: Sequence[Submission]) -> None:
    """Open debts of whoever asks in this batch."""
    askers = {each.claims.iss for each in submissions if each.claims.kind in (Kind.REQUEST, Kind.APPROVAL)}
    if not askers:
        return
    query = select(_OWED.about, _OWED.owed_by, _OWED.due_at).where(
        _OWED.owed_by.in_(askers), _OWED.kind == Duty.DEBT, _OWED.settled_by.is_(None)
    )
    rows = await connection.execute(query)
    book.load_debts(
        Debt(StatementHash(row.about), AgencyId(row.owed_by), from_ms(row.due_at)) for row in rows
    )


async def _load_duties(connection: AsyncConnection, book: Casebook) -> None:
    """What was ever due about anything that was loaded."""
    rows = await connection.execute(_DUE, {"names": book.indexes_known()})
    book.load_duties((row.idx, row.kind, row.due_at if row.settled_by is None else None) for row in rows)


def _logged(row: Any, box: T1Box, erases: tuple[StatementHash, ...]) -> Logged:
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
        history=_history(row),
        erases=erases,
    )


def _history(row: Any) -> History:
    if row.changed is None:
        return _NOTHING_SINCE
    marks = {mark.value: getattr(row, mark.value) for mark in Mark}
    return History(**marks, lines=_lines(row.answered or "", row.sent_back or ""))


def _lines(answered: str, sent_back: str) -> Lines:
    begins = (pair.split(":") for pair in sent_back.split())
    return Lines(frozenset(map(int, answered.split())), {int(line): int(at) for line, at in begins})


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
