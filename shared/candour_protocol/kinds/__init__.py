"""The kinds of statement: their closed lists, and a model for the codes (T1) and the content (T2) of each.

Plain kinds disclose nothing and have no models. Source: protocol section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from candour_protocol.errors import MismatchError
from candour_protocol.kinds.acknowledgement import AcknowledgementCodes, AcknowledgementContent, FactQuestion
from candour_protocol.kinds.answer import (
    AnswerCodes,
    AnswerContent,
    LineContent,
    LineOutcome,
    LineSearched,
    LineText,
)
from candour_protocol.kinds.approval import ApprovalCodes, ApprovalContent
from candour_protocol.kinds.challenge import CHALLENGEABLE, STAGES, ChallengeCodes, ChallengeContent
from candour_protocol.kinds.concern import (
    ChildView,
    ConcernCodes,
    ConcernContent,
    ConfirmsCall,
    Fact,
    Handling,
    Original,
    Withheld,
)
from candour_protocol.kinds.correction import (
    AppliedCodes,
    AppliedContent,
    CorrectionCodes,
    CorrectionContent,
)
from candour_protocol.kinds.decision import ClosureEvidence, DecisionCodes, DecisionContent, LimitedFeedback
from candour_protocol.kinds.delivery import DeliveryCodes, DeliveryContent
from candour_protocol.kinds.ending import (
    ClosureCodes,
    ClosureContent,
    WithdrawalCodes,
    WithdrawalContent,
)
from candour_protocol.kinds.fields import Codes, Content, Openness, WireModel
from candour_protocol.kinds.link import LinkCodes, LinkContent
from candour_protocol.kinds.lists import IN_FORCE, OPTIONAL_T1, PLAIN, T1, T2, Kind, digest_count
from candour_protocol.kinds.notice import Lodged, Notice, NoticeCodes, NoticeContent, Pattern
from candour_protocol.kinds.outcome import OutcomeCodes, OutcomeContent
from candour_protocol.kinds.people import NUMBERS, Attachment, Author, Person, Professional, Reach, Signer
from candour_protocol.kinds.reply import Reply, ReplyCodes, ReplyContent
from candour_protocol.kinds.request import Asked, MayTellFamily, Question, RequestCodes, RequestContent
from candour_protocol.kinds.told import ToldCodes, ToldContent, ToldOutside
from candour_protocol.kinds.transfer import TransferCodes, TransferContent
from candour_protocol.strict_json import JsonObject

__all__ = [
    "CHALLENGEABLE",
    "CODES",
    "CONTENT",
    "IN_FORCE",
    "NUMBERS",
    "OPTIONAL_T1",
    "PLAIN",
    "STAGES",
    "T1",
    "T2",
    "AcknowledgementCodes",
    "AcknowledgementContent",
    "AnswerCodes",
    "AnswerContent",
    "AppliedCodes",
    "AppliedContent",
    "ApprovalCodes",
    "ApprovalContent",
    "Asked",
    "Attachment",
    "Author",
    "ChallengeCodes",
    "ChallengeContent",
    "ChildView",
    "ClosureCodes",
    "ClosureContent",
    "ClosureEvidence",
    "Codes",
    "ConcernCodes",
    "ConcernContent",
    "ConfirmsCall",
    "Content",
    "CorrectionCodes",
    "CorrectionContent",
    "DecisionCodes",
    "DecisionContent",
    "DeliveryCodes",
    "DeliveryContent",
    "Fact",
    "FactQuestion",
    "Handling",
    "Kind",
    "LimitedFeedback",
    "LineContent",
    "LineOutcome",
    "LineSearched",
    "LineText",
    "LinkCodes",
    "LinkContent",
    "Lodged",
    "MayTellFamily",
    "Notice",
    "NoticeCodes",
    "NoticeContent",
    "Openness",
    "Original",
    "OutcomeCodes",
    "OutcomeContent",
    "Pattern",
    "Person",
    "Professional",
    "Question",
    "Reach",
    "Reply",
    "ReplyCodes",
    "ReplyContent",
    "RequestCodes",
    "RequestContent",
    "Signer",
    "ToldCodes",
    "ToldContent",
    "ToldOutside",
    "TransferCodes",
    "TransferContent",
    "WithdrawalCodes",
    "WithdrawalContent",
    "Withheld",
    "digest_count",
    "parse_codes",
    "parse_content",
]

CODES: Mapping[Kind, type[Codes]] = {
    Kind.CONCERN: ConcernCodes,
    Kind.REQUEST: RequestCodes,
    Kind.APPROVAL: ApprovalCodes,
    Kind.DELIVERY: DeliveryCodes,
    Kind.ACKNOWLEDGEMENT: AcknowledgementCodes,
    Kind.REPLY: ReplyCodes,
    Kind.DECISION: DecisionCodes,
    Kind.ANSWER: AnswerCodes,
    Kind.CHALLENGE: ChallengeCodes,
    Kind.OUTCOME: OutcomeCodes,
    Kind.TRANSFER: TransferCodes,
    Kind.WITHDRAWAL: WithdrawalCodes,
    Kind.CLOSURE: ClosureCodes,
    Kind.CORRECTION: CorrectionCodes,
    Kind.APPLIED: AppliedCodes,
    Kind.LINK: LinkCodes,
    Kind.TOLD: ToldCodes,
    Kind.NOTICE: NoticeCodes,
}

CONTENT: Mapping[Kind, type[Content]] = {
    Kind.CONCERN: ConcernContent,
    Kind.REQUEST: RequestContent,
    Kind.APPROVAL: ApprovalContent,
    Kind.DELIVERY: DeliveryContent,
    Kind.ACKNOWLEDGEMENT: AcknowledgementContent,
    Kind.REPLY: ReplyContent,
    Kind.DECISION: DecisionContent,
    Kind.ANSWER: AnswerContent,
    Kind.CHALLENGE: ChallengeContent,
    Kind.OUTCOME: OutcomeContent,
    Kind.TRANSFER: TransferContent,
    Kind.WITHDRAWAL: WithdrawalContent,
    Kind.CLOSURE: ClosureContent,
    Kind.CORRECTION: CorrectionContent,
    Kind.APPLIED: AppliedContent,
    Kind.LINK: LinkContent,
    Kind.TOLD: ToldContent,
    Kind.NOTICE: NoticeContent,
}


Model = TypeVar("Model", bound=WireModel)


def parse_codes(kind: Kind, value: JsonObject) -> Codes:
    """The typed codes of a statement of this kind.

    Raises:
        MismatchError: ``mismatch``, with the member at fault; or a kind that discloses nothing.
    """
    model = CODES.get(kind)
    if model is None:
        raise MismatchError("mismatch", f"a {kind} discloses no codes")
    return _parsed(model, value, kind, "codes")


def parse_content(kind: Kind, value: JsonObject, *, partial: bool = False) -> Content:
    """The typed content of a statement of this kind.

    Args:
        partial: some fields may be missing, as in the disclosures that a relay passes on.

    Raises:
        MismatchError: ``mismatch``, with the member at fault.
    """
    model = CONTENT.get(kind)
    if model is None or not (partial or len(value) == len(T2[kind])):
        raise MismatchError("mismatch", f"not all fields of a {kind}'s content")
    return _parsed(model, value, kind, "content")


def _parsed(model: type[Model], value: JsonObject, kind: Kind, part: str) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        loc = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        # The library's own message can quote what people wrote; only the place is passed on.
        raise MismatchError("mismatch", f"not the {part} of a {kind}", pointer=_pointer(loc)) from None


def _pointer(loc: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in loc)
