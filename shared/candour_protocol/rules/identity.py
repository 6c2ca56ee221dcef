"""R13: the right child; and R04 on the sealed subject. Source: domain R13 and 5.3, protocol section 4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from candour_protocol.codes import IdentifierAbsent, known, nearest
from candour_protocol.identifiers import Scheme, is_test, is_valid, normalise
from candour_protocol.kinds import Kind, Person, RequestContent
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Matter
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.texts import given
from candour_protocol.words import plain

_MEMBERS = (
    ("nhs_number", Scheme.NHS),
    ("upn", Scheme.UPN),
    ("chi", Scheme.CHI),
    ("hcn", Scheme.HCN),
    ("mother_nhs_number", Scheme.NHS),
)


def r13_on_concern(concern: Matter, policy: Policy) -> Iterator[Violation]:
    """Flag a number that cannot be right, and a missing one without a reason."""
    subject = concern.subject
    yield from _numbers(subject, "/subject", Severity.FLAG, policy)
    reason = subject.identifier_absent_reason
    if not _has_identifier(subject) and not known(IdentifierAbsent, reason):
        hint = nearest(IdentifierAbsent, reason)
        yield Violation("R13", "/subject/identifier_absent_reason", Severity.FLAG, hint)


def r13_on_request(content: RequestContent, policy: Policy) -> Iterator[Violation]:
    """Refuse a number that cannot be right, or a child whom nobody could tell apart."""
    subject = content.subject or Person()
    yield from _numbers(subject, "/subject", Severity.REFUSE, policy)
    yield from _unknown_reason(subject)
    if not _has_identifier(subject) and not _is_described(subject, policy):
        yield Violation("R13", "/subject", Severity.REFUSE)
    people = content.persons or ()
    for question in content.questions or ():
        if question.person is not None and 0 <= question.person < len(people):
            pointer = f"/lines/{question.line - 1}/person"
            yield from _numbers(people[question.person], pointer, Severity.REFUSE, policy)


def _unknown_reason(subject: Person) -> Iterator[Violation]:
    reason = subject.identifier_absent_reason
    if given(reason) and not known(IdentifierAbsent, reason):
        hint = nearest(IdentifierAbsent, reason)
        yield Violation("R13", "/subject/identifier_absent_reason", Severity.REFUSE, hint)


def r13_cites_somebody(relied_on: Sequence[Matter], cited: Sequence[Matter]) -> Iterator[Violation]:
    """Refuse a request that rests on advice alone, which was sought without saying who the child is.

    A name in another concern that says nothing does not help. Source: domain 5.2.
    """
    concerns = _concerns(relied_on) or _concerns(cited)
    if concerns and not any(_is_somebody(concern.subject) for concern in concerns):
        yield Violation("R13", "/concern_ids", Severity.REFUSE)


def _concerns(matters: Sequence[Matter]) -> list[Matter]:
    """Without the replies that add to them, which name nobody."""
    return [matter for matter in matters if matter.kind is Kind.CONCERN]


def r04_sealed_subject(request: Matter, cited: tuple[Matter, ...]) -> Iterator[Violation]:
    """After opening: refuse if every cited concern is plainly about another child than the request."""
    concerns = _concerns(cited)
    if concerns and all(plainly_another(request.subject, concern.subject) for concern in concerns):
        yield Violation("R04", "/subject", Severity.REFUSE)


def plainly_another(left: Person, right: Person) -> bool:
    """Whether two descriptions cannot be one child.

    No number agrees and one differs; or, with none to compare, both name and birth date differ. Somebody who
    is only half described is never called another child.
    """
    pairs = [(_number(left, member), _number(right, member)) for member, _ in _MEMBERS]
    shared = [one == other for one, other in pairs if one and other]
    if shared:
        return not any(shared)
    names = _differ(plain(left.name or ""), plain(right.name or ""))
    return names and _differ(plain(left.birth_date or ""), plain(right.birth_date or ""))


def _differ(left: str, right: str) -> bool:
    return bool(left and right) and left != right


def _number(person: Person, member: str) -> str:
    return normalise(getattr(person, member) or "")


def _numbers(person: Person, pointer: str, severity: Severity, policy: Policy) -> Iterator[Violation]:
    for member, scheme in _MEMBERS:
        number = _number(person, member)
        unissued = policy.identifiers == "live" and is_test(scheme, number)
        if number and (unissued or not is_valid(scheme, number)):
            yield Violation("R13", f"{pointer}/{member}", severity)


def _has_identifier(subject: Person) -> bool:
    own = any(_number(subject, scheme) for scheme in ("nhs_number", "upn", "chi", "hcn"))
    return own or (given(subject.mother_nhs_number) and given(subject.edd))


def _is_somebody(subject: Person) -> bool:
    return _has_identifier(subject) or any(map(given, (subject.name, subject.birth_date, subject.edd)))


def _is_described(subject: Person, policy: Policy) -> bool:
    """A name, a birth date and one thing more; of an unborn child, the mother and the date it is due."""
    if given(subject.edd) and given(subject.parent):
        return True
    more = any(given(getattr(subject, member)) for member in policy.identity.one_of)
    return given(subject.name) and given(subject.birth_date) and more
