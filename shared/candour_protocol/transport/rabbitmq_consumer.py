"""One subscription of the RabbitMQ courier: take a batch, hand it over, settle it, again.

Two tasks: one keeps the subscription, through lost connections and deleted queues; the other hands out what
has arrived. A retry is held here, unacknowledged: the broker still has it, and a crash of either side gives
it back. When what is held takes up the window of unacknowledged messages that the broker grants, another
window is opened, so that it never holds back what stands behind it.

A subscription that is quiet is not trusted. When a quorum queue is deleted and declared again within
milliseconds, RabbitMQ 3.10 takes the old consumer for one of the new queue: nobody is told of a cancellation,
and what is published goes to a subscription that never sends it. From outside all looks well. So whoever has
heard nothing for `RENEW_AFTER` subscribes anew, on another channel; closing the old one gives back what lay
with it. An empty queue is renewed just so: that costs four small frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity

from candour_protocol.errors import TransportError
from candour_protocol.transport import stumbling
from candour_protocol.transport.port import Ack, Handler, Park, Retry, Settlement
from candour_protocol.transport.rabbitmq_hand import HOLD_AT_MOST, Hand, Item
from candour_protocol.transport.rabbitmq_link import (
    BrokenLinkError,
    Link,
    bounded,
    close_channel,
    until_shown,
)
from candour_protocol.transport.rabbitmq_publisher import Misfit
from candour_protocol.transport.rabbitmq_quiet import Quiet

PARK_AGAIN = timedelta(seconds=5)  # after a park that was not confirmed
SUBSCRIBE_AGAIN = timedelta(seconds=1)
RENEW_AFTER = timedelta(seconds=30)  # of silence; an urgent statement is overdue after two minutes
MAX_WINDOW = 65_535
MAX_WINDOWS = 32

log = logging.getLogger("candour.transport")


class RabbitConsumer:
    """A running subscription; `start` begins it.

    Args:
        park: puts deliveries into the dead queue; of each, whether that is confirmed.
        overlap: as in `port.Transport.consume`.
    """

    def __init__(
        self,
        link: Link,
        queue: str,
        handler: Handler,
        prefetch: int,
        park: Callable[[Sequence[Misfit]], Awaitable[Sequence[bool]]],
        *,
        overlap: bool = False,
        hold_at_most: timedelta = HOLD_AT_MOST,
        renew_after: timedelta = RENEW_AFTER,
    ) -> None:
        self.queue = queue
        self._link = link
        self._handler = handler
        self._prefetch = prefetch
        self._park = park
        self._overlap = overlap
        # the next batch arrives while others are handled
        self._window = min((3 if overlap else 2) * prefetch, MAX_WINDOW)
        self._hand = Hand(queue, self._give_back, hold_at_most)
        self._channel: AbstractChannel | None = None
        self._tags: list[str] = []
        self._lost = asyncio.Event()
        self._quiet = Quiet(renew_after)
        self._closing = asyncio.Lock()
        self._stopping = False
        self._failing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._giving: set[asyncio.Task[None]] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        """Whether it may still hand something out."""
        return any(not task.done() for task in self._tasks)

    @property
    def failing(self) -> bool:
        """Whether the broker did not let it subscribe when it last tried."""
        return self._failing

    @property
    def in_hand(self) -> int:
        """How many messages the broker waits for an answer to."""
        return len(self._hand)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest of them was published."""
        return self._hand.oldest

    async def start(self) -> None:
        """Subscribe; where there is no connection, once there is one.

        Raises:
            TransportError: ``no-such-queue``, ``refused``, ``unreachable``.
        """
        if self._link.connected:
            try:
                await self._subscribe()
            except BrokenLinkError as error:
                raise _explained(error) from error
        else:
            self._lost.set()
        name = f"consume {self.queue}"
        self._tasks = [
            asyncio.create_task(self._run(), name=name),
            asyncio.create_task(self._keep(), name=f"{name}: keep the subscription"),
        ]

    async def cancel(self) -> None:
        """See `port.Consumer.cancel`."""
        self._stopping = True
        self._hand.wake()
        if asyncio.current_task() not in self._under_way:
            await asyncio.wait(self._tasks[:1])

    async def abort(self) -> None:
        """Cancel the running handler; what is in hand goes back to the broker."""
        self._stopping = True
        ending = (*self._tasks, *self._under_way)
        for task in (*ending, *self._giving):
            task.cancel()
        await asyncio.wait(ending)
        await self._close_channel()

    # the subscription

    async def _keep(self) -> None:
        while True:
            renewing = await self._until_lost_or_quiet()
            owed_nothing = renewing and not len(self._hand)
            await self._let_go()
            if not renewing:
                log.warning("subscription_lost queue=%s", self.queue)
            while not await self._subscribed():
                renewing = False
                await asyncio.sleep(SUBSCRIBE_AGAIN.total_seconds())
            self._quiet.begin(owed_nothing=owed_nothing)
            level, event = (logging.DEBUG, "renewed") if renewing else (logging.WARNING, "restored")
            log.log(level, "subscription_%s queue=%s", event, self.queue)

    async def _let_go(self) -> None:
        """All that is in hand goes back; from here on nothing of this channel is handed out."""
        self._hand.drop()
        async with self._closing:  # whoever leaves meanwhile returns when others can have it
            await self._close_channel()

    async def _until_lost_or_quiet(self) -> bool:
        """Whether it is only quiet. Nothing is in the handler's hands then, so that nothing comes twice."""
        while not self._lost.is_set():
            pause = self._quiet.pause()
            if pause <= 0:
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._lost.wait()
        return False

    async def _subscribed(self) -> bool:
        try:
            await self._subscribe()
        except Exception as error:
            cause = error.__cause__ if isinstance(error, BrokenLinkError) else error
            log.warning("subscribe_failed queue=%s error=%s", self.queue, type(cause).__name__)
            self._failing = True
            return False
        self._failing = False
        return True

    async def _subscribe(self) -> None:
        channel = await self._link.channel()
        self._tags, self._channel = [], channel
        self._lost.clear()
        try:
            async with bounded():
                await channel.queue_declare(self.queue, passive=True)
                await channel.basic_qos(prefetch_count=self._window)
                channel.on_consumer_cancel_callbacks.add(self._on_cancelled)
                await self._open_window(channel)
        except BrokenLinkError:
            await self._close_channel()
            self._hand.drop()
            raise
        channel.closing.add_done_callback(lambda _: self._note_lost(channel))

    async def _open_window(self, channel: AbstractChannel) -> None:
        started = await channel.basic_consume(self.queue, self._arrive)
        self._tags.append(started.consumer_tag or "")

    async def _arrive(self, message: DeliveredMessage) -> None:
        if message.channel is self._channel:
            if self._quiet.heard(again=bool(message.redelivered)):
                log.warning("subscription_was_deaf queue=%s", self.queue)
            self._hand.arrive(message)

    def _on_cancelled(self, _: object) -> None:
        self._lost.set()  # the queue was deleted, or has no leader

    def _note_lost(self, channel: AbstractChannel) -> None:
        if channel is self._channel:
            self._lost.set()

    async def _close_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await close_channel(channel)

    # batches

    async def _run(self) -> None:
        while batch := await self._next():
            self._quiet.take_up()
            task = asyncio.create_task(self._carry_out(batch), name=f"handle a batch of {self.queue}")
            self._under_way.add(task)
            task.add_done_callback(self._carried_out)
            while self._under_way and not self._may_overlap(batch):
                await self._hand.changed()
        await self._leave()

    def _carried_out(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._quiet.put_down()
        self._hand.wake()

    def _may_overlap(self, batch: Sequence[Item]) -> bool:
        """Whether another batch may be handed out beside this one; with less batches would get smaller."""
        full = len(batch) == self._prefetch and self._hand.is_full(self._prefetch)
        return self._overlap and len(self._under_way) == 1 and full

    async def _carry_out(self, batch: Sequence[Item]) -> None:
        settlements = await self._handle(batch)
        try:
            await self._settle(batch, settlements)
        except Exception as error:
            # all of it comes again on another channel
            log.error("settle_failed queue=%s error=%s", self.queue, type(error).__name__)
            self._lost.set()

    async def _next(self) -> list[Item]:
        """The next batch; empty when the consumer is to stop."""
        while True:
            await asyncio.sleep(0)  # what the same read has brought comes together
            if self._stopping:
                return []
            if batch := self._hand.take(self._prefetch):
                return batch
            await self._hand.changed()

    async def _handle(self, batch: Sequence[Item]) -> Sequence[Settlement] | None:
        """What the handler answered; `None` when it has settled nothing."""
        try:
            settlements = await self._handler([item.delivery for item in batch])
            if len(settlements) != len(batch) or not all(isinstance(it, Settlement) for it in settlements):
                raise TypeError("a handler must return one settlement for each delivery")
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._note_fault(batch, error)  # something inside the handler was cancelled, not the handler
            return None
        except Exception as error:
            self._note_fault(batch, error)
            return None
        return settlements

    async def _settle(self, batch: Sequence[Item], settlements: Sequence[Settlement] | None) -> None:
        if settlements is None:
            for item in batch:
                self._hand.retry(item, stumbling.backoff(item.delivery.attempt), faults=item.faults + 1)
        else:
            await self._ack([it for it in await self._sort(batch, settlements) if not it.channel.is_closed])
        await self._adjust_windows()

    async def _sort(self, batch: Sequence[Item], settlements: Sequence[Settlement]) -> list[Item]:
        """Hold what is to be retried, park what is to be parked; what the broker may forget."""
        done: list[Item] = []
        misfits: list[tuple[Item, str]] = []
        for item, settlement in zip(batch, settlements, strict=True):
            match settlement:
                case Ack():
                    done.append(item)
                case Retry(after):
                    self._hand.retry(item, after)
                case Park(reason):
                    misfits.append((item, reason))
        return done + await self._parked(misfits)

    async def _parked(self, misfits: Sequence[tuple[Item, str]]) -> list[Item]:
        """Those of which the dead queue has a copy now; all at once, so that much rubbish delays nobody."""
        parked = await self._park([(item.delivery, reason) for item, reason in misfits]) if misfits else []
        for (item, reason), confirmed in zip(misfits, parked, strict=True):
            if not confirmed:
                log.error("park_failed queue=%s reason=%s", self.queue, reason)
                self._hand.retry(item, PARK_AGAIN)
        return [item for (item, _), confirmed in zip(misfits, parked, strict=True) if confirmed]

    async def _ack(self, done: Sequence[Item]) -> None:
        if not done:
            return
        channel = done[0].channel
        up_to, others = self._hand.acknowledgeable(channel, done)
        with suppress(BrokenLinkError):  # they come again
            async with bounded():
                if up_to:
                    await channel.basic_ack(up_to, multiple=True, wait=False)
                for tag in others:
                    await channel.basic_ack(tag, wait=False)
        self._hand.settled(done)

    def _note_fault(self, batch: Sequence[Item], error: BaseException) -> None:
        log.error(
            "handler_raised queue=%s messages=%d error=%s at=%s",
            self.queue,
            len(batch),
            type(error).__name__,
            stumbling.place(error.__traceback__),
        )

    async def _adjust_windows(self) -> None:
        channel, held = self._channel, self._hand.held
        if channel is None or self._lost.is_set():
            return
        with suppress(BrokenLinkError):
            async with bounded():
                if held > (len(self._tags) - 1) * self._window + self._prefetch // 2:
                    await self._widen(channel)
                elif len(self._tags) > 1 and held < (len(self._tags) - 2) * self._window:
                    await channel.basic_cancel(self._tags.pop())

    async def _widen(self, channel: AbstractChannel) -> None:
        if len(self._tags) < MAX_WINDOWS:
            await self._open_window(channel)

    def _give_back(self, items: list[Item]) -> None:
        task = asyncio.create_task(self._return(items), name=f"give back to {self.queue}")
        self._giving.add(task)
        task.add_done_callback(self._giving.discard)

    async def _return(self, items: list[Item]) -> None:
        with suppress(BrokenLinkError):
            async with bounded():
                for item in items:
                    await item.channel.basic_nack(item.tag, requeue=True, wait=False)

    async def _leave(self) -> None:
        """Give back what was not handed out, and return when others can have it."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        async with self._closing:
            self._tasks[1].cancel()
        await asyncio.wait(self._tasks[1:])
        left, channel = len(self._hand), self._channel
        if channel is not None and not channel.is_closed:
            with suppress(BrokenLinkError):
                async with bounded():
                    for tag in self._tags:
                        await channel.basic_cancel(tag)
                    await self._give_all_back(channel, max(left, len(self._hand)))
        self._hand.drop()
        await self._close_channel()

    async def _give_all_back(self, channel: AbstractChannel, count: int) -> None:
        if count == 0:
            return
        await channel.basic_nack(0, multiple=True, requeue=True)
        await until_shown(channel, self.queue, count)


def _explained(error: BrokenLinkError) -> TransportError:
    match error.__cause__:
        case ChannelNotFoundEntity():
            return TransportError("no-such-queue", "no queue of that name is declared")
        case ChannelAccessRefused():
            return TransportError("refused", "this user may not read that queue")
        case _:
            return TransportError("unreachable", "no broker answers at this address")
