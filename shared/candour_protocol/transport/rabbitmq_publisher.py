"""Publishing with confirms: persistent, mandatory, a bounded number in flight, and never without an end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import compress

from aiormq import Channel
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed, DeliveryError, PublishError
from pamqp.commands import Basic

from candour_protocol.transport import rabbitmq_message, topology
from candour_protocol.transport.port import Delivery, Outbound, PublishResult
from candour_protocol.transport.rabbitmq_link import BrokenLinkError, Link, broken
from candour_protocol.transport.rabbitmq_post import Confirmation, Posting, post, watch

IN_FLIGHT = 256
WRITE = 1024 * 1024  # bytes of bodies in one write, or one message
PATIENCE = timedelta(seconds=10)
"""For one call, and `EACH` more for each message; what is not confirmed by then is ``UNKNOWN``."""
EACH = timedelta(milliseconds=5)

Misfit = tuple[Delivery, str]
"""What is to be parked, and the reason."""

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
        stamp = rabbitmq_message.outgoing(self._user, datetime.now(UTC))
        allowed = [self._may(each) for each in messages]
        postings = [
            Posting(each.exchange, each.routing_key, each.body, stamp) for each in compress(messages, allowed)
        ]
        results = iter(await self._publish(postings))
        return [next(results) if may else PublishResult.REJECTED for may in allowed]

    async def park(self, misfits: Sequence[Misfit]) -> list[bool]:
        """Put deliveries where operators see them; of each, whether that is confirmed."""
        now = datetime.now(UTC)
        results = await self._publish([self._parking(*each, now) for each in misfits])
        return [result is PublishResult.CONFIRMED for result in results]

    def _parking(self, delivery: Delivery, reason: str, now: datetime) -> Posting:
        stamp = rabbitmq_message.parking(delivery, reason, self._user, now)
        return Posting(topology.DEAD, delivery.queue, delivery.body, stamp)

    def _may(self, message: Outbound) -> bool:
        """Whether the broker takes it from us: it refuses by closing the channel under everything else."""
        return message.user == self._user and topology.may_publish(
            message.user, message.exchange, message.routing_key
        )

    async def _publish(self, postings: Sequence[Posting]) -> list[PublishResult]:
        """Within one time limit for all: one for each costs as much as the rest.

        What is not sent by then, or when the link breaks, is as unknown as what was sent and not confirmed.
        """
        confirmations: list[Confirmation] = []
        try:
            async with asyncio.timeout((self._patience + EACH * len(postings)).total_seconds()):
                while len(confirmations) < len(postings):
                    confirmations += await self._post_next(postings[len(confirmations) :])
                if confirmations:
                    await asyncio.wait(confirmations)
        except TimeoutError:
            log.warning("publish_unanswered messages=%d", sum(not each.done() for each in confirmations))
        except BrokenLinkError:
            pass
        finally:
            self._let_go([each for each in confirmations if not each.done()])
        known = [_result(*pair) for pair in zip(confirmations, postings, strict=False)]
        return known + [PublishResult.UNKNOWN] * (len(postings) - len(known))

    async def _post_next(self, postings: Sequence[Posting]) -> list[Confirmation]:
        """As many of the first of them as there is room for.

        Raises:
            BrokenLinkError: there is no channel; none of them went out.
        """
        count = await self._take_room(postings)
        try:
            with broken():
                confirmations = await post(await self._usable(), postings[:count])
        except BaseException:
            for _ in range(count):
                self._room.release()
            raise
        for each in confirmations:
            each.add_done_callback(self._make_room)
        return confirmations

    def _let_go(self, late: Sequence[Confirmation]) -> None:
        """Nobody waits for these any more.

        They are not cancelled: the library fails over a return to somebody who has just gone, and its reader
        with it; and it logs, with all that it says, a message that comes back to nobody.
        """
        for each in late:
            each.remove_done_callback(self._make_room)
            self._make_room(each)

    def _make_room(self, _: Confirmation) -> None:
        self._room.release()

    async def _take_room(self, postings: Sequence[Posting]) -> int:
        """Wait until one may go, and take the next ones along while there is room."""
        await self._room.acquire()
        count, size = 1, len(postings[0].body)
        while count < len(postings) and not self._room.locked():
            size += len(postings[count].body)
            if size > WRITE:
                break
            await self._room.acquire()
            count += 1
        return count

    async def _usable(self) -> Channel:
        # always through the lock: who finds a channel must not overtake who waited for it to open
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._channel = await self._link.channel(confirms=True)
                watch(self._channel)
            return self._channel


def _result(confirmation: Confirmation, posting: Posting) -> PublishResult:
    if not confirmation.done() or confirmation.cancelled():
        return PublishResult.UNKNOWN
    error = confirmation.exception()
    if error is None:
        confirmed = isinstance(confirmation.result(), Basic.Ack)
        return PublishResult.CONFIRMED if confirmed else PublishResult.UNKNOWN
    return _failed(posting.exchange, error)


def _failed(exchange: str, error: BaseException) -> PublishResult:
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
