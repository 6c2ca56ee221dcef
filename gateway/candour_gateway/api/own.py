"""What an agency may read back: its entries with receipts, and what was delivered to it."""

from __future__ import annotations

from typing import Any

from candour_protocol import strict_json
from candour_protocol.wire import render_delivered
from fastapi import APIRouter, Response

from candour_gateway.api.callers import LOG_AUDIT, Calling
from candour_gateway.api.desk import AtDesk
from candour_gateway.api.pages import After, Limit, page
from candour_gateway.api.problems import CallError
from candour_gateway.store import dispatches, entries, tiles

router = APIRouter(prefix="/v1", tags=["own"])


@router.get("/entries")
async def list_entries(
    desk: AtDesk, caller: Calling, response: Response, after: After = -1, limit: Limit = 100
) -> dict[str, Any]:
    """Entries behind an index, as receipts: own ones and every registry fact; with ``log.audit`` all."""
    async with desk.database.read() as connection:
        found = await entries.behind(connection, after, limit, caller.sees(LOG_AUDIT))
        receipts = await tiles.receipts(connection, found)
    items = [{"index": index, "receipt": receipts[index]} for index, _ in found]
    following = {"after": found[-1][0], "limit": limit} if len(found) == limit else None
    return page(response, "/v1/entries", items, following)


@router.get("/deliveries")
async def list_deliveries(
    desk: AtDesk, caller: Calling, response: Response, after: After = -1, limit: Limit = 50
) -> dict[str, Any]:
    """What was sent to the agency behind an index, as far as it is still kept; for a restored node."""
    if caller.agency is None:
        raise CallError(403, "missing-scope", "Only an agency has deliveries.")
    async with desk.database.read() as connection:
        found = await dispatches.behind(connection, caller.agency, after, limit, desk.keys.box)
    items = [
        {"index": index, "body": strict_json.load_object(render_delivered(delivered))}
        for index, delivered in found
    ]
    following = {"after": found[-1][0], "limit": limit} if len(found) == limit else None
    return page(response, "/v1/deliveries", items, following)
