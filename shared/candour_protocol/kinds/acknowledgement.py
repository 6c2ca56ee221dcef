"""``acknowledgement``: a named person has a concern or request in hand. Source: protocol 3.1, domain 4.1."""

from __future__ import annotations

from candour_protocol.kinds.fields import Codes, Content, Rows, WireModel


class AcknowledgementCodes(Codes):
    """T1 of an acknowledgement."""


class FactQuestion(WireModel):
    """A question about the fact at this position, counted from 0; it does not stop the clock."""

    fact: int | None = None
    question: str | None = None


class AcknowledgementContent(Content):
    """T2 of an acknowledgement."""

    name: str | None = None
    role: str | None = None
    questions: Rows[FactQuestion] | None = None
