"""R10: a protected concern is lodged, not hidden. Source: domain R10, protocol section 4."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from candour_protocol.codes import ConcernCategory, HandlingMark, WithholdingReason, known, nearest
from candour_protocol.ids import RESTRICTED, Address, AgencyId, parse_address
from candour_protocol.kinds import ConcernCodes
from candour_protocol.kinds.concern import Withheld
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Ask, Telling, Told
from candour_protocol.rules.judgement import Outcome, Severity, Violation
from candour_protocol.rules.signers import are_two

STAFF: Final = "staff_allegation"
"""What a holder is told of the class of an allegation against its staff, which no group of the matrix has."""


def r10_withheld(
    codes: ConcernCodes, telling: Telling, holder: AgencyId, policy: Policy
) -> Iterator[Violation]:
    """Flag a concern that is kept from an inbox without somebody else to judge it, or that ought to be.

    So is one that came to the very inbox that it is kept from.
    """
    withheld = codes.withheld
    if codes.relays is not None:
        return  # it carries what its originator said, and R15 keeps it from that inbox
    if is_kept_from(codes, holder):
        yield Violation("R10", "/withheld/from", Severity.FLAG)
    if withheld is None:
        if _names_staff_openly(codes):
            yield Violation("R10", "/withheld", Severity.FLAG)
        return
    if not known(WithholdingReason, withheld.reason):
        hint = nearest(WithholdingReason, withheld.reason)
        yield Violation("R10", "/withheld/reason", Severity.FLAG, hint)
    if not _has_lodgee(withheld, telling.issuer):
        yield Violation("R10", "/withheld/lodged_with", Severity.FLAG)
    if not are_two(codes.actor, withheld.second):
        yield Violation("R10", "/withheld/second_signer", Severity.FLAG)
    if not _is_reviewed_in_time(withheld, telling.at, policy):
        yield Violation("R10", "/withheld/review_on", Severity.FLAG)


def r10_lodged(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Hold a request on a lodged concern until its lodgee agrees; refuse one on a hidden concern."""
    if ask.emergency:
        return
    for place, name in enumerate(ask.codes.concern_refs):
        told = ask.told.get(name)
        if told is None or not needs_lodgee(ask, told) or is_vouched_for(ask, told, policy):
            continue
        pointer = f"/concern_ids/{place}"
        if told.lodgees and is_lodged(told, ask.at, policy):
            yield Violation("R10", pointer, Severity.HOLD, ", ".join(sorted(told.lodgees)))
        else:
            yield Violation("R10", pointer, Severity.REFUSE)


def needs_lodgee(ask: Ask, told: Told) -> bool:
    """Whether the inbox that is asked has not seen this concern, because its author kept it from there."""
    if told.outcome not in (Outcome.PASSED, Outcome.FLAGGED) or told.at > ask.at:
        return False
    if (told.issuer, told.audience) == (ask.issuer, ask.holder):
        return told.inbox != ask.inbox
    if (told.issuer, told.audience) == (ask.holder, ask.issuer):
        return (told.inbox == RESTRICTED) != (ask.inbox == RESTRICTED)
    return told.issuer == ask.issuer and kept_from(told.codes.withheld) == ask.holder


def is_vouched_for(ask: Ask, told: Told, policy: Policy) -> bool:
    """Whether one of those with whom it is lodged whole has read it and agrees with the request."""
    return bool(told.lodgees & ask.lodgees) and is_lodged(told, ask.at, policy)


def is_lodged(told: Told, at: datetime, policy: Policy) -> bool:
    """Whether it is lodged as it should be, and its review is not past.

    A review that is further off than it may be is none.
    """
    withheld = told.codes.withheld
    if withheld is None or not known(WithholdingReason, withheld.reason):
        return False
    signed = are_two(told.codes.actor, withheld.second)
    review = _day(withheld.review_on)
    in_time = _is_reviewed_in_time(withheld, told.at, policy)
    return signed and in_time and review is not None and at.date() <= review


def review_ends(
    codes: ConcernCodes, teller: AgencyId, to: AgencyId, at: datetime, policy: Policy
) -> datetime | None:
    """By when its author looks again at whether it is still to be kept from that inbox.

    The end of the day that was named, or of the last allowed where that cannot be; ``None`` for what is kept
    from nobody. Of several copies that one counts which is lodged.
    """
    withheld = codes.withheld
    if withheld is None or withheld.kept_from is None or codes.relays is not None:
        return None
    lodgee = parse_address(withheld.lodged_with).agency if withheld.lodged_with else None
    if lodgee not in (None, teller, to):
        return None
    named, latest = _day(withheld.review_on), _latest_review(withheld, at, policy)
    day = named if named is not None and at.date() <= named <= latest else latest
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def is_asked_apart(codes: ConcernCodes, holder: AgencyId) -> bool:
    """Whether what rests on it is for the restricted inbox of ``holder``: it alleges something against staff.

    Unless it is kept from that very inbox, whose reader it may be about.
    """
    withheld = codes.withheld
    alleged = ConcernCategory.STAFF_ALLEGATION in codes.categories
    if withheld is not None and withheld.kept_from is not None:
        alleged = alleged or withheld.reason == WithholdingReason.STAFF_ALLEGATION
        return alleged and parse_address(withheld.kept_from) != Address(holder, RESTRICTED)
    return alleged


def _names_staff_openly(codes: ConcernCodes) -> bool:
    protected = codes.inbox == RESTRICTED or HandlingMark.LADO_ONLY in codes.marks
    return ConcernCategory.STAFF_ALLEGATION in codes.categories and not protected


def _has_lodgee(withheld: Withheld, issuer: AgencyId) -> bool:
    if withheld.lodged_with is None:
        return False
    return parse_address(withheld.lodged_with).agency not in (issuer, kept_from(withheld))


def kept_from(withheld: Withheld | None) -> AgencyId | None:
    """Whose ordinary inbox must not see it."""
    return parse_address(withheld.kept_from).agency if withheld and withheld.kept_from else None


def is_kept_from(codes: ConcernCodes, holder: AgencyId) -> bool:
    """Whether it is addressed to an inbox of ``holder`` that must not see it.

    That is every ordinary one of the agency; its restricted one only where that is named.
    """
    named = codes.withheld.kept_from if codes.withheld else None
    kept = parse_address(named) if named else None
    if kept is None or kept.agency != holder:
        return False
    return codes.inbox == RESTRICTED if kept.inbox == RESTRICTED else codes.inbox != RESTRICTED


def _is_reviewed_in_time(withheld: Withheld, at: datetime, policy: Policy) -> bool:
    review = _day(withheld.review_on)
    return review is not None and at.date() <= review <= _latest_review(withheld, at, policy)


def _latest_review(withheld: Withheld, at: datetime, policy: Policy) -> date:
    return at.date() + timedelta(days=policy.lodging.days_for(withheld.reason))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
