"""R07: a real, accountable asker. Source: domain R07 and 2.14, protocol section 4."""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.codes import TrainingLevel, known, nearest
from candour_protocol.kinds import RequestCodes, RequestContent
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Ask, is_emergency
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.signers import are_two
from candour_protocol.rules.texts import given, names_nobody


def r07_named(codes: RequestCodes, content: RequestContent, policy: Policy) -> Iterator[Violation]:
    """Refuse a request that nobody by name stands for; hold one whose author alone may have their own ends.

    A role, a team or nothing is no name; a declared interest, such as being the parent's employer or
    relative, waits for a second person. Where life is at risk the name alone is wanted.
    """
    author = content.author
    if names_nobody(author.name if author else None, policy.vocabulary.nobody_at_work):
        yield Violation("R07", "/author/name", Severity.REFUSE)
    if is_emergency(codes):
        return
    alone = not are_two(codes.actor, codes.countersigned)
    if author and given(author.interest) and alone:
        yield Violation("R07", "/author/interest", Severity.HOLD)
    second = author.countersigned_by if author else None
    if second and given(level := second.training_level) and not known(TrainingLevel, level):
        place = "/countersigned_by/training_level"
        yield Violation("R07", place, Severity.REFUSE, nearest(TrainingLevel, level))


def r07_accountable(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Refuse an asker whom the directory gives no number for, or who needs a second person and has none.

    In an emergency the number alone is wanted.
    """
    if not ask.has_directory_phone:
        yield Violation("R07", "/author", Severity.REFUSE)
    level = ask.codes.author_level
    if ask.emergency:
        return
    if level is not None and not known(TrainingLevel, level):
        yield Violation("R07", "/author/training_level", Severity.REFUSE, nearest(TrainingLevel, level))
    elif level not in policy.asker.levels and not ask.second_signed:
        yield Violation("R07", "/author/training_level", Severity.REFUSE)
