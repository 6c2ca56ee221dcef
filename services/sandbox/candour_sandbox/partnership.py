"""All services of a partnership in one process: a gateway, a node an agency, the health page."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
from candour_agency import assembly as agency_assembly
from candour_agency.assembly import Node
from candour_dashboard import assembly as dashboard_assembly
from candour_dashboard.assembly import Dashboard
from candour_gateway import assembly as gateway_assembly
from candour_gateway.assembly import Gateway
from candour_protocol import transport as courier
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport.port import Transport

from candour_sandbox import admitting, cast
from candour_sandbox.doors import Doors, open_doors
from candour_sandbox.estate import Estate
from candour_sandbox.listeners import Listeners, Place
from candour_sandbox.places import Places
from candour_sandbox.readiness import all_ready
from candour_sandbox.wiring import Wiring

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Partnership:
    """``close`` stops what runs, in the order in which messages travel.

    Args:
        alone: whether each service needs a courier of its own, because a broker knows it by name. The
            embedded courier is opened once.
    """

    def __init__(self, estate: Estate, places: Places, wiring: Wiring, clock: Clock, *, alone: bool) -> None:
        self._estate = estate
        self._places = places
        self._wiring = wiring
        self._clock = clock
        self._alone = alone
        self._listeners = Listeners()
        self._http = httpx.AsyncClient(trust_env=False)
        self._transports: list[Transport] = []
        self._gateway: Gateway | None = None
        self._nodes: list[Node] = []
        self._dashboard: Dashboard | None = None

    @property
    def pids(self) -> Mapping[str, int]:
        """There is one process."""
        return {"sandbox": os.getpid()}

    async def start(self) -> Doors:
        """Start everything; returns once every service says that it is ready.

        Raises:
            StuckError: one does not become ready.
        """
        await self._start_gateway()
        await self._start_nodes()
        doors = open_doors(self._estate, self._places, self._clock)
        await self._start_dashboard(doors)
        await all_ready((doors.gateway, *doors.nodes.values(), doors.dashboard), self._http)
        return doors

    async def _connect(self, url: str, user: str) -> Transport:
        if self._transports and not self._alone:
            return self._transports[0]
        opened = await courier.connect(url, user)
        self._transports.append(opened)
        return opened

    async def _start_gateway(self) -> None:
        settings = self._wiring.gateway()
        transport = await self._connect(settings.transport, GATEWAY)
        if not self._alone:
            await transport.declare(AgencyId(agency) for agency in cast.PARTS)
        self._gateway = await gateway_assembly.build(settings, transport, self._clock)
        await self._gateway.start()
        await admitting.admit_into(self._gateway, self._estate)
        await self._listeners.serve(self._places.gateway, self._gateway.app)

    async def _start_nodes(self) -> None:
        """Build them one by one, for alembic knows only one database at a time; then start them together."""
        for agency in self._places.agencies:
            settings = self._wiring.node(agency)
            transport = await self._connect(settings.transport, agency)
            node = await agency_assembly.build(settings, transport, self._clock, http=self._http)
            self._nodes.append(node)
        pairs = zip(self._nodes, self._places.agencies.values(), strict=True)
        await asyncio.gather(*(self._start_node(node, place) for node, place in pairs))

    async def _start_node(self, node: Node, place: Place) -> None:
        await node.start()
        await self._listeners.serve(place, node.app)

    async def _start_dashboard(self, doors: Doors) -> None:
        self._dashboard = dashboard_assembly.build(self._wiring.dashboard(doors), self._clock)
        await self._dashboard.start()
        await self._listeners.serve(self._places.dashboard, self._dashboard.app)

    async def close(self) -> None:
        """Stop everything that was started. Nothing depends on it."""
        if self._dashboard is not None:
            await self._dashboard.stop()
        await asyncio.gather(*(node.stop() for node in self._nodes))
        await self._http.aclose()
        if self._gateway is not None:
            await self._gateway.stop()
        await self._listeners.stop()
        await asyncio.gather(*(transport.close() for transport in self._transports))
