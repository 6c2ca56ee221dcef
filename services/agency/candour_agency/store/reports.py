"""Finding what names somebody. A rare search over everything that was said: it has no index of its own."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from candour_protocol.kinds import NUMBERS, Kind, Person
from sqlalchemy import Connection, or_, select

from candour_agency.messages import COLUMNS, Message, from_row
from candour_agency.tables import messages

_SELECT = select(*(messages.c[name] for name in COLUMNS))
_MATTERS = (Kind.CONCERN.value, Kind.REQUEST.value)
_NHS = (3, 6)  # after which figures people put a space
_LOOKED_AT = 128  # characters of a text, its first: SQLite compares with no pattern above 50,000 bytes


@dataclass(frozen=True, slots=True)
class Needles:
    """Texts, or how they begin, of which one stands in whatever names a person."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, person: Person) -> Needles:
        """As they may have been typed: numbers with and without spaces, the name, the birth date."""
        given = {
            person.name,
            person.birth_date,
            *(person.aliases or ()),
            *(form for number in _numbers(person) for form in _forms(number)),
        }
        texts = {each.strip()[:_LOOKED_AT] for each in given if each and each.strip()}
        return cls(tuple(sorted(texts | {json.dumps(each)[1:-1] for each in texts})))


def naming(connection: Connection, needles: Needles, after: int, limit: int) -> list[Message]:
    """Concerns and requests, oldest first, in which one of the texts stands.

    What was passed on comes as well: it says everything in its originator's encoding.
    """
    named = [messages.c.content.icontains(text, autoescape=True) for text in needles.texts]
    query = _SELECT.where(
        messages.c.kind.in_(_MATTERS), messages.c.seq > after, or_(messages.c.relays.is_not(None), *named)
    )
    return [from_row(row) for row in connection.execute(query.order_by(messages.c.seq).limit(limit))]


def threads(connection: Connection, txns: Collection[str]) -> list[Message]:
    """Several whole matters, in the order in which they came together here."""
    query = _SELECT.where(messages.c.txn.in_(sorted(txns))).order_by(messages.c.seq)
    return [from_row(row) for row in connection.execute(query)]


def _numbers(person: Person) -> list[str]:
    return [number for member in NUMBERS if (number := getattr(person, member))]


def _forms(number: str) -> set[str]:
    plain = "".join(number.split())
    spaced = " ".join((plain[: _NHS[0]], plain[_NHS[0] : _NHS[1]], plain[_NHS[1] :]))
    return {number, plain, spaced}
