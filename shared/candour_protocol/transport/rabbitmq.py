"""The RabbitMQ courier: quorum queues, confirms, and nothing that is only in this process's memory.

Two connections, because an alarm blocks whoever publishes. What the broker must have (queues, users, rights)
is made by ``candour topology apply``, not from here; `RabbitTransport.declare` makes queues only where its
user may, which is to say an operator's. A confirm is no promise to end on (protocol section 5): whoever
publishes a statement sends it again until its delivery is logged.

What the broker cannot tell, `depth` cannot either: messages in the hands of other processes are not counted,
and their age is known only to those who may read the queue, while nobody consumes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity
from pamqp.commands import Basic
from yarl import URL

from candour_protocol.errors import TransportError
from candour_protocol.ids import AgencyId
from candour_protocol.transport import broker_definitions, rabbitmq_message, topology
from candour_protocol.transport.port import Consumer, Depth, Handler, Outbound, Parked, PublishResult
from candour_protocol.transport.rabbitmq_consumer import MAX_WINDOW, RENEW_AFTER, RabbitConsumer
from candour_protocol.transport.rabbitmq_link import (
    BrokenLinkError,
    Link,
    bounded,
    close_channel,
    until_shown,
)
from candour_protocol.transport.rabbitmq_publisher import PATIENCE, Publisher

log = logging.getLogger("candour.transport")

T = TypeVar("T")


class RabbitTransport:
    """A `Transport` of one broker user, and `DeadLetters` for an operator. Only `open` makes one."""

    def __init__(
        self,
        publishing: Link,
        consuming: Link,
        user: str,
        patiently: bool,
        patience: timedelta,
        renew_after: timedelta,
    ) -> None:
        self._publishing = publishing
        self._consuming = consuming
        self._patiently = patiently
        self._publisher = Publisher(publishing, user, patience)
        self._renew_after = renew_after
        self._consumers: list[RabbitConsumer] = []
        self._unreadable: set[str] = set()  # each attempt is an error in the broker's log
        self._looks: set[asyncio.Task[Any]] = set()
        self._closed: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        user: str | None = None,
        *,
        patiently: bool = False,
        patience: timedelta = PATIENCE,
        renew_after: timedelta = RENEW_AFTER,
    ) -> RabbitTransport:
        """Connect, twice.

        Args:
            url: ``amqp://user:password@host:port/vhost``, or ``amqps`` with ``?cafile=&certfile=&keyfile=``.
            user: who this is to be; must be the URL's user.
            patiently: where no broker answers, go on without one until it does.
            patience: how long one call of `publish` waits for confirms.
            renew_after: how long a subscription may be quiet before it is made anew.

        Raises:
            TransportError: ``url``, ``refused``, ``unreachable``.
        """
        address = _address(url, user)
        publishing = await Link.open(address, "publishing", patiently=patiently)
        try:
            consuming = await Link.open(address, "consuming", patiently=patiently)
        except BaseException:
            await publishing.close()
            raise
        return cls(publishing, consuming, address.user or "", patiently, patience, renew_after)

    async def declare(self, agencies: Iterable[AgencyId]) -> None:
        """See `Transport.declare`. Where the user may not, what is missing is logged, and stays missing.

        Raises:
            TransportError: ``closed``, and, unless this was opened patiently, ``unreachable``.
        """
        self._assert_open()
        try:
            await self._declare_missing(tuple(agencies))
        except TransportError as error:
            if not self._patiently:
                raise
            log.warning("topology_not_looked_at error=%s", error.code)

    async def _declare_missing(self, members: Sequence[AgencyId]) -> None:
        if not self._consuming.connected:
            raise TransportError("unreachable", "no broker answers at this address")
        wanted = (*topology.bindings(members), topology.DEAD_BINDING)
        missing = [each for each in wanted if not await self._exists(each.queue)]
        try:
            await self._declare(missing)
        except BrokenLinkError as error:
            if not isinstance(error.__cause__, ChannelAccessRefused):
                raise TransportError("unreachable", "no broker answers at this address") from error
            names = " ".join(each.queue for each in missing)
            log.warning("topology_missing queues=%s remedy='candour topology apply'", names)

    async def publish(self, messages: Sequence[Outbound]) -> Sequence[PublishResult]:
        """See `Transport.publish`."""
        self._assert_open()
        return await self._publisher.publish(messages)

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = 256, overlap: bool = False
    ) -> Consumer:
        """See `Transport.consume`. Also raises ``refused``, and ``unreachable`` where a connection breaks.

        Where there is none at all, it begins as soon as there is one.
        """
        self._assert_open()
        if not 1 <= prefetch <= MAX_WINDOW:
            raise TransportError("prefetch", f"prefetch must be 1 to {MAX_WINDOW}")
        link, park = self._consuming, self._publisher.park
        consumer = RabbitConsumer(
            link, queue, handler, prefetch, park, overlap=overlap, renew_after=self._renew_after
        )
        await consumer.start()
        self._consumers = [*(each for each in self._consumers if each.running), consumer]
        return consumer

    async def depth(self, queue: str) -> Depth:
        """See `Transport.depth`; what it cannot count is said above.

        Also raises ``unreachable``; and ``queue-down``: the broker still knows how full it was.
        """
        self._assert_open()
        return await self._to_the_end(self._depth(queue))

    async def _depth(self, queue: str) -> Depth:
        found = await self._look(queue)
        if found is None:
            raise TransportError("no-such-queue", "no queue of that name is declared")
        ready, consumers = found
        mine = [each for each in self._consumers if each.queue == queue]
        if any(each.running and each.failing for each in mine):
            raise TransportError("queue-down", "the broker knows this queue, and does not let it be read")
        ages = [each.oldest for each in mine if each.oldest is not None]
        if ready and not consumers and queue not in self._unreadable:
            ages += [it.delivery.enqueued_at for it in await self._peek(queue, 1)]
        messages = ready + sum(each.in_hand for each in mine)
        oldest = max(timedelta(0), datetime.now(UTC) - min(ages)) if ages else None
        return Depth(messages, oldest if messages else None, untouched=ready > 0 and not consumers)

    async def parked(self, limit: int = 100) -> Sequence[Parked]:
        """See `DeadLetters.parked`; only for who may read the dead queue."""
        self._assert_open()
        return await self._to_the_end(self._peek(topology.DEAD_QUEUE, limit))

    async def close(self) -> None:
        """See `Transport.close`."""
        if self._closed is None:
            self._closed = asyncio.create_task(self._close(), name="close the transport")
        await asyncio.shield(self._closed)

    async def _to_the_end(self, looking: Coroutine[None, None, T]) -> T:
        """Whoever gives up leaves the look to its end, which is bounded.

        Cut off while it closes its channel, the library would give the channel's number to the next one at
        once, and the broker ends the connection over that, with all that is consumed on it.
        """
        task = asyncio.create_task(looking, name="look at a queue")
        self._looks.add(task)
        task.add_done_callback(self._looked)
        return await asyncio.shield(task)

    def _looked(self, look: asyncio.Task[Any]) -> None:
        self._looks.discard(look)
        if not look.cancelled():
            look.exception()  # looked at here, in case nobody waits for it any more

    async def _close(self) -> None:
        for look in self._looks:
            look.cancel()
        await asyncio.gather(*(consumer.abort() for consumer in self._consumers if consumer.running))
        await asyncio.gather(self._publishing.close(), self._consuming.close())

    def _assert_open(self) -> None:
        if self._closed is not None:
            raise TransportError("closed", "the transport is closed")

    async def _exists(self, queue: str) -> bool:
        return await self._look(queue) is not None

    async def _look(self, queue: str) -> tuple[int, int] | None:
        """How many messages are ready in a queue, and how many consume it; `None`: there is no such queue."""
        try:
            channel = await self._consuming.channel()
            async with bounded():
                found = await channel.queue_declare(queue, passive=True)
        except BrokenLinkError as error:
            if isinstance(error.__cause__, ChannelNotFoundEntity):
                return None
            raise TransportError("unreachable", "no broker answers at this address") from error
        await close_channel(channel)
        return found.message_count or 0, found.consumer_count or 0

    async def _declare(self, bindings: Sequence[topology.Binding]) -> None:
        if not bindings:
            return
        channel = await self._consuming.channel()
        async with bounded():
            for exchange in topology.EXCHANGES:
                await channel.exchange_declare(exchange, exchange_type="topic", durable=True)
            for each in bindings:
                await channel.queue_declare(each.queue, durable=True, arguments={**broker_definitions.QUORUM})
                await channel.queue_bind(each.queue, each.exchange, each.pattern)
        await close_channel(channel)

    async def _peek(self, queue: str, limit: int) -> list[Parked]:
        """The first messages of a queue, which get their place back; none for who may not read it."""
        found: list[Parked] = []
        try:
            channel = await self._consuming.channel()
            async with bounded():
                await self._read(channel, queue, limit, found)
        except BrokenLinkError as error:
            if isinstance(error.__cause__, ChannelAccessRefused):
                self._unreadable.add(queue)
            return found
        await close_channel(channel)
        return found

    async def _read(self, channel: AbstractChannel, queue: str, limit: int, found: list[Parked]) -> None:
        while len(found) < limit:
            message = await channel.basic_get(queue)
            if isinstance(message.delivery, Basic.GetEmpty):
                break
            found.append(rabbitmq_message.parked(message, datetime.now(UTC)))
        if not found:
            return
        await channel.basic_nack(0, multiple=True, requeue=True)
        await until_shown(channel, queue, len(found))


def _address(url: str, user: str | None) -> URL:
    try:
        address = URL(url)
    except ValueError:
        raise TransportError("url", "this is no address of a broker") from None
    if address.scheme not in ("amqp", "amqps") or not address.host or not address.user:
        raise TransportError("url", "a broker is named as amqps://user:password@host:port/vhost")
    if user is not None and address.user != user:
        raise TransportError("url", f"the address is of another user than {user}")
    return address
