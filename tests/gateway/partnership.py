"""A partnership to test a gateway with: keys, agencies, a clock that tests move, builders of statements."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from candour_gateway import keyring
from candour_gateway.settings import Settings
from candour_protocol import base64url, erasures, profiles, registry_facts
from candour_protocol.codes import AgencyKind
from candour_protocol.ids import GATEWAY, AgencyId, Jti, StatementHash, Txn, new_uuid7, sha256_text
from candour_protocol.keys import OpeningKey, SealKey, SigningKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import load_policy, policy_for
from candour_protocol.profiles import Inbox, Nation, Profile
from candour_protocol.registry_facts import KeyUse, Voice
from candour_protocol.sealing import has_narrative
from candour_protocol.statement import Body, Draft, Issued, issue, parse
from candour_protocol.strict_json import JsonObject, JsonValue

NET = "anytown"
ORIGIN = "log.example/anytown"
# a clock that a test holds still gives nobody a turn, so no test may come to wait for one
POLICY = re.sub(rb"_per_minute = \d+", b"_per_minute = 1000000", policy_for(NET, identifiers="test"))
POLICY_ID = load_policy(POLICY).id
START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
INBOXES = ("general", "restricted", "mash")


@dataclass(slots=True)
class TestClock:
    """Stands still until a test moves it."""

    __test__ = False
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass(slots=True)
class Party:
    """An agency with its private keys; ``actor`` is one person in one thread."""

    id: AgencyId
    kind: AgencyKind
    sign: SigningKey = field(default_factory=SigningKey.generate)
    client: SigningKey = field(default_factory=SigningKey.generate)
    seal: dict[str, OpeningKey] = field(
        default_factory=lambda: {inbox: OpeningKey.generate() for inbox in INBOXES}
    )

    @property
    def voice(self) -> Voice:
        return Voice(NET, self.id, self.sign)

    @property
    def profile(self) -> bytes:
        inboxes = tuple(Inbox(name=name, hours="ALWAYS", lead="Duty lead") for name in INBOXES)
        return profiles.dump(
            Profile(
                id=self.id,
                name=f"The {self.id}",
                kind=self.kind,
                nation=Nation.ENGLAND,
                phone="01632 960000",
                inboxes=inboxes,
            )
        )


SCHOOL, CSC, GP, POLICE = (AgencyId(f"anytown-{name}") for name in ("school", "csc", "gp", "police"))
KINDS: Mapping[AgencyId, AgencyKind] = {
    SCHOOL: AgencyKind.SCHOOL,
    CSC: AgencyKind.CSC,
    GP: AgencyKind.GP,
    POLICE: AgencyKind.POLICE,
}


@dataclass(slots=True, repr=False)  # asyncio renders whatever a fixture returns: this is long
class Partnership:
    """Everybody's keys, and files from which a gateway can be built."""

    folder: Path
    clock: TestClock
    database: str = ""  # a file in the folder, unless one is given
    registrar: SigningKey = field(default_factory=SigningKey.generate)
    policy: bytes = POLICY
    parties: dict[AgencyId, Party] = field(
        default_factory=lambda: {agency: Party(agency, kind) for agency, kind in KINDS.items()}
    )

    def settings(self, **changes: object) -> Settings:
        """Settings whose files are written on first use."""
        keys = self.folder / "keys"
        if not keys.exists():
            keyring.make(keys, ORIGIN)
            (self.folder / "policy.toml").write_bytes(self.policy)
            (self.folder / "registrar.jwk").write_text(json.dumps(self.registrar.public.jwk))
        settings = Settings(
            database=self.database or str(self.folder / "gateway.db"),
            keys=keys,
            policy=self.folder / "policy.toml",
            registrar=self.folder / "registrar.jwk",
            transport="embedded:///unused",
            remind_every=timedelta(hours=1),  # tests say when to look
        )
        return settings.model_copy(update=changes)

    @property
    def voice(self) -> Voice:
        return registry_facts.registrar(NET, self.registrar)

    def founding(self) -> list[tuple[str, bytes | None]]:
        """The facts that admit everybody, with the documents they name."""
        gateway = keyring.read(self.folder / "keys")
        now = self.clock()
        facts: list[tuple[str, bytes | None]] = [
            (registry_facts.admit(self.voice, GATEWAY, gateway.sign.public, now), None),
            (registry_facts.policy(self.voice, load_policy(self.policy).id, now), self.policy),
        ]
        for party in self.parties.values():
            facts += self.admission(party)
        return facts

    def admission(self, party: Party) -> list[tuple[str, bytes | None]]:
        """What brings one agency in."""
        now, own = self.clock(), party.voice
        seals = [
            (registry_facts.key_add(own, party.id, key.public, KeyUse.SEAL, now, inbox=inbox), None)
            for inbox, key in party.seal.items()
        ]
        return [
            (registry_facts.admit(self.voice, party.id, party.sign.public, now), None),
            (registry_facts.key_add(own, party.id, party.client.public, KeyUse.CLIENT, now), None),
            *seals,
            (registry_facts.profile(own, party.id, sha256_text(party.profile), now), party.profile),
        ]

    # -- statements ---------------------------------------------------------------------------------

    def say(self, kind: Kind, frm: AgencyId, to: AgencyId, codes: JsonObject, **changes: object) -> Issued:
        """Any statement; ``changes`` replace fields of the draft."""
        inbox = codes.get("inbox") or "general"
        iat = int(self.clock().timestamp())
        draft = Draft(
            net=NET,
            iss=frm,
            aud=to,
            jti=Jti(new_uuid7(self.clock())),
            iat=iat,
            exp=iat + 86_400,
            kind=kind,
            codes={"txn": a_txn(), "actor": None} | codes,
        )
        return self.issue(replace(draft, **changes), str(inbox))  # type: ignore[arg-type]

    def issue(self, draft: Draft, inbox: str = "general") -> Issued:
        """Signed by its issuer, sealed to its audience."""
        seal_to = self._seal_key(draft.aud, inbox) if has_narrative(draft.kind, draft.aud) else None
        return issue(draft, self.parties[draft.iss].sign, seal_to)

    def _seal_key(self, agency: AgencyId, inbox: str) -> SealKey:
        party = self.parties.get(agency)
        return party.seal[inbox].public if party else OpeningKey.generate().public

    def concern(self, frm: AgencyId = GP, to: AgencyId = SCHOOL, **codes: JsonValue) -> Issued:
        """A concern of substance; ``codes`` replace T1 members, ``draft_`` ones fields of the draft."""
        own, draft = _split(codes)
        return self.say(Kind.CONCERN, frm, to, concern_codes() | own, **draft)

    def request(
        self, concerns: list[StatementHash], frm: AgencyId = GP, to: AgencyId = SCHOOL, **codes: JsonValue
    ) -> Issued:
        """A request that meets every rule if the concerns that it cites do."""
        own, draft = _split(codes)
        return self.say(Kind.REQUEST, frm, to, request_codes(concerns) | own, **draft)

    def emergency(self, frm: AgencyId = GP, to: AgencyId = SCHOOL, **codes: JsonValue) -> Issued:
        """A request that goes before its concern."""
        line: JsonValue = {"line": 1, "role": "SUBJECT_CHILD", "category": "KNOWN_YN", "months": 1}
        urgent: JsonObject = {"urgency": "EMERGENCY", "purpose": "EMERGENCY_SAFETY", "asked": [line]}
        return self.request([], frm, to, **(urgent | codes))

    def delivery(self, of: Issued, opened: str = "sound", frm: AgencyId | None = None) -> Issued:
        """The recipient's node has it."""
        claims = of.statement.claims
        codes: JsonObject = {"opened": opened, "rules": {}}
        return self.say(Kind.DELIVERY, frm or claims.aud, claims.iss, codes, irt=of.statement.hash)

    def answering(self, kind: Kind, to: Issued, frm: AgencyId | None = None, **codes: JsonValue) -> Issued:
        """Some answer to a statement by its recipient."""
        claims = to.statement.claims
        return self.say(kind, frm or claims.aud, claims.iss, dict(codes), irt=to.statement.hash)

    def answer(self, to: Issued, frm: AgencyId | None = None, **codes: JsonValue) -> Issued:
        """An answer that discloses what was asked."""
        return self.answering(Kind.ANSWER, to, frm, **(answer_codes() | codes))

    def erasure(self, *of: Issued, frm: AgencyId = GP) -> Issued:
        """An agency wants what these say deleted."""
        names = [each.statement.hash for each in of]
        statement = parse(erasures.erase(self.parties[frm].voice, names, self.clock()))
        return Issued(statement, Body(statement.jwt, (), ""))

    def agreement(self, to: StatementHash, frm: AgencyId, actor: str | None = None) -> Issued:
        """A party's word that something may be erased early."""
        codes: JsonObject = {"actor": actor or an_actor(), "approves": to, "as": "party"}
        return self.say(Kind.APPROVAL, frm, GATEWAY, codes)

    def approval(self, of: Issued, actor: str | None = None, **codes: JsonValue) -> Issued:
        """A second person's word on what their agency's colleague asked."""
        claims = of.statement.claims
        own: JsonObject = {"actor": actor or an_actor(), "approves": of.statement.hash, "as": "second"}
        return self.say(Kind.APPROVAL, claims.iss, claims.aud, own | codes)


def _split(codes: Mapping[str, JsonValue]) -> tuple[JsonObject, dict[str, JsonValue]]:
    draft = {name.removeprefix("draft_"): value for name, value in codes.items() if name.startswith("draft_")}
    return {name: value for name, value in codes.items() if not name.startswith("draft_")}, draft


CHILD: JsonValue = ["v1." + sha256_text(b"one child")]
OTHER_CHILD: JsonValue = ["v1." + sha256_text(b"another child")]


def a_txn() -> Txn:
    return Txn(new_uuid7(START))


def an_actor() -> str:
    return base64url.encode(secrets.token_bytes(16))


def attested(*rules: str, failing: tuple[str, ...] = (), ruleset: str = POLICY_ID) -> JsonObject:
    """What a sender's node found."""
    return {"ruleset": ruleset, **{rule: "fail" if rule in failing else "pass" for rule in rules}}


def concern_codes() -> JsonObject:
    return {
        "child": CHILD,
        "categories": ["NEGLECT"],
        "need_level": "L3",
        "urgency": "AMBER",
        "inbox": "general",
        "marks": [],
        "openness": {"position": "INFORMED_AGREED", "reason": None},
        "checks": attested("R02", "R03", "R13"),
    }


def request_codes(concerns: list[StatementHash]) -> JsonObject:
    refs: list[JsonValue] = [*concerns]
    return {
        "actor": an_actor(),
        "child": CHILD,
        "concern_refs": refs,
        "urgency": "AMBER",
        "inbox": "general",
        "purpose": "DIRECT_CARE",
        "power": "CA04_S11",
        "lawful_basis": "A6_E",
        "special_category": "A9_H",
        "openness": {"position": "INFORMED_AGREED", "reason": None},
        "asked": [{"line": 1, "role": "SUBJECT_CHILD", "category": "EDU_ATTEND", "months": 6}],
        "author_level": "IC4",
        "checks": attested("R02", "R03", "R05", "R07", "R09", "R12", "R13"),
    }


def answer_codes() -> JsonObject:
    return {
        "outcomes": [{"line": 1, "outcome": "DISCLOSED_FULL", "reason": None}],
        "decider_level": "DSL",
        "checks": attested("R11"),
    }
