"""Publishing with confirms: persistent, mandatory, a bounded number in flight, and never without an end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta

from aiormq import Channel
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed, DeliveryError, PublishError
from pamqp.commands import Basic

from candour_protocol.transport import rabbitmq_message, topology
from candour_protocol.transport.port import Delivery, Outbound, PublishResult
from candour_protocol.transport.rabbitmq_link import BrokenLinkError, Link, broken

IN_FLIGHT = 256
PATIENCE = timedelta(seconds=10)
"""For one call, and `EACH` more for each message; what is not confirmed by then is ``UNKNOWN``."""
EACH = timedelta(milliseconds=5)

log = logging.getLogger("candour.transport")


class Publisher:
    """Publishes as one user, over a connection of its own: an alarm blocks connections that publish."""

    def __init__(self, link: Link, user: str, patience: timedelta = PATIENCE) -> None:
        self._link = link
        self._user = user
        self._patience = patience
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._opening = asyncio.Lock()
        self._channel: Channel | None = None

    async def publish(self, messages: Sequence[Outbound]) -> list[PublishResult]:
        """One result each. A time-out means that nobody knows: such messages have arrived later."""
        allowed = [each for each in messages if self._may(each)]
        results = iter(await self._bounded([self._one(each) for each in allowed]))
        return [next(results) if self._may(each) else PublishResult.REJECTED for each in messages]

    async def park(self, delivery: Delivery, reason: str) -> bool:
        """Put a delivery where operators see it; whether that is confirmed."""
        properties = rabbitmq_message.parking(delivery, reason, self._user, datetime.now(UTC))
        sending = self._send(topology.DEAD, delivery.queue, delivery.body, properties)
        return await self._bounded([sending]) == [PublishResult.CONFIRMED]

    async def _bounded(self, sendings: Sequence[Coroutine[None, None, PublishResult]]) -> list[PublishResult]:
        if not sendings:
            return []
        tasks = [asyncio.create_task(sending) for sending in sendings]
        try:
            limit = self._patience + EACH * len(tasks)
            await asyncio.wait(tasks, timeout=limit.total_seconds())
        finally:
            late = [task for task in tasks if not task.done()]
            for task in late:
                task.cancel()
        if late:
            log.warning("publish_unanswered messages=%d", len(late))
            await asyncio.wait(late)
        return [PublishResult.UNKNOWN if task.cancelled() else task.result() for task in tasks]

    def _may(self, message: Outbound) -> bool:
        """Whether the broker takes it from us: it refuses by closing the channel under everything else."""
        return message.user == self._user and topology.may_publish(
            message.user, message.exchange, message.routing_key
        )

    async def _one(self, message: Outbound) -> PublishResult:
        properties = rabbitmq_message.outgoing(message, datetime.now(UTC))
        return await self._send(message.exchange, message.routing_key, message.body, properties)

    async def _send(
        self, exchange: str, routing_key: str, body: bytes, properties: Basic.Properties
    ) -> PublishResult:
        """One message, within the time limit of the whole call: one for each costs as much as the rest."""
        async with self._room:
            try:
                with broken():
                    channel = await self._usable()
                    confirmation = await channel.basic_publish(
                        body,
                        exchange=exchange,
                        routing_key=routing_key,
                        properties=properties,
                        mandatory=True,
                        wait=False,  # for the socket: the confirm is what counts, and in flight are few
                    )
            except BrokenLinkError as error:
                return _failed(exchange, error.__cause__)
        return PublishResult.CONFIRMED if isinstance(confirmation, Basic.Ack) else PublishResult.UNKNOWN

    async def _usable(self) -> Channel:
        # always through the lock: who finds a channel must not overtake who waited for it to open
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._channel = await self._link.channel(confirms=True)
            return self._channel


def _failed(exchange: str, error: BaseException | None) -> PublishResult:
    match error:
        case PublishError():
            return PublishResult.UNROUTABLE
        case DeliveryError():
            return PublishResult.REJECTED  # a negative confirmation: the queue is full
        case ChannelAccessRefused() | ChannelPreconditionFailed():
            # what else was in flight on the channel fails with the same words, so nobody knows whose it is
            log.error("publish_refused exchange=%s error=%s", exchange, type(error).__name__)
            return PublishResult.UNKNOWN
        case _:
            return PublishResult.UNKNOWN
