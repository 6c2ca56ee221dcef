"""One statement as this node keeps it: what was signed, what it said, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from candour_protocol.ids import RESTRICTED, AgencyId, Jti, StatementHash, Txn
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject


class Direction(StrEnum):
    """Whether this agency sent or received it."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Message:
    """A row of ``messages``. Times are milliseconds since 1970.

    Attributes:
        counterparty: the other agency, or ``gateway``.
        inbox: the recipient's, whoever that is.
        urgency: its own code, or that of what it answers; ``""`` where nobody said.
        about: hash of what it answers, approves or notifies about.
        content: what only the two agencies read; ``None`` where it could not be opened.
        disclosures: the T2 disclosures of a received concern, as they came.
        opened: how the recipient's node found it: ``sound thin mismatch unreadable``.
    """

    seq: int
    jti: Jti
    hash: StatementHash
    txn: Txn
    kind: Kind
    direction: Direction
    counterparty: AgencyId
    inbox: str
    urgency: str
    about: StatementHash | None
    relays: StatementHash | None
    pays_back: StatementHash | None
    reissues: StatementHash | None
    reissued_as: Jti | None
    issued_at: int
    made_at: int
    jwt: str
    codes: JsonObject | None
    content: JsonObject | None
    disclosures: tuple[str, ...]
    receipt: str | None
    log_index: int | None
    logged_at: int | None
    verdict: str | None
    rules: tuple[str, ...]
    violations: tuple[tuple[str, str], ...]
    held_at: int | None
    settled_at: int | None
    opened: str | None
    opened_rules: Mapping[str, str] | None
    delivered_at: int | None
    refreshed_at: int | None
    acknowledged_at: int | None
    acknowledged_by: str | None
    decided_at: int | None
    answered_at: int | None
    outcome_at: int | None
    paid_at: int | None
    closed_at: int | None
    lapsed_at: int | None

    @property
    def received(self) -> bool:
        """Whether it came from somebody else."""
        return self.direction is Direction.IN

    @property
    def restricted(self) -> bool:
        """Whether only callers with the scope for it may see it here."""
        return self.received and self.inbox == RESTRICTED

    @property
    def unlocks(self) -> bool:
        """Whether the log let it through."""
        return self.verdict in ("passed", "flagged")


COLUMNS = tuple(field.name for field in fields(Message))


def from_row(row: Mapping[str, Any]) -> Message:
    """Read a row of the table."""
    values = dict(row)
    values["kind"] = Kind(values["kind"])
    values["direction"] = Direction(values["direction"])
    for name in ("codes", "content", "opened_rules"):
        values[name] = json.loads(values[name]) if values[name] else None
    values["disclosures"] = tuple(json.loads(values["disclosures"] or "[]"))
    values["rules"] = tuple(json.loads(values["rules"] or "[]"))
    values["violations"] = tuple(map(tuple, json.loads(values["violations"] or "[]")))
    return Message(**{name: values[name] for name in COLUMNS})
