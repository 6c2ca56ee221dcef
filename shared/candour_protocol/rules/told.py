"""R01, R02 and R04 at the gateway: has the holder been told a substantive, live concern about this child?

One cited concern has to be all of that. Where none is, each says what it lacks; about a concern between other
parties nothing is said but that it was not told. A concern that is lodged with somebody else for the holder
counts as told, once that somebody agrees (R10). Source: domain R01, R02, R04; protocol section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from candour_protocol.children import same_child
from candour_protocol.ids import RESTRICTED
from candour_protocol.policy import Policy
from candour_protocol.rules.attested import attests
from candour_protocol.rules.facts import Ask, Told
from candour_protocol.rules.judgement import Outcome, Severity, Violation
from candour_protocol.rules.lodging import is_vouched_for, needs_lodgee

_DELIVERED = (Outcome.PASSED, Outcome.FLAGGED)
_UNOPENED = ("mismatch", "unreadable")


def r01_concern_first(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Refuse a request whose holder has not been told the concern behind it."""
    if ask.emergency or _unlocked(ask, policy):
        return
    for place, told in _cited(ask):
        if told is None or not _reached(ask, told) or _unopened(told):
            yield Violation("R01", f"/concern_ids/{place}", Severity.REFUSE)
    if not ask.codes.concern_refs:
        yield Violation("R01", "/concern_ids", Severity.REFUSE)


def r02_told_with_substance(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Refuse a request that rests on concerns which say nothing."""
    if ask.emergency or _unlocked(ask, policy):
        return
    for place, told in _cited(ask):
        if told and _reached(ask, told) and is_thin(told):
            yield Violation("R02", f"/concern_ids/{place}", Severity.REFUSE)


def r04_same_child_live_concern(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Refuse a request that rests on another child's concern, or on one that is over or too old."""
    if ask.emergency or _unlocked(ask, policy):
        return
    for place, told in _cited(ask):
        if told and _reached(ask, told) and not (_same_child(ask, told) and _is_live(ask, told, policy)):
            yield Violation("R04", f"/concern_ids/{place}", Severity.REFUSE)


def concerns_told(ask: Ask) -> list[Told]:
    """The cited concerns on this child that the holder knows of; those with substance, where any has."""
    known = [cited for _, cited in _cited(ask) if cited and _reached(ask, cited)]
    told = [cited for cited in known if _same_child(ask, cited)]
    return [cited for cited in told if not (is_thin(cited) or _unopened(cited))] or told


def rests_on_a_later_fact(ask: Ask, policy: Policy) -> bool:
    """Whether a cited concern counts whatever is attested: another stands in for it, or it is disputed."""
    return any(told.refreshed for told in _carrying(ask, policy))


def newest_fact(ask: Ask, policy: Policy) -> int:
    """Where in the log the newest of the facts stands that the request can rest on; 0 if there is none (R06).

    That a thin concern was added to or is disputed lets somebody ask on it, but nobody has read anything new
    in that; what was told in its place is new.
    """
    carrying = _carrying(ask, policy)
    own = (told.index for told in carrying if _is_sound(told))
    return max((*own, *(told.refreshed_by or 0 for told in carrying)), default=0)


def is_thin(told: Told) -> bool:
    """Whether its sender's node, the gateway or its recipient found nothing in it, and nothing was added.

    Whether a reply adds a fact, only nodes can read: a request that rests on one attests it (``checks``).
    """
    return not (_is_sound(told) or told.refreshed or told.replied)


def _is_sound(told: Told) -> bool:
    return attests(told.codes.checks, "R02") and "R02" not in told.rules and told.opened != "thin"


def _unopened(told: Told) -> bool:
    return told.opened in _UNOPENED and not told.refreshed


def _cited(ask: Ask) -> Iterator[tuple[int, Told | None]]:
    for place, reference in enumerate(ask.codes.concern_refs):
        yield place, ask.told.get(reference)


def _unlocked(ask: Ask, policy: Policy) -> bool:
    return bool(_carrying(ask, policy))


def _carrying(ask: Ask, policy: Policy) -> list[Told]:
    """The cited concerns each of which is enough to ask on: told, of substance, live and about this child."""
    return [told for _, told in _cited(ask) if told is not None and _counts(ask, told, policy)]


def _counts(ask: Ask, told: Told, policy: Policy) -> bool:
    substantive = not (is_thin(told) or _unopened(told))
    live = _same_child(ask, told) and _is_live(ask, told, policy)
    reached = _was_told(ask, told) or (needs_lodgee(ask, told) and is_vouched_for(ask, told, policy))
    return reached and substantive and live


def _reached(ask: Ask, told: Told) -> bool:
    """Whether the holder knows of it, or would, had its author not kept it from this inbox (R10)."""
    return _was_told(ask, told) or needs_lodgee(ask, told)


def _was_told(ask: Ask, told: Told) -> bool:
    """Told by the asker to the holder's same inbox, or by the holder to the asker; and delivered by now."""
    delivered = told.outcome in _DELIVERED and told.at <= ask.at
    if (told.issuer, told.audience) == (ask.issuer, ask.holder):
        return delivered and told.inbox == ask.inbox
    # The inboxes of two agencies have different names; what matters is that nothing leaves a restricted one.
    swapped = (told.issuer, told.audience) == (ask.holder, ask.issuer)
    return delivered and swapped and (told.inbox == RESTRICTED) == (ask.inbox == RESTRICTED)


def _same_child(ask: Ask, told: Told) -> bool:
    return same_child(ask.child, told.codes.child)


def _is_live(ask: Ask, told: Told, policy: Policy) -> bool:
    current = policy.current
    if not told.live or told.taken_back:
        return False
    if any(ask.codes.purpose == purpose for purpose in current.any_age_purposes):
        return True
    days = current.still_current_days if ask.codes.still_current else current.fresh_days
    return ask.at - (told.since or told.at) <= timedelta(days=days)
