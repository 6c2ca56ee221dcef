"""The log for everybody: C2SP tlog-tiles below ``/log/``. Entry bundles are for auditors only."""

from __future__ import annotations

from typing import Annotated

from candour_protocol.errors import ProofError
from candour_protocol.merkle import HASH_SIZE
from candour_protocol.tiles import ENTRIES, TileId, bundle, parse_path
from fastapi import APIRouter, Header, Response

from candour_gateway.api.callers import LOG_AUDIT, _caller, need
from candour_gateway.api.desk import AtDesk, Desk
from candour_gateway.api.problems import not_found
from candour_gateway.store import entries, tiles

router = APIRouter(prefix="/log", tags=["log"])
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_BYTES = "application/octet-stream"


@router.get("/checkpoint", response_class=Response)
async def checkpoint(desk: AtDesk) -> Response:
    """The newest signed checkpoint."""
    async with desk.database.read() as connection:
        head = await tiles.checkpoint(connection)
    if head is None:
        raise not_found()
    return Response(head[1], media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@router.get("/tile/{path:path}", response_class=Response)
async def tile(path: str, desk: AtDesk, authorization: Annotated[str, Header()] = "") -> Response:
    """A hash tile, public; or an entry bundle, with ``log.audit``. What has grown never changes."""
    try:
        wanted, width = parse_path(f"tile/{path}")
    except ProofError:
        raise not_found() from None
    if wanted.level == ENTRIES:
        need(await _caller(desk, authorization), LOG_AUDIT)
        return Response(
            await _bundle(desk, wanted, width), media_type=_BYTES, headers={"Cache-Control": "private"}
        )
    return Response(await _hashes(desk, wanted, width), media_type=_BYTES, headers=_FOR_EVER)


async def _hashes(desk: Desk, wanted: TileId, width: int) -> bytes:
    async with desk.database.read() as connection:
        found = await tiles.read(connection, [wanted])
    data = found.get(wanted, b"")
    if len(data) < width * HASH_SIZE:
        raise not_found()
    return data[: width * HASH_SIZE]


async def _bundle(desk: Desk, wanted: TileId, width: int) -> bytes:
    async with desk.database.read() as connection:
        found = await entries.bundle(connection, wanted.leaves(0).start, width)
    if len(found) < width:
        raise not_found()
    return bundle(found)
