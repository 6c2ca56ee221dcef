"""``outcome``: the asker tells the holder what came of the answer. Source: protocol 3.1, domain 4.2."""

from __future__ import annotations

from candour_protocol.kinds.fields import Code, Codes, Content


class OutcomeCodes(Codes):
    """T1 of an outcome."""

    outcome: Code | None


class OutcomeContent(Content):
    """T2 of an outcome."""

    came_of_it: str | None = None
