"""Whether this service lives, is ready, and what it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from candour_protocol.tokens import jwks
from candour_protocol.transport.topology import GATEWAY_QUEUES
from fastapi import APIRouter, Response

from candour_gateway.api.desk import AtDesk, Desk
from candour_gateway.store import tiles

PATIENCE = 5.0  # seconds for one dependency
FOR_THE_COURIER = (
    1.0  # seconds; the health page waits for three, and a courier that is away is only a warning
)
router = APIRouter(tags=["health"])
log = structlog.get_logger("candour.gateway")


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(desk: AtDesk, response: Response) -> dict[str, Any]:
    """Each dependency with its reason; a courier that is away is a warning, for nothing is lost by it."""
    database, entries, policy, transport = await asyncio.gather(
        _check(_database, desk, "failed"),
        _check(_log, desk, "failed"),
        _check(_policy, desk, "warning"),
        _check(_transport, desk, "warning", FOR_THE_COURIER),
    )
    checks = {"database": database, "log": entries, "policy": policy, "transport": transport}
    found = {check["status"] for check in checks.values()}
    status = "failed" if "failed" in found else "warning" if "warning" in found else "ok"
    response.status_code = 503 if status == "failed" else 200
    return {"status": status, "checks": checks}


async def _check(
    probe: Callable[[Desk], Awaitable[str]], desk: Desk, otherwise: str, patience: float = PATIENCE
) -> dict[str, str]:
    try:
        async with asyncio.timeout(patience):
            reason = await probe(desk)
    except Exception as error:
        log.warning("not-ready", error=type(error).__name__)
        reason = "it does not answer"
    return {"status": otherwise, "reason": reason} if reason else {"status": "ok", "reason": ""}


async def _database(desk: Desk) -> str:
    async with desk.database.read() as connection:
        await connection.exec_driver_sql("SELECT 1")
    return ""


async def _log(desk: Desk) -> str:
    async with desk.database.read() as connection:
        head = await tiles.checkpoint(connection)
    if head is None:
        return "the log is empty; the registrar has not admitted this gateway yet"
    return desk.admission.log_incident


async def _policy(desk: Desk) -> str:
    adopted = desk.directory.registry.policy_digests
    return "" if desk.policy.id in adopted else "the registrar has not adopted this policy"


async def _transport(desk: Desk) -> str:
    for queue in GATEWAY_QUEUES:
        await desk.transport.depth(queue)
    return ""


@router.get("/metrics", response_class=Response)
async def metrics(desk: AtDesk) -> Response:
    """For Prometheus."""
    return Response(desk.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/.well-known/jwks.json")
async def keys(desk: AtDesk) -> dict[str, Any]:
    """The key of this gateway's access tokens."""
    return dict(jwks([desk.keys.token.public]))
