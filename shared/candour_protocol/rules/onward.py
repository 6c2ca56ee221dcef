"""R15 and R04 on relays: what a concern keeps when it is passed on. Source: domain R15, protocol 3.1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from candour_protocol.ids import RESTRICTED, AgencyId
from candour_protocol.kinds import ConcernCodes
from candour_protocol.policy import Policy
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.lodging import kept_from


def r15_onward(
    relay: ConcernCodes, originals: Sequence[ConcernCodes], holder: AgencyId, policy: Policy
) -> Iterator[Violation]:
    """Refuse a relay that loses a mark, that a mark forbids, or that an originator did not allow.

    Args:
        originals: what it relays, and what that relays in its turn, up to the originator's own concern: a
            relay of a relay is read as its originator's.
    """
    marks = {mark for original in originals for mark in original.marks}
    if not marks <= set(relay.marks):
        yield Violation("R15", "/handling", Severity.REFUSE)
    if forbidding := sorted(marks & set(policy.onward.forbidding_marks)):
        yield Violation("R15", "/concern_ids", Severity.REFUSE, forbidding[0])
    if any(_is_closed_to(original, relay, holder) for original in originals):
        yield Violation("R15", "/recipients", Severity.REFUSE)
    if any(_widens(relay, original) for original in originals):
        yield Violation("R15", "/onward_to", Severity.REFUSE)
    if any(original.withheld is not None and relay.withheld != original.withheld for original in originals):
        yield Violation("R15", "/withheld", Severity.REFUSE)


def r04_relays_the_same_child(relay: ConcernCodes, original: ConcernCodes) -> Iterator[Violation]:
    """Refuse a relay that puts the originator's words on another child: it carries the tokens it got."""
    if not set(original.child) <= set(relay.child):
        yield Violation("R04", "/subject", Severity.REFUSE)


def _is_closed_to(original: ConcernCodes, relay: ConcernCodes, holder: AgencyId) -> bool:
    """Whether its originator let it go only elsewhere, or kept it from this very inbox."""
    unnamed = original.onward_to is not None and holder not in original.onward_to
    return unnamed or (kept_from(original.withheld) == holder and relay.inbox != RESTRICTED)


def _widens(relay: ConcernCodes, original: ConcernCodes) -> bool:
    """Whether a copy says that it may go where the original may not: ``onward_to`` goes with every copy."""
    if original.onward_to is None:
        return False
    return relay.onward_to is None or not set(relay.onward_to) <= set(original.onward_to)
