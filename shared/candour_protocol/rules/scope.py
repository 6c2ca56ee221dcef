"""R05: no wider than the concern. Source: domain R05 and 5.1, protocol section 4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from candour_protocol.codes import InfoCategory, SubjectRole, known, nearest
from candour_protocol.kinds import Asked, ConcernCodes, Person, Question, RequestCodes, RequestContent
from candour_protocol.policy import Cell, Policy
from candour_protocol.rules.facts import Ask, Matter, is_emergency
from candour_protocol.rules.identity import plainly_another
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.substance import is_substantive
from candour_protocol.rules.texts import has_words
from candour_protocol.rules.told import concerns_told

_SIBLINGS = frozenset({SubjectRole.SIBLING_SAME_HH, SubjectRole.SIBLING_OTHER})
_CHILDREN = _SIBLINGS | {SubjectRole.SUBJECT_CHILD, SubjectRole.UNBORN, SubjectRole.OTHER_CHILD_SAME_RISK}
_ORDER = tuple(Cell)


def r05_scope(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Refuse what may never be asked, unknown categories and periods; hold what wants a second signature."""
    if not ask.codes.asked:
        yield Violation("R05", "/lines", Severity.REFUSE)
    categories = {category for told in concerns_told(ask) for category in told.codes.categories}
    for place, asked in enumerate(ask.codes.asked):
        yield from _category(place, asked, policy)
        yield from _period(place, asked, policy)
        cell = _cell(ask, categories, asked, policy)
        if cell in (Cell.SECOND, Cell.EXCEPTION) and not ask.second_signed:
            yield Violation("R05", f"/lines/{place}/category", Severity.HOLD)


def r05_because(
    codes: RequestCodes, content: RequestContent, relied_on: Sequence[Matter], policy: Policy
) -> Iterator[Violation]:
    """Refuse a line that does not say why, or stands outside the matrix without a stated exception."""
    said = {question.line: question for question in content.questions or ()}
    categories = {category for concern in relied_on for category in _categories(concern)}
    for place, asked in enumerate(codes.asked):
        question = said.get(asked.line, Question(line=asked.line))
        if not has_words(question.because, policy.words.because):
            yield Violation("R05", f"/lines/{place}/because", Severity.REFUSE)
        outside = bool(relied_on) and not is_emergency(codes) and _outside(categories, asked, policy)
        if outside and not has_words(question.exception, policy.words.exception):
            yield Violation("R05", f"/lines/{place}/exception", Severity.REFUSE)


def relied_on(content: RequestContent, cited: Sequence[Matter], policy: Policy) -> Sequence[Matter]:
    """What of the cited can be about this child; that with substance, where any has.

    What one concern says of another child mends nothing that is lacking in the one about this child.
    """
    subject = content.subject or Person()
    same = [concern for concern in cited if not plainly_another(subject, concern.subject)]
    return [concern for concern in same if is_substantive(concern.facts, policy)] or same


def cell_of(categories: Iterable[str], asked: Asked, policy: Policy) -> Cell:
    """The freest cell of the need-to-know matrix over a concern's categories, for one line."""
    listed = list(categories) or ["UNSURE"]
    cells = (_for_role(policy.matrix.written(code, asked.category or ""), asked.role) for code in listed)
    return min(cells, key=_ORDER.index)


def _cell(ask: Ask, categories: set[str], asked: Asked, policy: Policy) -> Cell:
    """Waived in an emergency; without a told concern there is nothing to look up, and R01 says so."""
    if ask.emergency or not concerns_told(ask) or not _askable(asked, policy):
        return Cell.ALLOWED
    return cell_of(categories, asked, policy)


def _outside(categories: set[str], asked: Asked, policy: Policy) -> bool:
    return _askable(asked, policy) and cell_of(categories, asked, policy) is Cell.EXCEPTION


def _askable(asked: Asked, policy: Policy) -> bool:
    return known(InfoCategory, asked.category) and asked.category not in policy.scope.never


def _category(place: int, asked: Asked, policy: Policy) -> Iterator[Violation]:
    pointer = f"/lines/{place}/category"
    if not known(InfoCategory, asked.category):
        yield Violation("R05", pointer, Severity.REFUSE, nearest(InfoCategory, asked.category))
    elif asked.category in policy.scope.never:
        yield Violation("R05", pointer, Severity.REFUSE)


def _period(place: int, asked: Asked, policy: Policy) -> Iterator[Violation]:
    cap = policy.scope.cap(asked.category or "")
    if asked.months is None or not 1 <= asked.months <= cap:
        yield Violation("R05", f"/lines/{place}/months", Severity.REFUSE, str(cap))


def _for_role(written: str, role: str | None) -> Cell:
    """A cell such as ``J for children`` is the exception for everybody else."""
    cell, _, group = written.partition(" for ")
    held = {"children": _CHILDREN, "siblings": _SIBLINGS}.get(group)
    return Cell(cell) if held is None or role in held else Cell.EXCEPTION


def _categories(concern: Matter) -> tuple[str, ...]:
    return concern.codes.categories if isinstance(concern.codes, ConcernCodes) else ()
