"""``answer``: an outcome and a reason for each line asked. Source: protocol 3.1, domain 2.11 and 2.12."""

from __future__ import annotations

from candour_protocol.kinds.fields import Actor, Checks, Code, Codes, Content, Line, Rows, WireModel
from candour_protocol.kinds.people import Signer


class LineOutcome(WireModel):
    """What becomes of one line; ``line`` is the request's."""

    line: Line
    outcome: Code | None
    reason: Code | None


class AnswerCodes(Codes):
    """T1 of an answer."""

    outcomes: Rows[LineOutcome]
    decider_level: Code | None
    countersigned: Actor | None
    checks: Checks | None


class LineText(WireModel):
    """Words about one line."""

    line: int
    text: str | None = None


class LineContent(LineText):
    """What is disclosed on one line, or why it is not; ``basis`` is domain 2.10."""

    basis: str | None = None


class LineSearched(WireModel):
    """Which systems were searched for one line, with the dates."""

    line: int
    searched: Rows[str] | None = None


class AnswerContent(Content):
    """T2 of an answer."""

    content: Rows[LineContent] | None = None
    searched: Rows[LineSearched] | None = None
    would_change_if: Rows[LineText] | None = None
    decider: Signer | None = None
