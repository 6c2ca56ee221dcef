"""By what this agency knows the same words, or the same number, again: digests under a key of its own. Pure.

They say nothing to whoever has not got that key, and stand in this node's database alone.
Source: domain R02 and R13.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from candour_protocol.children import identifiers
from candour_protocol.identifiers import Scheme, is_valid, normalise
from candour_protocol.ids import ChildToken
from candour_protocol.kinds import Fact, Person
from candour_protocol.words import words

MOST_FACTS: Final = 16  # of one concern; the first of them
_SIZE: Final = 16  # bytes
_SCHEMES: Final = frozenset(Scheme)


@dataclass(frozen=True, slots=True)
class Imprint:
    """One text or one number of a child, as 16 bytes that only this agency can make.

    Attributes:
        child: of a text, whom it was told of; the same for the same token.
        surname: of a number, the name under which it was given.
        born: of a number, the birth date with which it was given.
    """

    digest: bytes
    child: bytes | None = None
    surname: bytes | None = None
    born: bytes | None = None


def of_facts(key: bytes, facts: Sequence[Fact], child: Sequence[ChildToken], floor: int) -> list[Imprint]:
    """What a concern says happened, in any case, spacing and punctuation; each text once.

    Args:
        key: 32 bytes or more.
        child: the sorted tokens of the child.
        floor: how many words a text has at least: shorter ones are said of many a child.
    """
    spoken = [words(fact.what or "") for fact in facts[:MOST_FACTS]]
    texts = dict.fromkeys(" ".join(each) for each in spoken if len(each) >= floor)
    whose = _digest(key, "child", child[0])
    return [Imprint(_digest(key, "text", each), child=whose) for each in texts]


def of_numbers(key: bytes, subject: Person) -> list[Imprint]:
    """The valid numbers of a child with surname and birth date; without both, nobody could differ."""
    surname, born = surname_of(subject.name), born_on(subject)
    if surname is None or born is None:
        return []
    name, day = _digest(key, "surname", surname), _digest(key, "born", born.isoformat())
    return [
        Imprint(_digest(key, "number", number), surname=name, born=day)
        for number in dict.fromkeys(_numbers(subject))
    ]


def are_confusable(left: Person, right: Person) -> bool:
    """Whether two who have a number in common differ in birth date, and neither has the other's surname."""
    born = (born_on(left), born_on(right))
    if None in born or born[0] == born[1]:
        return False
    return not (_goes_by(left, surname_of(right.name)) or _goes_by(right, surname_of(left.name)))


def surname_of(name: str | None) -> str | None:
    """The last word of a name, or of what stands before its comma; ``None`` for a single word."""
    family, comma, _ = (name or "").partition(",")
    spoken = words(family)
    return spoken[-1] if len(spoken) > (0 if comma else 1) else None


def born_on(person: Person) -> date | None:
    """A birth date that is known exactly."""
    try:
        return date.fromisoformat((person.birth_date or "").strip())
    except ValueError:
        return None


def _goes_by(person: Person, surname: str | None) -> bool:
    """Whether somebody is known by this surname, wherever in a name it stands."""
    return surname is None or any(
        surname in words(each) for each in (person.name or "", *(person.aliases or ()))
    )


def _numbers(subject: Person) -> Iterator[str]:
    """An invalid one, such as a row of zeros, is given for many children; R13 says what is wrong with it."""
    for scheme, value in identifiers(subject):
        if scheme in _SCHEMES and is_valid(Scheme(scheme), value):
            yield f"{scheme}:{normalise(value)}"


def _digest(key: bytes, what: str, value: str) -> bytes:
    return hmac.digest(key, f"imprint:{what}:{value}".encode(), "sha256")[:_SIZE]
