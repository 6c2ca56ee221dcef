"""How fast the embedded courier carries: published durably, handed out, acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from candour_protocol import transport
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport.port import Ack, Delivery, Outbound, PublishResult, Settlement, Transport
from candour_protocol.transport.topology import DELIVER, Lane, deliver_key, inbox_queue

from tests.bench.distribution import milliseconds

SCHOOL = AgencyId("anytown-school")
BODY = b"x" * 6 * 1024  # as large as a concern on its way
BATCHES = (1, 32, 256)
MESSAGES = 4096
SINGLE = 300
LEAST_GAIN = 5  # times a message's own commit, for 256 that share one


@dataclass(slots=True)
class _Counted:
    """A handler that acknowledges, and says when it has seen as many as are expected."""

    expected: int
    seen: int = 0
    all_seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        self.seen += len(deliveries)
        if self.seen >= self.expected:
            self.all_seen.set()
        return [Ack()] * len(deliveries)


def _messages(count: int) -> list[Outbound]:
    return [Outbound(DELIVER, deliver_key(SCHOOL, Lane.ORDINARY), BODY, GATEWAY)] * count


async def _carry(courier: Transport, batch: int, messages: int) -> float:
    """Messages a second from the first publish to the last one handed out."""
    counted = _Counted(messages)
    consumer = await courier.consume(inbox_queue(SCHOOL, Lane.ORDINARY), counted.handle)
    begun = time.perf_counter()
    for _ in range(messages // batch):
        results = await courier.publish(_messages(batch))
        assert set(results) == {PublishResult.CONFIRMED}
    await counted.all_seen.wait()
    spent = time.perf_counter() - begun
    await consumer.cancel()
    return messages / spent


async def _one_by_one(courier: Transport) -> list[float]:
    """Seconds from publishing to the handler's having it, each alone."""
    spent = []
    for _ in range(SINGLE):
        counted = _Counted(1)
        consumer = await courier.consume(inbox_queue(SCHOOL, Lane.ORDINARY), counted.handle)
        begun = time.perf_counter()
        await courier.publish(_messages(1))
        await counted.all_seen.wait()
        spent.append(time.perf_counter() - begun)
        await consumer.cancel()
    return spent


@pytest.mark.bench
async def test_a_commit_that_many_share_carries_many_times_more(tmp_path: Path) -> None:
    """By size of batch, in messages a second; what each waits when it comes alone."""
    courier = await transport.connect(f"embedded://{tmp_path}/courier.db")
    await courier.declare([SCHOOL])

    rates = {batch: await _carry(courier, batch, min(MESSAGES, 512 * batch)) for batch in BATCHES}
    alone = await _one_by_one(courier)
    await courier.close()

    print(f"\ncourier, {len(BODY)} bytes each, published durably, handed out and acknowledged:")
    for batch, rate in rates.items():
        print(f"  batch {batch:3}: {rate:8,.0f} messages/s")
    print(f"  one alone: {milliseconds(alone)}")
    assert rates[256] >= LEAST_GAIN * rates[1]
