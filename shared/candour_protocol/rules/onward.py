"""R15 and R04 on relays: what a concern keeps when it is passed on. Source: domain R15, protocol 3.1."""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.ids import AgencyId
from candour_protocol.kinds import ConcernCodes
from candour_protocol.policy import Policy
from candour_protocol.rules.judgement import Severity, Violation


def r15_onward(
    relay: ConcernCodes, original: ConcernCodes, holder: AgencyId, policy: Policy
) -> Iterator[Violation]:
    """Refuse a relay that loses a mark, that a mark forbids, or that its originator did not allow."""
    if not set(original.marks) <= set(relay.marks):
        yield Violation("R15", "/handling", Severity.REFUSE)
    if any(mark in policy.onward.forbidding_marks for mark in original.marks):
        yield Violation("R15", "/concern_ids", Severity.REFUSE)
    if original.onward_to is not None and holder not in original.onward_to:
        yield Violation("R15", "/recipients", Severity.REFUSE)


def r04_relays_the_same_child(relay: ConcernCodes, original: ConcernCodes) -> Iterator[Violation]:
    """Refuse a relay that puts the originator's words on another child: it carries the tokens it got."""
    if not set(original.child) <= set(relay.child):
        yield Violation("R04", "/subject", Severity.REFUSE)
