"""What people typed, as the codes that the gateway may read. Words of their own never get into them.

Source: protocol section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from candour_protocol.codes import (
    STATED,
    UNKNOWN,
    Coded,
    ConsentPosition,
    HandlingMark,
    NotInformedReason,
    as_code,
    known,
    nearest,
)
from candour_protocol.errors import MalformedError
from candour_protocol.ids import Address, AgencyId, parse_address
from candour_protocol.strict_json import JsonObject, JsonValue

from candour_agency.faults import CallError, Code, Place
from candour_agency.schemas.fields import OpennessBody

Members = Callable[[AgencyId], bool]
"""Whether an agency takes part."""


def code(codes: type[Coded], text: str | None) -> str | None:
    """The code for one field."""
    return text if known(codes, text) else as_code(codes, text)


def code_list(codes: type[Coded], texts: Iterable[str]) -> list[JsonValue]:
    """The codes for a list, each once, in the order given."""
    return list(dict.fromkeys(found for text in texts if (found := code(codes, text))))


def marks(typed: Iterable[str]) -> list[JsonValue]:
    """The marks without their arguments: ``NOT_NAMED_PERSON:father`` is ``NOT_NAMED_PERSON``."""
    return code_list(HandlingMark, (text.partition(":")[0].strip() for text in typed))


def openness(body: OpennessBody | None) -> JsonObject | None:
    """Position and reason; a reason in the author's own words is ``STATED``, a mistyped code stays one."""
    if body is None or (body.position is None and body.reason is None):
        return None
    return {"position": code(ConsentPosition, body.position), "reason": _openness_reason(body.reason)}


def _openness_reason(text: str | None) -> str | None:
    found = code(NotInformedReason, text)
    if found is None or known(NotInformedReason, found):
        return found
    mistyped = found != UNKNOWN and nearest(NotInformedReason, found)
    return found if mistyped else STATED


def stated_reason(body: OpennessBody | None) -> str | None:
    """The author's own words for an openness reason, for the recipient."""
    return body.reason if body and _openness_reason(body.reason) == STATED else None


def address(text: str | None, pointer: str, members: Members) -> Address | None:
    """A member's address in a body; anything else could be somebody's name, and never gets into codes.

    Raises:
        CallError: not one, with its pointer.
    """
    if text is None:
        return None
    try:
        found = parse_address(text.strip().lower())
    except MalformedError:
        found = None
    if found is None or not members(found.agency):
        detail = "An agency is written as its id, or agency/inbox; see /v1/agencies of the gateway."
        raise CallError(Code.INVALID_BODY, detail, places=[Place(pointer, detail)])
    return found


def agencies(texts: Sequence[str] | None, pointer: str, members: Members) -> list[JsonValue] | None:
    """Agency ids in a body, each once.

    Raises:
        CallError: one of them is no member's, with its pointer.
    """
    if texts is None:
        return None
    found = (address(text, f"{pointer}/{place}", members) for place, text in enumerate(texts))
    return list(dict.fromkeys(str(one.agency) for one in found if one))
