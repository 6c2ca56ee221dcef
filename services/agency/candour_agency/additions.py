"""The replies by which the author of a concern has added to it since: facts that a request may rest on."""

from __future__ import annotations

from candour_protocol.kinds import Kind
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.messages import Message


def to(connection: Connection, concern: Message, before: int | None = None) -> list[Message]:
    """Those about one concern, in the order of arrival; ``before``: logged before this index only."""
    return [
        one
        for one in store.messages.about(connection, concern.hash)
        if one.kind is Kind.REPLY
        and one.direction is concern.direction
        and one.verdict != "refused"
        and one.reissued_as is None
        and one.erased_at is None
        and (before is None or (one.log_index is not None and one.log_index < before))
    ]
