"""Verdicts, violations and events in the words that people read.

Source: protocol section 9, last paragraph.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from candour_protocol import wording
from candour_protocol.ids import AgencyId
from candour_protocol.kinds import Kind, Notice
from candour_protocol.reminders import recognise
from candour_protocol.rules import Violation
from candour_protocol.rules.table import RULES
from candour_protocol.strict_json import JsonObject

from candour_agency.messages import Message

_RULES: Final = {rule.id: rule for rule in RULES}
_MEND: Final = {
    "late": "Send it again; what has waited this long needs a fresh request.",
    "clock": "Nothing to do: it is sent again by itself. Have this node's clock set right.",
    "key": "Have your operator give this node your agency's present signing key; then send it again.",
    "not-a-party": "Check what it answers: only its sender and its recipient may.",
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
    "outcome": "what came of it was told",
    "concern-followed": "the concern followed",
    "corrected": "corrected by its author",
    "challenged": "challenged: somebody else is to decide again",
    "transferred": "handed on to somebody else",
    "suspended": "stopped until a correction is applied",
    "resumed": "goes on: the correction is applied",
    "closed": "closed",
    "lapsed": "lapsed",
    "withdrawn": "taken back by its author",
    **wording.VERDICTS,
}
NOTICES: Final = {
    Notice.CLOCK: "something about this is due soon, or late",
    Notice.DEBT: "the concern behind an emergency request has not followed yet",
    Notice.PATTERN: "several concerns about one child, seen together",
    Notice.ESCALATION: "this was taken one stage further",
    Notice.INCIDENT: "something went wrong with this; your operator knows more",
    Notice.RELAY: "your concern was passed on to another agency",
    Notice.LODGED: "lodged with somebody who can judge it; where that is you, a request waits for your word",
    Notice.RELEASED: "the agency with which the concern is lodged agrees; the request goes on",
    Notice.LAPSE: "nobody approved this in time; ask again if it is still needed",
    Notice.SUSPENDED: "stopped until a correction is applied",
    Notice.RESUMED: "goes on: the correction is applied",
    Notice.CORRECTION: "what you know of this was corrected by its author",
    Notice.CLOSED: "closed, although checks were unanswered",
}
REMINDER: Final = "still owed: {owed}; {hears} should hear of it now"
HEARS: Final = {
    "manager": "the manager on each side",
    "lead": "the safeguarding lead on each side",
    "partnership": "the partnership",
}
# What these say stands in the timeline already, as what became of the message.
TELLING: Final = frozenset({Notice.LAPSE, Notice.SUSPENDED, Notice.RESUMED})
_NO_SECOND: Final = (
    "Let somebody else than the author approve it, known by a staff id, while it waits for a second person."
)
_ELSE: Final = "Send it again as a new message. If it comes back, show this to your operator."


def violation(rule: str, pointer: str, hint: str = "") -> JsonObject:
    """One violation: the rule in plain words, and how to mend it."""
    known = _RULES.get(rule)
    found: JsonObject = {
        "rule": rule,
        "title": known.title if known else "",
        "statement": known.statement if known else wording.REASONS.get(rule, rule),
        "fix": known.fix if known else _mend(rule, pointer),
        "pointer": pointer,
    }
    return found | {"hint": hint} if hint else found


def _mend(rule: str, pointer: str) -> str:
    return _NO_SECOND if (rule, pointer) == ("not-a-party", "/approves") else _MEND.get(rule, _ELSE)


def violations_of(message: Message) -> list[JsonObject]:
    """What the gateway found, or the rules of the entry where it gave no places."""
    found = message.violations or tuple((rule, "") for rule in message.rules)
    return [violation(*one) for one in found]


def found_here(violations: Iterable[Violation]) -> list[JsonObject]:
    """What a dry run found, each place once."""
    return [
        violation(one.rule, one.pointer, one.hint) | {"severity": str(one.severity)}
        for one in sorted(set(violations))
    ]


def notice_of(message: Message) -> str | None:
    """What a notice of the gateway says, as its code."""
    codes = message.codes if message.kind is Kind.NOTICE else None
    return str(codes.get("notice")) if codes else None


def notice_text(message: Message, agency: AgencyId) -> str | None:
    """The same in the words of people at this agency; ``None`` for what is no notice."""
    code = notice_of(message)
    if code is None:
        return None
    if message.about is not None:
        reminder = recognise(message.jti, message.about, wording.OWED, (agency,))
        if reminder is not None:
            return REMINDER.format(owed=wording.OWED[reminder.duty], hears=HEARS[reminder.hears])
    known = next((text for notice, text in NOTICES.items() if notice == code), None)
    return known or "a notice of the gateway"


def event_text(event: str) -> str:
    """What happened, in people's words."""
    return EVENTS.get(event, event)


def state_text(state: str, message: Message) -> str:
    """Where a message stands."""
    if state == "acknowledged" and message.acknowledged_by:
        return wording.acknowledged_by(message.acknowledged_by)
    return wording.STATES.get(state, state)
