"""What a statement costs with 1,000 entries in the log, and with 1,000,000; a start and a look round, too.

Two gateways in this process take turns at batches of the same size, one on a short log and one on a long one,
so that whatever else this machine does it does to both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from candour_gateway import housekeeping
from candour_gateway.assembly import build
from candour_gateway.database import Database

from tests.bench.long_logs import grow
from tests.gateway import postgres
from tests.gateway.courier import Courier
from tests.gateway.world import World, found
from tests.services.pair import DATABASE_URL

SHORT, LONG = 1_000, 1_000_000  # entries
BATCH = 64
TURNS = 40
MOST = 1.2  # times; asked


@dataclass(slots=True)
class Measured:
    """Seconds.

    Attributes:
        start: until the gateway takes statements.
        batches: of `BATCH` concerns, and then the deliveries of them.
        look: for what is to be sent again, spoken of, or deleted, where there is nothing.
    """

    world: World
    start: float
    batches: list[float] = field(default_factory=list)
    look: list[float] = field(default_factory=list)

    async def turn(self) -> None:
        """One batch."""
        concerns = [self.world.partnership.concern() for _ in range(BATCH)]
        deliveries = [self.world.partnership.delivery(each) for each in concerns]
        begun = time.perf_counter()
        await self.world.submit(*concerns)
        await self.world.submit(*deliveries)
        self.batches.append(time.perf_counter() - begun)

    async def look_round(self) -> None:
        """What the background tasks do when they wake."""
        database = Database(self.world.partnership.settings().database_url)
        begun = time.perf_counter()
        await self.world.gateway.drive()
        await self.world.gateway.remind()
        await housekeeping.tidy(database, self.world.clock())
        self.look.append(time.perf_counter() - begun)
        await database.close()


@pytest.fixture
async def logs(
    engine: str, services: Mapping[str, str], tmp_path: Path
) -> AsyncIterator[tuple[Measured, Measured]]:
    """A gateway on a short log, and one on a long log."""
    server = services[DATABASE_URL]
    async with AsyncExitStack() as stack:
        pair = []
        for size in (SHORT, LONG):
            folder = tmp_path / str(size)
            folder.mkdir()
            url = await postgres.create(server) if engine == "postgresql" else ""
            if url:
                stack.push_async_callback(postgres.drop, server, url)
            pair.append(await _opened(folder, url, size, stack))
        yield pair[0], pair[1]


async def _opened(folder: Path, url: str, size: int, stack: AsyncExitStack) -> Measured:
    partnership, courier = await found(folder, url), Courier()
    await grow(partnership, size)
    if url:
        async with postgres.asking(url) as connection:
            await connection.execute("VACUUM ANALYZE")
    begun = time.perf_counter()
    gateway = await build(partnership.settings(), courier, partnership.clock)
    await gateway.start()
    spent = time.perf_counter() - begun
    stack.push_async_callback(gateway.stop)
    return Measured(World(partnership, courier, partnership.clock, gateway), spent)


@pytest.mark.bench
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_statement_costs_what_it_did_when_the_log_was_short(
    engine: str, logs: tuple[Measured, Measured]
) -> None:
    """Printed, and held only to twice what is asked: the machine may be at something else in between."""
    for number in range(TURNS):
        for log in logs if number % 2 else logs[::-1]:
            await log.turn()
    for _ in range(TURNS // 4):
        for log in logs:
            await log.look_round()

    print(f"\n{engine}, a statement in batches of {BATCH}:")
    for size, log in zip((SHORT, LONG), logs, strict=True):
        each = [spent / (2 * BATCH) * 1e3 for spent in log.batches]
        look = statistics.median(log.look) * 1e3
        print(
            f"  {size:9,} entries: {statistics.median(each):.2f} ms (at least {min(each):.2f}),"
            f" a look round {look:.1f} ms, start {log.start:.2f} s"
        )
    short, long = logs
    ratios = [more / less for less, more in zip(short.batches, long.batches, strict=True)]
    ratio = statistics.median(ratios)
    print(f"  ratio {ratio:.2f} (of the fastest {min(long.batches) / min(short.batches):.2f}); asked {MOST}")
    assert ratio < 2 * MOST
