"""One statement as this node keeps it: what was signed, what it said, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from candour_protocol.ids import GATEWAY, AgencyId, Jti, StatementHash, Txn
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject


class Direction(StrEnum):
    """Whether this agency sent or received it."""

    OUT = "out"
    IN = "in"


Place = tuple[str, str, str, str]
"""One violation: rule, pointer, a hint (a code, a number, or whom it waits for), and what it does."""


@dataclass(frozen=True, slots=True)
class Message:
    """A row of ``messages``. Times are milliseconds since 1970.

    Attributes:
        counterparty: the other agency, or ``gateway``.
        inbox: the recipient's, whoever that is.
        restricted: only callers with the scope for it may see it here: what came to the restricted inbox, and
            all that answers or follows it.
        urgency: its own code, or that of what it answers; ``""`` where nobody said.
        about: hash of what it answers, approves or notifies about.
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
    restricted: bool
    urgency: str
    about: StatementHash | None
    relays: StatementHash | None
    pays_back: StatementHash | None
    reissues: StatementHash | None
    reissued_as: Jti | None
    issued_at: int
    made_at: int
    jwt: str
    codes_text: str | None
    content_text: str | None
    disclosures_text: str | None
    receipt: str | None
    log_index: int | None
    logged_at: int | None
    verdict: str | None
    rules_text: str | None
    violations_text: str | None
    held_at: int | None
    settled_at: int | None
    opened: str | None
    opened_rules_text: str | None
    delivered_at: int | None
    refreshed_at: int | None
    acknowledged_at: int | None
    acknowledged_by: str | None
    decided_at: int | None
    answered_at: int | None
    more_at: int | None
    reopened_at: int | None
    begins_at: int | None
    given_at: int | None
    outcome_at: int | None
    paid_at: int | None
    owed_again_at: int | None
    unsound_at: int | None
    closed_at: int | None
    lapsed_at: int | None
    withdrawn_at: int | None
    corrected_at: int | None
    challenged_at: int | None
    transferred_at: int | None
    handed_on_at: int | None
    suspended_at: int | None
    resumed_at: int | None
    erased_at: int | None
    shut_out_text: str | None

    @property
    def codes(self) -> JsonObject | None:
        """T1; ``None`` where it could not be matched, or is erased."""
        return json.loads(self.codes_text) if self.codes_text else None

    @property
    def content(self) -> JsonObject | None:
        """T2, which only the two agencies read; ``None`` where it could not be opened."""
        return json.loads(self.content_text) if self.content_text else None

    @property
    def disclosures(self) -> tuple[str, ...]:
        """The T2 disclosures of a received concern, as they came."""
        return tuple(json.loads(self.disclosures_text or "[]"))

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids in the log's entry."""
        return tuple(json.loads(self.rules_text or "[]"))

    @property
    def violations(self) -> tuple[Place, ...]:
        """What the gateway found; ``""`` where a hint or what it does is not known."""
        return tuple(_place(*one) for one in json.loads(self.violations_text or "[]"))

    @property
    def shut_out(self) -> frozenset[str]:
        """Staff ids of those who may never see it here: it is about them."""
        return frozenset(json.loads(self.shut_out_text or "[]"))

    @property
    def awaits_delivery(self) -> bool:
        """Whether its recipient owes a ``delivery`` for it."""
        return self.kind not in (Kind.DELIVERY, Kind.APPROVAL) and self.counterparty != GATEWAY

    @property
    def received(self) -> bool:
        """Whether it came from somebody else."""
        return self.direction is Direction.IN

    @property
    def unlocks(self) -> bool:
        """Whether the log let it through."""
        return self.verdict in ("passed", "flagged")


# The table's columns in the order of the fields; those that hold JSON lack the ``_text`` of their field.
COLUMNS = tuple(field.name.removesuffix("_text") for field in fields(Message))
_KIND, _DIRECTION = COLUMNS.index("kind"), COLUMNS.index("direction")


def _place(rule: str, pointer: str, hint: str = "", severity: str = "") -> Place:
    return rule, pointer, hint, severity


def from_row(row: Sequence[Any]) -> Message:
    """Read a row of ``COLUMNS``."""
    values = list(row)
    values[_KIND] = Kind(values[_KIND])
    values[_DIRECTION] = Direction(values[_DIRECTION])
    return Message(*values)
