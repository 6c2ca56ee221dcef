"""R09: in an emergency borrow now, pay back. Source: domain R09, protocol section 4."""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.codes import Urgency, known, nearest
from candour_protocol.kinds import RequestCodes, RequestContent
from candour_protocol.policy import Policy
from candour_protocol.rules.attested import attests
from candour_protocol.rules.facts import Ask, is_emergency
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.texts import has_words


def r09_danger_line(codes: RequestCodes, content: RequestContent, policy: Policy) -> Iterator[Violation]:
    """Refuse an emergency request that does not say in one line what the danger is."""
    if is_emergency(codes) and not has_words(content.danger_line, policy.words.danger_line):
        yield Violation("R09", "/danger_line", Severity.REFUSE)


def r09_urgency(ask: Ask) -> Iterator[Violation]:
    """Refuse an urgency that no clock is known for."""
    urgency = ask.codes.urgency
    if urgency is not None and not known(Urgency, urgency):
        yield Violation("R09", "/urgency", Severity.REFUSE, nearest(Urgency, urgency))


def r09_override(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Flag every emergency request, and a debt that is overdue; refuse one that asks for more than safety."""
    if not ask.emergency:
        return
    outside = list(_outside(ask, policy))
    yield from outside
    if outside or not attests(ask.codes.checks, "R09"):
        yield Violation("R01", "/concern_ids", Severity.REFUSE)
        return
    yield Violation("R09", "/urgency", Severity.FLAG)
    if ask.overdue_debts:
        yield Violation("R09", "/concern_ids", Severity.FLAG, str(ask.overdue_debts))


def _outside(ask: Ask, policy: Policy) -> Iterator[Violation]:
    if ask.codes.purpose not in policy.emergency.purposes:
        yield Violation("R09", "/purpose", Severity.REFUSE)
    for place, asked in enumerate(ask.codes.asked):
        if asked.category not in policy.emergency.categories:
            yield Violation("R09", f"/lines/{place}/category", Severity.REFUSE)
