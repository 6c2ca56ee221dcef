"""Codes of a concern that no list has, in places that only people read. Pure. Source: domain 2.

What the gateway reads too is marked by R03; these are said to whoever tells, and are sent as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.codes import (
    AssertionBasis,
    ChildViewCode,
    Coded,
    ContactLevel,
    OriginalSource,
    ParentalResponsibility,
    Relationship,
    SubjectRole,
    TrainingLevel,
    is_listed,
    nearest,
)

from candour_agency.schemas.concern import Matter

_NO_CODE = "{pointer} is no code of its list, and is shown as it stands."
_NEAREST = " The nearest is {code}."


def unlisted(body: Matter, within: str = "") -> list[str]:
    """What to say of them; never the text itself, which can be anything.

    Args:
        within: the place of the concern in the call's body, as ``/concern``.
    """
    return [
        _NO_CODE.format(pointer=within + pointer) + _suggestion(codes, text)
        for pointer, codes, text in _coded(body)
        if text and text.strip() and not is_listed(codes, text)
    ]


def _suggestion(codes: type[Coded], text: str) -> str:
    found = nearest(codes, text)
    return _NEAREST.format(code=found) if found else ""


def _coded(body: Matter) -> Iterator[tuple[str, type[Coded], str | None]]:
    for place, fact in enumerate(body.facts or ()):
        yield f"/facts/{place}/basis", AssertionBasis, fact.basis
    for place, person in enumerate(body.household or ()):
        yield f"/household/{place}/role", SubjectRole, person.role
        yield f"/household/{place}/relationship", Relationship, person.relationship
        yield f"/household/{place}/has_pr", ParentalResponsibility, person.has_pr
        yield f"/household/{place}/contact_level", ContactLevel, person.contact_level
    if body.child_view is not None:
        yield "/child_view/code", ChildViewCode, body.child_view.code
    if body.author is not None:
        yield "/author/training_level", TrainingLevel, body.author.training_level
        yield "/author/original_source", OriginalSource, body.author.original_source
