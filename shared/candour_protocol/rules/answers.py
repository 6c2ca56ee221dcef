"""R11: every ask gets a reasoned answer. Source: domain R11, protocol section 4 (INV-4, INV-5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from candour_protocol.codes import RefusalReason, ResponseOutcome, TrainingLevel, known, nearest
from candour_protocol.kinds import AnswerCodes, AnswerContent, ConcernCodes, LineOutcome, RequestCodes
from candour_protocol.policy import Cell, Policy
from candour_protocol.rules.judgement import Outcome, Severity, Violation
from candour_protocol.rules.scope import cell_of
from candour_protocol.rules.signers import are_two
from candour_protocol.rules.texts import given, has_words

_REASONED = (ResponseOutcome.REFUSED, ResponseOutcome.DISCLOSED_PART)
_DISCLOSED = (ResponseOutcome.DISCLOSED_FULL, ResponseOutcome.DISCLOSED_PART)
_NOBODY_AGREES = (RefusalReason.NO_CONSENT, RefusalReason.CHILD_COMPETENT_OBJECTS)
_GIVES_NOTHING = (ResponseOutcome.REFUSED, None)


def is_unlocked(request: Outcome, opened: str | None, cited_opened: Sequence[str | None]) -> bool:
    """Whether a request may be answered: it passed, it was opened, and so was each concern that it cites.

    Any opened value permits an answer, so that "too thin" can always be said (INV-4, INV-5).
    """
    delivered = request in (Outcome.PASSED, Outcome.FLAGGED)
    return delivered and opened is not None and all(found is not None for found in cited_opened)


def says_too_thin(outcome: LineOutcome) -> bool:
    """Whether a line is sent back for more, which needs no words and can never be refused.

    A line of which something is told is not, even if what the concern says was too thin for the rest of it.
    """
    if outcome.outcome == ResponseOutcome.NEED_MORE:
        return True
    return outcome.reason == RefusalReason.CONCERN_TOO_THIN and outcome.outcome in _GIVES_NOTHING


def costs_nothing(codes: AnswerCodes) -> bool:
    """Whether a whole answer says no more than "too thin"."""
    return bool(codes.outcomes) and all(says_too_thin(outcome) for outcome in codes.outcomes)


def settles_a_line(codes: AnswerCodes) -> bool:
    """Whether an answer gives what can come to anything, so that its holder is owed the outcome.

    "Too thin" asks, and gives nothing.
    """
    return any(not says_too_thin(outcome) for outcome in codes.outcomes)


def discloses(outcomes: Iterable[str | None]) -> bool:
    """Whether any line is told; such a disclosure is no referral of what it shows."""
    return any(outcome in _DISCLOSED for outcome in outcomes)


def r11_texts(codes: AnswerCodes, content: AnswerContent, policy: Policy) -> Iterator[Violation]:
    """Refuse an answer that withholds without saying why, or found nothing without saying where."""
    decider = content.decider.name if content.decider else None
    for place, outcome in enumerate(codes.outcomes):
        if says_too_thin(outcome):
            continue
        if outcome.outcome in _REASONED:
            yield from _reasoned(place, outcome.line, content, policy)
            if not given(decider):
                yield Violation("R11", "/decider/name", Severity.REFUSE)
        elif outcome.outcome == ResponseOutcome.NO_INFO_HELD and not _searched(outcome.line, content):
            yield Violation("R11", f"/outcomes/{place}/searched", Severity.REFUSE)


def r11_codes(codes: AnswerCodes, request: RequestCodes) -> Iterator[Violation]:
    """Refuse an answer that answers nothing, invents a line, or withholds one without a reason.

    What it leaves out is still owed: an answer may come in parts.
    """
    asked = {line.line for line in request.asked}
    seen: set[int] = set()
    for place, outcome in enumerate(codes.outcomes):
        if outcome.line not in asked or outcome.line in seen:
            yield Violation("R11", f"/outcomes/{place}/line", Severity.REFUSE)
        seen.add(outcome.line)
        yield from _outcome(place, outcome)
    if not codes.outcomes:
        yield Violation("R11", "/outcomes", Severity.REFUSE)


def r11_reasons(
    codes: AnswerCodes, policy: Policy, cited: Collection[ConcernCodes] = ()
) -> Iterator[Violation]:
    """Flag a line that is withheld for a reason which is not enough on its own, or which nobody knows.

    Args:
        cited: the concerns behind the request, where they are at hand: at a low level of need it is enough
            that nobody consents, or that a competent child objects.
    """
    enough = {level.value for level in policy.answers.consent_suffices_at}
    low = bool(cited) and all(concern.need_level in enough for concern in cited)
    for place, outcome in enumerate(codes.outcomes):
        if outcome.outcome not in _REASONED or outcome.reason is None:
            continue
        consent = outcome.reason in _NOBODY_AGREES and low
        unknown = not known(RefusalReason, outcome.reason)
        if unknown or (outcome.reason in policy.answers.not_enough and not consent):
            hint = nearest(RefusalReason, outcome.reason) if unknown else ""
            yield Violation("R11", f"/outcomes/{place}/reason", Severity.FLAG, hint)


def r11_level(codes: AnswerCodes, policy: Policy) -> Iterator[Violation]:
    """Flag a refusal by somebody below the level that may refuse, unless a second person signed it too.

    Flagged and never returned: whoever asked must hear it, and somebody of that level has to look again.
    Source: domain 2.14.
    """
    levels, level = policy.answers.refusal_levels, codes.decider_level
    refused = any(
        each.outcome == ResponseOutcome.REFUSED and not says_too_thin(each) for each in codes.outcomes
    )
    second = are_two(codes.actor, codes.countersigned)
    if levels is None or not refused or second or level in levels:
        return
    hint = nearest(TrainingLevel, level) if level and not known(TrainingLevel, level) else ""
    yield Violation("R11", "/decider/training_level", Severity.FLAG, hint)


def r05_second_at_the_holder(
    codes: AnswerCodes, request: RequestCodes, policy: Policy, cited: Collection[ConcernCodes]
) -> Iterator[Violation]:
    """Flag a disclosure that wants a second signature at both ends and has none at the holder's.

    Flagged, not refused: R05 gates the ask. Where no concern is at hand nothing can be looked up.
    """
    if not cited or are_two(codes.actor, codes.countersigned):
        return
    categories = {category for concern in cited for category in concern.categories}
    lines = {asked.line: asked for asked in request.asked}
    for place, outcome in enumerate(codes.outcomes):
        asked = lines.get(outcome.line)
        if asked is None or outcome.outcome not in _DISCLOSED:
            continue
        if cell_of(categories, asked, policy) in (Cell.SECOND, Cell.EXCEPTION):
            yield Violation("R05", f"/outcomes/{place}", Severity.FLAG)


def _outcome(place: int, outcome: LineOutcome) -> Iterator[Violation]:
    if says_too_thin(outcome):
        return
    if not known(ResponseOutcome, outcome.outcome):
        nearby = nearest(ResponseOutcome, outcome.outcome)
        yield Violation("R11", f"/outcomes/{place}/outcome", Severity.REFUSE, nearby)
    elif outcome.outcome in _REASONED and outcome.reason is None:
        yield Violation("R11", f"/outcomes/{place}/reason", Severity.REFUSE)


def _reasoned(place: int, line: int, content: AnswerContent, policy: Policy) -> Iterator[Violation]:
    texts = [row.text for row in content.content or () if row.line == line]
    if not any(has_words(text, policy.words.reason) for text in texts):
        yield Violation("R11", f"/outcomes/{place}/text", Severity.REFUSE)
    changes = [row.text for row in content.would_change_if or () if row.line == line]
    if not any(given(text) for text in changes):
        yield Violation("R11", f"/outcomes/{place}/would_change_if", Severity.REFUSE)


def _searched(line: int, content: AnswerContent) -> bool:
    rows = [row.searched or () for row in content.searched or () if row.line == line]
    return any(given(system) for row in rows for system in row)
