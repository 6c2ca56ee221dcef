"""A matter that goes to a colleague: its clock starts again, until that person says that they have it.

Read from all that was said about it, as the couriers promise no order. Source: domain.md 4.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from candour_protocol.ids import AgencyId, parse_address
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import MAX_INTEGER, JsonObject

from candour_agency.matters import is_final
from candour_agency.messages import Message

TAKES: Final = frozenset({Kind.ACKNOWLEDGEMENT, Kind.DECISION, Kind.ANSWER})
"""What a person says of a matter that they have."""


def goes_to(codes: JsonObject, agency: AgencyId) -> bool:
    """Whether this agency is a transfer's new holder; one that could not be read goes nowhere."""
    to = codes.get("to")
    return isinstance(to, str) and parse_address(to).agency == agency


def columns(said: Iterable[Message], parent: Message, holder: AgencyId) -> dict[str, Any]:
    """What changes on a matter, by everything that stands about it: since when, and who has it now."""
    standing = [one for one in said if one.received or one.unlocks]
    theirs = [one for one in standing if one.direction is not parent.direction]
    handed = [one for one in theirs if one.kind is Kind.TRANSFER and goes_to(one.codes or {}, holder)]
    if not handed:
        return {}
    last = max(handed, key=_place)
    later = (one for one in theirs if _place(one) > _place(last) and takes(one.kind, one.codes or {}))
    taken = min(later, key=_place, default=None)
    return {
        "transferred_at": _at(last),
        "handed_on_at": _at(last),
        "acknowledged_at": _at(taken) if taken else None,
        "acknowledged_by": name_of(taken.kind, taken.content or {}) if taken else None,
    }


def takes(kind: Kind, codes: JsonObject) -> bool:
    """Whether it shows that a person has a matter: a decision that is not final, only if one signs it."""
    signed = kind is not Kind.DECISION or is_final(codes) or codes.get("actor") is not None
    return kind in TAKES and signed


def name_of(kind: Kind, content: JsonObject) -> str | None:
    """Who has it, as what they said about it names them: an acknowledgement itself, all else its decider."""
    signer = content if kind is Kind.ACKNOWLEDGEMENT else content.get("decider")
    name = signer.get("name") if isinstance(signer, dict) else None
    return name if isinstance(name, str) else None


def newest(said: Iterable[Message], agency: AgencyId) -> Message | None:
    """This agency's last handing on to a colleague among what was said about a matter."""
    own = (one for one in said if one.kind is Kind.TRANSFER and not one.received and one.verdict != "refused")
    within = (one for one in own if goes_to(one.codes or {}, agency))
    return max(within, key=lambda one: one.seq, default=None)


def worker(transfer: Message | None) -> str | None:
    """Whom a transfer names, if anybody: the one person who says that they have it."""
    named = (transfer.content or {}).get("worker") if transfer is not None else None
    name = named.get("name") if isinstance(named, dict) else None
    return name if isinstance(name, str) and name.strip() else None


def _place(message: Message) -> tuple[int, int]:
    """Where it stands in the log: what was logged in one go has one time."""
    return _at(message), MAX_INTEGER if message.log_index is None else message.log_index


def _at(message: Message) -> int:
    return message.logged_at or message.made_at
