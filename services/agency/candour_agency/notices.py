"""What the gateway gives notice of, in the words that people read. Pure. Source: protocol 3.1, domain 4.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from candour_protocol import wording
from candour_protocol.ids import AgencyId, parse_address
from candour_protocol.kinds import Kind, Notice
from candour_protocol.policy import Policy
from candour_protocol.reminders import Reminder, recognise
from candour_protocol.strict_json import JsonObject, JsonValue

from candour_agency.directory import Directory
from candour_agency.messages import Message

TEXTS: Final = {
    Notice.CLOCK: "something about this is due soon, or late",
    Notice.DEBT: "the concern behind an emergency request has not followed yet",
    Notice.PATTERN: "several concerns about one child, seen together",
    Notice.ESCALATION: "this was taken one stage further",
    Notice.INCIDENT: "something went wrong with this; your operator knows more",
    Notice.RELAY: "your concern was passed on to another agency",
    Notice.LODGED: "a request waits for your word on the concern that is lodged with you",
    Notice.RELEASED: "the agency with which the concern is lodged agrees; the request goes on",
    Notice.LAPSE: "nobody approved this in time; ask again if it is still needed",
    Notice.SUSPENDED: "stopped until a correction is applied",
    Notice.RESUMED: "goes on: the correction is applied",
    Notice.CORRECTION: "what you know of this was corrected or taken back by its author",
    Notice.CLOSED: "closed, although checks were unanswered",
    Notice.ERASURE: "the registrar wants this deleted before its time; your agency is asked to agree",
    Notice.ERASED: "what this said was deleted",
}
SEEN: Final = {
    "CHILD": TEXTS[Notice.PATTERN],
    "OUT_OF_SIGHT": "a child of whom others have told concerns has gone out of sight",
    "ALLEGED_RISK": "concerns about unrelated children name the same adult as a risk, seen together",
}
ASKED: Final = (
    "one agency has asked about the same adult with several unrelated children; "
    "the safeguarding lead on each side should look at why"
)
LODGED: Final = (
    "a concern{classes} is kept from your ordinary inboxes and lodged whole with {holder}, who can judge it: "
    "urgency {urgency}, level {level}; speak to them"
)
NOT_LODGED: Final = (
    "a concern{classes} is kept from your ordinary inboxes, and it does not say with whom it is lodged: "
    "urgency {urgency}, level {level}"
)
STILL_OWED: Final = "still owed {when}: {owed}; {hears} should hear of it now"
HEARS: Final = {
    "manager": "the manager on each side",
    "lead": "the safeguarding lead on each side",
    "partnership": "the partnership",
}
PARTS: Final = {100: "at the end of its time", 150: "after half as long again", 200: "after twice its time"}
# What these say stands in the timeline already, as what became of the message.
TELLING: Final = frozenset({Notice.LAPSE, Notice.SUSPENDED, Notice.RESUMED, Notice.ERASED})
_DEBT: Final = "debt"


@dataclass(frozen=True, slots=True)
class Told:
    """What one notice says.

    Attributes:
        code: of protocol 3.1.
        text: the same in people's words.
        reminder: of what is still owed: its kind, the stage from 1 up, when that is, who should hear of it.
    """

    code: str
    text: str
    reminder: JsonObject | None = None

    @property
    def is_news(self) -> bool:
        """Whether the timeline of what it is about does not say it anyway."""
        return self.code not in TELLING


def told(message: Message, directory: Directory) -> Told | None:
    """What a notice says to this agency; ``None`` for what is no notice."""
    agency, policy = directory.agency, directory.policy
    codes = message.codes if message.kind is Kind.NOTICE else None
    if not codes:
        return None
    code = str(codes.get("notice"))
    reminder = _reminder(message, agency) if code != Notice.LAPSE else None
    if reminder is None:
        about = codes.get("about")
        if code == Notice.LODGED and isinstance(about, dict):
            return Told(code, _lodged(about, directory))
        if code == Notice.PATTERN:
            return Told(code, _pattern(about))
        known = next((text for notice, text in TEXTS.items() if notice == code), None)
        return Told(code, known or "a notice of the gateway")
    when = _when(reminder, policy)
    owed = wording.OWED[reminder.duty]
    text = STILL_OWED.format(when=when, owed=owed, hears=HEARS[reminder.hears])
    shown: JsonObject = {
        "kind": reminder.duty,
        "stage": reminder.stage,
        "when": when,
        "hears": reminder.hears,
    }
    return Told(code, text, shown)


def _pattern(about: JsonValue) -> str:
    """Concerns that were seen together; or, where it names a request, what its asker has asked (R06)."""
    if not isinstance(about, dict):
        return ASKED
    return SEEN.get(str(about.get("seen")), TEXTS[Notice.PATTERN])


def _lodged(stub: JsonObject, directory: Directory) -> str:
    """To the holder of a lodged concern: its class, how urgent it is, and whom to ask about it."""
    classes = _classes(stub)
    urgency, level = (str(stub.get(name) or "not given") for name in ("urgency", "need_level"))
    named = stub.get("lodged_with")
    if not isinstance(named, str):
        return NOT_LODGED.format(classes=classes, urgency=urgency, level=level)
    contact = directory.contact(parse_address(named))
    holder = f"{contact.name} ({contact.phone})" if contact.phone else contact.name
    return LODGED.format(classes=classes, holder=holder, urgency=urgency, level=level)


def _classes(stub: JsonObject) -> str:
    named = stub.get("classes")
    words = [str(one).replace("_", " ") for one in named] if isinstance(named, list) else []
    return f" ({', '.join(words)})" if words else ""


def _reminder(message: Message, agency: AgencyId) -> Reminder | None:
    """Its id says whose clock ran out, and how far."""
    if message.about is None:
        return None
    return recognise(message.jti, message.about, wording.OWED, (agency,))


def _when(reminder: Reminder, policy: Policy) -> str:
    """The stage, by the partnership's own numbers."""
    if reminder.duty == _DEBT:
        hours = policy.emergency.escalate_hours
        return f"after {hours[min(reminder.stage, len(hours)) - 1]} hours"
    percents = policy.deadlines.escalate_percent
    percent = percents[min(reminder.stage, len(percents)) - 1]
    return PARTS.get(percent, f"after {percent} percent of its time")
