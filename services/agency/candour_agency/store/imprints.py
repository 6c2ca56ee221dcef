"""Keyed digests of what was told, and of the numbers of children. Nobody commits in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from candour_protocol.ids import Jti
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    bindparam,
    delete,
    select,
    union_all,
    update,
)

from candour_agency.engines.sheet import Verb, Write, put
from candour_agency.imprints import Imprint
from candour_agency.tables import imprints, messages

NEWEST_TEXTS: Final = 32  # rows of one text that are looked at, however often it was told
NEWEST_NUMBERS: Final = 128  # the same of one number: more messages than most children ever have
_ADD: Final = Write(Verb.ADD, imprints, ("digest", "jti", "child", "surname", "born"))
_HAND_ON: Final = update(imprints).where(imprints.c.jti == bindparam("before")).values(jti=bindparam("now"))


def rows(jti: Jti, found: Iterable[Imprint]) -> list[dict[str, Any]]:
    """What is kept of a message; each digest once."""
    distinct = {one.digest: one for one in found}
    return [
        {"digest": one.digest, "jti": jti, "child": one.child, "surname": one.surname, "born": one.born}
        for one in distinct.values()
    ]


def add(connection: Connection, written: Sequence[Mapping[str, Any]]) -> None:
    """Keep the rows of messages that are here."""
    put(connection, _ADD, written)


def hand_on(connection: Connection, jti: Jti, to: Jti) -> None:
    """What was said again is known by the message that they have: what becomes of it shows there."""
    connection.execute(_HAND_ON, {"before": jti, "now": to})


def forget(connection: Connection, name: str) -> None:
    """Those of a message, by its hash: what it said is erased."""
    of_it = select(messages.c.jti).where(messages.c.hash == name)
    connection.execute(delete(imprints).where(imprints.c.jti.in_(of_it)))


def alike(
    connection: Connection, texts: Sequence[Imprint], numbers: Sequence[Imprint], since: str = ""
) -> list[tuple[bytes, Jti]]:
    """Messages with one of these texts about another child than theirs, or one of these numbers otherwise.

    One query, whose cost does not grow with how often something was said. The newest first, with the digest.

    Args:
        numbers: each is looked for under another surname and another birth date.
        since: the smallest id of a message whose text counts.
    """
    if not texts and not numbers:
        return []
    sought = dict.fromkeys(one.digest for one in texts)
    given: dict[str, Any] = {f"text{place}": one for place, one in enumerate(sought)}
    if texts:
        given |= {"since": since, "children": sorted({one.child for one in texts if one.child is not None})}
    for place, one in enumerate(numbers):
        given |= {f"number{place}": one.digest, f"surname{place}": one.surname, f"born{place}": one.born}
    found = connection.execute(_alike(len(sought), len(numbers)), given)
    return sorted(((row.digest, Jti(row.jti)) for row in found), key=lambda each: each[1], reverse=True)


def of_numbers(connection: Connection, numbers: Sequence[Imprint], since: str) -> list[tuple[bytes, Jti]]:
    """Messages about a child with one of these numbers, by whatever name; the newest first, with the digest.

    Args:
        since: the smallest id of a message that counts.
    """
    if not numbers:
        return []
    given = {f"number{place}": one.digest for place, one in enumerate(numbers)}
    found = connection.execute(_of_numbers(len(numbers)), given | {"since": since})
    return sorted(((row.digest, Jti(row.jti)) for row in found), key=lambda each: each[1], reverse=True)


@lru_cache(maxsize=128)
def _of_numbers(numbers: int) -> CompoundSelect[Any]:
    recent = imprints.c.jti > bindparam("since")
    known = (_newest(f"number{place}", NEWEST_NUMBERS, recent) for place in range(numbers))
    return union_all(*(select(one.c.digest, one.c.jti) for one in known))


@lru_cache(maxsize=128)  # concerns have a fact or two, children a number or two
def _alike(texts: int, numbers: int) -> CompoundSelect[Any]:
    parts = [*map(_with_text, range(texts)), *map(_with_number, range(numbers))]
    return union_all(*parts)


def _with_text(place: int) -> Select[Any]:
    """Ids are in the order of time (UUIDv7)."""
    recent = _newest(f"text{place}", NEWEST_TEXTS, imprints.c.jti > bindparam("since"))
    return select(recent.c.digest, recent.c.jti).where(
        recent.c.child.not_in(bindparam("children", expanding=True))
    )


def _with_number(place: int) -> Select[Any]:
    known = _newest(f"number{place}", NEWEST_NUMBERS)
    return select(known.c.digest, known.c.jti).where(
        known.c.surname != bindparam(f"surname{place}"), known.c.born != bindparam(f"born{place}")
    )


def _newest(name: str, most: int, *conditions: ColumnElement[bool]) -> Any:
    query = select(imprints).where(imprints.c.digest == bindparam(name), *conditions)
    return query.order_by(imprints.c.jti.desc()).limit(most).subquery()
