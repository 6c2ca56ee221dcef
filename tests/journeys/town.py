"""A whole small partnership in one process: courier, gateway, three nodes, and a surgery that has no node.

The surgery is the hostile party (``hostile.Surgery``): it holds its own registered keys and speaks
candour-protocol, nothing else. When a town closes, its whole log is audited and judged again, and nothing may
have failed inside a service or been said in a log that is somebody's.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from candour_agency import assembly as agency_assembly
from candour_agency import store
from candour_agency.assembly import Node
from candour_agency.settings import Settings
from candour_gateway import assembly as gateway_assembly
from candour_gateway import keyring
from candour_gateway.assembly import Gateway
from candour_gateway.database import Database
from candour_gateway.replay import replay
from candour_protocol.audit import AuditReport, audit_log
from candour_protocol.checkpoint import open_checkpoint
from candour_protocol.ids import AgencyId
from candour_protocol.keys import SigningKey
from candour_protocol.note import Verifier
from candour_protocol.tiles import ENTRIES, TileId, tiles_of
from candour_protocol.tokens import access_token, agency_token, audience_of
from candour_protocol.transport.embedded import EmbeddedTransport
from candour_protocol.transport.port import Park

from tests.gateway.partnership import (
    CSC,
    NET,
    POLICE,
    POLICY,
    SCHOOL,
    Partnership,
    TestClock,
)
from tests.gateway.world import Files
from tests.journeys.overheard import Overheard, overhearing
from tests.journeys.personal import PERSONAL
from tests.journeys.premises import node_settings, write_keys
from tests.journeys.watched import WatchedCourier

NODES = (SCHOOL, CSC, POLICE)
SCOPES = frozenset(
    {
        "concerns.send",
        "requests.send",
        "requests.approve",
        "messages.read",
        "inbox.read",
        "inbox.answer",
        "audit.read",
    }
)
EVERYTHING = SCOPES | {"inbox.restricted"}


@dataclass(slots=True)
class SkewedClock:
    """A node's own clock: the town's, and as far off as a test wants."""

    town: TestClock
    ahead: timedelta = timedelta(0)

    def __call__(self) -> Any:
        return self.town() + self.ahead


@dataclass(slots=True, repr=False)  # asyncio renders whatever a fixture returns: this is long
class Town:
    """Use ``open_town``. The clock stands still until a test moves it."""

    partnership: Partnership
    courier: WatchedCourier
    gateway: Gateway
    overheard: Overheard
    nodes: dict[AgencyId, Node] = field(default_factory=dict)
    clocks: dict[AgencyId, SkewedClock] = field(default_factory=dict)
    tokens: dict[AgencyId, SigningKey] = field(default_factory=dict)
    addresses: dict[AgencyId, str] = field(default_factory=dict)  # of databases that are no file
    cut_off: bool = False  # whether nodes cannot reach the gateway's REST interface
    partnership_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def clock(self) -> TestClock:
        return self.partnership.clock

    @property
    def verifier(self) -> Verifier:
        return Verifier.from_vkey(self.gateway.vkey)

    # -- calls --------------------------------------------------------------------------------------

    def token(self, agency: AgencyId, scopes: Iterable[str] = EVERYTHING, client_id: str = "desktop") -> str:
        """An access token of a node, as its token endpoint would make it."""
        key, party = self.tokens[agency], audience_of(NET, agency)
        return access_token(key, party, party, client_id, scopes, self.clock(), may_assert=True)

    async def call(
        self, agency: AgencyId, method: str, path: str, *, token: str | None = None, **call: Any
    ) -> httpx.Response:
        """A call to a node with every scope, or with this token ("" for none). It never ends in a 500."""
        bearer = self.token(agency) if token is None else token
        return await _call(_client(self.nodes[agency].app), method, path, bearer, **call)

    async def post(
        self, agency: AgencyId, path: str, body: Any, wait: int = 10, **call: Any
    ) -> httpx.Response:
        """What a person's system sends; waits for the verdicts."""
        headers = {"Prefer": f"wait={wait}", "Content-Type": "application/json"}
        return await self.call(agency, "POST", path, content=json.dumps(body), headers=headers, **call)

    async def ask_gateway(
        self, method: str, path: str, *, token: str | None = None, **call: Any
    ) -> httpx.Response:
        """A call to the gateway with every scope, or with this token ("" for none)."""
        scopes = frozenset({"ops.read", "log.audit"})
        bearer = self.gateway.token("tests", scopes, timedelta(minutes=5)) if token is None else token
        return await _call(_client(self.gateway.app), method, path, bearer, **call)

    def agency_token(self, agency: AgencyId) -> str:
        """What an agency shows the gateway."""
        key = self.partnership.parties[agency].client
        return agency_token(key, agency, audience_of(NET, "gateway"), self.clock())

    async def inbox(self, agency: AgencyId, **params: str) -> list[dict[str, Any]]:
        """An agency's worklist."""
        answer = await self.call(agency, "GET", "/v1/inbox", params={"limit": "200"} | params)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def message(self, agency: AgencyId, jti: str) -> dict[str, Any]:
        """A message as one of its parties sees it."""
        answer = await self.call(agency, "GET", f"/v1/messages/{jti}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def inboxes(self) -> dict[AgencyId, int]:
        """How far every worklist goes; the same again if nothing came to anybody."""
        return {
            agency: await node.desk.database.read(store.messages.last_received)
            for agency, node in self.nodes.items()
        }

    async def log_size(self) -> int:
        size: int = (await self.ask_gateway("GET", "/v1/stats")).json()["entries"]
        return size

    async def arrived(self, agency: AgencyId, jti: str) -> dict[str, Any]:
        """A message that the courier brings, once its recipient's node has taken it in."""
        await self.courier.settle()
        return await self.message(agency, jti)

    async def parked(self, agency: AgencyId, raw: bytes) -> str:
        """Why a node parked what lay in its inbox: noted as an incident, and shown and told to nobody."""
        await self.courier.settle()
        before, size = await self.inboxes(), await self.log_size()
        incidents = len(self.overheard.named("incident"))

        settlement = await self.courier.drop_in(agency, raw)
        await self.courier.settle()

        assert isinstance(settlement, Park)
        noted = self.overheard.named("incident")[incidents:]
        assert {each["code"] for each in noted} == {settlement.reason}
        metrics = (await self.call(agency, "GET", "/metrics", token="")).text
        assert f'candour_agency_incidents_total{{code="{settlement.reason}"}}' in metrics
        assert (await self.inboxes(), await self.log_size()) == (before, size)
        return settlement.reason

    # -- nodes that stop and start --------------------------------------------------------------------

    async def start_node(self, agency: AgencyId) -> None:
        """Build it on its data, and run it."""
        node = await agency_assembly.build(
            settings_of(self, agency), self.courier, self.clocks[agency], http=_line(self)
        )
        self.nodes[agency] = node
        await node.start()

    async def stop_node(self, agency: AgencyId) -> None:
        """End it; what comes for it waits at the courier."""
        await self.nodes.pop(agency).stop()

    # -- at the end ---------------------------------------------------------------------------------

    async def log_files(self) -> dict[str, bytes]:
        """Everything that an auditor fetches, by path."""
        files = {"checkpoint": (await self.ask_gateway("GET", "/log/checkpoint")).content}
        size = open_checkpoint(files["checkpoint"].decode(), self.verifier).size
        paths = [tile.path(width) for tile, width in tiles_of(size)]
        bundles = [TileId(ENTRIES, n) for n in range(-(-size // 256))]
        for path in (*paths, *(tile.path(tile.width(size)) for tile in bundles)):
            files[path] = (await self.ask_gateway("GET", f"/log/{path}")).content
        return files

    async def audit(self) -> AuditReport:
        """The whole log verifies, with every signature and the chain of keys."""
        report = audit_log(Files(await self.log_files()), self.verifier, self.partnership.registrar.public)
        assert isinstance(report, AuditReport), report
        return report

    async def judge_again(self) -> None:
        """Every verdict comes out the same from the log (INV-6)."""
        settings = self.partnership.settings()
        database = Database(settings.database_url)
        try:
            box = keyring.read(settings.keys).box
            judged = await replay(database, box, self.partnership.registrar.public, NET)
        finally:
            await database.close()
        assert judged.differences == []

    def assert_quiet(self) -> None:
        """No service failed inside, and none said anything that is somebody's."""
        assert not self.courier.raised
        assert not self.overheard.defects()
        assert not [text for text in PERSONAL if self.overheard.says(text)]


def _client(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://town")


def _line(town: Town) -> httpx.AsyncClient:
    """What nodes reach the gateway by."""
    return httpx.AsyncClient(transport=_Line(town), base_url="http://town")


class _Line(httpx.AsyncBaseTransport):
    def __init__(self, town: Town) -> None:
        self._town = town
        self._inner = httpx.ASGITransport(town.gateway.app, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._town.cut_off:
            raise httpx.ConnectError("cut off", request=request)
        return await self._inner.handle_async_request(request)


async def _call(http: httpx.AsyncClient, method: str, path: str, bearer: str, **call: Any) -> httpx.Response:
    headers = dict(call.pop("headers", {}))
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    async with http:
        answer = await http.request(method, path, headers=headers, **call)
    assert answer.status_code != 500, path
    return answer


@asynccontextmanager
async def open_town(
    folder: Path, policy: bytes = POLICY, addresses: Mapping[AgencyId, str] | None = None
) -> AsyncIterator[Town]:
    """Found everything below ``folder``, run it, and check at the end that all is whole."""
    partnership = Partnership(folder, TestClock(), policy=policy)
    courier = WatchedCourier(await EmbeddedTransport.open(folder / "transport.db", clock=partnership.clock))
    with overhearing() as overheard:
        gateway = await gateway_assembly.build(partnership.settings(), courier, partnership.clock)
        town = Town(partnership, courier, gateway, overheard, addresses=dict(addresses or {}))
        try:
            await _start(town)
            yield town
            await town.courier.settle()
            await town.audit()
            await town.judge_again()
            town.assert_quiet()
        finally:
            await _stop(town)


async def _start(town: Town) -> None:
    await town.gateway.start()
    for jwt, document in town.partnership.founding():
        await town.gateway.admit_registry(jwt, document)
    for agency in NODES:
        town.clocks[agency] = SkewedClock(town.clock)
        town.tokens[agency] = SigningKey.generate()
        write_keys(town.partnership, agency, town.partnership_key, town.tokens[agency])
        await town.start_node(agency)


async def _stop(town: Town) -> None:
    for node in town.nodes.values():
        await node.stop()
    await town.gateway.stop()
    await town.courier.close()


def settings_of(town: Town, agency: AgencyId) -> Settings:
    """A node's settings."""
    return node_settings(town.partnership, agency, town.gateway.vkey, town.addresses.get(agency))
