"""A real courier, looked at: what was published, what each handler made of it, and copies that get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport.embedded import EmbeddedTransport
from candour_protocol.transport.port import (
    Consumer,
    Delivery,
    Depth,
    Handler,
    Outbound,
    PublishResult,
    Retry,
    Settlement,
)
from candour_protocol.transport.topology import DELIVER, Lane, deliver_key

PATIENCE = 60.0  # seconds until something that must happen is said not to


@dataclass(frozen=True, slots=True)
class Handled:
    """A message that a handler had in its hands."""

    delivery: Delivery
    settlement: Settlement


class WatchedCourier:
    """The embedded transport. ``loses`` says which messages are confirmed and never arrive."""

    def __init__(self, inner: EmbeddedTransport) -> None:
        self._inner = inner
        self._news = asyncio.Condition()
        self._under_way = 0
        self.published: list[Outbound] = []
        self.handled: list[Handled] = []
        self.raised: list[BaseException] = []
        self.loses: Callable[[Outbound], bool] = lambda _message: False

    # -- the port -----------------------------------------------------------------------------------

    async def declare(self, agencies: Iterable[AgencyId]) -> None:
        await self._inner.declare(agencies)

    async def publish(self, messages: Sequence[Outbound]) -> Sequence[PublishResult]:
        self.published += messages
        lost = [self.loses(message) for message in messages]
        kept = [message for message, away in zip(messages, lost, strict=True) if not away]
        self._under_way += len(kept)
        results = list(await self._inner.publish(kept))
        self._under_way -= sum(result is not PublishResult.CONFIRMED for result in results)
        async with self._news:
            self._news.notify_all()
        told = iter(results)
        return [PublishResult.CONFIRMED if away else next(told) for away in lost]

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = 256, overlap: bool = False
    ) -> Consumer:
        return await self._inner.consume(queue, self._watching(handler), prefetch=prefetch)

    async def depth(self, queue: str) -> Depth:
        return await self._inner.depth(queue)

    async def close(self) -> None:
        await self._inner.close()

    def _watching(self, handler: Handler) -> Handler:
        async def watched(deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
            try:
                settlements = await handler(deliveries)
            except Exception as error:
                self.raised.append(error)
                raise
            finally:
                async with self._news:
                    self._news.notify_all()
            async with self._news:
                self.handled += map(Handled, deliveries, settlements)
                self._under_way -= sum(not isinstance(each, Retry) for each in settlements)
                self._news.notify_all()
            return settlements

        return watched

    # -- for tests ----------------------------------------------------------------------------------

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something is so; it is looked at whenever a handler has ended."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: bool(self.raised) or happened())
        if self.raised:
            raise AssertionError("a handler raised") from self.raised[0]

    def keep_from(self, agency: AgencyId) -> None:
        """Confirm what is for this agency, and let none of it arrive."""
        self.loses = lambda message: (
            message.exchange == DELIVER and message.routing_key.startswith(f"{agency}.")
        )

    def let_through(self) -> None:
        """Lose nothing from now on."""
        self.loses = lambda _message: False

    async def settle(self) -> None:
        """Wait until everything that was published has been handled."""
        await self.until(lambda: self._under_way == 0)

    async def until_published(self, exchange: str, user: str, times: int) -> None:
        """Wait until somebody has published so often to an exchange, arrived or not."""
        await self.until(
            lambda: sum((one.exchange, one.user) == (exchange, user) for one in self.published) >= times
        )

    async def bring(self, message: Outbound) -> Settlement:
        """Publish one message; what the handler that got it made of it."""
        already = len(self.handled)
        (result,) = await self.publish([message])
        assert result is PublishResult.CONFIRMED

        def found() -> list[Settlement]:
            fresh = self.handled[already:]
            return [each.settlement for each in fresh if each.delivery.body == message.body]

        await self.until(lambda: bool(found()))
        return found()[0]

    async def drop_in(self, agency: AgencyId, body: bytes, lane: Lane = Lane.ORDINARY) -> Settlement:
        """Put bytes into an agency's inbox, as only a gateway can, or who has its place."""
        return await self.bring(Outbound(DELIVER, deliver_key(agency, lane), body, GATEWAY))

    def passed_on(self, text: str, since: int = 0) -> list[str]:
        """To whom statements with this in them were sent, after the first ``since`` publishings."""
        return [
            message.routing_key
            for message in self.published[since:]
            if message.exchange == DELIVER
            and b'"statement":' in message.body
            and text.encode() in message.body
        ]
