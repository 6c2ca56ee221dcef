"""How much a gateway carries on RabbitMQ, beside a bare relay that only copies messages on the same broker.

Both are processes of their own, on quorum queues with confirms; both get the same bytes, and make two
messages of each. The two take turns, as the machine may have more to do than this, and what counts is the
ratio. CANDOUR_BENCH_FULL=1 takes more and longer turns.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from candour_protocol.statement import Issued

from tests.bench.contestants import Contestant
from tests.bench.distribution import milliseconds
from tests.gateway import postgres
from tests.gateway.partnership import Partnership
from tests.gateway.world import found
from tests.services.pair import AMQP_URL, DATABASE_URL
from tests.transport.realm import Realm

FULL = bool(os.environ.get("CANDOUR_BENCH_FULL"))
EXCHANGES = 2048 if FULL else 768  # a round's concerns; with the deliveries of them twice as many statements
ROUNDS = 7 if FULL else 3
RATE = 50.0  # statements a second, for how long each is on its way
TRIPS = 150
LEAST, AIM = 0.5, 0.8


@pytest.fixture
async def partnership(engine: str, services: Mapping[str, str], tmp_path: Path) -> AsyncIterator[Partnership]:
    """A founded partnership, whose clock stands at this moment."""
    server = services[DATABASE_URL]
    url = await postgres.create(server) if engine == "postgresql" else ""
    founded = await found(tmp_path, url)
    founded.clock.now = max(founded.clock.now, datetime.now(UTC))
    yield founded
    if url:
        await postgres.drop(server, url)


@pytest.fixture
async def sides(
    workers: int, partnership: Partnership, services: Mapping[str, str]
) -> AsyncIterator[tuple[Contestant, Contestant]]:
    """The gateway and the relay, both running."""
    realms = [Realm(services[AMQP_URL]) for _ in range(2)]
    for realm in realms:
        realm.make(partnership.parties)
    pair = (
        Contestant.gateway(realms[0], partnership.settings(), workers),
        Contestant.relay(realms[1], workers),
    )
    async with AsyncExitStack() as stack:
        for side in pair:
            stack.push_async_callback(side.stop)
            await side.start()
        yield pair


def _load(partnership: Partnership, exchanges: int) -> list[Issued]:
    """Concerns, and the deliveries of them: far enough behind that no second worker overtakes the first."""
    concerns = [partnership.concern() for _ in range(exchanges)]
    return [*concerns, *map(partnership.delivery, concerns)]


@pytest.mark.bench
@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_gateway_carries_at_least_half_of_what_a_bare_relay_does(
    engine: str, workers: int, partnership: Partnership, sides: tuple[Contestant, Contestant]
) -> None:
    """In statements a second from a full queue. Printed and not asserted: see who else is at work here."""
    rounds = []
    for number in range(ROUNDS + 1):  # the first warms everybody up
        load = await asyncio.to_thread(_load, partnership, EXCHANGES if number else EXCHANGES // 4)
        turns = sides if number % 2 else sides[::-1]
        rounds.append({side: await _turn(side, load) for side in turns})
    trips = [await side.trips([partnership.concern() for _ in range(TRIPS)], RATE) for side in sides]

    size = statistics.mean(len(each.raw) for each in load)
    print(f"\n{engine}, {workers} gateway(s) beside {workers} relay(s), bodies of {size:,.0f} bytes:")
    for name, side, on_the_way in zip(("gateway", "relay"), sides, trips, strict=True):
        rates = [each[side].rate for each in rounds[1:]]
        work = statistics.median(each[side].work for each in rounds[1:])
        print(f"  {name:8} {_spread(rates, ',.0f')} statements/s, {work * 1e3:.2f} ms of its own work each")
        print(f"  {'':8} on its way at {RATE:.0f}/s: {milliseconds(on_the_way)}")
    gateway, relay = sides
    ratios = [each[gateway].rate / each[relay].rate for each in rounds[1:]]
    print(f"  ratio    {_spread(ratios, '.2f')}; asked {LEAST}, aim {AIM}")


@dataclass(frozen=True, slots=True)
class Turn:
    """``rate`` in statements a second; ``work`` in seconds of processor time for each."""

    rate: float
    work: float


async def _turn(side: Contestant, load: Sequence[Issued]) -> Turn:
    worked = side.worked()
    spent = await side.carry(load)
    return Turn(len(load) / spent, (side.worked() - worked) / len(load))


def _spread(values: Sequence[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"
