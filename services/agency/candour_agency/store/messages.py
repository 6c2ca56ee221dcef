"""Statements that were sent and received, and what became of them. Nobody commits in here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from candour_protocol.ids import AgencyId, Jti, StatementHash, Txn
from candour_protocol.kinds import Kind
from sqlalchemy import (
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from candour_agency.engines.sheet import Verb, Write, put
from candour_agency.messages import COLUMNS, Direction, Message, from_row
from candour_agency.store.among import among
from candour_agency.tables import joins, messages, waits

# What no worklist shows: machines' receipts, and what was replaced.
_NOT_WORK = (Kind.DELIVERY.value, Kind.APPROVAL.value, Kind.ERASURE.value)
_URGENT_FIRST = case({"EMERGENCY": 0, "RED": 1, "AMBER": 2}, value=messages.c.urgency, else_=3)
_SAID = ("codes", "content", "disclosures", "violations", "opened_rules", "acknowledged_by")
_COLUMNS = [messages.c[name] for name in COLUMNS]
_SELECT = select(*_COLUMNS)
_LOOK_UP = _SELECT.where(or_(among(messages.c.jti, "jtis"), among(messages.c.hash, "hashes")))
# One of what waits for its receipt; not EXISTS, for which PostgreSQL reads all that waits for anything.
_WAITS = select(waits.c.jti).where(waits.c.hash == messages.c.hash).limit(1).scalar_subquery()
_AROUND = (
    select(*_COLUMNS, _WAITS)
    .where(
        or_(
            among(messages.c.jti, "jtis"),
            among(messages.c.hash, "hashes"),
            among(messages.c.about, "about"),
        )
    )
    .order_by(messages.c.seq)
)
_THREAD = _SELECT.where(messages.c.txn == bindparam("txn")).order_by(messages.c.seq)
_FIND = _SELECT.where(messages.c.jti == bindparam("jti"))
_SETTLED = or_(messages.c.decided_at.is_not(None), messages.c.answered_at.is_not(None))
_IN_HAND = or_(messages.c.handed_on_at.is_(None), messages.c.acknowledged_at.is_not(None))
_FINISHED = or_(
    messages.c.closed_at.is_not(None),
    and_(_SETTLED, _IN_HAND),  # what went to a colleague waits for them, whatever was said before
    messages.c.withdrawn_at.is_not(None),
    messages.c.lapsed_at.is_not(None),
)


# What is known of a statement when it is new here; own ones and received ones are numbered in one order.
_NEW = (
    *("jti", "hash", "txn", "kind", "direction", "counterparty", "inbox", "restricted", "urgency", "about"),
    *("relays", "pays_back", "reissues", "issued_at", "made_at", "jwt", "codes", "content", "disclosures"),
    *("receipt", "log_index", "logged_at", "verdict", "rules", "held_at", "settled_at", "opened"),
    *("opened_rules", "delivered_at", "shut_out"),
)
_NOTHING: Mapping[str, Any] = dict.fromkeys(_NEW)
_ADD = Write(Verb.ADD, messages, _NEW)


def add(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store statements that are new here, in their order."""
    put(connection, _ADD, ({**_NOTHING, **row} for row in rows))


def find(connection: Connection, jti: str) -> Message | None:
    """The statement with this id; none has an id that PostgreSQL cannot keep."""
    if "\0" in jti:
        return None
    row = connection.execute(_FIND, {"jti": jti}).first()
    return None if row is None else from_row(row)


def by_hash(connection: Connection, hashes: Iterable[str]) -> dict[StatementHash, Message]:
    """Those of these statements that are here."""
    return {found.hash: found for found in look_up(connection, (), hashes)}


def known(connection: Connection, jtis: Iterable[str]) -> dict[Jti, Message]:
    """Those of these ids that are here."""
    return {found.jti: found for found in look_up(connection, jtis, ())}


def look_up(connection: Connection, jtis: Iterable[str], hashes: Iterable[str]) -> list[Message]:
    """What is here under these ids, or by these hashes."""
    wanted = {"jtis": sorted(set(jtis)), "hashes": sorted(set(hashes))}
    if not any(wanted.values()):
        return []
    return [from_row(row) for row in connection.execute(_LOOK_UP, wanted)]


def about(connection: Connection, name: str) -> list[Message]:
    """What answers, approves or notifies about a statement, in the order of arrival."""
    return _all(connection, _SELECT.where(messages.c.about == name).order_by(messages.c.seq))


def around(
    connection: Connection, jtis: Iterable[str], hashes: Iterable[str], about: Iterable[str]
) -> list[tuple[Message, bool]]:
    """What is here under these ids, by these hashes, or is about any of these, in the order of arrival.

    With each, whether a statement waits for its receipt.
    """
    wanted = {"jtis": sorted(set(jtis)), "hashes": sorted(set(hashes)), "about": sorted(set(about))}
    if not any(wanted.values()):
        return []
    return [(from_row(row[:-1]), row[-1] is not None) for row in connection.execute(_AROUND, wanted)]


def thread(connection: Connection, txn: str) -> list[Message]:
    """A whole matter, in the order in which it came together here."""
    if "\0" in txn:
        return []
    return [from_row(row) for row in connection.execute(_THREAD, {"txn": txn})]


def thread_known(connection: Connection, txn: str) -> bool:
    """Whether this agency is in the thread."""
    return connection.scalar(select(messages.c.seq).where(messages.c.txn == txn).limit(1)) is not None


def relayed(connection: Connection, original: str, holder: str) -> Message | None:
    """The relay of a concern to a holder that this agency sent, unless it was returned."""
    query = _SELECT.where(
        messages.c.relays == original,
        messages.c.counterparty == holder,
        messages.c.direction == Direction.OUT.value,
        or_(messages.c.verdict.is_(None), messages.c.verdict != "refused"),
    )
    return _one(connection, query.order_by(messages.c.seq.desc()).limit(1))


def told(connection: Connection, txn: str, holder: str) -> list[Message]:
    """The concerns that this agency told a holder in a thread, those left out that were returned."""
    query = _SELECT.where(
        messages.c.txn == txn,
        messages.c.kind == Kind.CONCERN.value,
        messages.c.counterparty == holder,
        messages.c.direction == Direction.OUT.value,
        messages.c.reissued_as.is_(None),
        or_(messages.c.verdict.is_(None), messages.c.verdict != "refused"),
    )
    return _all(connection, query.order_by(messages.c.seq))


def copy_from(connection: Connection, original: str, sender: str) -> Message | None:
    """Our copy of a concern that somebody passed on, by the original's hash."""
    query = _SELECT.where(
        messages.c.relays == original,
        messages.c.counterparty == sender,
        messages.c.direction == Direction.IN.value,
    )
    return _one(connection, query.order_by(messages.c.seq.desc()).limit(1))


def passed_on(connection: Connection, original: str) -> list[Message]:
    """The copies of a received concern that this agency passed on, those left out that were returned."""
    query = _SELECT.where(
        messages.c.relays == original,
        messages.c.direction == Direction.OUT.value,
        messages.c.reissued_as.is_(None),
        or_(messages.c.verdict.is_(None), messages.c.verdict != "refused"),
    )
    return _all(connection, query.order_by(messages.c.seq))


def own_copies(connection: Connection, concern: Message) -> list[Message]:
    """Every copy of an own concern, itself first: the same words about the same child in one thread."""
    query = _SELECT.where(
        messages.c.txn == concern.txn,
        messages.c.kind == Kind.CONCERN.value,
        messages.c.direction == Direction.OUT.value,
        messages.c.content == concern.content_text,
        messages.c.hash != concern.hash,
        messages.c.reissued_as.is_(None),
        or_(messages.c.verdict.is_(None), messages.c.verdict != "refused"),
    )
    child = (concern.codes or {}).get("child")
    copies = _all(connection, query.order_by(messages.c.seq))
    return [concern, *(one for one in copies if (one.codes or {}).get("child") == child)]


def own_requests(connection: Connection, txn: str) -> list[Message]:
    """What this agency asked in a thread, as far as it was not returned."""
    query = _SELECT.where(
        messages.c.txn == txn,
        messages.c.kind == Kind.REQUEST.value,
        messages.c.direction == Direction.OUT.value,
        or_(messages.c.verdict.is_(None), messages.c.verdict != "refused"),
    )
    return _all(connection, query.order_by(messages.c.seq))


def asked_since(connection: Connection, at: int, owed_to: Collection[AgencyId]) -> list[Message]:
    """The own requests that the log let through since a time, in its order.

    Those that were withdrawn unanswered are left out, or said again as their holder could not read them. Of
    before that those which owe one of these holders an outcome.
    """
    answered = messages.c.given_at.is_not(None)
    asked = messages.c.withdrawn_at.is_(None) & messages.c.reissued_as.is_(None)
    owes = messages.c.counterparty.in_(owed_to) & answered & messages.c.outcome_at.is_(None)
    query = _SELECT.where(
        or_(asked, answered),
        messages.c.kind == Kind.REQUEST.value,
        messages.c.direction == Direction.OUT.value,
        or_(messages.c.logged_at >= at, owes),
        messages.c.verdict.in_(("passed", "flagged")),
    )
    return _all(connection, query.order_by(messages.c.log_index))


def paying_back(connection: Connection, request: str) -> list[Message]:
    """The concerns that say that they pay a request back."""
    return _all(connection, _SELECT.where(messages.c.pays_back == request))


def own_copy(connection: Connection, concern: Message, holder: str) -> Message | None:
    """The copy of an own concern that went to another recipient in the same call: same thread, same child."""
    query = _SELECT.where(
        messages.c.txn == concern.txn,
        messages.c.kind == Kind.CONCERN.value,
        messages.c.direction == Direction.OUT.value,
        messages.c.counterparty == holder,
        messages.c.relays.is_(None),
    )
    child = (concern.codes or {}).get("child")
    copies = _all(connection, query.order_by(messages.c.seq.desc()))
    return next((one for one in copies if (one.codes or {}).get("child") == child), None)


def unreadable(connection: Connection) -> list[Message]:
    """Own statements that their recipient could not open, and that were not said again."""
    query = _SELECT.where(
        messages.c.opened == literal("unreadable", literal_execute=True),
        messages.c.direction == Direction.OUT.value,
        messages.c.reissued_as.is_(None),
    )
    return _all(connection, query.order_by(messages.c.seq))


def newest_with(connection: Connection, txn: Txn, counterparty: str) -> Message | None:
    """The last concern or request that the two exchanged in a thread."""
    query = _SELECT.where(
        messages.c.txn == txn,
        messages.c.counterparty == counterparty,
        messages.c.kind.in_((Kind.CONCERN.value, Kind.REQUEST.value)),
    )
    return _one(connection, query.order_by(messages.c.seq.desc()).limit(1))


def change(connection: Connection, name: str, **columns: Any) -> None:
    """Set columns of one statement."""
    connection.execute(update(messages).where(messages.c.hash == name).values(**_written(columns)))


def change_first(connection: Connection, name: str, **columns: Any) -> None:
    """Set those of these columns that are still empty: what happened first counts."""
    values = {column: func.coalesce(messages.c[column], value) for column, value in _written(columns).items()}
    connection.execute(update(messages).where(messages.c.hash == name).values(**values))


def erase(connection: Connection, name: str, at: int) -> None:
    """Delete what a statement said; that it was said, by whom, when and with which receipt stays."""
    gone = dict.fromkeys(_SAID)
    where = messages.c.hash == name
    connection.execute(update(messages).where(where).values(**gone, urgency="", erased_at=at))
    connection.execute(delete(joins).where(joins.c.hash == name))


def note_verdicts(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what the log says about own statements. Every row has the same members, ``hash`` the first."""
    _change_many(connection, rows)


def note_deliveries(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what recipients say about own statements. Every row has the same members, ``hash`` the first."""
    _change_many(connection, rows)


def _change_many(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        put(connection, Write(Verb.CHANGE, messages, tuple(rows[0])), map(_written, rows))


def _written(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value, separators=(",", ":")) if isinstance(value, list | tuple | dict) else value
        for name, value in columns.items()
    }


@dataclass(frozen=True, slots=True)
class Filter:
    """What a worklist shows.

    Attributes:
        after: ``seq`` behind which it goes on; with ``urgent_first`` also ``rank``.
        open_only: leave out what was decided, answered or closed, taken back or has lapsed.
        person: who looks, where that is known: what they are shut out from is left out.
    """

    after: int = 0
    rank: int = 0
    limit: int = 50
    inbox: str | None = None
    kind: str | None = None
    urgency: str | None = None
    open_only: bool = False
    restricted: bool = False
    urgent_first: bool = False
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in a worklist, with its urgency's rank, 0 the most urgent; ``about`` is what it answers.

    ``decided_by`` says of a challenge who made what it is about in the end.
    """

    message: Message
    rank: int
    about: Jti | None = None
    decided_by: AgencyId | None = None


def worklist(connection: Connection, wanted: Filter) -> list[Listed]:
    """What was received, oldest or urgent first; one more than ``limit`` says that there is more."""
    place = {"after": wanted.after, "rank": wanted.rank}
    rows = connection.execute(_worklist(replace(wanted, after=0, rank=0)), place).all()
    found = [(from_row(row[:-1]), int(row[-1])) for row in rows]
    parents = by_hash(connection, {one.about for one, _ in found if one.about is not None})
    about = {name: parent.jti for name, parent in parents.items()}
    return [Listed(one, rank, about.get(one.about) if one.about else None) for one, rank in found]


@lru_cache(maxsize=64)  # who watches an inbox asks the same again at each arrival
def _worklist(wanted: Filter) -> Select[Any]:
    query = select(*_COLUMNS, _URGENT_FIRST.label("rank"))
    order = (_URGENT_FIRST, messages.c.seq) if wanted.urgent_first else (messages.c.seq,)
    return query.where(*_conditions(wanted)).order_by(*order).limit(wanted.limit + 1)


def _conditions(wanted: Filter) -> list[Any]:
    conditions: list[Any] = [messages.c.direction == Direction.IN.value, messages.c.kind.not_in(_NOT_WORK)]
    behind = messages.c.seq > bindparam("after")
    if wanted.urgent_first:
        rank = bindparam("rank", type_=Integer)
        behind = or_(rank < _URGENT_FIRST, and_(rank.__eq__(_URGENT_FIRST), behind))
    conditions.append(behind)
    for column in ("inbox", "kind", "urgency"):
        value = getattr(wanted, column)
        if value is not None:
            conditions.append(messages.c[column] == value)
    if not wanted.restricted:
        conditions.append(~messages.c.restricted)
    if wanted.person is not None:
        named = messages.c.shut_out.contains(json.dumps(wanted.person), autoescape=True)
        conditions.append(or_(messages.c.shut_out.is_(None), ~named))
    return [*conditions, ~_FINISHED] if wanted.open_only else conditions


def last_index(connection: Connection) -> int | None:
    """The largest log index of anything received; ``None`` where nothing was."""
    query = select(func.max(messages.c.log_index)).where(messages.c.direction == Direction.IN.value)
    found: int | None = connection.scalar(query)
    return found


def last_received(connection: Connection) -> int:
    """The largest ``seq`` of a worklist; 0 for an empty one."""
    query = select(func.max(messages.c.seq)).where(
        messages.c.direction == Direction.IN.value, messages.c.kind.not_in(_NOT_WORK)
    )
    return connection.scalar(query) or 0


def _one(connection: Connection, query: Select[Any]) -> Message | None:
    row = connection.execute(query).first()
    return None if row is None else from_row(row)


def _all(connection: Connection, query: Select[Any]) -> list[Message]:
    return [from_row(row) for row in connection.execute(query)]
