"""A transport in memory: publishes into a list, hands over what a test submits, and fails on demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from candour_protocol.errors import TransportError
from candour_protocol.ids import AgencyId
from candour_protocol.transport.port import Delivery, Depth, Handler, Outbound, PublishResult, Settlement


class Subscription:
    """A consumer that only a test calls."""

    def __init__(self, courier: Courier, queue: str) -> None:
        self._courier = courier
        self._queue = queue

    async def cancel(self) -> None:
        self._courier.handlers.pop(self._queue, None)


class Courier:
    """``sent`` is everything that was confirmed, in order; ``away`` makes every publish fail,
    ``unreachable`` every look;
    ``oldest`` is the age of the oldest message of queues that are not empty; ``untouched`` are those of which
    that is not known, and from which nobody takes."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.sent: list[Outbound] = []
        self.declared: set[AgencyId] = set()
        self.away = False
        self.unreachable = False
        self.oldest: dict[str, timedelta] = {}
        self.untouched: set[str] = set()

    async def declare(self, agencies: Iterable[AgencyId]) -> None:
        self.declared |= set(agencies)

    async def publish(self, messages: Sequence[Outbound]) -> Sequence[PublishResult]:
        if self.away:
            raise TransportError("closed", "the courier is away")
        self.sent += messages
        return [PublishResult.CONFIRMED for _ in messages]

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = 256, overlap: bool = False
    ) -> Subscription:
        self.handlers[queue] = handler
        return Subscription(self, queue)

    async def depth(self, queue: str) -> Depth:
        if self.unreachable:
            raise TransportError("unreachable", "no broker answers")
        oldest, untouched = self.oldest.get(queue), queue in self.untouched
        return Depth(0 if oldest is None and not untouched else 1, oldest, untouched)

    async def close(self) -> None:
        self.handlers.clear()

    async def bring(self, *messages: tuple[str, str, bytes]) -> Sequence[Settlement]:
        """Hand over one batch of (user, routing key, body) to the gateway."""
        batch = [
            Delivery("gateway.submit.ordinary", key, user, body, 1, datetime.now(UTC))
            for user, key, body in messages
        ]
        return await self.handlers["gateway.submit.ordinary"](batch)
