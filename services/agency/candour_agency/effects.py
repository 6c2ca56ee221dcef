"""What a logged statement does to the one that it is about: the same whether it was sent or received.

Times are those of the log, so that both parties show the same. Source: protocol sections 4 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from candour_protocol.ids import AgencyId, StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.messages import Direction, Message

_SUBSTANCE = ("R02", "R03")


@dataclass(frozen=True, slots=True)
class Happened:
    """A statement that the log let through. ``at`` is its log time in milliseconds."""

    kind: Kind
    direction: Direction
    counterparty: AgencyId
    about: StatementHash | None
    codes: JsonObject
    content: JsonObject
    at: int


def apply(connection: Connection, happened: Happened) -> Message | None:
    """Let a statement take effect on its parent; the parent, if it had one here and it changed."""
    if happened.about is None:
        return None
    parent = store.messages.by_hash(connection, [happened.about]).get(happened.about)
    if parent is None or parent.counterparty != happened.counterparty:
        return None
    if happened.kind is Kind.OUTCOME and parent.kind is Kind.ANSWER and parent.about is not None:
        return apply_to(connection, parent.about, {"outcome_at": happened.at})
    columns = _columns(happened, parent)
    return apply_to(connection, parent.hash, columns) if columns else None


def apply_to(connection: Connection, name: StatementHash, columns: dict[str, Any]) -> Message | None:
    """Set what is not set yet, and return the statement."""
    store.messages.change_first(connection, name, **columns)
    return store.messages.by_hash(connection, [name]).get(name)


def _columns(happened: Happened, parent: Message) -> dict[str, Any]:
    """What changes on the parent; nothing where these two may not stand so to each other."""
    answers = happened.direction is not parent.direction
    match happened.kind:
        case Kind.ACKNOWLEDGEMENT if answers:
            return {"acknowledged_at": happened.at, "acknowledged_by": happened.content.get("name")}
        case Kind.DECISION if answers and parent.kind is Kind.CONCERN:
            return {} if happened.codes.get("final") is False else {"decided_at": happened.at}
        case Kind.ANSWER if answers and parent.kind is Kind.REQUEST:
            return {"answered_at": happened.at}
        case Kind.OUTCOME if not answers and parent.kind is Kind.REQUEST:
            return {"outcome_at": happened.at}
        case Kind.REPLY if not answers:
            return {"refreshed_at": happened.at}
        case _:
            return {}


def pay_back(connection: Connection, concern: Message) -> Message | None:
    """Settle the debt that a concern pays back, once it is delivered sound and has substance.

    The request, if it is here and between the same two. Source: protocol section 4, emergency.
    """
    if concern.pays_back is None or concern.opened != "sound" or not _has_substance(concern):
        return None
    request = store.messages.by_hash(connection, [concern.pays_back]).get(concern.pays_back)
    if request is None or (request.counterparty, request.direction) != (
        concern.counterparty,
        concern.direction,
    ):
        return None
    return apply_to(connection, request.hash, {"paid_at": concern.delivered_at})


def _has_substance(concern: Message) -> bool:
    checks = (concern.codes or {}).get("checks")
    return isinstance(checks, dict) and all(checks.get(rule) == "pass" for rule in _SUBSTANCE)
