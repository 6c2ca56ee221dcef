"""Rows as the store would give them, and those of incidents as it keeps them."""

from __future__ import annotations

from typing import Any

from candour_agency import store
from candour_agency.messages import COLUMNS, Message, from_row
from sqlalchemy import Connection, text

NOW = 1_795_600_000_000  # milliseconds since 1970

_USUAL: dict[str, Any] = {
    "seq": 1,
    "jti": "0198f0a0-0000-7000-8000-000000000001",
    "hash": "h" * 43,
    "txn": "0198f0a0-0000-7000-8000-000000000002",
    "kind": "request",
    "direction": "out",
    "counterparty": "shire-csc",
    "inbox": "general",
    "restricted": False,
    "urgency": "AMBER",
    "issued_at": NOW // 1000,
    "made_at": NOW,
    "jwt": "",
}


def a_row(**changes: Any) -> Message:
    """A request that this agency sent; nothing has happened to it yet."""
    values = _USUAL | changes
    return from_row([values.get(name) for name in COLUMNS])


def keep_an_incident(connection: Connection) -> None:
    """The least that can be written: its code is ``kept``."""
    store.registry.note_incident(connection, "kept", "d", 1)


def incident_codes(connection: Connection) -> list[str]:
    """Of everything that was written so, in its order."""
    return list(connection.scalars(text("SELECT code FROM incidents ORDER BY seq")))
