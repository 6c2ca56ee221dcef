"""R14: corrections chase the copies. Source: domain R14 and 2.16, protocol section 4."""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.codes import CorrectionKind, known, nearest
from candour_protocol.kinds import CorrectionCodes, Kind
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Ask, Telling
from candour_protocol.rules.judgement import Severity, Violation


def retracts(correction_kind: str | None, policy: Policy) -> bool:
    """Whether nothing rests any more on what was corrected."""
    return correction_kind in {kind.value for kind in policy.corrections.retracting}


def ends(correction_kind: str | None, corrected: Kind, policy: Policy) -> bool:
    """Whether what was corrected is over, so that nothing but the correction is owed about it.

    A request is, whenever its author no longer stands by it. A concern is only where it should never have
    been told: one wrong fact stops no clock for the child.
    """
    withdrawn = correction_kind in {kind.value for kind in policy.corrections.withdrawing}
    return retracts(correction_kind, policy) and (withdrawn or corrected is Kind.REQUEST)


def r14_correction(codes: CorrectionCodes) -> Iterator[Violation]:
    """Flag a correction that does not say what kind it is; it reaches every copy all the same."""
    if not known(CorrectionKind, codes.correction_kind):
        hint = nearest(CorrectionKind, codes.correction_kind)
        yield Violation("R14", "/correction_kind", Severity.FLAG, hint)


def r14_rests_on_what_stands(ask: Ask) -> Iterator[Violation]:
    """Refuse a request on what its author took back, or on what the asker has yet to correct."""
    for place, name in enumerate(ask.codes.concern_refs):
        told = ask.told.get(name)
        if told is not None and (told.taken_back or told.unapplied):
            yield Violation("R14", f"/concern_ids/{place}", Severity.REFUSE)


def r14_relays_what_stands(telling: Telling) -> Iterator[Violation]:
    """Refuse a relay of what its author took back."""
    if telling.taken_back:
        yield Violation("R14", "/concern_ids", Severity.REFUSE)
