"""What went between this agency and others about one person: told, asked, disclosed, refused.

For whoever has to account for it. Read slice by slice, so that a long search is in nobody's way; what the
caller may not see is not there. Source: protocol section 8, `disclosure-reports`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from candour_protocol.codes import ConcernCategory, HandlingMark, ResponseOutcome
from candour_protocol.errors import CandourError
from candour_protocol.ids import GATEWAY, AgencyId, StatementHash
from candour_protocol.kinds import Kind, Person
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import reconsidering, store
from candour_agency.calls import Call
from candour_agency.matters import MATTERS, matter_of
from candour_agency.messages import Message
from candour_agency.sightings import Match, sighted
from candour_agency.store.reports import Needles

SLICE: Final = 200  # statements that are looked at in one go
THREADS: Final = 50  # matters that are read in one go
Found = Mapping[StatementHash, Match]
"""What of a thread names the person, and how surely."""

_DISCLOSED: Final = (ResponseOutcome.DISCLOSED_FULL, ResponseOutcome.DISCLOSED_PART)


@dataclass(frozen=True, slots=True)
class Slice:
    """Matters that name the person, and where to go on; ``after`` is ``None`` once all were looked at."""

    found: Mapping[StatementHash, tuple[str, Match]]
    after: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One statement of a report.

    Attributes:
        matter: the concern or request that names the person; of what is about a whole thread, none.
        grounds: the concerns and requests whose marks count for it; ``None`` one that is not here any more.
        decided_by: of a challenge, who made what it is about in the end.
    """

    message: Message
    match: Match
    matter: Message | None
    grounds: tuple[Message | None, ...]
    decided_by: AgencyId | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """How it must be handled."""
        return tuple(sorted({str(mark) for codes in self._codes for mark in _listed(codes or {}, "marks")}))

    @property
    def not_for_family(self) -> bool:
        """Whether somebody reviews it before the person or the family gets a copy (R15).

        Also where nobody can tell any more, and for what is so marked by default (domain 2.2).
        """
        return HandlingMark.NOT_FAMILY.value in self.marks or any(map(_may_harm, self._codes))

    @property
    def _codes(self) -> list[JsonObject | None]:
        return [one.codes if one is not None else None for one in self.grounds]


def search(connection: Connection, call: Call, person: Person, after: int) -> Slice:
    """The next concerns and requests that may name somebody, and do."""
    rows = store.reports.naming(connection, Needles.of(person), after, SLICE)
    found = {}
    for message in filter(call.may_see, rows):
        if (match := _sighted(person, message)) is not None:
            found[message.hash] = message.txn, match
    return Slice(found, rows[-1].seq if len(rows) == SLICE else None)


def _sighted(person: Person, message: Message) -> Match | None:
    try:
        return sighted(person, matter_of(message))
    except CandourError:
        return None  # erased, or never opened


def lines(connection: Connection, call: Call, threads: Mapping[str, Found]) -> list[Line]:
    """What threads have about a person, by thread, in the order in which each came together here."""
    seen: dict[str, list[Message]] = {}
    for one in filter(call.may_see, store.reports.threads(connection, threads)):
        seen.setdefault(one.txn, []).append(one)
    own = call.office.agency
    return [line for txn, thread in seen.items() for line in _lines(connection, own, thread, threads[txn])]


def _lines(connection: Connection, own: AgencyId, thread: Sequence[Message], found: Found) -> list[Line]:
    """The matters that name the person and what is said about these.

    What is about no statement as well, where nobody else is the matter.
    """
    by_hash = {one.hash: one for one in thread}
    deciders = reconsidering.deciders(connection, thread, own)
    matters = [one for one in thread if one.kind in MATTERS]
    shared = all(one.hash in found for one in matters)
    grounds = _grounds(connection, [one for one in matters if one.hash in found])
    kept = []
    for one in thread:
        matter = _matter(one, by_hash)
        if one.kind is Kind.DELIVERY or (matter is None and not shared):
            continue
        if matter is None or matter.hash in found:
            match = found[matter.hash] if matter else _least(found.values())
            whose = [matter.hash] if matter else grounds
            rests_on = tuple(each for name in whose for each in grounds[name])
            kept.append(Line(one, match, matter, rests_on, deciders.get(one.hash)))
    return kept


def _matter(message: Message, by_hash: Mapping[StatementHash, Message]) -> Message | None:
    """What a statement is about in the end; statements name only what was there before them."""
    seen: Message | None = message
    while seen is not None and seen.kind not in MATTERS:
        seen = by_hash.get(seen.about) if seen.about else None
    return seen


def _least(matches: Iterable[Match]) -> Match:
    return Match.BY_NAME if Match.BY_NAME in set(matches) else Match.SURE


def _may_harm(codes: JsonObject | None) -> bool:
    return codes is None or ConcernCategory.PERPLEXING_FII.value in _listed(codes, "categories")


def _grounds(
    connection: Connection, matters: Sequence[Message]
) -> dict[StatementHash, tuple[Message | None, ...]]:
    """By matter itself, and of a request the concerns that it rests on, in whatever thread they are.

    What is about a whole thread may speak of all of its matters.
    """
    refs = {one.hash: _refs(one) for one in matters}
    cited = store.messages.by_hash(connection, {ref for each in refs.values() for ref in each})
    return {one.hash: (one, *map(cited.get, refs[one.hash])) for one in matters}


def _refs(matter: Message) -> list[StatementHash]:
    return [StatementHash(str(ref)) for ref in _listed(matter.codes or {}, "concern_refs")]


def _listed(codes: JsonObject, member: str) -> list[object]:
    values = codes.get(member)
    return list(values) if isinstance(values, list) else []


def summary(found: Sequence[Line]) -> list[JsonObject]:
    """By agency how often who told and asked whom, and how many lines were disclosed or refused.

    What the log returned, and so nobody got, does not count.
    """
    counts: dict[AgencyId, Counter[str]] = {}
    for line in found:
        message = line.message
        if message.counterparty != GATEWAY and (message.received or message.unlocks):
            counts.setdefault(message.counterparty, Counter()).update(_counted(message))
    return [
        {"agency": agency, **{name: counts[agency][name] for name in _COUNTED}} for agency in sorted(counts)
    ]


_COUNTED: Final = (
    "we_told",
    "they_told",
    "we_asked",
    "they_asked",
    "we_disclosed",
    "they_disclosed",
    "we_refused",
    "they_refused",
)


def _counted(message: Message) -> Iterator[str]:
    who = "they" if message.received else "we"
    if message.kind is Kind.CONCERN:
        yield f"{who}_told"
    elif message.kind is Kind.REQUEST:
        yield f"{who}_asked"
    elif message.kind is Kind.ANSWER:
        for outcome in _listed(message.codes or {}, "outcomes"):
            given = outcome.get("outcome") if isinstance(outcome, dict) else None
            if given in _DISCLOSED:
                yield f"{who}_disclosed"
            elif given == ResponseOutcome.REFUSED:
                yield f"{who}_refused"
