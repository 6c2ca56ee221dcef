"""Bodies of the calls that answer a message: acknowledgement, decision, answer, outcome, approval, reply."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from candour_protocol.kinds import Attachment, ClosureEvidence, Fact, FactQuestion, Reply, Signer
from candour_protocol.kinds.fields import Line, Rows
from pydantic import BeforeValidator, Field

from candour_agency.schemas.fields import Body, Code, Texts


def _as_question(value: Any) -> Any:
    return {"question": value} if isinstance(value, str) else value


Question = Annotated[FactQuestion, BeforeValidator(_as_question)]


class AcknowledgementBody(Body):
    """Who has it now; each question is text, or ``{fact, question}`` with the fact's position from 0."""

    name: str | None = None
    role: str | None = None
    questions: Rows[Question] | None = None
    staff_id: str | None = None


class DecisionBody(Body):
    """What will be done; ``final: false`` leaves the clock running.

    Without ``final`` it is final where it has a known code, a decider, and reasons or feedback.
    ``feedback_limited`` is why its sender is not told everything, a code of that list; it stands for words,
    but for ``OTHER`` and in a decision that ends the matter.
    """

    decision: Code | None = None
    final: bool | None = None
    feedback: str | None = None
    feedback_limited: Code | None = None
    reasons: str | None = None
    decider: Signer | None = None
    closure_evidence: ClosureEvidence | None = None


class LineAnswer(Body):
    """What becomes of one line; ``line`` counts from 1."""

    line: Line
    outcome: Code | None = None
    reason: Code | None = None
    text: str | None = None
    basis: Code | None = None
    searched: Texts | None = None
    would_change_if: str | None = None


class AnswerBody(Body):
    """An outcome for each line, and who decided."""

    outcomes: Annotated[tuple[LineAnswer, ...], Field(strict=False, max_length=40)] = ()
    decider: Signer | None = None
    countersigned_by: Signer | None = None


class OutcomeBody(Body):
    """What came of the answer."""

    outcome: Code | None = None
    came_of_it: str | None = None
    author: Signer | None = None


class ApprovalBody(Body):
    """A second person's word on a request that is held; ``as`` is ``second`` or ``lodgee``."""

    capacity: Literal["second", "lodgee"] = Field(default="second", alias="as")
    who: Signer | None = None
    why: str | None = None


class ReplyBody(Body):
    """More for a thread.

    ``in_reply_to`` is a message of it; needed where the thread has more than two parties.
    """

    in_reply_to: str | None = None
    answers: Rows[Reply] | None = None
    facts: Rows[Fact] | None = None
    attachments: Rows[Attachment] | None = None
    author: Signer | None = None
