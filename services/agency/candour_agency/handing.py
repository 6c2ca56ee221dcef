"""A matter that goes to a colleague: its clock starts again, until that person says that they have it.

Read from all that was said about it, as the couriers promise no order. Source: domain.md 4.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from candour_protocol.ids import AgencyId, parse_address
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject

from candour_agency.messages import Message

_TAKES: Final = Kind.ACKNOWLEDGEMENT


def is_within(codes: JsonObject, author: AgencyId) -> bool:
    """Whether a transfer stays in its author's own agency; one that could not be read goes nowhere."""
    to = codes.get("to")
    return isinstance(to, str) and parse_address(to).agency == author


def columns(said: Iterable[Message], parent: Message, holder: AgencyId) -> dict[str, Any]:
    """What changes on a matter, by everything that stands about it: since when, and who has it now."""
    standing = [one for one in said if one.received or one.unlocks]
    theirs = [one for one in standing if one.direction is not parent.direction]
    handed = [_at(one) for one in theirs if one.kind is Kind.TRANSFER and is_within(one.codes or {}, holder)]
    if not handed:
        return {}
    since = max(handed)
    taken = min((one for one in theirs if one.kind is _TAKES and _at(one) > since), key=_at, default=None)
    return {
        "transferred_at": since,
        "handed_on_at": since,
        "acknowledged_at": _at(taken) if taken else None,
        "acknowledged_by": (taken.content or {}).get("name") if taken else None,
    }


def newest(said: Iterable[Message], agency: AgencyId) -> int:
    """The place of this agency's last handing on among what is here, 0 where there is none."""
    own = (one for one in said if one.kind is Kind.TRANSFER and not one.received and one.verdict != "refused")
    return max((one.seq for one in own if is_within(one.codes or {}, agency)), default=0)


def _at(message: Message) -> int:
    return message.logged_at or message.made_at
