"""R12: one person, one reason. Source: domain R12, protocol section 4."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from candour_protocol.codes import InfoCategory, SubjectRole, known, nearest
from candour_protocol.identifiers import Scheme, normalise
from candour_protocol.kinds import Person, Question, RequestCodes, RequestContent
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Ask, Matter, is_emergency
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.substance import is_substantive
from candour_protocol.rules.texts import given, has_words, names_nobody
from candour_protocol.words import plain, words

_SUBJECT = (SubjectRole.SUBJECT_CHILD, SubjectRole.UNBORN)
_RISK = (SubjectRole.ALLEGED_RISK, SubjectRole.ALLEGED_RISK_POT)


def r12_one_person_one_reason(
    codes: RequestCodes, content: RequestContent, cited: Sequence[Matter], policy: Policy
) -> Iterator[Violation]:
    """Refuse lines about nobody in particular, or about somebody for whom no reason of their own is given."""
    if is_emergency(codes):
        return
    people = content.persons or ()
    for place, asked in enumerate(codes.asked):
        question = _question(content, asked.line)
        person = _at(people, question.person)
        if person is None:
            yield Violation("R12", f"/lines/{place}/person", Severity.REFUSE)
        elif not is_subject(person, content.subject):
            yield from _somebody(place, person, content.subject, policy)
            yield from _own_reason(place, question, person, content, policy)
            yield from _sibling(place, person, people, cited, policy)


def r12_roles(ask: Ask) -> Iterator[Violation]:
    """Refuse, at the gateway too, a role that no list has."""
    for place, asked in enumerate(ask.codes.asked):
        if asked.role is not None and not known(SubjectRole, asked.role) and not ask.emergency:
            hint = nearest(SubjectRole, asked.role)
            yield Violation("R12", f"/lines/{place}/person/role", Severity.REFUSE, hint)


def r12_known_first(ask: Ask) -> Iterator[Violation]:
    """Refuse more about another child at the same risk before it was asked whether that child is known."""
    if ask.emergency:
        return
    known_first = {role for each in ask.earlier if each.holder == ask.holder for role in each.looked_for}
    for place, asked in enumerate(ask.codes.asked):
        another = asked.role == SubjectRole.OTHER_CHILD_SAME_RISK
        if another and asked.category != InfoCategory.KNOWN_YN and asked.role not in known_first:
            yield Violation("R12", f"/lines/{place}/category", Severity.REFUSE, InfoCategory.KNOWN_YN.value)


def is_subject(person: Person, subject: Person | None) -> bool:
    """Whether a line's person is the child that the request is about."""
    child = subject or Person()
    if given(person.role) and person.role not in _SUBJECT:
        return False
    if person.role == SubjectRole.UNBORN and not given(child.edd):
        return False
    names = {plain(name or "") for name in (child.name, *(child.aliases or ()))} - {""}
    unnamed = not given(person.name) and given(person.role)
    return unnamed or plain(person.name or "") in names or same_person(person, child)


def same_person(left: Person, right: Person) -> bool:
    """Whether two entries of one request mean one person: one number, or one name and no other birth date."""
    if any(_number(left, scheme) and _number(left, scheme) == _number(right, scheme) for scheme in Scheme):
        return True
    births = {person.birth_date for person in (left, right) if given(person.birth_date)}
    return given(left.name) and plain(left.name or "") == plain(right.name or "") and len(births) < 2


def _somebody(place: int, person: Person, subject: Person | None, policy: Policy) -> Iterator[Violation]:
    if not known(SubjectRole, person.role):
        yield Violation(
            "R12", f"/lines/{place}/person/role", Severity.REFUSE, nearest(SubjectRole, person.role)
        )
    elif person.role == SubjectRole.SUBJECT_CHILD and _is_named_apart(person, subject or Person()):
        yield Violation("R12", f"/lines/{place}/person/role", Severity.REFUSE)
    described = given(person.address) or given(person.birth_date) or given(person.edd)
    if not described and names_nobody(person.name, policy.vocabulary.nobody):
        yield Violation("R12", f"/lines/{place}/person/name", Severity.REFUSE)


def _is_named_apart(person: Person, child: Person) -> bool:
    """Whether somebody has a name that is not the child's; a first name, in any spelling of the other, is.

    For the subject nobody asks first whether it is known, nor what risk it shares with a sibling.
    """
    names = [words(name) for name in (child.name, *(child.aliases or ())) if name and given(name)]
    said = words(person.name or "")
    return bool(names and said) and not any(_may_be(said, name) for name in names)


def _may_be(said: Sequence[str], name: Sequence[str]) -> bool:
    """Whether two may be one name: a family's alone, the last word, makes nobody its child."""
    return bool(set(said) & set(name[:-1])) or _stand_in(said, name) or _stand_in(name, said)


def _stand_in(some: Collection[str], name: Collection[str]) -> bool:
    """Whether each of these words is one of the name, or the initial of one."""
    return all(any(one in (other, other[0]) for other in name) for one in some)


def _own_reason(
    place: int, question: Question, person: Person, content: RequestContent, policy: Policy
) -> Iterator[Violation]:
    others = [
        plain(line.because or "")
        for line in content.questions or ()
        if not _about(line, question, person, content.persons or ())
    ]
    enough = has_words(question.because, policy.words.because)
    if not enough or plain(question.because or "") in others:
        yield Violation("R12", f"/lines/{place}/because", Severity.REFUSE)


def _about(line: Question, question: Question, person: Person, people: Sequence[Person]) -> bool:
    """Whether another line is about the same person."""
    other = _at(people, line.person)
    return line.person == question.person or (other is not None and same_person(other, person))


def _sibling(
    place: int, person: Person, people: Sequence[Person], cited: Sequence[Matter], policy: Policy
) -> Iterator[Violation]:
    """A child of the household shares the risk if somebody is named as one, or has a fact of its own."""
    if person.role != SubjectRole.SIBLING_SAME_HH or any(other.role in _RISK for other in people):
        return
    if not any(_own_fact(person, concern, policy) for concern in cited):
        yield Violation("R12", f"/lines/{place}/person", Severity.REFUSE)


def _own_fact(person: Person, concern: Matter, policy: Policy) -> bool:
    if same_person(person, concern.subject):
        return is_substantive(concern.facts, policy)
    first_name = words(person.name or "")[:1]
    named = [fact for fact in concern.facts if first_name and first_name[0] in _names_in(fact.what)]
    return is_substantive(named, policy)


def _names_in(text: str | None) -> set[str]:
    return {word.removesuffix("'s") for word in words(text or "")}


def _number(person: Person, scheme: Scheme) -> str:
    member = "nhs_number" if scheme is Scheme.NHS else scheme.value
    return normalise(getattr(person, member) or "")


def _question(content: RequestContent, line: int) -> Question:
    found = (question for question in content.questions or () if question.line == line)
    return next(found, Question(line=line))


def _at(people: Sequence[Person], place: int | None) -> Person | None:
    return people[place] if place is not None and 0 <= place < len(people) else None
