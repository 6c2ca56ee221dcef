"""A gateway in a test's hand: it logs with real receipts, judges as it is told, and routes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from candour_protocol import erasures, registry_facts
from candour_protocol.client import DeliveryItem, EntryItem
from candour_protocol.errors import CandourError
from candour_protocol.ids import GATEWAY, AgencyId, Jti, StatementHash, new_uuid7, sha256_text
from candour_protocol.keys import SealKey, SigningKey, VerifyKey
from candour_protocol.kinds import Kind
from candour_protocol.policy import Policy
from candour_protocol.registry import Registry
from candour_protocol.registry_facts import KeyUse, Voice
from candour_protocol.statement import Body, Draft, Statement, authenticate, issue, match, parse
from candour_protocol.strict_json import JsonObject
from candour_protocol.transport.port import Outbound
from candour_protocol.transport.topology import Lane, inbox_queue
from candour_protocol.wire import (
    Answered,
    ApprovalPart,
    Delivered,
    parse_body,
    render_answered,
    render_delivered,
)

from tests.agency.courier import Courier
from tests.agency.log_double import Log


@dataclass(frozen=True, slots=True)
class Says:
    """A verdict to give."""

    outcome: str = "passed"
    rules: tuple[str, ...] = ()
    violations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A statement in the log."""

    index: int
    statement: Statement
    body: Body
    says: Says


Judge = Callable[[Statement], Says]


@dataclass
class Gateway:
    """Registers agencies, takes submissions, and is read from.

    Attributes:
        judge: gives the verdicts; everything passes if not set.
        keeps_back: kinds that are logged and answered, but not routed.
        mute: whether senders get no answers.
        mangle: what the courier does to a delivered body on its way.
        unreadable: whether its REST interface is away.
    """

    net: str
    policy: Policy
    policy_raw: bytes
    courier: Courier
    clock: Callable[[], datetime]
    registrar: SigningKey = field(default_factory=SigningKey.generate)
    sign: SigningKey = field(default_factory=SigningKey.generate)
    judge: Judge = field(default=lambda statement: Says())
    keeps_back: set[Kind] = field(default_factory=set)
    mute: bool = False
    mangle: Callable[[bytes], bytes] = field(default=lambda raw: raw)
    away: bool = False
    reads: int = 0
    seen: dict[StatementHash, Seen] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.log = Log(self.policy.id)
        self.registry = Registry(self.registrar.public, self.net)
        self.courier.on_submit = self.submit
        voice = registry_facts.registrar(self.net, self.registrar)
        self.fact(registry_facts.admit(voice, GATEWAY, self.sign.public, self.clock()))
        self.documents[self.policy.id] = self.policy_raw
        self.fact(registry_facts.policy(voice, self.policy.id, self.clock()))

    # -- the registry ----------------------------------------------------------------------------------

    def fact(self, jwt: str) -> int:
        """Log a registry fact."""
        index = self.log.append(self.clock(), "passed", (), jwt)
        self.registry.apply(parse(jwt), index, self.clock())
        return index

    def admit(
        self, agency: AgencyId, sign: SigningKey, client: VerifyKey, seal: dict[str, SealKey], profile: bytes
    ) -> None:
        """Let an agency in with all its keys and its profile."""
        now = self.clock()
        self.fact(
            registry_facts.admit(registry_facts.registrar(self.net, self.registrar), agency, sign.public, now)
        )
        own = Voice(self.net, agency, sign)
        self.fact(registry_facts.key_add(own, agency, client, KeyUse.CLIENT, now))
        for inbox, key in seal.items():
            self.fact(registry_facts.key_add(own, agency, key, KeyUse.SEAL, now, inbox=inbox))
        digest = sha256_text(profile)
        self.documents[digest] = profile
        self.fact(registry_facts.profile(own, agency, digest, now))

    # -- submissions -----------------------------------------------------------------------------------

    def submit(self, outbound: Outbound) -> None:
        """Take a submission, as the real one does: log, then answer and route."""
        body = parse_body(outbound.body)
        statement = parse(body.jwt)
        key = self.registry.issuer_key(statement.claims.iss, statement.kid)
        assert key is not None
        authenticate(statement, key.verify_key)
        match(statement, body)
        seen = self.seen.get(statement.hash)
        if seen is None:
            seen = self._log(statement, body)
            self._route(seen)
        self.answer(seen)

    def _log(self, statement: Statement, body: Body) -> Seen:
        says = self.judge(statement)
        index = self.log.append(self.clock(), says.outcome, says.rules, statement.jwt)
        seen = Seen(index, statement, body, says)
        self.seen[statement.hash] = seen
        self._grown.set()
        return seen

    def answer(self, seen: Seen) -> None:
        """Send the sender its receipt."""
        if self.mute or seen.statement.claims.iss == GATEWAY:
            return
        answered = Answered(seen.statement.claims.jti, self.log.receipt(seen.index), seen.says.violations)
        self.put(seen.statement.claims.iss, render_answered(answered))

    def _route(self, seen: Seen) -> None:
        claims = seen.statement.claims
        if seen.says.outcome not in ("passed", "flagged") or claims.kind in self.keeps_back:
            return
        if claims.kind is Kind.APPROVAL:
            codes = match(seen.statement, seen.body) or {}
            held = self.seen[StatementHash(str(codes["approves"]))]
            self.deliver(held, approval=seen)
        elif claims.aud != GATEWAY:
            self.deliver(seen)

    def deliver(self, seen: Seen, *, approval: Seen | None = None, receipt: str | None = None) -> None:
        """Send a statement to its recipient, as often as a test likes."""
        part = ApprovalPart(approval.body, self.log.receipt(approval.index)) if approval else None
        delivered = Delivered(seen.body, receipt or self.log.receipt(seen.index), part)
        self.put(seen.statement.claims.aud, self.mangle(render_delivered(delivered)))

    def erase(self, by: Voice, names: Sequence[StatementHash], outcome: str = "passed") -> Seen:
        """Log an erasure, with a verdict of a test's choice."""
        statement = parse(erasures.erase(by, names, self.clock()))
        index = self.log.append(self.clock(), outcome, (), statement.jwt)
        return Seen(index, statement, Body(statement.jwt, (), ""), Says(outcome))

    def notify(
        self,
        agency: AgencyId,
        notice: str,
        about: StatementHash | JsonObject,
        txn: str,
        jti: Jti | None = None,
        because: Seen | None = None,
    ) -> Seen:
        """Tell an agency something, as the gateway does: in the log, and by its own key."""
        iat = int(self.clock().timestamp())
        draft = Draft(
            net=self.net,
            iss=GATEWAY,
            aud=agency,
            jti=jti or Jti(new_uuid7(self.clock())),
            iat=iat,
            exp=iat + 86_400,
            kind=Kind.NOTICE,
            irt=because.statement.hash if because else about if isinstance(about, str) else None,
            codes={"txn": txn, "actor": None, "notice": notice, "about": about},
        )
        issued = issue(draft, self.sign, None)
        seen = self._log(issued.statement, issued.body)
        self.deliver(seen, approval=because)
        return seen

    def put(self, agency: str, raw: bytes, lane: Lane = Lane.ORDINARY) -> None:
        """Put bytes into an agency's lane."""
        self.courier.put(inbox_queue(agency, lane), raw)

    def of_kind(self, kind: Kind) -> list[Seen]:
        """What was logged of a kind, in order."""
        return [seen for seen in self.seen.values() if seen.statement.claims.kind is kind]

    async def logged(self, kind: Kind, count: int = 1) -> list[Seen]:
        """What was logged of a kind, once there are this many: a node publishes after it has answered."""
        async with asyncio.timeout(20):
            while len(self.of_kind(kind)) < count:
                self._grown.clear()
                await self._grown.wait()
        return self.of_kind(kind)

    # -- being read ------------------------------------------------------------------------------------

    async def entries(self, after: int | None = None, limit: int | None = None) -> tuple[EntryItem, ...]:
        """All entries: the double does not care who reads."""
        self._refuse_when_away()
        self.reads += 1
        first = 0 if after is None else after + 1
        indexes: Sequence[int] = range(first, min(len(self.log.entries), first + (limit or 100)))
        return tuple(EntryItem(index=index, receipt=self.log.receipt(index)) for index in indexes)

    def delivered_to(self, agency: str, after: int) -> tuple[DeliveryItem, ...]:
        """What was routed to an agency."""
        self._refuse_when_away()
        routed = [
            seen
            for seen in self.seen.values()
            if seen.statement.claims.aud == agency and seen.index > after and seen.says.outcome == "passed"
        ]
        return tuple(
            DeliveryItem(seen.index, render_delivered(Delivered(seen.body, self.log.receipt(seen.index))))
            for seen in routed
        )

    async def profile(self, digest: str) -> bytes:
        """A profile."""
        self._refuse_when_away()
        return self.documents[digest]

    async def policy_bytes(self, digest: str) -> bytes:
        """A policy."""
        self._refuse_when_away()
        return self.documents[digest]

    def _refuse_when_away(self) -> None:
        if self.away:
            raise CandourError("unreachable", "the gateway is away")


@dataclass
class Reader:
    """One node's view of the gateway's REST interface."""

    gateway: Gateway
    agency: AgencyId

    async def deliveries(
        self, after: int | None = None, limit: int | None = None
    ) -> tuple[DeliveryItem, ...]:
        """What was routed to this agency."""
        return self.gateway.delivered_to(self.agency, -1 if after is None else after)

    async def entries(self, after: int | None = None, limit: int | None = None) -> tuple[EntryItem, ...]:
        """Own entries and registry facts."""
        return await self.gateway.entries(after, limit)

    async def profile(self, digest: str) -> bytes:
        """A profile."""
        return await self.gateway.profile(digest)

    async def policy(self, digest: str) -> bytes:
        """A policy."""
        return await self.gateway.policy_bytes(digest)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        """Move it."""
        self.now += by
