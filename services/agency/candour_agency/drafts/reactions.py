"""From the bodies that answer a message to their codes (T1) and content (T2).

Pure. Source: protocol section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

from candour_protocol import rules
from candour_protocol.codes import (
    FeedbackLimit,
    RefusalReason,
    ResponseOutcome,
    TrainingLevel,
    TriageDecision,
    known,
)
from candour_protocol.ids import GATEWAY, GENERAL, Address, StatementHash
from candour_protocol.kinds import (
    AcknowledgementContent,
    AnswerContent,
    ApprovalContent,
    Content,
    DecisionContent,
    Kind,
    LimitedFeedback,
    LineContent,
    LineSearched,
    LineText,
    OutcomeContent,
    ReplyContent,
    parse_codes,
)
from candour_protocol.strict_json import JsonObject

from candour_agency.drafts import coding
from candour_agency.drafts.acting import Acting
from candour_agency.messages import Message
from candour_agency.office import Office
from candour_agency.schemas.reactions import (
    AcknowledgementBody,
    AnswerBody,
    ApprovalBody,
    DecisionBody,
    LineAnswer,
    OutcomeBody,
    ReplyBody,
)
from candour_agency.schemas.steps import WordBody
from candour_agency.writing import Plan


@dataclass(frozen=True, slots=True)
class Reacting:
    """What a reaction needs besides its body.

    Attributes:
        parent: what is answered.
        reply_inbox: the inbox at the other agency that the thread is kept in.
        iat: seconds since 1970.
    """

    office: Office
    acting: Acting
    parent: Message
    iat: int
    reply_inbox: str = GENERAL

    def plan(
        self,
        kind: Kind,
        codes: Mapping[str, Any],
        content: Content | None,
        *,
        waits: Sequence[StatementHash] = (),
        to: Address | None = None,
        irt: StatementHash | EllipsisType | None = ...,
    ) -> Plan:
        """The plan of a statement in the parent's thread, about it and to its other party unless said."""
        actor = self.acting.actor(self.office.keys.actor, self.parent.txn)
        return Plan(
            kind=kind,
            to=to or Address(self.parent.counterparty, self.reply_inbox),
            txn=self.parent.txn,
            urgency=self.parent.urgency,
            codes={"txn": self.parent.txn, "actor": actor, **codes},
            content=content.model_dump(exclude_none=True) if content else {},
            irt=self.parent.hash if isinstance(irt, EllipsisType) else irt,
            waits=tuple(waits),
            restricted=self.parent.restricted,
            shut_out=self.parent.shut_out,
        )


def acknowledgement(now: Reacting, body: AcknowledgementBody) -> Plan:
    """A named person has it."""
    content = AcknowledgementContent(name=body.name, role=body.role, questions=body.questions)
    return now.plan(Kind.ACKNOWLEDGEMENT, {}, content)


def decision(now: Reacting, body: DecisionBody, *, final: bool) -> Plan:
    """What will be done about a concern. One that is not final leaves the clock running; words are kept."""
    found = coding.code(TriageDecision, body.decision)
    codes: JsonObject = {"decision": found, "final": final}
    content = DecisionContent(
        feedback=_feedback(body, body.feedback or (None if found == body.decision else body.decision)),
        reasons=body.reasons,
        decider=body.decider,
        closure_evidence=body.closure_evidence,
    )
    return now.plan(Kind.DECISION, codes, content)


def _feedback(body: DecisionBody, text: str | None) -> str | LimitedFeedback | None:
    """What its sender may know; and why that is not everything, as it was typed where no code fits."""
    limited = body.feedback_limited
    if not limited or not limited.strip():
        return text
    code = coding.code(FeedbackLimit, limited)
    return LimitedFeedback(text=text, limited=code if code and known(FeedbackLimit, code) else limited)


def answer(now: Reacting, body: AnswerBody, waits: Sequence[StatementHash]) -> Plan:
    """An outcome for each line, attested by the rules that only nodes can run."""
    level = body.decider.training_level if body.decider else None
    second = now.acting.other(now.office.keys.actor, now.parent.txn, body.countersigned_by)
    codes: JsonObject = {
        "txn": now.parent.txn,
        "actor": now.acting.actor(now.office.keys.actor, now.parent.txn),
        "outcomes": [_outcome(line) for line in body.outcomes],
        "decider_level": coding.code(TrainingLevel, level),
        "countersigned": second,
        "checks": None,
    }
    content = _answer_content(body)
    matter = rules.Matter(Kind.ANSWER, parse_codes(Kind.ANSWER, codes), content)
    policy = now.office.directory.policy
    codes["checks"] = dict(rules.check_matter(matter, (), now.iat, policy).checks)
    return now.plan(Kind.ANSWER, codes, content, waits=waits)


def _outcome(line: LineAnswer) -> JsonObject:
    return {
        "line": line.line,
        "outcome": coding.code(ResponseOutcome, line.outcome),
        "reason": coding.code(RefusalReason, line.reason),
    }


def _answer_content(body: AnswerBody) -> AnswerContent:
    lines = body.outcomes
    texts = tuple(
        LineContent(line=one.line, text=one.text, basis=one.basis) for one in lines if one.text or one.basis
    )
    searched = tuple(LineSearched(line=one.line, searched=one.searched) for one in lines if one.searched)
    changes = tuple(LineText(line=one.line, text=one.would_change_if) for one in lines if one.would_change_if)
    return AnswerContent(
        content=texts or None,
        searched=searched or None,
        would_change_if=changes or None,
        decider=body.decider,
    )


def outcome(now: Reacting, body: OutcomeBody) -> Plan:
    """What came of an answer; any code will do, the log only says that it was told."""
    found = coding.code(TriageDecision, body.outcome)
    return now.plan(Kind.OUTCOME, {"outcome": found}, OutcomeContent(came_of_it=body.came_of_it))


def approval(now: Reacting, body: ApprovalBody, waits: Sequence[StatementHash]) -> Plan:
    """A second person's word; it goes to whoever the request goes to, and gets no delivery of its own."""
    codes: JsonObject = {"approves": now.parent.hash, "as": body.capacity}
    content = ApprovalContent(who=body.who, why=body.why)
    return now.plan(Kind.APPROVAL, codes, content, waits=waits)


def agreement(now: Reacting, erasure: StatementHash) -> Plan:
    """What this agency sent or received may be erased early; for the gateway, to which no story is told."""
    codes: JsonObject = {"approves": erasure, "as": "party"}
    return now.plan(Kind.APPROVAL, codes, None, to=Address(GATEWAY), irt=erasure)


def word(now: Reacting, body: WordBody, holder: Address) -> Plan:
    """A lodgee's word on a request of which it knows that it waits, and to whom it goes."""
    codes: JsonObject = {"approves": now.parent.about, "as": "lodgee"}
    content = ApprovalContent(who=body.who, why=body.why)
    return now.plan(Kind.APPROVAL, codes, content, to=holder, irt=now.parent.about)


def reply(now: Reacting, body: ReplyBody, waits: Sequence[StatementHash]) -> Plan:
    """More for the thread."""
    content = ReplyContent(answers=body.answers, facts=body.facts, attachments=body.attachments)
    return now.plan(Kind.REPLY, {}, content, waits=waits)
