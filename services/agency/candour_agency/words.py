"""Verdicts, violations and events in the words that people read.

Source: protocol section 9, last paragraph.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from candour_protocol import wording
from candour_protocol.codes import CorrectionKind
from candour_protocol.kinds import Kind
from candour_protocol.rules import Severity, Violation
from candour_protocol.rules.advice import fix_for
from candour_protocol.rules.table import RULES
from candour_protocol.strict_json import JsonObject

from candour_agency.messages import Message

_RULES: Final = {rule.id: rule for rule in RULES}
_MEND: Final = {
    "late": "Send it again; what has waited this long needs a fresh request.",
    "clock": "Nothing to do: it is sent again by itself. Have this node's clock set right.",
    "key": "Have your operator give this node your agency's present signing key; then send it again.",
    "not-a-party": "Check what it answers: only its sender and its recipient may.",
    "not-told": "Tell it to whoever is to have it, in this thread; then hand it on again.",
    "t1-keep": "Wait until its time is over, or have the registrar ask everybody who has it.",
    "thread-open": "Finish what is open in its thread first: GET /v1/threads/{thread} shows it.",
    "legal-hold": "Have the registrar ask everybody who has it; a hold is theirs to lift.",
    "reason-needed": (
        "Close it again with a reason of the list, such as CHECKS_UNANSWERED: a check that rests on it has a "
        "line without an answer."
    ),
    "erased": "Tell or ask anew what still matters.",
}
EVENTS: Final = {
    "received": "came in",
    "queued": "waiting to be sent",
    "logged": "entered in the log",
    "unreadable": "could not be opened there",
    "delivered": "reached their system",
    "acknowledged": "opened by a named person",
    "decided": "decided",
    "answered": "answered",
    "needs-more": "needs more detail before it can be answered",
    "reopened": "more detail was given",
    "outcome": "what came of it was told",
    "concern-followed": "the concern followed",
    "concern-owed-again": "the concern that followed no longer stands; another is owed",
    "corrected": "corrected by its author",
    "challenged": "challenged: somebody else is to decide again",
    "transferred": "handed on to somebody else",
    "suspended": "stopped until a correction is applied",
    "resumed": "goes on: the correction is applied",
    "closed": "closed",
    "lapsed": "lapsed",
    "withdrawn": "taken back by its author",
    "erased": "what it said was deleted",
    **wording.VERDICTS,
}
NOT_ENOUGH: Final = (
    "Challenge it: the reason is not enough on its own, and somebody else there has to look again."
    " Say why you disagree, or add a fact."
)
WRONG_CHILD: Final = (
    "What was said of the wrong child may be a data breach, at both ends. Tell your data protection officer"
    " now: the 72 hours within which the Information Commissioner has to hear of one may have begun (UK GDPR,"
    " Article 33)."
)
TELL_OUTSIDE: Final = (
    "Your agency told somebody outside the exchange by other means: this does not reach them by itself. Tell"
    " them in the same way, and note that too."
)
HAVE_IT_STILL: Final = (
    "The same words stand with others still: {others}. Take them back there too, unless only this one went to"
    " the wrong place."
)
_NO_SECOND: Final = (
    "Let somebody else than the author approve it, known by a staff id, while it waits for a second person."
)
_ELSE: Final = "Send it again as a new message. If it comes back, show this to your operator."


def violation(rule: str, pointer: str, hint: str = "", severity: str = "") -> JsonObject:
    """One violation: the rule in plain words, and how to mend this fault of it."""
    known = _RULES.get(rule)
    found: JsonObject = {
        "rule": rule,
        "title": known.title if known else "",
        "statement": known.statement if known else wording.REASONS.get(rule, rule),
        "fix": fix_for(rule, pointer, _severity(severity), hint) if known else _mend(rule, pointer),
        "pointer": pointer,
    }
    return found | {"hint": hint} if hint else found


def _severity(named: str) -> Severity | None:
    return Severity(named) if named else None


def _mend(rule: str, pointer: str) -> str:
    return _NO_SECOND if (rule, pointer) == ("not-a-party", "/approves") else _MEND.get(rule, _ELSE)


def violations_of(message: Message) -> list[JsonObject]:
    """What the gateway found, or the rules of the entry where it gave no places."""
    found = message.violations or tuple((rule, "", "", "") for rule in message.rules)
    return [violation(*one) for one in found]


def found_here(violations: Iterable[Violation]) -> list[JsonObject]:
    """What a dry run found, each place once."""
    return [
        violation(one.rule, one.pointer, one.hint, one.severity) | {"severity": str(one.severity)}
        for one in sorted(set(violations))
    ]


def is_not_enough(message: Message) -> bool:
    """Whether it is an answer whose reason is not enough on its own (domain 2.12)."""
    return message.kind is Kind.ANSWER and message.unlocks and "R11" in message.rules


def is_of_the_wrong_child(kind: Kind, codes: JsonObject | None) -> bool:
    """Whether it corrects what was said of the wrong child, which may be a data breach (domain 2.16, R14)."""
    return kind is Kind.CORRECTION and (codes or {}).get("correction_kind") == CorrectionKind.WRONG_CHILD


def event_text(event: str) -> str:
    """What happened, in people's words."""
    return EVENTS.get(event, event)


def verdict_text(message: Message) -> str:
    """What the log says of a message."""
    verdict = message.verdict or ""
    return held_text(message) if verdict == "held" else wording.VERDICTS.get(verdict, verdict)


def held_text(message: Message) -> str:
    """Whom a hold waits for: somebody of its author's agency, a lodgee, or both."""
    held = [(rule, hint) for rule, _, hint, severity in message.violations if severity == Severity.HOLD]
    return wording.held_for(lodgees(message), second=any(rule != "R10" for rule, _ in held))


def lodgees(message: Message) -> list[str]:
    """Whose word a hold waits for, as its concern is lodged with them; by their ids."""
    held = [(rule, hint) for rule, _, hint, severity in message.violations if severity == Severity.HOLD]
    return sorted({hint for rule, hint in held if rule == "R10" and hint})


def state_text(state: str, message: Message) -> str:
    """Where a message stands."""
    if state == "held":
        return held_text(message)
    if state == "acknowledged" and message.acknowledged_by:
        return wording.acknowledged_by(message.acknowledged_by)
    return wording.STATES.get(state, state)
