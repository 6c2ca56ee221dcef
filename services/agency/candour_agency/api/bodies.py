"""Request bodies: what people typed, made fit for signing, then read into a model.

Members that are ``null`` or blank are absent. Bidirectional controls, NUL and lone surrogates are taken out
of every text, and the reply says so. Source: protocol sections 3 and 8.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Generic, NoReturn, TypeVar

from candour_protocol.strict_json import MAX_INTEGER, clean_text
from fastapi import Request
from pydantic import BaseModel, ValidationError

from candour_agency.api.plain import plain
from candour_agency.faults import CallError, Code, Place
from candour_agency.office import URGENT

M = TypeVar("M", bound=BaseModel)

MAX_DEPTH: Final = 12
NORMALISED: Final = (
    "Invisible control characters were taken out of what you typed; the visible text is unchanged."
)


@dataclass(frozen=True, slots=True)
class Typed(Generic[M]):
    """A body that was read.

    Attributes:
        normalised: whether characters had to be taken out.
        fingerprint: hex SHA-256 of the call and its body, the same however its members are ordered.
    """

    value: M
    normalised: bool
    fingerprint: str


def may_be_urgent(raw: bytes) -> bool:
    """Whether a body that nobody has read yet can be one that is urgent: whether it could say such a code."""
    return b"\\u" in raw or any(code.encode() in raw for code in URGENT)


async def read(request: Request, model: type[M]) -> Typed[M]:
    """Read a JSON body into ``model``.

    Raises:
        CallError: media type, not JSON, or a member of the wrong type, with its pointer.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise CallError(Code.MEDIA_TYPE, "Send the body as application/json.")
    given = parse(await request.body())
    value, normalised = tidy(given)
    return Typed(validate(model, value), normalised, _fingerprint(request, given))


def parse(raw: bytes) -> Any:
    """JSON as people's systems send it: UTF-8, no member twice, whole numbers only.

    Raises:
        CallError: not-json.
    """
    try:
        return _DECODER.decode(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise CallError(
            Code.NOT_JSON, "The body is not JSON in UTF-8, with every member once and whole numbers only."
        ) from None


def _refuse(_text: str) -> NoReturn:
    raise ValueError("a number that is not whole")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) > MAX_INTEGER:
        raise ValueError("a number too large")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member given twice")
    return members


_DECODER = json.JSONDecoder(
    parse_float=_refuse, parse_int=_whole, parse_constant=_refuse, object_pairs_hook=_once
)


def tidy(value: Any, depth: int = 0) -> tuple[Any, bool]:
    """The value without blank members and without characters that signed text may not hold; whether any were.

    Raises:
        CallError: nested too deeply.
    """
    if isinstance(value, str):
        return clean_text(value)
    if depth > MAX_DEPTH:
        raise CallError(Code.NOT_JSON, f"The body nests deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return _tidy_members(value, depth)
    if isinstance(value, list):
        pairs = [tidy(item, depth + 1) for item in value]
        return [item for item, _ in pairs], any(changed for _, changed in pairs)
    return value, False


def _tidy_members(value: dict[str, Any], depth: int) -> tuple[dict[str, Any], bool]:
    kept: dict[str, Any] = {}
    changed = False
    for name, member in value.items():
        clean, touched = tidy(member, depth + 1)
        changed = changed or touched
        if clean is not None and not (isinstance(clean, str) and not clean.strip()):
            kept[name] = clean
    return kept, changed


def validate(model: type[M], value: Any) -> M:
    """Read a tidy value into a model.

    Raises:
        CallError: invalid-body, with the pointer of every member at fault.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        places = _deepest([_place(one) for one in error.errors(include_url=False, include_input=False)[:20]])
        raise CallError(
            Code.INVALID_BODY,
            "Mend the members named in errors.",
            places=places,
        ) from None


def _deepest(places: list[Place]) -> list[Place]:
    """Without those that only follow from a fault inside: a list is too short without its bad items."""
    inside = tuple(place.pointer for place in places)
    return [place for place in places if not any(one.startswith(place.pointer + "/") for one in inside)]


def _place(error: Any) -> Place:
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error["loc"])
    return Place(pointer, plain(error))


def _fingerprint(request: Request, given: Any) -> str:
    canonical = json.dumps(given, sort_keys=True, separators=(",", ":"))
    call = f"{request.method} {request.url.path}\n{canonical}"
    return hashlib.sha256(call.encode()).hexdigest()
