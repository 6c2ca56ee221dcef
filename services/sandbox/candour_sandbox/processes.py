"""A partnership in which every service is a process of its own, as in production, under a supervisor."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import httpx
from candour_protocol.ids import GATEWAY
from pydantic import BaseModel

from candour_sandbox import admitting
from candour_sandbox.doors import Doors, open_doors
from candour_sandbox.engine import Engine
from candour_sandbox.estate import Estate
from candour_sandbox.listeners import Place
from candour_sandbox.places import DASHBOARD, Places
from candour_sandbox.readiness import all_ready
from candour_sandbox.supervisor import Program, Supervisor
from candour_sandbox.wiring import Wiring, environment

PATIENCE = 180  # seconds; eleven nodes start at once, on two cores perhaps


class Processes:
    """Does what `Partnership` does, in many processes.

    Each serves the port that the sandbox has bound and keeps bound: while a process is being started again,
    calls wait instead of being refused, and the gateway's workers share one address.

    Args:
        descriptor: of the lock; a process that lingers holds it, so that nobody starts on the folder then.
        changed: is given the pids by name whenever a process has started or ended.
    """

    def __init__(
        self,
        engine: Engine,
        estate: Estate,
        places: Places,
        wiring: Wiring,
        clock: Callable[[], datetime],
        descriptor: int,
        changed: Callable[[Mapping[str, int]], None],
    ) -> None:
        self._engine = engine
        self._estate = estate
        self._places = places
        self._wiring = wiring
        self._clock = clock
        self._lock = descriptor
        self._supervisor = Supervisor(lambda: changed(self.pids))

    @property
    def pids(self) -> Mapping[str, int]:
        """Of what runs, by name."""
        return {"sandbox": os.getpid(), **self._supervisor.pids}

    async def start(self) -> Doors:
        """Start everything; returns once every service says that it is ready.

        Raises:
            StuckError: one does not become ready.
        """
        await admitting.admit(self._estate, self._wiring.gateway(), self._clock)
        doors = open_doors(self._estate, self._places, self._clock)
        async with httpx.AsyncClient(trust_env=False) as http:
            ready = partial(all_ready, http=http, patience=PATIENCE)
            self._start_gateway()
            await ready([doors.gateway])
            self._start_nodes()
            self._start(
                "candour_dashboard", DASHBOARD, self._places.dashboard, partial(self._wiring.dashboard, doors)
            )
            await ready([*doors.nodes.values(), doors.dashboard])
        return doors

    def _start_gateway(self) -> None:
        for number in range(1, self._engine.workers + 1):
            name = GATEWAY if number == 1 else f"{GATEWAY}-{number}"
            settings = partial(self._wiring.gateway, workers=self._engine.workers)
            self._start("candour_gateway", name, self._places.gateway, settings)

    def _start_nodes(self) -> None:
        for agency, place in self._places.agencies.items():
            self._start("candour_agency", agency, place, partial(self._wiring.node, agency))

    def _start(self, package: str, name: str, place: Place, settings: Callable[..., BaseModel]) -> None:
        listener = place.socket.fileno()
        serve = () if package == "candour_dashboard" else ("serve",)
        self._supervisor.keep(
            Program(
                name=name,
                arguments=("-m", package, *serve),
                environment=environment(settings(listen_fd=listener)),
                descriptors=(listener, self._lock),
                log=self._estate.logs / f"{name}.log",
            )
        )

    async def close(self) -> None:
        """Stop everything that was started. Nothing depends on it."""
        await self._supervisor.stop()
