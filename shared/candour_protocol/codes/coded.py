"""What every code of every list carries, and how an unknown one is answered with its nearest neighbour."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

UNKNOWN = "UNKNOWN"
STATED = "STATED"

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}\Z")
# A run this long is an identifier that somebody put in the wrong box; no code of ours has one.
_NUMBER = re.compile(r"[0-9]{5}")


class Coded(StrEnum):
    """One entry of a code list.

    Attributes:
        display: what people read.
        definition: when to choose it, where the display text does not say so.
        maps_to: its code or codes in the DfE children-in-need census, ``""`` where there is none.
        active_from: the first day on which it may be used, where that is not always.
    """

    display: str
    definition: str
    maps_to: str
    active_from: date | None
    active_to: date | None

    def __new__(
        cls,
        code: str,
        display: str = "",
        definition: str = "",
        maps_to: str = "",
        active_from: date | None = None,
        active_to: date | None = None,
    ) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.display = display or code
        member.definition = definition
        member.maps_to = maps_to
        member.active_from = active_from
        member.active_to = active_to
        return member


@dataclass(frozen=True, slots=True)
class CodeList:
    """A code list by name.

    Attributes:
        source: where the list comes from.
        maps_to: the scheme that its codes map to, if they do.
    """

    name: str
    title: str
    source: str
    codes: type[Coded]
    maps_to: str = ""


def known(codes: type[Coded], text: str | None) -> bool:
    """Whether this is a code of the list."""
    return text in codes.__members__


def nearest(codes: type[Coded], text: str | None) -> str:
    """The code of the list most like this text, by its letters or its display text; ``""`` if none is.

    Of several alike, one with the same letters in another order, as fingers swap them; of none alike, one
    that has all of the text's words.
    """
    wanted = _plain(text or "")
    spellings = {_plain(code.value): code.value for code in codes}
    spellings |= {_plain(code.display): code.value for code in codes if _plain(code.display) not in spellings}
    found = difflib.get_close_matches(wanted, spellings, n=3)
    swapped = [spelling for spelling in found if sorted(spelling) == sorted(wanted)]
    named = [spelling for spelling in spellings if wanted and _has_words(spelling, wanted)]
    return next((spellings[spelling] for spelling in (*swapped, *found, *named)), "")


def _has_words(spelling: str, wanted: str) -> bool:
    return set(wanted.split()) <= set(spelling.split())


def as_code(codes: type[Coded], text: str | None) -> str | None:
    """The code that T1 carries for what somebody typed; ``None`` for nothing.

    Known codes are found by code or display text in any case. What merely looks like a code survives, so that
    it can be flagged or refused by name. Anything else could be narrative and becomes ``UNKNOWN``.
    """
    if text is None or not text.strip():
        return None
    if found := _found(codes, text):
        return found.value
    return text if _CODE.match(text) and not _NUMBER.search(text) else UNKNOWN


def is_listed(codes: type[Coded], text: str) -> bool:
    """Whether what somebody typed is a code of the list, or its display text, in any case."""
    return _found(codes, text) is not None


def _found(codes: type[Coded], text: str) -> Coded | None:
    wanted = _plain(text)
    return next((code for code in codes if wanted in (_plain(code.value), _plain(code.display))), None)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()
