"""A courier in memory: submissions go to a gateway double at once, deliveries to the node's handler."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from candour_protocol.errors import TransportError
from candour_protocol.ids import AgencyId
from candour_protocol.transport.port import (
    Ack,
    Delivery,
    Depth,
    Handler,
    Outbound,
    Park,
    PublishResult,
    Retry,
    Settlement,
)
from candour_protocol.transport.topology import SUBMIT

AGAIN = 0.05  # seconds until a message comes again, where it does


class Courier:
    """Keeps what nobody consumes yet.

    Attributes:
        results: what the next submissions get instead.
        brings_again: whether a node gets again what it could not take; a test may also do that by hand.
    """

    def __init__(self) -> None:
        self.submitted: list[Outbound] = []
        self.results: deque[PublishResult] = deque()
        self.away = False
        self.parked: list[tuple[Delivery, str]] = []
        self.retried: list[Delivery] = []
        self.brings_again = False
        self.on_submit: Callable[[Outbound], None] = lambda outbound: None
        self._queues: dict[str, deque[Delivery]] = {}
        self._consumers: dict[str, _Consumer] = {}
        self._settled = asyncio.Event()

    async def declare(self, agencies: Iterable[AgencyId]) -> None:
        """Nothing has to be made."""

    async def publish(self, messages: Sequence[Outbound]) -> Sequence[PublishResult]:
        """Hand submissions to the gateway double."""
        if self.away:
            raise TransportError("unreachable", "the courier is away")
        return [self._take(message) for message in messages]

    def _take(self, message: Outbound) -> PublishResult:
        assert message.exchange == SUBMIT
        result = self.results.popleft() if self.results else PublishResult.CONFIRMED
        self.submitted.append(message)
        if result is PublishResult.CONFIRMED:
            self.on_submit(message)
        return result

    def put(self, queue: str, body: bytes) -> None:
        """Put a message into a node's lane."""
        found = Delivery(queue, "", "gateway", body, 1, datetime.now(UTC))
        self._queues.setdefault(queue, deque()).append(found)
        if queue in self._consumers:
            self._consumers[queue].wake.set()

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = 256, overlap: bool = False
    ) -> _Consumer:
        """Call ``handler`` with whatever is there."""
        consumer = _Consumer(self, self._queues.setdefault(queue, deque()), handler, prefetch)
        self._consumers[queue] = consumer
        return consumer

    def note(self, deliveries: Sequence[Delivery], settlements: Sequence[Settlement]) -> None:
        """What a handler said."""
        assert len(deliveries) == len(settlements)
        for delivery, settlement in zip(deliveries, settlements, strict=True):
            match settlement:
                case Park(reason):
                    self.parked.append((delivery, reason))
                case Retry():
                    self.retried.append(delivery)
                    if self.brings_again:
                        later = asyncio.get_running_loop().call_later
                        later(AGAIN, self.put, delivery.queue, delivery.body)
                case Ack():
                    pass
        self._settled.set()

    async def quiet(self) -> None:
        """Until every lane that is consumed has been emptied and settled."""
        while any(consumer.busy for consumer in self._consumers.values()):
            self._settled.clear()
            async with asyncio.timeout(60):
                await self._settled.wait()

    async def depth(self, queue: str) -> Depth:
        """How much is there."""
        return Depth(len(self._queues.get(queue, ())), None)

    async def close(self) -> None:
        """Let go of the consumers."""
        for consumer in self._consumers.values():
            await consumer.cancel()


class _Consumer:
    def __init__(self, courier: Courier, waiting: deque[Delivery], handler: Handler, prefetch: int) -> None:
        self._courier = courier
        self._waiting = waiting
        self._handler = handler
        self._prefetch = prefetch
        self._handling = False
        self.wake = asyncio.Event()
        self.wake.set()
        self._task = asyncio.create_task(self._run())

    @property
    def busy(self) -> bool:
        return not self._task.done() and (bool(self._waiting) or self._handling)

    async def _run(self) -> None:
        while True:
            await self.wake.wait()
            self.wake.clear()
            while self._waiting:
                self._handling = True
                batch = [self._waiting.popleft() for _ in range(min(self._prefetch, len(self._waiting)))]
                settlements = await self._handler(batch)
                self._handling = bool(self._waiting)
                self._courier.note(batch, settlements)

    async def cancel(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
