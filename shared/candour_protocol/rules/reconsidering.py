"""How a challenge is met: what was challenged is decided again, or stands by a second person's word.

Always somebody else than before; the sender's node, the gateway and the recipient's node ask the same.
Source: protocol section 3.1 (``challenge``), domain 4.1 and 4.2.
"""

from __future__ import annotations

from candour_protocol.kinds import AnswerCodes, Codes, CorrectionCodes, Kind

_AGAIN = frozenset({Kind.DECISION, Kind.ANSWER, Kind.OUTCOME, Kind.TRANSFER, Kind.CORRECTION})
_BY_WORD = frozenset({Kind.OUTCOME, Kind.TRANSFER, Kind.CORRECTION})


def again_by(first: Kind, *, reopens: bool) -> Kind | None:
    """By what kind of statement it is decided again; None where anybody's words may explain it.

    Args:
        reopens: of a closure, whether whoever the concern was told to had closed it: they open it again by
            another decision.
    """
    if first is Kind.CLOSURE and reopens:
        return Kind.DECISION
    return first if first in _AGAIN else None


def stands_by_word(first: Kind) -> bool:
    """Whether a second person may say in a reply to the challenge why it stands.

    A decision or an answer is given again in its own form, even if it says the same.
    """
    return first in _BY_WORD


def is_on_the_same(again: Codes | None, first: Codes | None) -> bool:
    """Whether an answer shares a line with the one before, and a correction is of the same statement."""
    match again, first:
        case AnswerCodes(), AnswerCodes():
            return bool(_lines(again) & _lines(first))
        case CorrectionCodes(), CorrectionCodes():
            return again.corrects == first.corrects
        case _:
            return True


def _lines(answer: AnswerCodes) -> set[int]:
    return {each.line for each in answer.outcomes}
