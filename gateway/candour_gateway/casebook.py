"""What the gateway knows about the statements that a batch names, and how each verdict changes that.

A fold over the log without I/O: the store loads what a batch needs, statements are judged in order, and each
sees what those before it in the same batch have done. Source: protocol sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from candour_protocol.ids import AgencyId, Jti, StatementHash
from candour_protocol.kinds import Codes
from candour_protocol.kinds.lists import PLAIN, Kind
from candour_protocol.lines import Lines
from candour_protocol.rules import Outcome
from candour_protocol.transport.topology import Lane

from candour_gateway.instants import from_ms, to_ms
from candour_gateway.naming import MOST_UNDER_A_KEY, keys_of, names_in

PASSING = frozenset({Outcome.PASSED, Outcome.FLAGGED})


@dataclass(frozen=True, slots=True)
class Route:
    """A statement's way to its recipient.

    Attributes:
        approval: index of the approval that released it, where it had been held.
        settled_by: index of the ``delivery`` that counts; None while it is outstanding.
        opened: what that delivery says.
        refreshed_by: index of the newest concern that its author told in its place.
    """

    recipient: AgencyId
    lane: Lane
    urgent: bool
    approval: int | None = None
    settled_by: int | None = None
    opened: str | None = None
    refreshed_by: int | None = None

    @property
    def refreshed(self) -> bool:
        """Whether its author has told another since its recipient found it wanting."""
        return self.refreshed_by is not None and self.refreshed_by > (self.settled_by or 0)


class Mark(StrEnum):
    """What can happen to a statement after it was logged; each is a member of ``History``."""

    WITHDRAWN = "withdrawn_by"
    TAKEN_BACK = "taken_back_by"
    UNAPPLIED = "unapplied_by"
    CLOSED = "closed_by"
    CHALLENGED = "challenged_by"
    SUSPENDED = "suspended_by"
    REPLIED = "replied_by"
    ERASED = "erased_by"
    UNSOUND = "unsound_by"


@dataclass(frozen=True, slots=True)
class History:
    """What has happened to a statement since it was logged: indexes of what did it, None where nothing has.

    Attributes:
        withdrawn_by: its author's withdrawal, or the undoing of a link.
        taken_back_by: the correction by which its author no longer stands by it; of a relay, by which the
            originator does not.
        unapplied_by: the newest correction that its recipient has not answered yet.
        closed_by: the closure of the matter; of a correction, its recipient's word about it.
        challenged_by: the newest open challenge about what was decided on it; of a challenge, the one below.
        suspended_by: of a request, what has taken away the concern that it rests on.
        replied_by: of a concern, the newest reply by which its author added to it.
        erased_by: the erasure by which its codes are gone.
        unsound_by: of a concern, the later delivery that says that it is not sound after all; of a request,
            the one by which its holder has lost it.
        lines: of a request, how far it is answered.
    """

    withdrawn_by: int | None = None
    taken_back_by: int | None = None
    unapplied_by: int | None = None
    closed_by: int | None = None
    challenged_by: int | None = None
    suspended_by: int | None = None
    replied_by: int | None = None
    erased_by: int | None = None
    unsound_by: int | None = None
    lines: Lines = field(default_factory=Lines)

    @property
    def is_unsaid(self) -> bool:
        """Whether its author no longer says it, whatever they have told since."""
        return self.withdrawn_by is not None or self.taken_back_by is not None


@dataclass(frozen=True, slots=True)
class Logged:
    """A statement in the log, with its verdict. ``codes`` is None once T1 is erased, or was never kept.

    ``erases`` are the statements that an erasure names.
    """

    index: int
    hash: StatementHash
    jti: Jti
    iss: AgencyId
    aud: AgencyId
    kind: Kind
    irt: StatementHash | None
    verdict: Outcome
    rules: tuple[str, ...]
    at: datetime
    exp: int
    codes: Codes | None
    route: Route | None = None
    history: History = field(default_factory=History)
    erases: tuple[StatementHash, ...] = ()

    @property
    def is_erased(self) -> bool:
        """Whether what it said is gone for good."""
        return self.history.erased_by is not None

    @property
    def passes(self) -> bool:
        """Whether it reached, or will reach, its recipient: at once, or released by an approval."""
        return self.route is not None


@dataclass(frozen=True, slots=True)
class Debt:
    """An emergency request whose concern is still to come."""

    about: StatementHash
    owed_by: AgencyId
    due_at: datetime


@dataclass(slots=True)
class Casebook:
    """Everything loaded so far, by hash; what is not in here is not in the log.

    Attributes:
        crowded: between whom more is joined to a child than is followed.
    """

    crowded: set[frozenset[AgencyId]] = field(default_factory=set)
    _logged: dict[StatementHash, Logged] = field(default_factory=dict)
    _by_index: dict[int, StatementHash] = field(default_factory=dict)
    _by_key: dict[str, list[StatementHash]] = field(default_factory=dict)
    _keys: dict[StatementHash, frozenset[str]] = field(default_factory=dict)
    _by_jti: dict[Jti, list[StatementHash]] = field(default_factory=dict)
    _barred: dict[StatementHash, AgencyId] = field(default_factory=dict)
    _debts: dict[StatementHash, Debt] = field(default_factory=dict)
    _blanks: list[StatementHash] = field(default_factory=list)
    _duties: dict[tuple[int, str], int | None] = field(default_factory=dict)  # open: due when, in ms

    def find(self, name: StatementHash | None) -> Logged | None:
        """The logged statement of this hash."""
        return None if name is None else self._logged.get(name)

    def at(self, index: int | None) -> Logged | None:
        """The statement with this log index."""
        return None if index is None else self.find(self._by_index.get(index))

    def keys(self, name: StatementHash) -> frozenset[str]:
        """Under which keys a statement in here is looked for, by what it said when it was added."""
        return self._keys[name]

    def traced(self, key: str) -> list[Logged]:
        """What is kept under a key, in log order."""
        found = [self._logged[name] for name in self._by_key.get(key, ())]
        return sorted(found, key=lambda logged: logged.index)

    def first(self, key: str) -> list[Logged]:
        """What counts under a bounded key: the earliest that were not refused, in log order."""
        found = [each for each in self.traced(key) if each.verdict is not Outcome.REFUSED]
        return found[:MOST_UNDER_A_KEY]

    def latest(self, key: str) -> list[Logged]:
        """What counts under a key that anybody can fill and nobody may blind: the newest, in log order."""
        return self.traced(key)[-MOST_UNDER_A_KEY:]

    def names(self) -> Iterator[StatementHash]:
        """Every statement that one in here names."""
        for logged in self._logged.values():
            yield from names_in(logged.irt, logged.codes)
            yield from logged.erases

    def indexes(self) -> Iterator[int]:
        """Open challenges about what is in here, and concerns told in another's place."""
        for logged in self._logged.values():
            newer = logged.route.refreshed_by if logged.route else None
            for index in (logged.history.challenged_by, newer):
                if index is not None:
                    yield index

    def others_under(self, jti: Jti, name: StatementHash) -> list[Logged]:
        """What was logged under the same id with other bytes."""
        return [self._logged[each] for each in self._by_jti.get(jti, ()) if each != name]

    def is_barred(self, name: StatementHash, iss: AgencyId) -> bool:
        """Whether its own issuer has replaced it by another."""
        return self._barred.get(name) == iss

    def overdue_debts(self, owed_by: AgencyId, at: datetime) -> int:
        """How many concerns this agency owes past their time."""
        return sum(debt.owed_by == owed_by and debt.due_at < at for debt in self._debts.values())

    def load(self, found: Iterable[Logged]) -> None:
        """Take in what the store found; what is known already stays, being newer."""
        for each in found:
            if each.hash not in self._logged:
                self.add(each)

    def load_bars(self, bars: Iterable[tuple[StatementHash, AgencyId]]) -> None:
        """Take in which hashes were replaced, and by whom."""
        self._barred.update(bars)

    def load_debts(self, debts: Iterable[Debt]) -> None:
        """Take in open debts."""
        self._debts.update((debt.about, debt) for debt in debts)

    def load_duties(self, duties: Iterable[tuple[int, str, int | None]]) -> None:
        """Take in what was ever due about statements: index, duty, and while it is open when, in ms."""
        self._duties.update(((index, duty), due_at) for index, duty, due_at in duties)

    def is_due(self, index: int) -> bool:
        """Whether anything is still due about the statement with this index, as far as it was loaded."""
        return any(due is not None for (about, _), due in self._duties.items() if about == index)

    def due(self, index: int, duty: str) -> datetime | None:
        """When this falls due about a statement, as long as it is open; as far as it was loaded."""
        due_at = self._duties.get((index, duty))
        return None if due_at is None else from_ms(due_at)

    def begin_duty(self, index: int, duty: str, due_at: datetime, *, anew: bool = False) -> None:
        """Something is due; what was done already is due again only ``anew``."""
        if anew:
            self._duties[index, duty] = to_ms(due_at)
        else:
            self._duties.setdefault((index, duty), to_ms(due_at))

    def end_duty(self, index: int, duty: str) -> None:
        """It has been done."""
        if (index, duty) in self._duties:
            self._duties[index, duty] = None

    def erase(self, name: StatementHash) -> None:
        """What it said is gone."""
        logged = self._logged[name]
        history = replace(logged.history, lines=Lines())
        self._logged[name] = replace(logged, codes=None, history=history)

    def blanks(self) -> Iterator[Logged]:
        """What took effect, disclosed something, and does not any more."""
        for logged in self._blanks:
            yield self._logged[logged]

    def indexes_known(self) -> list[int]:
        """The indexes of everything in here."""
        return list(self._by_index)

    def add(self, logged: Logged) -> None:
        """A statement has been logged."""
        self._logged[logged.hash] = logged
        self._by_index[logged.index] = logged.hash
        self._by_jti.setdefault(logged.jti, []).append(logged.hash)
        if logged.codes is None and logged.kind not in PLAIN and logged.verdict is not Outcome.REFUSED:
            self._blanks.append(logged.hash)
        keys = frozenset(keys_of(logged.iss, logged.aud, logged.irt, logged.codes))
        self._keys[logged.hash] = keys
        for key in keys:
            self._by_key.setdefault(key, []).append(logged.hash)

    def drop(self, logged: Logged) -> None:
        """The last that was added is not to be logged as it stands."""
        del self._logged[logged.hash], self._by_index[logged.index]
        self._by_jti[logged.jti].remove(logged.hash)
        for key in self._keys.pop(logged.hash):
            self._by_key[key].remove(logged.hash)
        self._blanks = [each for each in self._blanks if each != logged.hash]

    def route(self, name: StatementHash, route: Route) -> None:
        """A statement goes to its recipient."""
        self._logged[name] = replace(self._logged[name], route=route)

    def open(self, name: StatementHash, settled_by: int, opened: str) -> None:
        """Its recipient has it."""
        self._change(name, settled_by=settled_by, opened=opened)

    def refresh(self, name: StatementHash, by: int | None) -> None:
        """Its author has told another in its place, or stands by none that they told."""
        self._change(name, refreshed_by=by)

    def mark(self, name: StatementHash, mark: Mark, by: int | None) -> None:
        """Something has happened to it, or is undone."""
        logged = self._logged[name]
        change: dict[str, Any] = {mark.value: by}
        self._logged[name] = replace(logged, history=replace(logged.history, **change))

    def answer(self, name: StatementHash, lines: Lines) -> None:
        """A request is answered so far."""
        logged = self._logged[name]
        self._logged[name] = replace(logged, history=replace(logged.history, lines=lines))

    def bar(self, name: StatementHash, iss: AgencyId) -> None:
        """Its issuer has replaced it."""
        self._barred[name] = iss

    def owe(self, debt: Debt) -> None:
        """A concern is to follow."""
        self._debts[debt.about] = debt

    def pay(self, about: StatementHash) -> None:
        """It has followed."""
        self._debts.pop(about, None)

    def _change(self, name: StatementHash, **changes: object) -> None:
        logged = self._logged[name]
        if logged.route is not None:
            self._logged[name] = replace(logged, route=replace(logged.route, **changes))  # type: ignore[arg-type]
