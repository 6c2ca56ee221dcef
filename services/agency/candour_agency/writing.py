"""Putting statements on record: signed and sealed once, stored with their outbox rows, all or nothing.

A pen belongs to one transaction. What it wrote exists when that transaction commits, and the bytes are never
made
again: another statement takes another ``jti``. Source: protocol sections 3 and 9.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from candour_protocol import strict_json
from candour_protocol.ids import GATEWAY, Address, Jti, StatementHash, Txn, new_uuid7
from candour_protocol.keys import SealKey
from candour_protocol.kinds import T2, Kind
from candour_protocol.statement import MAX_STORY, Draft, Issued, issue
from candour_protocol.strict_json import JsonObject
from candour_protocol.transport.topology import submit_key
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.faults import CallError, Code
from candour_agency.imprints import Imprint
from candour_agency.messages import Direction
from candour_agency.moments import to_ms
from candour_agency.office import URGENT, Office
from candour_agency.store.outbox import Due

LIFETIME: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement that is ready to be signed.

    Attributes:
        to: whose inbox it is sealed to; for the gateway only its id counts.
        urgency: its own code, or that of what it answers.
        about: what it answers, approves or notifies about.
        irt: the signed reference to what it answers.
        waits: statements whose receipts must be held before it leaves.
        issued_at: seconds since 1970; this node's clock if not given.
        erases: of an erasure, the statements that it names.
        restricted: it answers or follows what only few may see here.
        shut_out: staff ids of those who may never see it here.
    """

    kind: Kind
    to: Address
    txn: Txn
    urgency: str
    codes: JsonObject
    content: JsonObject = field(default_factory=dict)
    irt: StatementHash | None = None
    about: StatementHash | None = None
    reissues: StatementHash | None = None
    waits: tuple[StatementHash, ...] = ()
    erases: tuple[StatementHash, ...] = ()
    issued_at: int | None = None
    restricted: bool = False
    shut_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """A statement that was signed."""

    plan: Plan
    jti: Jti
    hash: StatementHash


class Pen:
    """Signs plans one after the other, and stores them together."""

    def __init__(self, office: Office, now: datetime) -> None:
        self._office = office
        self._now = now
        self._messages: list[dict[str, Any]] = []
        self._outbox: list[dict[str, Any]] = []
        self._waits: list[dict[str, Any]] = []
        self._imprints: list[dict[str, Any]] = []
        self.due: list[Due] = []
        self.waits = False  # whether anything that was written waits for a receipt

    def write(self, plan: Plan) -> Written:
        """Sign and seal a plan.

        Raises:
            CallError: too much text, or no key to seal to.
        """
        content = strict_json.dumps_utf8(plan.content)
        issued = self._issue(plan, len(content))
        statement = issued.statement
        key = submit_key(self._office.agency, plan.kind, plan.urgency in URGENT)
        self._messages.append(self._row(plan, issued, content.decode()))
        self._outbox.append(
            {
                "jti": statement.claims.jti,
                "routing_key": key,
                "body": issued.raw,
                "made_at": to_ms(self._now),
            }
        )
        self._waits += [{"jti": statement.claims.jti, "hash": name} for name in plan.waits]
        self.waits = self.waits or bool(plan.waits)
        if not plan.waits:
            self.due.append(Due(statement.claims.jti, key, issued.raw))
        return Written(plan, statement.claims.jti, statement.hash)

    def imprint(self, jti: Jti, found: Iterable[Imprint]) -> None:
        """By what a statement that was written is known again."""
        self._imprints += store.imprints.rows(jti, found)

    def store(self, connection: Connection) -> None:
        """Insert what was written since the last time."""
        store.messages.add(connection, self._messages)
        store.outbox.add(connection, self._outbox, self._waits)
        store.imprints.add(connection, self._imprints)
        self._messages, self._outbox, self._waits, self._imprints = [], [], [], []

    def _issue(self, plan: Plan, size: int) -> Issued:
        if size > MAX_STORY:
            raise CallError(
                Code.STORY_TOO_LONG,
                "One message holds at most 32 KiB of text. Shorten it, or send the rest as a reply.",
            )
        iat = int(self._now.timestamp()) if plan.issued_at is None else plan.issued_at
        draft = Draft(
            net=self._office.net,
            iss=self._office.agency,
            aud=plan.to.agency,
            jti=Jti(new_uuid7(self._now)),
            iat=iat,
            exp=iat + int(LIFETIME.total_seconds()),
            kind=plan.kind,
            codes=plan.codes,
            content=plan.content,
            irt=plan.irt,
            reissues=plan.reissues,
            erases=plan.erases,
        )
        return issue(draft, self._office.keys.sign, self._seal_to(plan))

    def _seal_to(self, plan: Plan) -> SealKey | None:
        if not T2[plan.kind] or plan.to.agency == GATEWAY:
            return None
        key = self._office.directory.seal_to(plan.to)
        if key is None:
            raise CallError(Code.NOT_READY, "The recipient's key is not known here yet. Try again shortly.")
        return key

    def _row(self, plan: Plan, issued: Issued, content: str) -> dict[str, Any]:
        claims = issued.statement.claims
        return {
            "jti": claims.jti,
            "hash": issued.statement.hash,
            "txn": plan.txn,
            "kind": plan.kind.value,
            "direction": Direction.OUT.value,
            "counterparty": plan.to.agency,
            "inbox": plan.to.inbox,
            "restricted": plan.restricted,
            "urgency": plan.urgency,
            "about": plan.about or plan.irt,
            "relays": plan.codes.get("relays"),
            "pays_back": plan.codes.get("pays_back"),
            "reissues": plan.reissues,
            "issued_at": claims.iat,
            "made_at": to_ms(self._now),
            "jwt": issued.statement.jwt,
            "codes": strict_json.dumps(plan.codes),
            "content": content,
            "shut_out": strict_json.dumps([*sorted(plan.shut_out)]) if plan.shut_out else None,
        }
