"""``decision``: what a concern's recipient will do, and what its author may know. Source: domain 2.15."""

from __future__ import annotations

from candour_protocol.codes import TriageDecision, known
from candour_protocol.kinds.fields import Code, Codes, Content, Rows, WireModel
from candour_protocol.kinds.people import Signer


class DecisionCodes(Codes):
    """T1 of a decision; one that is not ``final`` leaves the clock running."""

    decision: Code | None
    final: bool | None

    @property
    def is_final(self) -> bool:
        """Whether it settles anything: a code that nobody knows decides nothing."""
        return self.final is not False and known(TriageDecision, self.decision)


class ClosureEvidence(WireModel):
    """What was done before a matter was closed."""

    seen_child: bool | None = None
    checks_done: Rows[str] | None = None
    explanation_tested: bool | None = None
    text: str | None = None


class LimitedFeedback(WireModel):
    """What its author may know, where that is not everything (``FEEDBACK_LIMITED``, domain 4.1).

    Attributes:
        limited: why; a code of ``feedback_limit``.
    """

    text: str | None = None
    limited: str


class DecisionContent(Content):
    """T2 of a decision; feedback is words alone, unless it is limited."""

    feedback: str | LimitedFeedback | None = None
    reasons: str | None = None
    decider: Signer | None = None
    closure_evidence: ClosureEvidence | None = None
