"""Whom a concern goes to: decided from the directory before anything is sealed. Pure.

An allegation against staff never goes to an ordinary inbox: it goes to the designated officer of the area,
and to the restricted inbox of whoever was named, where what rests on it is asked. Nor does any concern go to
an inbox that it is kept from: somebody else gets it who can judge it, and it is sent back only where nobody
is known. What cannot wait for a closed inbox goes to its cover too. Source: domain R10 and 5.2, protocol
principles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from candour_protocol import rules
from candour_protocol.codes import ConcernCategory, HandlingMark, Urgency, WithholdingReason
from candour_protocol.covering import Copied
from candour_protocol.ids import GENERAL, RESTRICTED, Address, AgencyId, parse_address
from candour_protocol.kinds import ConcernCodes

from candour_agency.covering import covers
from candour_agency.directory import Directory
from candour_agency.drafts import coding
from candour_agency.faults import CallError, Code, Place
from candour_agency.matters import read_codes
from candour_agency.messages import Message
from candour_agency.schemas.concern import Matter

DIVERTED: Final = (
    "An allegation against staff goes to the restricted inbox of {agency}, which its named senior reads."
)
KEPT_FROM: Final = (
    "It is kept from {inbox}: the restricted inbox of {agency}, which its named senior reads, gets it."
)
LEFT_OUT: Final = "It is kept from {inbox}, to which it was addressed: that inbox does not get it."
LODGED: Final = "{instead}, with whom it is lodged, gets it in the place of {inbox}."
LODGED_TOO: Final = "{lodgee} is told too: it is lodged with them."
LADO_INSTEAD: Final = "{instead}, the designated officer of the area, gets it: it is for them alone."
COVERING: Final = (
    "{instead}, which covers for {inbox}, gets it: somebody has to judge it. Lodge it with them."
)
NOBODY_ELSE: Final = (
    "It is addressed only to the very inbox that it is kept from, and nobody is known who could judge it "
    "instead. Give in `lodged_with` who holds it whole, or name another recipient."
)
SET_APART: Final = (
    "What rests on an allegation against staff is asked in the restricted inbox of {agency}, which its named "
    "senior reads."
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

    Raises:
        CallError: a concern goes to nobody, being kept from the one inbox that it is addressed to.
    """
    if concern is None:
        urgency = coding.code(Urgency, asked)
        return _covered(directory, Directed(tuple(named)), urgency, now, lambda cover: None)
    kept_from = _kept_from(directory, concern)
    directed = _around(directory, concern, kept_from, named)
    shut = {kept_from.agency} if kept_from else set()
    if _is_allegation(concern):
        directed = _restricted(directory, directed, shut, named)
    if not (directed.addresses or directed.also):
        directed = _last_resort(directory, concern, kept_from, directed)
    if _is_allegation(concern):
        shut |= {to.agency for to in named}  # whoever was named may be who it is about

    def as_told(cover: Address) -> Address | None:
        if _is_for_few(concern) or cover.agency in shut:
            return None
        ordinary = not _is_allegation(concern) or directory.is_lado(cover.agency)
        return cover if ordinary else Address(cover.agency, RESTRICTED)

    return _covered(directory, directed, coding.code(Urgency, concern.urgency), now, as_told)


def set_apart(directory: Directory, named: Sequence[Address], cited: Sequence[Message]) -> Directed:
    """The addresses for a request on concerns told before: an ordinary inbox is to learn of no allegation.

    Where the other side has it in an ordinary inbox of theirs, having told it or been told it, that is asked.
    """

    def unaware(to: Address) -> bool:
        return not directory.is_lado(to.agency) and any(_is_apart(one, to.agency) for one in cited)

    return _diverted(named, unaware, SET_APART)


def _is_apart(cited: Message, holder: AgencyId) -> bool:
    codes = read_codes(cited)
    if not isinstance(codes, ConcernCodes) or not rules.is_asked_apart(codes, holder):
        return False
    return cited.counterparty != holder or codes.inbox == RESTRICTED


def _covered(
    directory: Directory, directed: Directed, urgency: str | None, now: datetime, as_told: Copied
) -> Directed:
    """With the covers of those inboxes that stay closed too long."""
    reached = (*directed.addresses, *directed.also)
    found = list(covers(directory, reached, urgency, now, as_told))
    also = dict.fromkeys((*directed.also, *(cover for cover, _ in found if cover is not None)))
    return replace(
        directed, also=tuple(also), notices=(*directed.notices, *dict.fromkeys(note for _, note in found))
    )


def _is_allegation(concern: Matter) -> bool:
    return ConcernCategory.STAFF_ALLEGATION in coding.code_list(ConcernCategory, concern.categories)


def _is_for_few(concern: Matter) -> bool:
    """Whether its author keeps it to those whom they named.

    An allegation that is kept from somebody for that alone still goes to a cover's restricted inbox.
    """
    if not set(_KEPT_CLOSE).isdisjoint(coding.marks(concern.handling)):
        return True
    reason = coding.code(WithholdingReason, concern.withheld.reason) if concern.withheld else None
    return concern.withheld is not None and not (
        _is_allegation(concern) and reason == WithholdingReason.STAFF_ALLEGATION
    )


def _kept_from(directory: Directory, concern: Matter) -> Address | None:
    named = concern.withheld.kept_from if concern.withheld else None
    return coding.address(named, "/withheld/from", directory.is_member)


def _around(
    directory: Directory, concern: Matter, kept_from: Address | None, named: Sequence[Address]
) -> Directed:
    """No ordinary inbox of the agency that it is kept from gets it: its restricted one does.

    Where it is kept from that one too, whoever it is lodged with gets it instead.
    """
    if kept_from is None:
        return Directed(tuple(named))
    if kept_from.inbox == RESTRICTED and kept_from in named:
        return _past(directory, concern, kept_from, named)
    ordinary = kept_from.inbox != RESTRICTED
    diverted = _diverted(named, lambda to: ordinary and to.agency == kept_from.agency, KEPT_FROM)
    return _lodged(directory, concern, kept_from, diverted)


def _lodged(directory: Directory, concern: Matter, kept_from: Address, directed: Directed) -> Directed:
    """Whoever it is said to be lodged with gets it; only then may its holder be told so."""
    lodgee = _lodgee(directory, concern, kept_from)
    if lodgee is None or lodgee.agency in {to.agency for to in directed.addresses}:
        return directed
    told = LODGED_TOO.format(lodgee=lodgee)
    return replace(directed, also=(*directed.also, lodgee), notices=(*directed.notices, told))


def _past(directory: Directory, concern: Matter, kept_from: Address, named: Sequence[Address]) -> Directed:
    """Past the restricted inbox that must not see it: a concern is never refused, nor hidden."""
    others = tuple(to for to in named if to != kept_from)
    left_out = LEFT_OUT.format(inbox=kept_from)
    lodgee = _lodgee(directory, concern, kept_from)
    if lodgee is None or lodgee in others:
        return Directed(others, notices=(left_out,))
    return Directed(others, (lodgee,), (left_out, LODGED.format(instead=lodgee, inbox=kept_from)))


def _last_resort(
    directory: Directory, concern: Matter, kept_from: Address | None, directed: Directed
) -> Directed:
    """Somebody gets it all the same: of the designated officer's alone they, else who covers for that inbox.

    Raises:
        CallError: there is nobody.
    """
    found, note = None, COVERING
    if kept_from is not None and HandlingMark.LADO_ONLY.value in coding.marks(concern.handling):
        lado = _lado_for(directory, [kept_from.agency])
        found, note = _somebody_else(directory, Address(lado) if lado else None, kept_from), LADO_INSTEAD
    elif kept_from is not None:
        found = _covering(directory, kept_from)
    if found is None:
        raise CallError(Code.INVALID_BODY, NOBODY_ELSE, places=[Place("/withheld/from", NOBODY_ELSE)])
    told = note.format(instead=found, inbox=kept_from)
    return replace(directed, also=(found,), notices=(*directed.notices, told))


def _lodgee(directory: Directory, concern: Matter, kept_from: Address) -> Address | None:
    named = concern.withheld.lodged_with if concern.withheld else None
    lodgee = coding.address(named, "/withheld/lodged_with", directory.is_member)
    return _somebody_else(directory, lodgee, kept_from)


def _covering(directory: Directory, kept_from: Address) -> Address | None:
    """The restricted inbox of the agency that looks while that one is closed."""
    profile = directory.profile(kept_from.agency)
    inboxes = [profile.inbox(name) for name in (RESTRICTED, GENERAL)] if profile else []
    named = next((inbox.cover for inbox in inboxes if inbox is not None and inbox.cover), None)
    cover = Address(parse_address(named).agency, RESTRICTED) if named else None
    return _somebody_else(directory, cover, kept_from)


def _somebody_else(directory: Directory, found: Address | None, kept_from: Address) -> Address | None:
    """Neither the author nor whoever it is kept from, and somebody to whom it can be sealed."""
    if found is None or found.agency in (directory.agency, kept_from.agency):
        return None
    return found if directory.seal_to(found) is not None else None


def _diverted(named: Sequence[Address], wanted: Callable[[Address], bool], note: str) -> Directed:
    """Those that are wanted go to their agency's restricted inbox, and the author is told."""
    after = [Address(to.agency, RESTRICTED) if wanted(to) else to for to in named]
    notes = [
        note.format(agency=new.agency, inbox=old) for old, new in zip(named, after, strict=True) if old != new
    ]
    return Directed(tuple(dict.fromkeys(after)), notices=tuple(dict.fromkeys(notes)))


def _restricted(
    directory: Directory, directed: Directed, shut: set[AgencyId], asked_for: Sequence[Address]
) -> Directed:
    reached = (*directed.addresses, *directed.also)
    lados = [to for to in reached if directory.is_lado(to.agency)]
    diverted = _diverted(directed.addresses, lambda to: to not in lados, DIVERTED)
    besides = _diverted(directed.also, lambda to: to not in lados, DIVERTED)
    notices = [*directed.notices, *diverted.notices, *besides.notices]
    also = besides.addresses
    if not lados and not directory.is_lado(directory.agency):
        found = _lado_for(directory, [to.agency for to in asked_for])
        found = None if found in shut else found
        notices.append(LADO_TOLD.format(agency=found) if found else NO_LADO)
        also += (Address(found, GENERAL),) if found else ()
    return Directed(diverted.addresses, also, tuple(dict.fromkeys(notices)))


def _lado_for(directory: Directory, agencies: Sequence[AgencyId]) -> AgencyId | None:
    """The one of the same area; the partnership's only one, where nobody's area is known."""
    lados = [
        one for one in directory.registry.agencies if directory.is_lado(one) and directory.is_member(one)
    ]
    areas = {area for agency in (*agencies, directory.agency) for area in _areas(directory, agency)}
    near = [one for one in lados if areas & set(_areas(directory, one))]
    found = near or lados
    return found[0] if len(found) == 1 else None


def _areas(directory: Directory, agency: AgencyId) -> list[str]:
    profile = directory.profile(agency)
    return [one for one in profile.official_ids if one.startswith(_AREAS)] if profile else []
