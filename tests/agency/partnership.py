"""Real nodes with real databases around a gateway double, and what tests do with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from candour_agency.api.gate import SCOPES
from candour_agency.assembly import Node, build
from candour_agency.bells import rung
from candour_agency.settings import Settings
from candour_protocol import profiles, registry_facts
from candour_protocol.codes import AgencyKind
from candour_protocol.ids import AgencyId, Jti, new_uuid7, sha256_text
from candour_protocol.keys import OpeningKey, SigningKey
from candour_protocol.kinds import Kind
from candour_protocol.policy import load_policy, policy_for
from candour_protocol.profiles import Inbox, Nation, Profile
from candour_protocol.registry_facts import Voice
from candour_protocol.statement import Draft
from candour_protocol.tokens import access_token, audience_of
from candour_protocol.transport.port import Transport

from tests.agency.courier import Courier
from tests.agency.gateway_double import Clock, Gateway, Reader
from tests.agency.places import Places

NET = "testshire"
SCHOOL = AgencyId("hill-school")
CSC = AgencyId("shire-csc")
POLICE = AgencyId("shire-police")
GP = AgencyId("rise-surgery")
LADO = AgencyId("shire-lado")
KINDS = {
    SCHOOL: AgencyKind.SCHOOL,
    CSC: AgencyKind.CSC,
    POLICE: AgencyKind.POLICE,
    GP: AgencyKind.GP,
    LADO: AgencyKind.LADO,
}
PATIENCE = 60.0  # seconds, never waited for when all is well

JsonDict = dict[str, Any]


@dataclass(repr=False)  # asyncio renders whatever a fixture returns: this is long
class Office:
    """One agency's node, and a caller with a token for it."""

    agency: AgencyId
    partnership: Partnership
    settings: Settings
    keys: Keys
    node: Node
    token: str
    http: httpx.AsyncClient

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        """One call; underscores in header names are hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {token or self.token}"
        return await self.http.request(method, path, json=body, headers=sent)

    async def post(self, path: str, body: Any, **headers: str) -> JsonDict:
        """A call that must be accepted."""
        answer = await self.call("POST", path, body, **headers)
        assert answer.status_code == 202, answer.text
        found: JsonDict = answer.json()
        return found

    async def get(self, path: str, *, token: str | None = None) -> JsonDict:
        """A call that must be answered."""
        answer = await self.call("GET", path, token=token)
        assert answer.status_code == 200, answer.text
        found: JsonDict = answer.json()
        return found

    async def tell(self, to: AgencyId | str = CSC, **changes: Any) -> str:
        """Tell a concern; the id of its message to its first recipient."""
        answer = await self.post("/v1/concerns", a_concern(to, **changes))
        return str(answer["messages"][0]["id"])

    async def ask(self, to: AgencyId | str, **changes: Any) -> str:
        """Ask; the id of the request to its first recipient."""
        answer = await self.post("/v1/requests", a_request(to, **changes))
        return str(next(one["id"] for one in answer["messages"] if one["kind"] == "request"))

    async def message(self, jti: str) -> JsonDict:
        """A message as it is shown now."""
        return await self.get(f"/v1/messages/{jti}")

    async def until(self, jti: str, *states: str) -> JsonDict:
        """The message once it is in one of these states, or, without any, once it has a verdict."""
        with self.node.desk.bells.listen([jti]) as bell:
            while True:
                bell.clear()
                found = (
                    await self.message(jti) if await self._is_here(jti) else {"state": "", "verdict": None}
                )
                if found["state"] in states or (not states and found["verdict"]):
                    return found
                assert await rung(bell, PATIENCE), f"still {found['state']} ({found['verdict']})"

    async def _is_here(self, jti: str) -> bool:
        return (await self.call("GET", f"/v1/messages/{jti}")).status_code == 200

    async def inbox(self) -> list[JsonDict]:
        """The worklist."""
        items: list[JsonDict] = (await self.get("/v1/inbox?limit=200"))["items"]
        return items

    def with_scopes(self, *scopes: str, acts_as: str | None = None, may_assert: bool = False) -> str:
        """A token of this node."""
        party = audience_of(NET, self.agency)
        now = self.partnership.clock()
        return access_token(
            self.keys.token, party, party, "tester", scopes, now, timedelta(minutes=10), acts_as, may_assert
        )

    async def restart(self) -> None:
        """Stop the node and start it again on the same files."""
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        """Stop it, as far as a stop is noticed at all."""
        await self.http.aclose()
        await self.node.stop()

    async def start(self) -> None:
        """Build and start it on its files."""
        partnership = self.partnership
        self.node = await build(
            self.settings,
            partnership.courier,
            partnership.clock,
            reader=Reader(partnership.gateway, self.agency),
        )
        self.http = http_of(self.node)
        await self.node.start()


@dataclass(frozen=True)
class Keys:
    """One agency's secret keys."""

    sign: SigningKey = field(default_factory=SigningKey.generate)
    client: SigningKey = field(default_factory=SigningKey.generate)
    token: SigningKey = field(default_factory=SigningKey.generate)
    general: OpeningKey = field(default_factory=OpeningKey.generate)
    restricted: OpeningKey = field(default_factory=OpeningKey.generate)


def http_of(node: Node) -> httpx.AsyncClient:
    """A client of a node, without a network."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(node.app), base_url="http://node.test")


class Partnership:
    """A gateway double and as many nodes as a test asks for."""

    def __init__(self, folder: Path, places: Places) -> None:
        self.folder = folder
        self.places = places
        self.clock = Clock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
        self.courier = Courier()
        raw = policy_for(NET, identifiers="test")
        self.gateway = Gateway(NET, load_policy(raw), raw, self.courier, self.clock)
        self.keys = {agency: Keys() for agency in KINDS}
        self.offices: dict[AgencyId, Office] = {}
        self._write("policy.toml", raw)
        self._write("partnership.key", b"p" * 32)
        self._jwk("registrar.jwk", dict(self.gateway.registrar.public.jwk))
        for agency in KINDS:
            self._admit(agency)

    def _admit(self, agency: AgencyId) -> None:
        keys = self.keys[agency]
        seal = {"general": keys.general.public, "restricted": keys.restricted.public}
        self.gateway.admit(agency, keys.sign, keys.client.public, seal, a_profile(agency))

    def publish(self, agency: AgencyId, **changes: Any) -> None:
        """A newer profile of an agency, in the log."""
        profile = profiles.parse(a_profile(agency)).model_copy(update=changes)
        raw = profiles.dump(profile)
        digest = sha256_text(raw)
        self.gateway.documents[digest] = raw
        own = Voice(NET, agency, self.keys[agency].sign)
        self.gateway.fact(registry_facts.profile(own, agency, digest, self.clock()))

    def draft(self, iss: AgencyId, aud: AgencyId, kind: Kind, **changes: Any) -> Draft:
        """What a test signs itself, past every node; it lives for a minute."""
        now = self.clock()
        iat = int(now.timestamp())
        jti = Jti(new_uuid7(now))
        made = Draft(net=NET, iss=iss, aud=aud, jti=jti, iat=iat, exp=iat + 60, kind=kind)
        return replace(made, **changes)

    async def open(self, agency: AgencyId, courier: Transport | None = None) -> Office:
        """The agency's node, started; with a courier of its own, if one is given."""
        if agency not in self.offices:
            self.offices[agency] = await self._open(agency, courier or self.courier)
        return self.offices[agency]

    async def _open(self, agency: AgencyId, courier: Transport) -> Office:
        settings = self.settings(agency)
        node = await build(settings, courier, self.clock, reader=Reader(self.gateway, agency))
        await node.start()
        office = Office(agency, self, settings, self.keys[agency], node, "", http_of(node))
        office.token = office.with_scopes(*SCOPES, may_assert=True)
        return office

    def settings(self, agency: AgencyId) -> Settings:
        """An agency's settings; its keys become files."""
        keys, path = self.keys[agency], self.folder / agency
        path.mkdir(exist_ok=True)
        return Settings(
            agency=agency,
            net=NET,
            database=self.places.address(agency),
            sign_key=self._jwk(f"{agency}/sign.jwk", keys.sign.private_jwk),
            client_key=self._jwk(f"{agency}/client.jwk", keys.client.private_jwk),
            token_key=self._jwk(f"{agency}/token.jwk", keys.token.private_jwk),
            seal_keys={
                "general": (self._jwk(f"{agency}/general.jwk", keys.general.private_jwk),),
                "restricted": (self._jwk(f"{agency}/restricted.jwk", keys.restricted.private_jwk),),
            },
            actor_key=self._write(f"{agency}/actor.key", agency.encode().ljust(32, b"a")),
            partnership_keys=(self.folder / "partnership.key",),
            policy=self.folder / "policy.toml",
            transport="embedded:///nowhere.db",
            gateway_url="http://gateway.test",
            log_vkey=self.gateway.log.vkey,
            log_origin=self.gateway.log.signer.name,
            registrar=self.folder / "registrar.jwk",
        )

    def _jwk(self, name: str, jwk: Mapping[str, Any]) -> Path:
        return self._write(name, json.dumps(dict(jwk)).encode())

    def _write(self, name: str, raw: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(raw)
        return path

    async def close(self) -> None:
        """Stop every node."""
        for office in self.offices.values():
            await office.stop()
        await self.courier.close()


def a_profile(agency: AgencyId) -> bytes:
    """An agency that can be rung."""
    inboxes = tuple(
        Inbox(name=name, hours="ALWAYS", lead="Duty lead", phone=None) for name in ("general", "restricted")
    )
    return profiles.dump(
        Profile(
            id=agency,
            name=agency.replace("-", " ").title(),
            kind=KINDS[agency],
            nation=Nation.ENGLAND,
            inboxes=inboxes,
            phone="01632 960001",
            phone_24h="01632 960002",
        )
    )


def a_subject(**changes: Any) -> JsonDict:
    """A child with a number of the test range."""
    return {"name": "Rowan Ashbyte", "birth_date": "2017-03-14", "nhs_number": "9990001014", **changes}


def a_concern(to: AgencyId | str = CSC, **changes: Any) -> JsonDict:
    """A concern of substance."""
    return {
        "recipients": [to],
        "subject": a_subject(),
        "categories": ["PHYSICAL_ADULT"],
        "need_level": "L4",
        "urgency": "RED",
        "facts": [
            {
                "what": "Oval yellow-brown bruise, about 3 cm, under the left jaw, seen at registration.",
                "when": "2026-11-20 09:10",
                "basis": "OBSERVED",
            }
        ],
        "author": {"staff_id": "vance", "name": "H. Vance", "role": "Lead", "training_level": "DSL"},
        "openness": {"position": "NOT_INFORMED", "reason": "RISK_TO_CHILD"},
        **changes,
    }


def a_request(to: AgencyId | str, **changes: Any) -> JsonDict:
    """A request that breaks no rule, once it cites a concern."""
    return {
        "recipients": [to],
        "concern_ids": [],
        "subject": a_subject(),
        "urgency": "RED",
        "purpose": "TRIAGE",
        "power": "CA89_S47",
        "lawful_basis": "A6_E",
        "special_category": "A9_G18",
        "lines": [
            {
                "person": {"name": "Dez Karvell", "born_about": 1991, "role": "ALLEGED_RISK"},
                "category": "POLICE_INCID",
                "months": 24,
                "question": "Calls to the address?",
                "because": "to see if the bruise fits a pattern of violence at home",
            }
        ],
        "openness": {"position": "NOT_INFORMED", "reason": "RISK_TO_CHILD"},
        "author": {
            "staff_id": "mbeki",
            "name": "J. Mbeki",
            "role": "Social worker",
            "training_level": "SW_QUALIFIED",
        },
        **changes,
    }


def an_answer(**changes: Any) -> JsonDict:
    """An answer that discloses its one line."""
    line = {"line": 1, "outcome": "DISCLOSED_FULL", "text": "Three calls since June.", "basis": "RECORD"}
    decider = {"name": "DI Brace", "role": "Detective inspector", "training_level": "POLICE_PPU"}
    return {"outcomes": [line], "decider": decider, **changes}
