"""Which verdicts may have rested on codes that are gone by now, for judging a log again. Protocol 4."""

from __future__ import annotations

from candour_protocol.ids import StatementHash
from candour_protocol.kinds.lists import PLAIN

from candour_gateway.casebook import Casebook, Logged
from candour_gateway.naming import named_by, names_in
from candour_gateway.verdict import Submission


def may_have_mattered(submission: Submission, book: Casebook) -> bool:
    """Whether it names something whose codes are gone, at any remove, or they lay between the same parties.

    What is counted (R06), joined by a link, told anew or corrected is found by codes alone. Of those no more
    is known than who said them and to whom: its own parties, or those of what it names. An erasure rests on
    whatever else its thread holds, whoever said that.
    """
    named = [logged for name in _named(submission, book) if (logged := book.find(name))]
    parties = {submission.claims.iss, submission.claims.aud}
    parties |= {party for each in named for party in (each.iss, each.aud)}
    return any(_is_blank(each) for each in named) or any(
        submission.claims.erases or not parties.isdisjoint({each.iss, each.aud}) for each in book.blanks()
    )


def _is_blank(logged: Logged) -> bool:
    return logged.codes is None and logged.kind not in PLAIN


def _named(submission: Submission, book: Casebook) -> set[StatementHash]:
    """Everything that it names, and that this names."""
    waiting = set(named_by(submission.claims, submission.codes))
    found: set[StatementHash] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        logged = book.find(name)
        if logged is not None:
            waiting |= _names(logged) - found
    return found


def _names(logged: Logged) -> set[StatementHash]:
    return names_in(logged.irt, logged.codes) | set(logged.erases)
