"""What has to be said before a matter is decided, ended or put right. Pure.

A decision has a code, reasons, and somebody who made it: no further action is a decision with reasons, not an
absence. Of one that goes on they can be kept back, for a reason that is a code. "Malicious" wants evidence in
words. Source: domain 2.15, 2.16, 4.1 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from candour_protocol import rules
from candour_protocol.codes import (
    ClosureReason,
    Coded,
    CorrectionKind,
    FeedbackLimit,
    TriageDecision,
    known,
    nearest,
)
from candour_protocol.kinds import Signer
from candour_protocol.policy import Policy

from candour_agency.calls import Call
from candour_agency.drafts import coding
from candour_agency.faults import CallError, Code, Place
from candour_agency.schemas.reactions import DecisionBody, OutcomeBody, ReplyBody
from candour_agency.schemas.steps import AppliedBody, ClosureBody, CorrectionBody

ENDING: Final = frozenset(
    {TriageDecision.ADVICE_NFA, TriageDecision.EARLY_HELP, TriageDecision.OTHER_SERVICE}
)
"""Decisions after which nobody looks into what happened."""

NOT_FINAL = "This decision was sent as not final, and a final one is still owed: {lacks}"


def decision_lacks(call: Call, body: DecisionBody) -> list[Place]:
    """What keeps a decision from being final, and how to mend each."""
    return list(_decision_lacks(call, body))


def _decision_lacks(call: Call, body: DecisionBody) -> Iterator[Place]:
    if place := unknown_code(TriageDecision, body.decision, "/decision"):
        yield place
    if not is_somebody(call, body.decider):
        yield Place("/decider", "Say who decided: give `decider.name`, or use that person's token.")
    if place := _unknown_limit(body.feedback_limited):
        yield place
    if not _says(body.reasons, body.feedback) and not _says_why_not(body):
        yield Place("/reasons", "Say why in `reasons`, or in `feedback` what its sender may know.")


def _unknown_limit(typed: str | None) -> Place | None:
    return unknown_code(FeedbackLimit, typed, "/feedback_limited") if typed and typed.strip() else None


def _says_why_not(body: DecisionBody) -> bool:
    """Whether a code alone says why its sender is told no more.

    Of another reason only words do; and whoever ends a matter says why in words.
    """
    limit = coding.code(FeedbackLimit, body.feedback_limited)
    ends = coding.code(TriageDecision, body.decision) in ENDING
    return known(FeedbackLimit, limit) and limit != FeedbackLimit.OTHER and not ends


def check_outcome(body: OutcomeBody) -> None:
    """What came of an answer is a code or some words; nothing tells its holder nothing.

    Raises:
        CallError: neither is given.
    """
    if not _says(body.outcome, body.came_of_it):
        detail = "Say what came of it: a code in `outcome`, or words in `came_of_it`."
        refuse([Place("/outcome", detail)])


# What a code alone does not say, and where its words stand: by the floor of a fact (R02).
_EVIDENCE: Final = "Say in `{member}` what shows that it was malicious, in {floor} words or more."
_IN_WORDS: Final = "This code wants words: say in `{member}`, in {floor} words or more, what it stands for."
_WANT_WORDS: Final[Mapping[str, str]] = {
    ClosureReason.MALICIOUS: _EVIDENCE,
    ClosureReason.CHECKS_UNANSWERED: _IN_WORDS,
    ClosureReason.OTHER: _IN_WORDS,
    CorrectionKind.OUTCOME_MALICIOUS: _EVIDENCE,
}


def check_closure(policy: Policy, body: ClosureBody) -> None:
    """A closure gives a reason of the list, if any, and the words that this wants.

    Raises:
        CallError: it does not.
    """
    if body.reason is not None:
        refuse(list(_lacks_words(ClosureReason, body.reason, "reason", body.text, "text", policy)))


def check_correction(policy: Policy, body: CorrectionBody) -> None:
    """A correction gives the words that its kind wants. One of no known kind goes out, and is marked (R14).

    Raises:
        CallError: it does not.
    """
    if known(CorrectionKind, coding.code(CorrectionKind, body.correction_kind)):
        said = body.what_is_right
        member, text = "correction_kind", "what_is_right"
        refuse(list(_lacks_words(CorrectionKind, body.correction_kind, member, said, text, policy)))


_SAY_WHY: Final = (
    "Say in `why_not` why the correction cannot stand in your records, so that its author knows what stays "
    "wrong, and where."
)


def check_applied(body: AppliedBody) -> None:
    """Whoever cannot apply a correction says why (R14); a person at the other end has to act on it.

    Raises:
        CallError: they do not.
    """
    if body.applied == "cannot" and not _says(body.why_not):
        refuse([Place("/why_not", _SAY_WHY)])


def says_anything(body: ReplyBody) -> bool:
    """Whether a reply has any words in it."""
    answered, facts = body.answers or (), body.facts or ()
    return _says(*(one.text for one in answered), *(one.what for one in facts))


def _says(*texts: str | None) -> bool:
    """Whether any of these is more than blanks."""
    return any(text and text.strip() for text in texts)


def _lacks_words(
    codes: type[Coded], typed: str | None, at: str, said: str | None, member: str, policy: Policy
) -> Iterator[Place]:
    if place := unknown_code(codes, typed, f"/{at}"):
        yield place
    wanted = _WANT_WORDS.get(coding.code(codes, typed) or "")
    if wanted and not rules.says_something(said, policy):
        yield Place(f"/{member}", wanted.format(member=member, floor=policy.words.fact))


def is_somebody(call: Call, person: Signer | None) -> bool:
    """Whether a person acts: known by their token, or named; the name of a role or a team is no person's."""
    if call.acting.staff_id:
        return True
    if person is None:
        return False
    nobody = call.office.directory.policy.vocabulary.nobody_at_work
    return person.staff_id is not None or not rules.names_nobody(person.name, nobody)


def unknown_code(codes: type[Coded], typed: str | None, pointer: str) -> Place | None:
    """What is wrong with a code that has to be of its list, with the nearest of the list."""
    if known(codes, coding.code(codes, typed)):
        return None
    near = nearest(codes, typed)
    hint = f"Did you mean {near}?" if near else f"One of {', '.join(codes.__members__)}."
    return Place(pointer, f"Give a code of the list. {hint}")


def refuse(places: Sequence[Place]) -> None:
    """Send back what lacks something.

    Raises:
        CallError: anything is lacking.
    """
    if places:
        raise CallError(Code.INVALID_BODY, " ".join(place.detail for place in places), places=places)
