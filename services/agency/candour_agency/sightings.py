"""Whether a person whom somebody names stands in a concern or a request, and how surely. Pure.

Everybody is looked for whom it names as one concerned: the child, the household, those asked about. Wider
than what lets people ask (R13): somebody reads what is found here, and nothing is disclosed by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from candour_protocol.identifiers import normalise
from candour_protocol.kinds import NUMBERS, ConcernContent, Content, Person, RequestContent
from candour_protocol.rules import Matter
from candour_protocol.words import plain


class Match(StrEnum):
    """How surely: by a number, or by name and birth date; or by a name alone, where no birth date stands."""

    SURE = "sure"
    BY_NAME = "by-name"


def can_be_found(person: Person) -> bool:
    """Whether enough is known of a person to look for them: a number, or a name with a birth date."""
    return any(_numbers(person)) or bool(plain(person.name or "") and plain(person.birth_date or ""))


def sighted(person: Person, matter: Matter) -> Match | None:
    """The surest way in which a matter names this person; ``None`` where it does not."""
    found = {_match(person, one) for one in _people(matter)}
    return next((each for each in Match if each in found), None)


def _people(matter: Matter) -> Iterator[Person]:
    yield matter.subject
    yield from _beside(matter.content)
    if matter.original is not None:
        yield from _beside(matter.original)


def _beside(content: Content) -> tuple[Person, ...]:
    if isinstance(content, ConcernContent):
        return content.household or ()
    return (content.persons or ()) if isinstance(content, RequestContent) else ()


def _match(person: Person, one: Person) -> Match | None:
    if set(_numbers(person)) & set(_numbers(one)):
        return Match.SURE
    if not _names(person) & _names(one):
        return None
    born, stands = plain(person.birth_date or ""), plain(one.birth_date or "")
    if not born or not stands:
        return Match.BY_NAME
    return Match.SURE if born == stands else None


def _names(person: Person) -> set[str]:
    return {known for name in (person.name, *(person.aliases or ())) if (known := plain(name or ""))}


def _numbers(person: Person) -> Iterator[tuple[str, str]]:
    for member in NUMBERS:
        if number := normalise(getattr(person, member) or ""):
            yield member, number
