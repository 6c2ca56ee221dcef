"""The surgery: an agency with registered keys and no node. It says whatever can be signed, and worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from candour_protocol import base64url, disclosures, rules, sealing, strict_json
from candour_protocol.children import child_tokens
from candour_protocol.claims import write_claims
from candour_protocol.ids import AgencyId, Jti, StatementHash, new_uuid7, sha256_text, statement_hash
from candour_protocol.keys import SealKey, SigningKey
from candour_protocol.kinds import T1, T2, Kind, Person, parse_codes, parse_content
from candour_protocol.policy import load_policy
from candour_protocol.receipt import VerifiedReceipt, verify
from candour_protocol.sealing import Envelope
from candour_protocol.statement import Body, Claims, SealedRef, parse
from candour_protocol.strict_json import JsonObject, JsonValue
from candour_protocol.transport.port import Ack, Delivery, Outbound, Park, Settlement
from candour_protocol.transport.topology import SUBMIT, inbox_queues, submit_key
from candour_protocol.wire import Answered, Delivered, Problem, parse_inbound, render_body

from tests.gateway.partnership import (
    GP,
    NET,
    POLICY,
    SCHOOL,
    a_txn,
    an_actor,
    answer_codes,
    concern_codes,
    request_codes,
)
from tests.journeys.personal import AUTHOR, BECAUSE, FACTS, TAMSIN
from tests.journeys.town import Town

RULES = load_policy(POLICY)
Verdict = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Parts:
    """A statement before it is signed; tests replace what is to be wrong about it.

    Attributes:
        shown: T1 disclosures, as sent.
        hidden: T2 disclosures, as sealed.
        claims: members of the payload that replace the proper ones; ``None`` leaves one out.
        sealed: a JWE that replaces the proper one.
        key: whose signature it gets.
    """

    kind: Kind
    iss: AgencyId
    aud: AgencyId
    jti: Jti
    iat: int
    shown: tuple[str, ...]
    hidden: tuple[str, ...]
    key: SigningKey
    seal_to: SealKey | None
    irt: StatementHash | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    sealed: str | None = None

    def with_codes(self, **codes: JsonValue) -> Parts:
        """The same with other codes."""
        now = dict(disclosures.read(self.shown[0]).value or {})  # type: ignore[arg-type]
        return replace(self, shown=(disclose("codes", now | codes),))

    def with_content(self, name: str, text: str) -> Parts:
        """The same with another text for one T2 disclosure."""
        hidden = [text if disclosures.read(each).name == name else each for each in self.hidden]
        return replace(self, hidden=tuple(hidden))

    def signed(self) -> Signed:
        """Signed, and sealed if its kind is."""
        sealed = self._seal() if self.sealed is None else self.sealed
        header: JsonObject = {"alg": "Ed25519", "kid": self.key.public.kid, "typ": "candour-msg+sd-jwt"}
        jwt = sign(self.key, self._payload(sealed), header | dict(self.header))
        return Signed(self, Body(jwt, self.shown, sealed))

    def _seal(self) -> str:
        if self.seal_to is None:
            return ""
        return sealing.seal(
            self.hidden, Envelope(self.seal_to.kid, self.iss, self.aud, self.jti), self.seal_to
        )

    def _payload(self, sealed: str) -> JsonObject:
        digests = sorted(map(disclosures.digest, (*self.shown, *self.hidden)))
        reference = SealedRef(self.seal_to.kid, sha256_text(sealed.encode())) if self.seal_to else None
        proper = write_claims(
            Claims(
                NET, self.iss, self.aud, self.jti, self.iat, self.iat + 86_400, self.kind, self.irt, None,
                tuple(digests), reference, {},
            )
        )  # fmt: skip
        return {name: value for name, value in (proper | dict(self.claims)).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement as it is sent."""

    parts: Parts
    body: Body

    @property
    def jti(self) -> Jti:
        return self.parts.jti

    @property
    def hash(self) -> StatementHash:
        return statement_hash(self.body.jwt)

    @property
    def raw(self) -> bytes:
        return render_body(self.body)

    def mutilated(self, **parts: Any) -> bytes:
        """The same statement, with other parts beside it."""
        return render_body(replace(self.body, **parts))


def disclose(name: str, value: JsonValue, salt: bytes = bytes(16)) -> str:
    """A disclosure of anything that JSON can say."""
    return disclosures.make(name, value, salt)


def segment(value: JsonValue | bytes) -> str:
    """One segment of a compact serialisation."""
    return base64url.encode(value if isinstance(value, bytes) else strict_json.dumps_utf8(value))


def sign(key: SigningKey, payload: JsonValue | bytes, header: JsonValue | bytes) -> str:
    """A compact JWS over whatever is given."""
    signed = f"{segment(header)}.{segment(payload)}"
    return f"{signed}.{base64url.encode(key.sign(signed.encode()))}"


def header_of(key: SigningKey) -> JsonObject:
    """The one header that a statement may have."""
    return {"alg": "Ed25519", "kid": key.public.kid, "typ": "candour-msg+sd-jwt"}


def payload_of(signed: Signed) -> JsonObject:
    """What was signed."""
    return strict_json.load_object(base64url.decode(signed.body.jwt.split(".")[1]))


@dataclass(slots=True, repr=False)  # asyncio renders whatever a fixture returns: this is long
class Surgery:
    """Use ``open_surgery``. Every statement is proper unless a test says otherwise."""

    town: Town
    id: AgencyId = GP
    post: list[Delivered | Answered | Problem] = field(default_factory=list)

    @property
    def key(self) -> SigningKey:
        return self.town.partnership.parties[self.id].sign

    @property
    def now(self) -> int:
        return int(self.town.clock().timestamp())

    # -- what it can say ----------------------------------------------------------------------------

    def parts(self, kind: Kind, to: AgencyId, codes: JsonObject, content: JsonObject | None = None) -> Parts:
        """Any statement: T1 and T2 complete, attested by the rules that a node would run."""
        shown: JsonObject = dict.fromkeys(T1[kind]) | {"txn": a_txn()} | codes
        hidden = dict.fromkeys(T2[kind]) | (content or {})
        inbox = str(shown.get("inbox") or "general")
        seal_to = self.town.partnership.parties[to].seal[inbox].public if T2[kind] else None
        return Parts(
            kind=kind,
            iss=self.id,
            aud=to,
            jti=Jti(new_uuid7(self.town.clock())),
            iat=self.now,
            shown=(disclose("codes", shown),),
            hidden=tuple(
                disclose(name, value, bytes([n]) * 16) for n, (name, value) in enumerate(hidden.items())
            ),
            key=self.key,
            seal_to=seal_to,
        )

    def concern(
        self,
        to: AgencyId = SCHOOL,
        subject: JsonObject = TAMSIN,
        facts: JsonValue = FACTS,
        **codes: JsonValue,
    ) -> Parts:
        """A concern about a child."""
        content: JsonObject = {"subject": subject, "facts": facts, "author": AUTHOR | {"as_stated": False}}
        own = concern_codes() | {"child": self.tokens(subject)} | codes
        return self.parts(Kind.CONCERN, to, own | self.attested(Kind.CONCERN, own, content), content)

    def request(
        self,
        concerns: Sequence[Signed],
        to: AgencyId = SCHOOL,
        subject: JsonObject = TAMSIN,
        **codes: JsonValue,
    ) -> Parts:
        """A request for six months of attendance that rests on these concerns."""
        content: JsonObject = {
            "subject": subject,
            "persons": [subject | {"role": "SUBJECT_CHILD"}],
            "questions": [{"line": 1, "person": 0, "question": "Attendance?", "because": BECAUSE}],
            "author": AUTHOR | {"as_stated": False},
        }
        own = request_codes([each.hash for each in concerns]) | {"child": self.tokens(subject)} | codes
        attested = self.attested(Kind.REQUEST, own, content, [each.parts for each in concerns])
        return self.parts(Kind.REQUEST, to, own | attested, content)

    def request_resting_on(self, concern: Signed) -> Parts:
        """A proper request, but for what it cites: a concern of which an honest node could make nothing."""
        return self.request([self.concern().signed()]).with_codes(concern_refs=[concern.hash])

    def answer(self, to: StatementHash, asker: AgencyId, **codes: JsonValue) -> Parts:
        """An answer that discloses one line."""
        content: JsonObject = {
            "content": [{"line": 1, "text": "Present on 61 of 92 days.", "basis": "RECORD"}],
            "decider": AUTHOR,
        }
        own = answer_codes() | codes
        made = self.parts(Kind.ANSWER, asker, own | self.attested(Kind.ANSWER, own, content), content)
        return replace(made, irt=to)

    def delivery(self, of: StatementHash, sender: AgencyId, opened: str = "sound") -> Parts:
        """What a recipient's node would say of a statement."""
        made = self.parts(Kind.DELIVERY, sender, {"opened": opened, "rules": {}})
        return replace(made, irt=of)

    def reply(self, to: StatementHash, recipient: AgencyId, content: JsonObject) -> Parts:
        """More for a thread."""
        return replace(self.parts(Kind.REPLY, recipient, {"actor": an_actor()}, content), irt=to)

    def approval(self, of: Signed) -> Parts:
        """A second person's word on an own request."""
        codes: JsonObject = {"actor": an_actor(), "approves": of.hash, "as": "second"}
        return self.parts(Kind.APPROVAL, of.parts.aud, codes, {"who": AUTHOR, "why": "I have read it."})

    def tokens(self, subject: JsonObject) -> list[JsonValue]:
        """The child's tokens, by the key that agencies share."""
        person = parse_content(Kind.CONCERN, {"subject": subject}, partial=True).model_dump()["subject"]
        return list(child_tokens(Person(**person), [self.town.partnership_key], bytes(32)))

    def attested(
        self, kind: Kind, codes: JsonObject, content: JsonObject, cited: Sequence[Parts] = ()
    ) -> JsonObject:
        """What an honest node would attest about it."""
        matter = _matter(kind, codes, content)
        told = [_matter(each.kind, *_opened(each)) for each in cited]
        return {"checks": dict(rules.check_matter(matter, told, self.now, RULES).checks)}

    # -- what becomes of it -------------------------------------------------------------------------

    async def send(self, raw: bytes, user: str | None = None, key: str | None = None) -> Settlement:
        """Submit bytes; what the gateway's consumer made of them."""
        by = user or self.id
        return await self.town.courier.bring(
            Outbound(SUBMIT, key or submit_key(by, "concern", False), raw, by)
        )

    async def judge(self, signed: Signed) -> Verdict:
        """Submit a statement that is an exchange: the verdict in the receipt that comes back."""
        assert await self.send(signed.raw) == Ack()
        entry = (await self.receipt(signed)).entry
        return entry.verdict, entry.rules

    async def receipt(self, signed: Signed) -> VerifiedReceipt:
        """The newest receipt for these bytes; it verifies alone."""
        await self.town.courier.settle()
        answers = [each for each in self.answers(signed) if each.entry.statement == signed.hash]
        return answers[-1]

    def answers(self, signed: Signed) -> list[VerifiedReceipt]:
        """Every receipt that came for this id."""
        found = [each for each in self.post if isinstance(each, Answered) and each.jti == signed.jti]
        return [verify(each.receipt, self.town.verifier) for each in found]

    def told(self, signed: Signed) -> Answered:
        """The sender's message for this id."""
        return [each for each in self.post if isinstance(each, Answered) and each.jti == signed.jti][-1]

    def problems(self) -> list[tuple[str, str]]:
        """What came back for bytes that were no exchange: code and digest."""
        return [(each.problem, each.digest) for each in self.post if isinstance(each, Problem)]

    def opened(self, statement: Signed) -> list[JsonValue]:
        """What the recipient's node has said of a statement in its ``delivery``."""
        found = []
        for each in self.post:
            if isinstance(each, Delivered) and parse(each.body.jwt).claims.irt == statement.hash:
                codes = disclosures.read(each.body.disclosures[0]).value
                found.append(codes["opened"] if isinstance(codes, dict) else None)
        return found

    # -- how it is refused --------------------------------------------------------------------------

    async def refused(self, signed: Signed) -> tuple[str, ...]:
        """The logged reasons for which nobody got it: in the receipt, and in the sender's message."""
        await self.town.courier.settle()
        before = await self.town.inboxes()

        verdict, reasons = await self.judge(signed)

        assert verdict == "refused"
        assert {rule for rule, _ in self.told(signed).violations} == set(reasons)
        assert not self.town.courier.passed_on(signed.body.jwt)
        assert await self.town.inboxes() == before
        return reasons

    async def parked(self, raw: bytes, user: str | None = None, key: str | None = None) -> str:
        """Why these bytes are no exchange: parked, an incident and a problem by digest, and nothing else."""
        await self.town.courier.settle()
        before, sent = await self.town.inboxes(), len(self.town.courier.published)
        size, digest = await self.town.log_size(), sha256_text(raw)

        settlement = await self.send(raw, user, key)
        await self.town.courier.settle()

        assert isinstance(settlement, Park)
        found = (await self.town.ask_gateway("GET", "/v1/incidents?limit=500")).json()["items"]
        assert (settlement.reason, digest) in {(each["code"], each["digest"]) for each in found}
        assert user is not None or (settlement.reason, digest) in self.problems()
        assert digest in {each["digest"] for each in self.town.overheard.named("no-exchange")}
        assert await self.town.log_size() == size
        assert not self.town.courier.passed_on("", sent)
        assert await self.town.inboxes() == before
        return settlement.reason

    async def reached(self, signed: Signed) -> dict[str, Any]:
        """A statement as its recipient's people see it; it came once."""
        found = await self.town.arrived(signed.parts.aud, signed.jti)
        assert [item["id"] for item in await self.town.inbox(signed.parts.aud)].count(signed.jti) == 1
        return found

    async def _take(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        self.post += [parse_inbound(each.body) for each in deliveries]
        return [Ack() for _ in deliveries]

    async def open(self) -> None:
        """Take what comes."""
        for queue in inbox_queues(self.id):
            await self.town.courier.consume(queue, self._take)


def _matter(kind: Kind, codes: JsonObject, content: JsonObject) -> rules.Matter:
    whole: JsonObject = dict.fromkeys(T1[kind]) | {"txn": a_txn()} | codes | {"checks": None}
    return rules.Matter(kind, parse_codes(kind, whole), parse_content(kind, content, partial=True))


def _opened(parts: Parts) -> tuple[JsonObject, JsonObject]:
    codes = disclosures.read(parts.shown[0]).value
    assert isinstance(codes, dict)
    content = [disclosures.read(each) for each in parts.hidden]
    return codes, {each.name: each.value for each in content if each.value is not None}


async def open_surgery(town: Town) -> Surgery:
    """The surgery, taking its post."""
    surgery = Surgery(town)
    await surgery.open()
    return surgery
