"""R08: purpose, power, basis and openness. Presence and coherence, never correctness. Source: domain R08.

The only rule that may read an agency's kind, because powers belong to bodies (INV-1).
"""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.codes import (
    Coded,
    ConsentPosition,
    LawfulBasis,
    NotInformedReason,
    Power,
    Purpose,
    SpecialCategory,
    known,
    nearest,
)
from candour_protocol.kinds import Openness
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Ask
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.told import concerns_told


def r08_purpose_and_power(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Refuse what has no purpose, power, basis or openness, or a power that the asker does not hold."""
    codes = ask.codes
    yield from _stated("/purpose", Purpose, codes.purpose)
    yield from _stated("/power", Power, codes.power)
    yield from _stated("/lawful_basis", LawfulBasis, codes.lawful_basis)
    yield from _held(ask, policy)
    yield from _article_9(ask, policy)
    yield from _openness(codes.openness)
    yield from _objection(ask, policy)
    if codes.lawful_basis is not None and codes.lawful_basis in policy.legal.warn_bases:
        yield Violation("R08", "/lawful_basis", Severity.FLAG)


def _stated(pointer: str, listed: type[Coded], code: str | None) -> Iterator[Violation]:
    if not known(listed, code):
        yield Violation("R08", pointer, Severity.REFUSE, nearest(listed, code))


def _held(ask: Ask, policy: Policy) -> Iterator[Violation]:
    kinds = [ask.issuer_kind, *([ask.acting_for_kind] if ask.acting_for_kind else [])]
    power, purpose = ask.codes.power or "", ask.codes.purpose or ""
    if not any(policy.legal.holds(kind, power=power) for kind in kinds):
        yield Violation("R08", "/power", Severity.REFUSE)
    if not any(policy.legal.holds(kind, purpose=purpose) for kind in kinds):
        yield Violation("R08", "/purpose", Severity.REFUSE)


def _article_9(ask: Ask, policy: Policy) -> Iterator[Violation]:
    condition = ask.codes.special_category
    if condition is not None and not known(SpecialCategory, condition):
        yield Violation("R08", "/special_category", Severity.REFUSE, nearest(SpecialCategory, condition))
        return
    wanted = any(asked.category in policy.legal.article_9_categories for asked in ask.codes.asked)
    if wanted and condition in (None, SpecialCategory.NONE):
        yield Violation("R08", "/special_category", Severity.REFUSE)


def _objection(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Section 17 services are voluntary: below level 3 an objection waits for a second person."""
    openness, legal = ask.codes.openness, policy.legal
    objected = openness and openness.position == ConsentPosition.INFORMED_OBJECTED_OVERRIDDEN
    voluntary = ask.codes.purpose in legal.voluntary_purposes
    if not objected or not voluntary or ask.second_signed or ask.emergency:
        return
    cited = [told.codes.need_level for told in concerns_told(ask)]
    if cited and all(level is None or level in legal.voluntary_levels for level in cited):
        yield Violation("R08", "/openness/position", Severity.HOLD)


def _openness(openness: Openness | None) -> Iterator[Violation]:
    position = openness.position if openness else None
    reason = openness.reason if openness else None
    if not known(ConsentPosition, position):
        yield Violation("R08", "/openness/position", Severity.REFUSE, nearest(ConsentPosition, position))
    elif position != ConsentPosition.INFORMED_AGREED and reason is None:
        yield Violation("R08", "/openness/reason", Severity.REFUSE)
    if reason is not None and not known(NotInformedReason, reason):
        yield Violation("R08", "/openness/reason", Severity.REFUSE, nearest(NotInformedReason, reason))
