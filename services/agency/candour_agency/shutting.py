"""Whom a mark keeps a statement from, and all that follows: staff ids, never what is said of them. Pure.

What follows a statement is about it, or is a request that cites it, and so on.

Source: domain 2.13, ``NOT_NAMED_PERSON``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from candour_protocol import disclosures, strict_json
from candour_protocol.codes import HandlingMark
from candour_protocol.disclosures import Disclosure
from candour_protocol.errors import MalformedError
from candour_protocol.ids import StatementHash
from candour_protocol.strict_json import JsonValue

from candour_agency.messages import Message

_NAMED_PERSON: Final = HandlingMark.NOT_NAMED_PERSON.value


def named_in(content: Mapping[str, Any] | None) -> frozenset[str]:
    """Whom its author keeps from it; of a relay, whom the authors of what it relays do.

    Args:
        content: T2 as it was opened, whether or not it fits its kind; or as it is about to be sealed.
    """
    said = content or {}
    return _named(said.get("handling")) | _named_above(said.get("original"))


def write(people: Iterable[str]) -> str | None:
    """Staff ids as a row keeps them."""
    found = sorted(set(people))
    return strict_json.dumps([*found]) if found else None


def read(kept: str | None) -> frozenset[str]:
    """Staff ids from a row."""
    return frozenset(json.loads(kept or "[]"))


def following(thread: Iterable[Message], names: Iterable[StatementHash]) -> Iterator[Message]:
    """Of a thread, in the order in which it came, these statements and what follows from them."""
    found = set(names)
    for one in thread:
        refs = (one.codes or {}).get("concern_refs")
        if not found.isdisjoint((one.hash, one.about, *(map(str, refs) if isinstance(refs, list) else ()))):
            found.add(one.hash)
            yield one


def _named(handling: Any) -> frozenset[str]:
    marks = handling.get("marks") if isinstance(handling, dict) else None
    parts = [str(mark).partition(":") for mark in marks] if isinstance(marks, list | tuple) else []
    found = {person.strip().lower() for mark, _, person in parts if mark.strip() == _NAMED_PERSON}
    return frozenset(found - {""})


def _named_above(original: JsonValue) -> frozenset[str]:
    """A relay has no words of its own: the staff id stands only in what its originator disclosed."""
    texts = original.get("disclosures") if isinstance(original, dict) else None
    found = [named_in({one.name: one.value}) for one in _read(texts)]
    return frozenset[str]().union(*found)


def _read(texts: JsonValue) -> Iterator[Disclosure]:
    for text in texts if isinstance(texts, list) else ():
        try:
            yield disclosures.read(str(text))
        except MalformedError:
            continue  # nobody can read it, so it names nobody
