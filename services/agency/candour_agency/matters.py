"""Stored statements as the rules read them. Pure."""

from __future__ import annotations

from typing import Final

from candour_protocol.codes import TriageDecision, known
from candour_protocol.errors import CandourError, MismatchError
from candour_protocol.kinds import Codes, Kind, parse_codes
from candour_protocol.matters import read_matter
from candour_protocol.rules import Matter
from candour_protocol.strict_json import JsonObject

from candour_agency.messages import Message

MATTERS: Final = (Kind.CONCERN, Kind.REQUEST)
"""What a thread is about; all else is said about these."""


def matter_of(message: Message) -> Matter:
    """An opened concern or request; of a relay with what its originator disclosed.

    Raises:
        MismatchError: it could not be opened, or does not fit its kind.
    """
    if message.codes is None:
        raise MismatchError("mismatch", "it was not opened here")
    return read_matter(message.kind, message.codes, message.content or {})


def opened(message: Message) -> Matter | None:
    """The same; ``None`` where it was never opened, is erased, or is not what was signed."""
    try:
        return matter_of(message)
    except CandourError:
        return None


def is_final(codes: JsonObject) -> bool:
    """Whether a decision settles the matter: a code that nobody knows does not, like one that is missing."""
    code = codes.get("decision")
    return codes.get("final") is not False and isinstance(code, str) and known(TriageDecision, code)


def read_codes(message: Message) -> Codes | None:
    """The codes of a statement as the rules read them; ``None`` where they do not fit its kind."""
    try:
        return parse_codes(message.kind, message.codes) if message.codes is not None else None
    except MismatchError:
        return None
