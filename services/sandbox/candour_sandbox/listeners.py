"""HTTP servers of many applications in one event loop, without a signal handler or a timer for each."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import uvicorn
from candour_agency.api.heads import BoundedHeads
from starlette.types import ASGIApp

HOST = "127.0.0.1"
_GRACE = 1  # seconds for requests under way; a long poll may be cut, and its caller asks again


class PortTakenError(Exception):
    """Another program listens where a service of the sandbox should."""

    def __init__(self, service: str, port: int) -> None:
        super().__init__(f"port {port}, meant for {service}, is taken")
        self.service = service
        self.port = port


@dataclass(frozen=True, slots=True)
class Place:
    """A bound port; connections wait in it until the service behind it is started."""

    service: str
    socket: socket.socket

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def reserve(service: str, port: int) -> Place:
    """Bind a port before anything is started.

    Raises:
        PortTakenError: somebody else has it.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(1024)
    except OSError:
        bound.close()
        raise PortTakenError(service, port) from None
    bound.setblocking(False)
    return Place(service, bound)


class Listeners:
    """The running servers. One task keeps the time for all their ``Date`` headers."""

    def __init__(self) -> None:
        self._servers: list[uvicorn.Server] = []
        self._clockwork: asyncio.Task[None] | None = None

    async def serve(self, place: Place, app: ASGIApp) -> None:
        """Answer at ``place`` from now on; whoever built what is behind it starts and stops that."""
        config = uvicorn.Config(
            app,
            http=BoundedHeads,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[place.socket])
        await server.on_tick(0)
        self._servers.append(server)
        if self._clockwork is None:
            self._clockwork = asyncio.create_task(self._keep_time())

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(1)
            for server in self._servers:
                await server.on_tick(0)

    async def stop(self) -> None:
        if self._clockwork is not None:
            self._clockwork.cancel()
            with suppress(asyncio.CancelledError):
                await self._clockwork
        await asyncio.gather(*(server.shutdown() for server in reversed(self._servers)))


def release(places: Sequence[Place]) -> None:
    for place in places:
        place.socket.close()
