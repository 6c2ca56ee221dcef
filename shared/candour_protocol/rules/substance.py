"""R02 and R03: a concern says what happened, and what kind of worry it is. Source: domain R02, R03."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from candour_protocol.codes import (
    AssertionBasis,
    Coded,
    ConcernCategory,
    ConsentPosition,
    HandlingMark,
    NeedLevel,
    NotInformedReason,
    Urgency,
    WithholdingReason,
    known,
    nearest,
)
from candour_protocol.kinds import ConcernCodes, Fact, RequestContent
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Matter
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.texts import (
    given,
    has_substance,
    lacks_at_most_its_basis,
    names_category,
    says_something,
)


def r02_has_substance(concern: Matter, policy: Policy) -> Iterator[Violation]:
    """Flag a concern in which no fact says what was seen, heard or recorded, when, and by whom.

    A fact that lacks nothing but how its author knows is named.
    """
    if is_substantive(concern.facts, policy):
        return
    lacking = [place for place, fact in enumerate(concern.facts) if lacks_at_most_its_basis(fact, policy)]
    for place in lacking:
        hint = nearest(AssertionBasis, concern.facts[place].basis)
        yield Violation("R02", f"/facts/{place}/basis", Severity.FLAG, hint)
    if not lacking:
        yield Violation("R02", "/facts", Severity.FLAG)


def r02_cites_substance(relied_on: Sequence[Matter], policy: Policy) -> Iterator[Violation]:
    """Refuse a request if nothing that it can rest on says what happened."""
    if relied_on and not any(is_substantive(concern.facts, policy) for concern in relied_on):
        yield Violation("R02", "/concern_ids", Severity.REFUSE)


def r03_category_and_narrative(concern: Matter) -> Iterator[Violation]:
    """Flag a concern without a category, or whose whole narrative is the name of one."""
    if isinstance(concern.codes, ConcernCodes) and not concern.codes.categories:
        yield Violation("R03", "/categories", Severity.FLAG)
    if not _has_narrative(concern.facts):
        yield Violation("R03", "/facts", Severity.FLAG)


def r03_cites_narrative(relied_on: Sequence[Matter]) -> Iterator[Violation]:
    """Refuse a request if the concerns that it can rest on are mere categories."""
    if relied_on and not any(_has_narrative(concern.facts) for concern in relied_on):
        yield Violation("R03", "/concern_ids", Severity.REFUSE)


def r03_codes(codes: ConcernCodes) -> Iterator[Violation]:
    """Flag a concern without a category, and every code in it that no list has."""
    if not codes.categories:
        yield Violation("R03", "/categories", Severity.FLAG)
    for pointer, listed, code in _codes(codes):
        if code is not None and not known(listed, code):
            yield Violation("R03", pointer, Severity.FLAG, nearest(listed, code))


def is_substantive(facts: Sequence[Fact], policy: Policy) -> bool:
    """Whether at least one fact has substance."""
    return any(has_substance(fact, policy) for fact in facts)


def still_current(content: RequestContent, policy: Policy) -> bool | None:
    """For T1's ``still_current``: whether somebody says what has changed; ``None`` where nobody tries to."""
    reasons = [question.still_current_because for question in content.questions or ()]
    written = [reason for reason in reasons if given(reason)]
    return any(says_something(reason, policy) for reason in written) if written else None


def _has_narrative(facts: Sequence[Fact]) -> bool:
    return any(given(fact.what) and not names_category(fact.what) for fact in facts)


def _codes(codes: ConcernCodes) -> Iterator[tuple[str, type[Coded], str | None]]:
    for place, category in enumerate(codes.categories):
        yield f"/categories/{place}", ConcernCategory, category
    yield "/need_level", NeedLevel, codes.need_level
    yield "/urgency", Urgency, codes.urgency
    for place, mark in enumerate(codes.marks):
        yield f"/handling/{place}", HandlingMark, mark
    if codes.openness:
        yield "/openness/position", ConsentPosition, codes.openness.position
        yield "/openness/reason", NotInformedReason, codes.openness.reason
    if codes.withheld:
        yield "/withheld/reason", WithholdingReason, codes.withheld.reason
