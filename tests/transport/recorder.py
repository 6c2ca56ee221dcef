"""Builders and a handler that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport.port import Ack, Delivery, Outbound, Settlement
from candour_protocol.transport.topology import DELIVER, SUBMIT, Lane, deliver_key, inbox_queue, submit_key

SCHOOL = AgencyId("oakfield-school")
CLINIC = AgencyId("hill-clinic")
AGENCIES = (SCHOOL, CLINIC)
INBOX = inbox_queue(SCHOOL, Lane.ORDINARY)
PATIENCE = (
    60  # seconds that anything may take before a test gives up; a queue without a leader costs 10 a look
)


def to_school(body: bytes | str, lane: Lane = Lane.ORDINARY) -> Outbound:
    """A delivery from the gateway."""
    raw = body.encode() if isinstance(body, str) else body
    return Outbound(DELIVER, deliver_key(SCHOOL, lane), raw, GATEWAY)


def to_gateway(body: bytes | str, sender: str = SCHOOL, *, urgent: bool = False) -> Outbound:
    """A submission of an agency."""
    raw = body.encode() if isinstance(body, str) else body
    return Outbound(SUBMIT, submit_key(sender, "concern", urgent), raw, sender)


def ack_all(_: Delivery) -> Settlement:
    return Ack()


class Recorder:
    """A handler that settles as it is told and keeps what it got.

    Attributes:
        gate: the handler waits here; open unless a test closes it.
        most: the most deliveries ever in its hands at once, over all its calls.
    """

    def __init__(self, settle: Callable[[Delivery], Settlement] = ack_all) -> None:
        self._settle = settle
        self._changed = asyncio.Condition()
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[Sequence[Delivery]] = []
        self.in_hand = 0
        self.most = 0
        self.settled: list[Delivery] = []

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Settlement]:
        self.in_hand += len(batch)
        self.most = max(self.most, self.in_hand)
        self.batches.append(batch)
        try:
            await self._tell()
            await self.gate.wait()
            settlements = [self._settle(delivery) for delivery in batch]
        finally:
            self.in_hand -= len(batch)
        self.settled += batch
        await self._tell()
        return settlements

    @property
    def got(self) -> list[Delivery]:
        return [delivery for batch in self.batches for delivery in batch]

    @property
    def bodies(self) -> list[bytes]:
        return [delivery.body for delivery in self.got]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds; looks again whenever something was got or settled."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def until_got(self, count: int) -> None:
        await self.until(lambda: len(self.got) >= count)

    async def until_settled(self, count: int) -> None:
        await self.until(lambda: len(self.settled) >= count)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
