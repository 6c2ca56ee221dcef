"""Is it alive, can it work, what does it count."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from candour_protocol.errors import TransportError
from candour_protocol.strict_json import JsonObject
from candour_protocol.transport.topology import inbox_queues
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Connection, text
from starlette.responses import JSONResponse, Response

from candour_agency import store
from candour_agency.api.desk import AtDesk, Desk
from candour_agency.engines.work import AwayError
from candour_agency.moments import to_ms

router = APIRouter(tags=["health"])
_PATIENCE = 5.0  # seconds; whoever asks for health will not wait for long
_FOR_THE_COURIER = (
    1.0  # seconds; the health page waits for three, and a courier that is away is only a warning
)


@dataclass(frozen=True, slots=True)
class Check:
    """One dependency; ``needed`` ones make the node unready, others are warnings."""

    name: str
    ok: bool
    reason: str = ""
    needed: bool = True

    def shown(self) -> JsonObject:
        """As it stands in the answer."""
        status = "ok" if self.ok else "failing" if self.needed else "warning"
        return {"name": self.name, "status": status, "reason": self.reason}


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(desk: AtDesk) -> JSONResponse:
    """Each dependency with its reason. A courier that is away is a warning: the outbox takes messages."""
    checks = [await _database(desk), _registry(desk), await _courier(desk), await _outbox(desk)]
    ready = all(check.ok or not check.needed for check in checks)
    body = {"status": "ready" if ready else "not ready", "checks": [check.shown() for check in checks]}
    return JSONResponse(body, 200 if ready else 503)


async def _database(desk: Desk) -> Check:
    """Whether it can be written to: an empty transaction costs no wait for a disk."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await desk.database.write(_ping)
    except AwayError as error:
        return Check("database", False, error.reason)
    except Exception as error:  # whatever it is, it is the answer
        return Check("database", False, type(error).__name__)
    return Check("database", True)


def _ping(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))


def _registry(desk: Desk) -> Check:
    if not desk.registering.ready:
        return Check("registry", False, desk.registering.problem or "this agency is not admitted yet")
    reason = desk.registering.problem
    return Check("registry", not reason, reason, needed=False)


async def _courier(desk: Desk) -> Check:
    try:
        async with asyncio.timeout(_FOR_THE_COURIER):
            depths = [await desk.transport.depth(queue) for queue in inbox_queues(desk.office.agency)]
    except TransportError as error:
        return Check("courier", False, error.code, needed=False)
    except TimeoutError:
        return Check("courier", False, "it does not answer", needed=False)
    waiting = sum(depth.messages for depth in depths)
    return Check("courier", True, f"{waiting} waiting" if waiting else "", needed=False)


async def _outbox(desk: Desk) -> Check:
    try:
        async with asyncio.timeout(_PATIENCE):
            count, oldest = await desk.database.read(store.outbox.size)
    except (AwayError, TimeoutError):
        return Check("outbox", False, "the database is away", needed=False)
    late = oldest is not None and to_ms(desk.office.clock()) - oldest > 15 * 60 * 1000
    return Check("outbox", not late, f"{count} outstanding" if count else "", needed=False)


@router.get("/metrics", response_class=Response)
async def metrics(desk: AtDesk) -> Response:
    """Counters for Prometheus."""
    return Response(generate_latest(desk.metrics.registry), media_type=CONTENT_TYPE_LATEST)
