"""A statement that takes effect: the same whether it was sent or received, now or late."""

from __future__ import annotations

from dataclasses import dataclass

from candour_protocol.ids import AgencyId, StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject

from candour_agency.messages import Direction, Message


@dataclass(frozen=True, slots=True)
class Happened:
    """A statement that the log let through. ``at`` is its log time in milliseconds."""

    name: StatementHash
    kind: Kind
    direction: Direction
    counterparty: AgencyId
    about: StatementHash | None
    codes: JsonObject
    content: JsonObject
    at: int


def happened(message: Message) -> Happened:
    """A stored statement, as it takes effect once more or late."""
    return Happened(
        message.hash,
        message.kind,
        message.direction,
        message.counterparty,
        message.about,
        message.codes or {},
        message.content or {},
        message.logged_at or message.made_at,
    )
