"""What is answered, decided, corrected and ended. Source: domain 2.11, 2.12, 2.15, 2.16, 4.1 and 4.2."""

from __future__ import annotations

from candour_protocol.codes.coded import Coded


class ResponseOutcome(Coded):
    """What becomes of one line of a request."""

    DISCLOSED_FULL = "DISCLOSED_FULL", "Answered in full"
    DISCLOSED_PART = "DISCLOSED_PART", "Answered in part", "With what is withheld, and why"
    REFUSED = "REFUSED", "Refused", "With the reason, and what would change it"
    NO_INFO_HELD = "NO_INFO_HELD", "Nothing held", "With the systems searched, and when"
    NEED_MORE = (
        "NEED_MORE",
        "More is needed",
        "The concern is too thin to judge by; always allowed, costs nothing",
    )
    IDENTITY_UNCERTAIN = "IDENTITY_UNCERTAIN", "Not sure this is the right child", "No candidates are named"
    WRONG_HOLDER = "WRONG_HOLDER", "Held by somebody else", "With a pointer"
    DUPLICATE = "DUPLICATE", "Asked before"


class RefusalReason(Coded):
    """Why a line is not answered, or not in full."""

    CONCERN_TOO_THIN = "CONCERN_TOO_THIN", "The concern is too thin"
    OUT_OF_SCOPE = "OUT_OF_SCOPE", "Out of scope"
    NOT_NECESSARY = "NOT_NECESSARY", "Not necessary"
    DETRIMENT_TO_CHILD = "DETRIMENT_TO_CHILD", "More detrimental to the child", "s16LA(3)"
    PREJUDICE_INVESTIGATION = "PREJUDICE_INVESTIGATION", "It would prejudice an investigation"
    RISK_TO_PERSON = "RISK_TO_PERSON", "It would put a person at risk"
    INCOMPATIBLE_DUTY = "INCOMPATIBLE_DUTY", "Incompatible with our own duties", "Children Act 1989 s27"
    UNDUE_PREJUDICE = "UNDUE_PREJUDICE", "It would unduly prejudice our functions", "Children Act 1989 s27"
    UNREASONABLE_S47_10 = (
        "UNREASONABLE_S47_10",
        "Unreasonable in all the circumstances",
        "Children Act 1989 s47(10)",
    )
    NO_POWER = "NO_POWER", "We have no power to share it"
    COURT_RESTRICTION = "COURT_RESTRICTION", "A court restricts it"
    LEGAL_PRIVILEGE = "LEGAL_PRIVILEGE", "Legal privilege"
    THIRD_PARTY_UNJUSTIFIED = "THIRD_PARTY_UNJUSTIFIED", "It is about somebody else, and not justified"
    IDENTITY_UNCERTAIN = "IDENTITY_UNCERTAIN", "Not sure this is the right child"
    CHILD_COMPETENT_OBJECTS = (
        "CHILD_COMPETENT_OBJECTS",
        "A competent child objects",
        "Not enough on its own at level 3 or 4",
    )
    NOT_CONTROLLER = "NOT_CONTROLLER", "Somebody else controls this information"
    CATEGORY_MISMATCH = "CATEGORY_MISMATCH", "The story is not what its category says"
    OTHER = "OTHER", "Another reason, in words"
    NO_CONSENT = "NO_CONSENT", "No consent", "Not enough on its own at level 3 or 4"
    GDPR = "GDPR", "Data protection", "Not enough on its own"
    POLICY = "POLICY", "Our policy", "Not enough on its own"
    NOT_OUR_FORM = "NOT_OUR_FORM", "Not our form", "Not enough on its own"


class TriageDecision(Coded):
    """What a concern's recipient will do about it."""

    URGENT_PROTECTION = "URGENT_PROTECTION", "Urgent protection"
    STRATEGY_S47 = "STRATEGY_S47", "Strategy discussion or child protection enquiry"
    ASSESS_S17 = "ASSESS_S17", "Child in need assessment"
    MASH_CHECKS = "MASH_CHECKS", "Checks by the safeguarding hub"
    OPEN_CASE_FORWARDED = "OPEN_CASE_FORWARDED", "Open case, forwarded to the worker"
    EARLY_HELP = "EARLY_HELP", "Early help"
    OTHER_SERVICE = "OTHER_SERVICE", "Another service"
    ADVICE_NFA = "ADVICE_NFA", "Advice given, no further action", "A decision with reasons, not an absence"
    TRANSFER_LA = "TRANSFER_LA", "Transfer to another authority"
    LADO = "LADO", "To the local authority designated officer"


class FeedbackLimit(Coded):
    """Why whoever told a concern is not told everything that was decided; codes of 2.12 that can be why."""

    DETRIMENT_TO_CHILD = "DETRIMENT_TO_CHILD", "More would be detrimental to the child"
    PREJUDICE_INVESTIGATION = "PREJUDICE_INVESTIGATION", "More would prejudice an investigation"
    RISK_TO_PERSON = "RISK_TO_PERSON", "More would put a person at risk"
    COURT_RESTRICTION = "COURT_RESTRICTION", "A court restricts it"
    LEGAL_PRIVILEGE = "LEGAL_PRIVILEGE", "Legal privilege"
    THIRD_PARTY_UNJUSTIFIED = "THIRD_PARTY_UNJUSTIFIED", "The rest is about somebody else"
    NOT_NECESSARY = "NOT_NECESSARY", "The rest is not needed for your part"
    OTHER = "OTHER", "Another reason, in words"


class CorrectionKind(Coded):
    """What is put right. Only a wrong child, a wrong fact and a duplicate take something back."""

    WRONG_CHILD = "WRONG_CHILD", "Wrong child", "Also starts the clock of a data breach"
    FACT_WRONG = "FACT_WRONG", "A fact was wrong"
    DUPLICATE = "DUPLICATE", "Duplicate"
    CATEGORY_CHANGED = "CATEGORY_CHANGED", "Category changed"
    UPDATE = "UPDATE", "Update"
    DISPUTED_NOTE = "DISPUTED_NOTE", "The person concerned disputes it"
    OUTCOME_UNSUBSTANTIATED = (
        "OUTCOME_UNSUBSTANTIATED",
        "Outcome: unsubstantiated",
        "An outcome, not an erasure",
    )
    OUTCOME_UNFOUNDED = "OUTCOME_UNFOUNDED", "Outcome: unfounded"
    OUTCOME_FALSE = "OUTCOME_FALSE", "Outcome: false"
    OUTCOME_MALICIOUS = "OUTCOME_MALICIOUS", "Outcome: malicious", "Needs evidence in words"
    OUTCOME_SUBSTANTIATED = "OUTCOME_SUBSTANTIATED", "Outcome: substantiated"


class WithdrawalReason(Coded):
    """Why its author takes a statement back."""

    SENT_IN_ERROR = "SENT_IN_ERROR", "Sent in error"
    WRONG_RECIPIENT = "WRONG_RECIPIENT", "Sent to the wrong recipient"
    NO_LONGER_NEEDED = "NO_LONGER_NEEDED", "No longer needed"
    ANSWERED_OTHERWISE = "ANSWERED_OTHERWISE", "Answered by other means"
    REPLACED = "REPLACED", "Replaced by another statement"
    OTHER = "OTHER", "Another reason, in words"


class ClosureReason(Coded):
    """Why a matter ends. While checks are unanswered one of these is wanted."""

    ENQUIRIES_COMPLETE = "ENQUIRIES_COMPLETE", "Enquiries are complete"
    CHILD_SAFE = "CHILD_SAFE", "The child was seen and is safe"
    CHECKS_NOT_NEEDED = "CHECKS_NOT_NEEDED", "The outstanding checks are no longer needed"
    CHECKS_UNANSWERED = "CHECKS_UNANSWERED", "Closed although checks are unanswered", "Who is told, in words"
    TRANSFERRED = "TRANSFERRED", "Transferred to another authority"
    MOVED_AWAY = "MOVED_AWAY", "The family has moved away"
    MALICIOUS = "MALICIOUS", "Malicious", "Needs evidence in words"
    OTHER = "OTHER", "Another reason, in words"


class ToldBy(Coded):
    """How somebody outside the exchange was told."""

    PHONE = "PHONE", "By telephone"
    IN_PERSON = "IN_PERSON", "In person"
    EMAIL = "EMAIL", "By secure email"
    POST = "POST", "By post"
    OTHER_SYSTEM = "OTHER_SYSTEM", "Through another system"
