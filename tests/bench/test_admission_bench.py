"""How much a gateway admits (verify, match, judge, log, route): concerns, and the deliveries of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from candour_gateway.assembly import build
from candour_protocol.statement import Issued

from tests.gateway.courier import Courier
from tests.gateway.partnership import Partnership
from tests.gateway.world import World, found

EXCHANGES = 512
BATCHES = (1, 16, 128)


async def _spent(world: World, concerns: Sequence[Issued], batch: int) -> tuple[float, float]:
    """Seconds on the clock and of processor time."""
    deliveries = [world.partnership.delivery(each) for each in concerns]
    begun, worked = time.perf_counter(), time.process_time()
    for first in range(0, len(concerns), batch):
        await world.submit(*concerns[first : first + batch])
        await world.submit(*deliveries[first : first + batch])
    return time.perf_counter() - begun, time.process_time() - worked


async def _measured(partnership: Partnership) -> None:
    courier = Courier()
    gateway = await build(partnership.settings(), courier, partnership.clock)
    await gateway.start()
    world = World(partnership, courier, partnership.clock, gateway)
    for batch in BATCHES:
        concerns = [partnership.concern() for _ in range(EXCHANGES)]
        clock, work = await _spent(world, concerns, batch)
        rate, each = 2 * EXCHANGES / clock, work / (2 * EXCHANGES) * 1e3
        print(f"\nadmission, batch {batch}: {rate:,.0f} statements/s, {each:.2f} ms of work each")
    await gateway.stop()


@pytest.mark.bench
def test_the_gateway_admits_in_batches(tmp_path: Path) -> None:
    """Figures only: how many come together is the load's doing."""
    partnership = asyncio.run(found(tmp_path))

    asyncio.run(_measured(partnership))

    assert partnership.settings().keys.exists()
