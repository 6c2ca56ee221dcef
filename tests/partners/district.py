"""A partnership on RabbitMQ: a gateway, a school with a node, and two agencies on the queue themselves."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from candour_agency import assembly as agency_assembly
from candour_agency.assembly import Node
from candour_gateway import assembly as gateway_assembly
from candour_gateway.assembly import Gateway
from candour_protocol.ids import GATEWAY, AgencyId, StatementHash
from candour_protocol.keys import SigningKey
from candour_protocol.kinds import Kind
from candour_protocol.note import Verifier
from candour_protocol.receipt import verify
from candour_protocol.statement import Statement, parse
from candour_protocol.tokens import access_token, audience_of
from candour_protocol.transport.port import Outbound, PublishResult
from candour_protocol.transport.topology import DELIVER, SUBMIT, Lane, deliver_key, inbox_queues, submit_key
from candour_protocol.wire import Delivered, render_delivered
from candour_sandbox.listeners import Listeners, reserve

from tests.gateway.partnership import CSC, GP, INBOXES, NET, ORIGIN, POLICY, SCHOOL, Partnership, TestClock
from tests.journeys.premises import node_settings, write_keys
from tests.journeys.town import EVERYTHING
from tests.partners.partner import Partner
from tests.transport.realm import Realm
from tests.transport.waiting import until

PATIENCE = 60.0  # seconds for what takes one on an idle machine


class WallClock(TestClock):
    """The machine's, which the surgery's own process has too."""

    __test__ = False

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True, repr=False)  # asyncio renders whatever a fixture returns: this is long
class District:
    """Use ``open_district``. The hub takes its post only in tests that say so."""

    partnership: Partnership
    realm: Realm
    gateway: Gateway
    school: Node
    surgery: Partner
    hub: Partner
    school_token: SigningKey

    # -- the school's people ------------------------------------------------------------------------------

    async def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A call to the school's node with every scope; it succeeds."""
        party = audience_of(NET, SCHOOL)
        now = self.partnership.clock()
        token = access_token(self.school_token, party, party, "desktop", EVERYTHING, now, may_assert=True)
        headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=30"}
        async with _client(self.school.app) as http:
            answer = await http.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def message(self, jti: str) -> dict[str, Any]:
        """A message as the school sees it."""
        return await self.call("GET", f"/v1/messages/{jti}")

    async def arrived(self, jti: str) -> dict[str, Any]:
        """A message in the school's worklist, once it is there; it is there once."""

        async def there() -> bool:
            return jti in await self._worklist()

        await until(there, PATIENCE)
        assert (await self._worklist()).count(jti) == 1
        return await self.message(jti)

    async def reaches(self, jti: str, state: str) -> dict[str, Any]:
        """A message of the school's, once it is in this state."""

        async def there() -> bool:
            return bool((await self.message(jti))["state"] == state)

        await until(there, PATIENCE)
        return await self.message(jti)

    async def _worklist(self) -> list[str]:
        items = (await self.call("GET", "/v1/inbox?limit=200"))["items"]
        return [str(item["id"]) for item in items]

    # -- the queue ----------------------------------------------------------------------------------------

    async def submit(self, issuer: AgencyId, raw: bytes, key: str | None = None) -> PublishResult:
        """Bytes in an agency's name, by its own broker user."""
        courier = await self.realm.connect(issuer)
        routing_key = key or submit_key(issuer, Kind.CONCERN, urgent=False)
        (result,) = await courier.publish([Outbound(SUBMIT, routing_key, raw, issuer)])
        return result

    async def drop_in(self, delivered: Delivered) -> None:
        """Put a delivery into the surgery's inbox, as only a gateway can, or who has its place."""
        courier = await self.realm.connect(GATEWAY)
        key = deliver_key(GP, Lane.ORDINARY)
        (result,) = await courier.publish([Outbound(DELIVER, key, render_delivered(delivered), GATEWAY)])
        assert result is PublishResult.CONFIRMED

    def empty_inbox(self) -> None:
        """Lose what lies there, as a queue that was declared a moment ago can."""
        for queue in inbox_queues(GP):
            self.realm.delete(f"/queues/{self.realm.name}/{queue}/contents")

    # -- the log --------------------------------------------------------------------------------------------

    async def logged(self, issuer: AgencyId, kind: Kind) -> list[Statement]:
        """What this agency has stated of this kind, by the log."""
        token = self.gateway.token("tests", frozenset({"log.audit"}), timedelta(hours=1))
        async with _client(self.gateway.app) as http:
            answer = await http.get(
                "/v1/entries", params={"limit": "500"}, headers={"Authorization": f"Bearer {token}"}
            )
        assert answer.is_success, answer.text
        entries = [verify(item["receipt"], self.verifier).entry for item in answer.json()["items"]]
        statements = [parse(entry.jwt) for entry in entries]
        return [each for each in statements if (each.claims.iss, each.claims.kind) == (issuer, kind)]

    async def deliveries(self, of: StatementHash) -> int:
        """How often the surgery has said of a statement that it has it, by the log."""
        stated = await self.logged(GP, Kind.DELIVERY)
        return sum(each.claims.irt == of for each in stated)

    async def obligations(self) -> list[dict[str, Any]]:
        """Who owes whom what, by the log."""
        token = self.gateway.token("tests", frozenset({"ops.read"}), timedelta(hours=1))
        async with _client(self.gateway.app) as http:
            answer = await http.get("/v1/obligations", headers={"Authorization": f"Bearer {token}"})
        assert answer.is_success, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def is_logged(self, issuer: AgencyId, kind: Kind, count: int) -> None:
        """Wait until the log holds as many statements of this kind."""

        async def there() -> bool:
            return len(await self.logged(issuer, kind)) >= count

        await until(there, PATIENCE)

    @property
    def verifier(self) -> Verifier:
        return Verifier.from_vkey(self.gateway.vkey)


def _client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://district", timeout=PATIENCE)


@asynccontextmanager
async def open_district(folder: Path, amqp_url: str, policy: bytes = POLICY) -> AsyncIterator[District]:
    """Found everything below ``folder`` and on a virtual host of its own; run it, and clear it away."""
    partnership, realm = Partnership(folder, WallClock(), policy=policy), Realm(amqp_url)
    realm.make(partnership.parties)
    listeners, place = Listeners(), reserve("gateway", 0)
    gateway = await gateway_assembly.build(
        partnership.settings(), await realm.connect(GATEWAY), partnership.clock
    )
    await gateway.start()
    for jwt, document in partnership.founding():
        await gateway.admit_registry(jwt, document)
    await listeners.serve(place, gateway.app)
    token = SigningKey.generate()
    secret = secrets.token_bytes(32)
    school = await _school(partnership, gateway, realm, token, secret)
    surgery, hub = (_partner(each, partnership, gateway, realm, place.url, secret) for each in (GP, CSC))
    try:
        yield District(partnership, realm, gateway, school, surgery, hub, token)
    finally:
        surgery.end()
        hub.end()
        await school.stop()
        await gateway.stop()
        await listeners.stop()
        await realm.close()
        realm.remove()


async def _school(
    partnership: Partnership, gateway: Gateway, realm: Realm, token: SigningKey, secret: bytes
) -> Node:
    write_keys(partnership, SCHOOL, secret, token)
    settings = node_settings(partnership, SCHOOL, gateway.vkey)
    courier = await realm.connect(SCHOOL)
    node = await agency_assembly.build(settings, courier, partnership.clock, http=_client(gateway.app))
    await node.start()
    return node


def _partner(
    agency: AgencyId,
    partnership: Partnership,
    gateway: Gateway,
    realm: Realm,
    gateway_url: str,
    secret: bytes,
) -> Partner:
    """Its ``partner.json``, as the sandbox writes one."""
    folder = write_keys(partnership, agency, secret)
    common = partnership.settings()
    given = {
        "agency": agency,
        "net": NET,
        "amqp": realm.url(agency),
        "keys": {
            "sign": "sign.jwk",
            "client": "client.jwk",
            "actor": "actor.key",
            "seal": {inbox: f"seal-{inbox}.jwk" for inbox in INBOXES},
        },
        "partnership_keys": ["partnership.key"],
        "gateway": {"url": gateway_url},
        "log": {"origin": ORIGIN, "vkey": gateway.vkey},
        "registrar": str(common.registrar),
        "policy": str(common.policy),
    }
    (folder / "partner.json").write_text(json.dumps(given))
    return Partner(folder)
