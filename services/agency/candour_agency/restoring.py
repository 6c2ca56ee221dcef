"""Taking in what a lost database had already been given, after a backup was put back.

The courier brings what is not acknowledged. What was acknowledged and then lost with the disk, the gateway
still has, for as long as it keeps sealed parts. Source: protocol section 5.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from candour_protocol.client import DeliveryItem
from candour_protocol.errors import CandourError
from candour_protocol.ids import GATEWAY
from candour_protocol.transport.port import Delivery, Settlement

from candour_agency import store
from candour_agency.database import Database
from candour_agency.office import Office
from candour_agency.registering import GatewayReader

PAGE: Final = 100  # deliveries
REACH_BACK: Final = 64  # entries before the last one that is here: they may have come in another order

Handle = Callable[[Sequence[Delivery]], Awaitable[Sequence[Settlement]]]


async def restore(office: Office, database: Database, reader: GatewayReader, handle: Handle) -> int:
    """Take in what was delivered since the last entry that is here; how many were looked at.

    What is here already has no second effect. If the gateway is away, the next start asks again.
    """
    last = await database.read(store.messages.last_index)
    after = None if last is None else max(last - REACH_BACK, -1)
    count = 0
    try:
        while page := await reader.deliveries(after, PAGE):
            await handle([_delivery(office, item) for item in page])
            after, count = page[-1].index, count + len(page)
    except CandourError as error:
        structlog.get_logger().warning("not-restored", agency=office.agency, code=error.code)
    return count


def _delivery(office: Office, item: DeliveryItem) -> Delivery:
    return Delivery("restored", "", GATEWAY, item.body, 1, office.clock())
