"""Whom a concern goes to: decided from the directory before anything is sealed. Pure.

An allegation against staff never goes to an ordinary inbox: it goes to the designated officer of the area,
and to the restricted inbox of whoever was named. What cannot wait for a closed inbox goes to its cover too.
Source: domain R10 and 5.2, protocol principles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from candour_protocol.codes import AgencyKind, ConcernCategory, HandlingMark, Urgency
from candour_protocol.ids import GENERAL, RESTRICTED, Address, AgencyId

from candour_agency.covering import covers
from candour_agency.directory import Directory
from candour_agency.drafts import coding
from candour_agency.schemas.concern import Matter

DIVERTED: Final = (
    "An allegation against staff goes to the restricted inbox of {agency}, which its named senior reads."
)
LADO_TOLD: Final = "{agency} is told too: it is the designated officer of the area."
NO_LADO: Final = (
    "Nobody is known as the designated officer (LADO) of this area. Tell them by telephone, today."
)
_KEPT_CLOSE: Final = (HandlingMark.LADO_ONLY.value, HandlingMark.NO_ONWARD.value)
_AREAS: Final = ("gss:", "la:")


@dataclass(frozen=True, slots=True)
class Directed:
    """Where a concern goes, who is told it besides, and what its author should know about that."""

    addresses: tuple[Address, ...]
    also: tuple[Address, ...] = ()
    notices: tuple[str, ...] = ()


def direct(
    directory: Directory,
    named: Sequence[Address],
    concern: Matter | None,
    now: datetime,
    *,
    asked: str | None = None,
) -> Directed:
    """The addresses for a concern, or for a request that tells none; each once.

    A request goes to nobody else: who covers for its holder has not got what is asked for. ``asked`` is its
    urgency, by which its author hears that they are closed, and until when.
    """
    categories = coding.code_list(ConcernCategory, concern.categories) if concern else []
    if ConcernCategory.STAFF_ALLEGATION in categories:
        return _restricted(directory, named)
    copies = concern is not None and concern.withheld is None and not _is_for_few(concern)
    urgency = coding.code(Urgency, concern.urgency if concern else asked)
    found = list(covers(directory, named, urgency, now, copies=copies))
    also = tuple(dict.fromkeys(cover for cover, _ in found if cover is not None))
    return Directed(tuple(named), also, tuple(note for _, note in found))


def _is_for_few(concern: Matter) -> bool:
    """Whether its author keeps it to those whom they named."""
    return not set(_KEPT_CLOSE).isdisjoint(coding.marks(concern.handling))


def _restricted(directory: Directory, named: Sequence[Address]) -> Directed:
    lados = [to for to in named if _is_lado(directory, to.agency)]
    diverted = [to if to in lados else Address(to.agency, RESTRICTED) for to in named]
    notices = [
        DIVERTED.format(agency=after.agency)
        for before, after in zip(named, diverted, strict=True)
        if before != after
    ]
    also: tuple[Address, ...] = ()
    if not lados and not _is_lado(directory, directory.agency):
        found = _lado_for(directory, [to.agency for to in named])
        notices.append(LADO_TOLD.format(agency=found) if found else NO_LADO)
        also = (Address(found, GENERAL),) if found else ()
    return Directed(tuple(dict.fromkeys(diverted)), also, tuple(dict.fromkeys(notices)))


def _is_lado(directory: Directory, agency: AgencyId) -> bool:
    profile = directory.profile(agency)
    return profile is not None and profile.kind is AgencyKind.LADO


def _lado_for(directory: Directory, agencies: Sequence[AgencyId]) -> AgencyId | None:
    """The one of the same area; the partnership's only one, where nobody's area is known."""
    lados = [
        one for one in directory.registry.agencies if _is_lado(directory, one) and directory.is_member(one)
    ]
    areas = {area for agency in (*agencies, directory.agency) for area in _areas(directory, agency)}
    near = [one for one in lados if areas & set(_areas(directory, one))]
    found = near or lados
    return found[0] if len(found) == 1 else None


def _areas(directory: Directory, agency: AgencyId) -> list[str]:
    profile = directory.profile(agency)
    return [one for one in profile.official_ids if one.startswith(_AREAS)] if profile else []
