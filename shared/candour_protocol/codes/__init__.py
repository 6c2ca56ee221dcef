"""The code lists, with what people read, what they map to and where they come from. Source: domain 2."""

from __future__ import annotations

from collections.abc import Mapping

from candour_protocol.codes.agencies import AgencyKind, TrainingLevel
from candour_protocol.codes.answers import (
    ClosureReason,
    CorrectionKind,
    FeedbackLimit,
    RefusalReason,
    ResponseOutcome,
    ToldBy,
    TriageDecision,
    WithdrawalReason,
)
from candour_protocol.codes.coded import STATED, UNKNOWN, Coded, CodeList, as_code, is_listed, known, nearest
from candour_protocol.codes.concerns import (
    AssertionBasis,
    ChildViewCode,
    ConcernCategory,
    ConsentPosition,
    ContactLevel,
    HandlingMark,
    IdentifierAbsent,
    NeedLevel,
    NotInformedReason,
    OriginalSource,
    ParentalResponsibility,
    Relationship,
    SubjectRole,
    Urgency,
    WithholdingReason,
)
from candour_protocol.codes.requests import InfoCategory, LawfulBasis, Power, Purpose, SpecialCategory

__all__ = [
    "CODE_LISTS",
    "STATED",
    "UNKNOWN",
    "AgencyKind",
    "AssertionBasis",
    "ChildViewCode",
    "ClosureReason",
    "CodeList",
    "Coded",
    "ConcernCategory",
    "ConsentPosition",
    "ContactLevel",
    "CorrectionKind",
    "FeedbackLimit",
    "HandlingMark",
    "IdentifierAbsent",
    "InfoCategory",
    "LawfulBasis",
    "NeedLevel",
    "NotInformedReason",
    "OriginalSource",
    "ParentalResponsibility",
    "Power",
    "Purpose",
    "RefusalReason",
    "Relationship",
    "ResponseOutcome",
    "SpecialCategory",
    "SubjectRole",
    "ToldBy",
    "TrainingLevel",
    "TriageDecision",
    "Urgency",
    "WithdrawalReason",
    "WithholdingReason",
    "as_code",
    "is_listed",
    "known",
    "nearest",
]

_CENSUS = "DfE children in need census"

_LISTS = (
    CodeList("agency_kind", "Kinds of agency", "domain 2.1", AgencyKind, f"{_CENSUS}, referral source"),
    CodeList(
        "concern_category",
        "Categories of concern",
        "domain 2.2",
        ConcernCategory,
        f"{_CENSUS}, factors at assessment",
    ),
    CodeList("need_level", "Levels of need", "domain 2.3, London continuum of need", NeedLevel),
    CodeList("urgency", "Urgency", "domain 2.4", Urgency),
    CodeList("lawful_basis", "Lawful bases", "domain 2.5, UK GDPR Article 6", LawfulBasis),
    CodeList(
        "special_category", "Special category conditions", "domain 2.5, UK GDPR Article 9", SpecialCategory
    ),
    CodeList("power", "Powers to ask", "domain 2.5", Power),
    CodeList("consent_position", "What the family was told", "domain 2.6", ConsentPosition),
    CodeList(
        "not_informed_reason", "Why not", "domain 2.6, DPA 2018 schedule 1 paragraph 18", NotInformedReason
    ),
    CodeList(
        "original_source", "Who first raised it", "domain 2.1", OriginalSource, f"{_CENSUS}, referral source"
    ),
    CodeList("child_view", "The child's view", "domain 2.6", ChildViewCode),
    CodeList("purpose", "Purposes of a request", "domain 2.7", Purpose),
    CodeList("info_category", "What may be asked", "domain 2.8", InfoCategory),
    CodeList("subject_role", "Roles of people", "domain 2.9", SubjectRole),
    CodeList("relationship", "What somebody is to the child", "domain 2.9, HL7 v3 RoleCode", Relationship),
    CodeList(
        "parental_responsibility",
        "Parental responsibility",
        "domain 2.9, Children Act 1989 s3",
        ParentalResponsibility,
    ),
    CodeList("contact_level", "Contact with the child", "domain 2.9", ContactLevel),
    CodeList("assertion_basis", "Fact and opinion", "domain 2.10", AssertionBasis),
    CodeList("response_outcome", "Outcomes of a line", "domain 2.11", ResponseOutcome),
    CodeList("refusal_reason", "Reasons for not answering", "domain 2.12", RefusalReason),
    CodeList("handling", "Handling marks", "domain 2.13", HandlingMark),
    CodeList("training_level", "Training levels", "domain 2.14, intercollegiate document", TrainingLevel),
    CodeList("triage_decision", "Decisions on a concern", "domain 2.15", TriageDecision),
    CodeList("feedback_limit", "Why feedback is limited", "domain 4.1 and 2.12", FeedbackLimit),
    CodeList("correction_kind", "Kinds of correction", "domain 2.16", CorrectionKind),
    CodeList(
        "identifier_absent_reason", "Why there is no identifier", "Children Act 2004 s16LC", IdentifierAbsent
    ),
    CodeList("withdrawal_reason", "Why something is taken back", "domain 4.1", WithdrawalReason),
    CodeList("closure_reason", "Why a matter ends", "domain 2.15 and 4.1", ClosureReason),
    CodeList("told_by", "How somebody outside was told", "protocol 3.1", ToldBy),
    CodeList("withholding_reason", "Why a concern is lodged elsewhere", "domain R10", WithholdingReason),
)

CODE_LISTS: Mapping[str, CodeList] = {entry.name: entry for entry in _LISTS}
