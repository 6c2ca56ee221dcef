"""Whether a concern that is to be cited still stands after its corrections. Source: domain R14, protocol 4.

The gateway reckons the same when the request comes; a dry run says it before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from candour_protocol import rules
from candour_protocol.kinds import ConcernCodes, CorrectionCodes, Kind
from candour_protocol.policy import Policy
from sqlalchemy import Connection

from candour_agency import kinship, store
from candour_agency.matters import read_codes
from candour_agency.messages import Message


@dataclass(frozen=True, slots=True)
class Standing:
    """What corrections have left of a concern.

    Attributes:
        taken_back: its author has corrected it away, and has told nothing in its place.
        unapplied: the newest correction of it that came here waits for this agency to apply it.
    """

    taken_back: bool = False
    unapplied: bool = False


def of(connection: Connection, concern: Message, policy: Policy) -> Standing:
    """How a concern that is kept here stands."""
    corrections = list(_corrections(connection, concern))
    if not corrections:
        return Standing()
    gone = [one for one in corrections if _retracts(one, policy)]
    taken_back = bool(gone) and not _told_anew(connection, concern, gone[-1], policy)
    newest = corrections[-1]
    return Standing(taken_back, newest.received and not _is_applied(connection, newest))


def _corrections(connection: Connection, concern: Message) -> Iterator[Message]:
    for one in store.messages.about(connection, concern.hash):
        same = (one.direction, one.counterparty) == (concern.direction, concern.counterparty)
        if one.kind is Kind.CORRECTION and same and one.verdict != "refused":
            yield one


def _retracts(correction: Message, policy: Policy) -> bool:
    codes = read_codes(correction)
    return isinstance(codes, CorrectionCodes) and rules.retracts(codes.correction_kind, policy)


def _is_applied(connection: Connection, correction: Message) -> bool:
    """Whether this agency has said what became of it, be it that it cannot be applied."""
    given = store.messages.about(connection, correction.hash)
    return any(one.kind is Kind.APPLIED and not one.received and one.verdict != "refused" for one in given)


def _told_anew(connection: Connection, concern: Message, correction: Message, policy: Policy) -> bool:
    """Whether a newer concern of substance, of the same thread, stands in for it, and stands itself."""
    newer = (one for one in store.messages.thread(connection, concern.txn) if one.seq > correction.seq)
    return any(
        _stands_in(connection, one, concern) and not _is_unsaid(connection, one, policy) for one in newer
    )


def _is_unsaid(connection: Connection, concern: Message, policy: Policy) -> bool:
    """Whether its author has withdrawn it, or corrected it away."""
    retracted = any(_retracts(one, policy) for one in _corrections(connection, concern))
    return retracted or concern.withdrawn_at is not None


def _stands_in(connection: Connection, newer: Message, concern: Message) -> bool:
    codes, corrected = read_codes(newer), read_codes(concern)
    if not isinstance(codes, ConcernCodes) or not isinstance(corrected, ConcernCodes):
        return False
    same = (newer.direction, newer.counterparty, newer.inbox)
    if same != (concern.direction, concern.counterparty, concern.inbox) or newer.verdict == "refused":
        return False
    if not rules.has_substance(codes.checks, newer.rules):
        return False
    return kinship.is_one_child(connection, codes.child, concern)
