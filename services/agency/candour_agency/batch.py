"""What one transaction of the inbox works on: what was known before, what came, what is to be written.

Rows are collected and written together; ``flush`` makes them visible to queries within the transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from candour_protocol.ids import Jti, StatementHash
from candour_protocol.kinds import Kind
from sqlalchemy import Connection

from candour_agency import references, store
from candour_agency.arrival import Arrival, Verdict
from candour_agency.happenings import Happened
from candour_agency.messages import Message
from candour_agency.moments import to_ms
from candour_agency.office import Office
from candour_agency.store.outbox import Due
from candour_agency.writing import Pen


@dataclass(slots=True)
class Taken:
    """What is to be done once the transaction is on disk.

    Attributes:
        due: statements that may leave now.
        settled: statements for which nothing is due any more, or not for now.
        changed: ids of own and received statements whose state changed.
        arrived: whether the worklist has something new.
        parked: by position in the batch, why it is parked.
        incidents: codes of what was not as it must be.
        opened: how many statements were found how.
    """

    due: list[Due] = field(default_factory=list)
    settled: list[Jti] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    arrived: bool = False
    parked: dict[int, str] = field(default_factory=dict)
    incidents: list[str] = field(default_factory=list)
    opened: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Batch:
    """One transaction of the inbox.

    Attributes:
        fresh: what arrived in this batch, by hash.
        early: what was here before the statement that it is about, by the hash of that.
        done: own statements for which nothing is due any more.
        logged: hashes of own statements whose receipt came, for what waits for them.
        resume: own statements to be published again.
        forgotten: what was answered before a backup was put back.
        unawaited: of what was here before, that for whose receipt nothing waited.
    """

    connection: Connection
    office: Office
    now: datetime
    pen: Pen
    taken: Taken = field(default_factory=Taken)
    fresh: dict[StatementHash, Happened] = field(default_factory=dict)
    early: dict[StatementHash, list[Message]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    delivered: list[dict[str, Any]] = field(default_factory=list)
    imprints: list[dict[str, Any]] = field(default_factory=list)
    done: list[Jti] = field(default_factory=list)
    logged: list[StatementHash] = field(default_factory=list)
    resume: list[Jti] = field(default_factory=list)
    forgotten: set[StatementHash] = field(default_factory=set)
    unawaited: set[StatementHash] = field(default_factory=set)
    _known: dict[StatementHash, Message] = field(default_factory=dict)
    _hashes: dict[Jti, StatementHash] = field(default_factory=dict)

    @property
    def now_ms(self) -> int:
        """The node's clock at the start of the batch."""
        return to_ms(self.now)

    def by_hash(self, name: StatementHash | None) -> Message | None:
        """A statement that was here before the batch, as the batch has left it so far."""
        return None if name is None else self._known.get(name)

    def by_jti(self, jti: Jti) -> Message | None:
        """The same by its id."""
        return self.by_hash(self._hashes.get(jti))

    def put(self, message: Message) -> None:
        """A statement as it stands now."""
        self._known[message.hash] = message
        self._hashes[message.jti] = message.hash

    def flush(self) -> None:
        """Write what was collected so far."""
        store.messages.add(self.connection, self.rows)
        store.imprints.add(self.connection, self.imprints)
        store.messages.note_verdicts(self.connection, self.verdicts)
        store.messages.note_deliveries(self.connection, self.delivered)
        self.rows, self.imprints, self.verdicts, self.delivered = [], [], [], []

    def note(self, message: Message | None) -> None:
        """Tell whoever waits for this message, or for the one that it takes the place of, that it changed."""
        while message is not None and message.jti not in self.taken.changed:
            self.taken.changed.add(message.jti)
            message = self._earlier(message)

    def _is_waited_for(self) -> bool:
        """Whether anything may wait for a receipt that came: for some that is known from the start."""
        return bool(self.logged) and (self.pen.waits or not self.unawaited.issuperset(self.logged))

    def _earlier(self, message: Message) -> Message | None:
        if message.reissues is None:
            return None
        return store.messages.by_hash(self.connection, [message.reissues]).get(message.reissues)

    def incident(self, code: str, digest: str) -> None:
        """Something was not as it must be."""
        store.registry.note_incident(self.connection, code, digest, self.now_ms)
        self.taken.incidents.append(code)

    def finish(self) -> Taken:
        """Write the rest, and settle the outbox."""
        self.flush()
        self.pen.store(self.connection)
        store.outbox.remove(self.connection, self.done)
        self.taken.settled += self.done
        freed = store.outbox.free(self.connection, self.logged) if self._is_waited_for() else []
        if again := [*freed, *self.resume]:
            self.taken.due += store.outbox.due(self.connection, again)
        self.taken.due += self.pen.due
        return self.taken


def begin(connection: Connection, office: Office, now: datetime, items: Sequence[Arrival | Verdict]) -> Batch:
    """Load what a batch needs to know, in as few queries as it takes: with PostgreSQL each is a trip."""
    batch = Batch(connection, office, now, Pen(office, now))
    jtis, hashes, answered = {_jti(item) for item in items}, _parents(items), _may_be_overtaken(items)
    for message, is_waited_for in store.messages.around(connection, jtis, hashes, answered):
        if not is_waited_for:
            batch.unawaited.add(message.hash)
        if message.jti in jtis or message.hash in hashes:
            batch.put(message)
        if message.about in answered:
            batch.early.setdefault(message.about, []).append(message)
    batch.forgotten = store.forgotten.answered(connection, _to_be_answered(items))
    return batch


def _jti(item: Arrival | Verdict) -> Jti:
    return item.jti if isinstance(item, Verdict) else item.statement.claims.jti


def _parents(items: Iterable[Arrival | Verdict]) -> set[StatementHash]:
    arrivals = (item for item in items if isinstance(item, Arrival))
    named = (references.about_unopened(one.statement, one.body) for one in arrivals)
    return {one for one in named if one is not None}


def _to_be_answered(items: Iterable[Arrival | Verdict]) -> list[StatementHash]:
    arrivals = (item.statement for item in items if isinstance(item, Arrival))
    return [one.hash for one in arrivals if one.claims.kind is not Kind.DELIVERY]


# Nothing is said about these that could come before them.
_LAST_WORDS = frozenset({Kind.DELIVERY, Kind.NOTICE, Kind.ACKNOWLEDGEMENT, Kind.APPROVAL})


def _may_be_overtaken(items: Iterable[Arrival | Verdict]) -> set[StatementHash]:
    """Statements that may come after one about them: the couriers promise no order."""
    arrivals = (item.statement for item in items if isinstance(item, Arrival))
    return {one.hash for one in arrivals if one.claims.kind not in _LAST_WORDS}
