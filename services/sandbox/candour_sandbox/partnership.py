"""All services of a partnership in one process: a courier, a gateway, a node an agency, the health page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from candour_agency import assembly as agency_assembly
from candour_agency.assembly import Node
from candour_agency.settings import Settings as AgencySettings
from candour_dashboard import assembly as dashboard_assembly
from candour_dashboard.assembly import Dashboard
from candour_dashboard.settings import Settings as DashboardSettings
from candour_gateway import assembly as gateway_assembly
from candour_gateway.assembly import Gateway
from candour_gateway.settings import Settings as GatewaySettings
from candour_protocol import transport as courier
from candour_protocol.ids import GATEWAY, GENERAL, RESTRICTED, AgencyId
from candour_protocol.tokens import access_token, audience_of
from candour_protocol.transport.port import Transport
from pydantic import SecretStr

from candour_sandbox import cast
from candour_sandbox.estate import Estate, signing_key
from candour_sandbox.listeners import Listeners, Place, release, reserve
from candour_sandbox.manifest import AgencyDoor, Doors
from candour_sandbox.readiness import all_ready
from candour_sandbox.samples import samples

CLIENT = "sandbox"
TOKEN_LIFETIME = timedelta(days=30)
NODE_SCOPES = (
    "concerns.send",
    "requests.send",
    "requests.approve",
    "messages.read",
    "inbox.read",
    "inbox.answer",
    "audit.read",
)
RESTRICTED_SCOPE = "inbox.restricted"
GATEWAY_SCOPES = ("ops.read", "log.audit")
FIRST_AGENCY = 101
DASHBOARD = "dashboard"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Places:
    """A bound port for every service, before any of them is started."""

    dashboard: Place
    gateway: Place
    agencies: Mapping[str, Place]

    @classmethod
    def reserve(cls, base_port: int) -> Places:
        """Bind them all.

        Raises:
            PortTakenError: one is taken; none stays bound.
        """
        wanted = {DASHBOARD: base_port, GATEWAY: base_port + 1}
        wanted |= {agency: base_port + FIRST_AGENCY + n for n, agency in enumerate(cast.PARTS)}
        bound: dict[str, Place] = {}
        try:
            for service, port in wanted.items():
                bound[service] = reserve(service, port)
        except Exception:
            release(tuple(bound.values()))
            raise
        return cls(bound.pop(DASHBOARD), bound.pop(GATEWAY), bound)


class Partnership:
    """Built by ``open_partnership``; ``close`` stops what runs, in the order in which messages travel."""

    def __init__(self, estate: Estate, places: Places, clock: Clock) -> None:
        self._estate = estate
        self._places = places
        self._clock = clock
        self._listeners = Listeners()
        self._http = httpx.AsyncClient(trust_env=False)
        self._transport: Transport | None = None
        self._gateway: Gateway | None = None
        self._nodes: list[Node] = []
        self._dashboard: Dashboard | None = None

    async def start(self) -> Doors:
        """Start everything; returns once every service says that it is ready.

        Raises:
            StuckError: one does not become ready.
        """
        self._transport = await courier.connect(self._transport_url)
        await self._transport.declare(AgencyId(agency) for agency in cast.PARTS)
        await self._start_gateway(self._transport)
        await self._start_nodes(self._transport)
        doors = self.doors()
        await self._start_dashboard(doors)
        nodes = (door.url for door in doors.agencies.values())
        await all_ready((doors.gateway, *nodes, doors.dashboard), self._http)
        return doors

    @property
    def _transport_url(self) -> str:
        return f"embedded://{self._estate.transport.resolve()}"

    async def _start_gateway(self, transport: Transport) -> None:
        settings = GatewaySettings(
            database=str(self._estate.gateway_database),
            keys=self._estate.gateway,
            policy=self._estate.policy,
            registrar=self._estate.registrar,
            transport=self._transport_url,
            public_url=self._places.gateway.url,
        )
        self._gateway = await gateway_assembly.build(settings, transport, self._clock)
        await self._gateway.start()
        for fact in json.loads(self._estate.facts.read_bytes()):
            document = fact["document"]
            raw = None if document is None else (self._estate.made / document).read_bytes()
            await self._gateway.admit_registry(fact["statement"], raw)
        await self._listeners.serve(self._places.gateway, self._gateway.app)

    async def _start_nodes(self, transport: Transport) -> None:
        """Build them one by one, for alembic knows only one database at a time; then start them together."""
        for agency, place in self._places.agencies.items():
            settings = self._node_settings(agency, place)
            node = await agency_assembly.build(settings, transport, self._clock, http=self._http)
            self._nodes.append(node)
        pairs = zip(self._nodes, self._places.agencies.values(), strict=True)
        await asyncio.gather(*(self._start_node(node, place) for node, place in pairs))

    async def _start_node(self, node: Node, place: Place) -> None:
        await node.start()
        await self._listeners.serve(place, node.app)

    def _node_settings(self, agency: str, place: Place) -> AgencySettings:
        own = self._estate.agency(agency)
        verifier = self._estate.log_verifier()
        return AgencySettings(
            agency=agency,
            net=cast.NET,
            database=own.database,
            sign_key=own.sign_key,
            client_key=own.client_key,
            token_key=own.token_key,
            seal_keys={inbox: (own.seal_key(inbox),) for inbox in (GENERAL, RESTRICTED)},
            actor_key=own.actor_key,
            partnership_keys=(self._estate.partnership_key,),
            policy=self._estate.policy,
            transport=self._transport_url,
            gateway_url=self._places.gateway.url,
            log_vkey=verifier.vkey,
            log_origin=verifier.name,
            registrar=self._estate.registrar,
            public_url=place.url,
        )

    async def _start_dashboard(self, doors: Doors) -> None:
        settings = DashboardSettings(
            gateway_url=doors.gateway,
            token=SecretStr(doors.gateway_token),
            log_vkey=doors.log_vkey,
            services={agency: door.url for agency, door in doors.agencies.items()},
            checkpoint_file=self._estate.root / "dashboard.checkpoint",
        )
        self._dashboard = dashboard_assembly.build(settings, self._clock)
        await self._dashboard.start()
        await self._listeners.serve(self._places.dashboard, self._dashboard.app)

    def doors(self) -> Doors:
        """Addresses, and tokens made now."""
        verifier = self._estate.log_verifier()
        return Doors(
            dashboard=self._places.dashboard.url,
            gateway=self._places.gateway.url,
            gateway_token=self._gateway_token(),
            log_origin=verifier.name,
            log_vkey=verifier.vkey,
            registrar=self._estate.registrar_key().jwk,
            agencies={agency: self._door(agency) for agency in cast.PARTS},
        )

    def _gateway_token(self) -> str:
        key = signing_key(self._estate.gateway / "token.jwk")
        party = audience_of(cast.NET, GATEWAY)
        return access_token(key, party, party, CLIENT, GATEWAY_SCOPES, self._clock(), TOKEN_LIFETIME)

    def _door(self, agency: str) -> AgencyDoor:
        return AgencyDoor(
            url=self._places.agencies[agency].url,
            kind=samples().kinds[agency],
            token=self._node_token(agency, NODE_SCOPES),
            restricted_token=self._node_token(agency, (*NODE_SCOPES, RESTRICTED_SCOPE)),
        )

    def _node_token(self, agency: str, scopes: tuple[str, ...]) -> str:
        key = signing_key(self._estate.agency(agency).token_key)
        party = audience_of(cast.NET, agency)
        return access_token(key, party, party, CLIENT, scopes, self._clock(), TOKEN_LIFETIME, may_assert=True)

    async def close(self) -> None:
        """Stop everything that was started. Nothing depends on it."""
        if self._dashboard is not None:
            await self._dashboard.stop()
        await asyncio.gather(*(node.stop() for node in self._nodes))
        await self._http.aclose()
        if self._gateway is not None:
            await self._gateway.stop()
        await self._listeners.stop()
        if self._transport is not None:
            await self._transport.close()
