"""What one consumer has in hand: everything the broker has sent it and has no answer to yet.

A message is ready, in the handler's hands, or held for a retry. Whatever it is, the broker still has it, and
gives it to somebody else when this process ends; only *how often it was tried and when it is due* is known
here alone. That is remembered by message id, so that it outlives a lost channel, though not the process.
"""

from __future__ import annotations

import asyncio
import heapq
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from aiormq.abc import AbstractChannel, DeliveredMessage

from candour_protocol.transport import rabbitmq_message
from candour_protocol.transport.port import Delivery

ISOLATION = 3  # each fault makes a batch 2**3 times smaller, so the third leaves a message alone
MAX_REMEMBERED = 25_000  # more than all windows of one consumer hold
HOLD_AT_MOST = timedelta(minutes=10)
"""RabbitMQ closes the channel of a consumer that sits on a message for 30 minutes."""


@dataclass(frozen=True, slots=True)
class Item:
    """One message in hand.

    Attributes:
        tag: the broker's number for it, on ``channel`` only.
        faults: handlers that raised over it, or processes that ended with it in hand.
    """

    delivery: Delivery
    channel: AbstractChannel
    tag: int
    id: str | None
    faults: int


@dataclass(frozen=True, slots=True)
class _Past:
    due: float
    attempt: int
    faults: int


class Hand:
    """The messages of one consumer.

    Args:
        give_back: called with messages that have been held as long as one may; they come again, and are
            held again until they are due.
    """

    def __init__(
        self, queue: str, give_back: Callable[[list[Item]], None], hold_at_most: timedelta = HOLD_AT_MOST
    ) -> None:
        self._queue = queue
        self._give_back = give_back
        self._hold_at_most = hold_at_most.total_seconds()
        self._loop = asyncio.get_running_loop()
        self._ready: deque[Item] = deque()
        self._suspects: list[Item] = []
        self._suspects_turn = False
        self._held: list[tuple[float, int, Item]] = []
        self._unsettled: dict[tuple[int, int], Item] = {}
        self._past: OrderedDict[str, _Past] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._unsettled)

    @property
    def held(self) -> int:
        """How many wait for a retry."""
        return len(self._held)

    def is_full(self, prefetch: int) -> bool:
        """Whether a whole batch is ready, of which nothing has ever failed."""
        if len(self._ready) < prefetch or self._suspects:
            return False
        return not any(item.faults for item in islice(self._ready, prefetch))

    @property
    def oldest(self) -> datetime | None:
        """When the oldest was published."""
        return min((item.delivery.enqueued_at for item in self._unsettled.values()), default=None)

    async def changed(self) -> None:
        """Wait until there may be something to take, or `wake`."""
        self._changed.clear()
        await self._changed.wait()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self._changed.set()

    def arrive(self, message: DeliveredMessage) -> None:
        """The broker sent a message."""
        item, due = self._item(message)
        self._unsettled[_key(item)] = item
        if due > self._loop.time():
            self._put_off(item, due)
            return
        if item.delivery.attempt == 1 and item.faults >= ISOLATION:
            self._suspects.append(item)
        else:
            self._ready.append(item)
        self.wake()

    def take(self, prefetch: int) -> list[Item]:
        """The next batch; a message whose handlers raised comes with few others, in the end alone.

        What the broker took back `ISOLATION` times may have killed the processes that had it. Such suspects
        come alone, each after a batch of others, and in an order of chance: whichever of them kills this
        process, it does not stand in front of the same neighbours every time.
        """
        if self._suspects and (self._suspects_turn or not self._ready):
            self._suspects_turn = False
            return [self._suspects.pop(secrets.randbelow(len(self._suspects)))]
        self._suspects_turn = True
        return self._take_ready(prefetch)

    def _take_ready(self, prefetch: int) -> list[Item]:
        batch: list[Item] = []
        room = prefetch
        while self._ready and len(batch) < room:
            room = min(room, max(1, prefetch >> ISOLATION * min(self._ready[0].faults, ISOLATION)))
            if len(batch) < room:
                batch.append(self._ready.popleft())
        return batch

    def retry(self, item: Item, after: timedelta, *, faults: int = 0) -> None:
        """Hand it out again, not before ``after`` from now."""
        due = self._loop.time() + max(0.0, after.total_seconds())
        delivery = replace(item.delivery, attempt=item.delivery.attempt + 1)
        if item.id is not None:
            self._remember(item.id, _Past(due, delivery.attempt, faults))
        if item.channel.is_closed or _key(item) not in self._unsettled:
            return  # it comes again by itself
        again = replace(item, delivery=delivery, faults=faults)
        self._unsettled[_key(again)] = again
        self._put_off(again, due)

    def settled(self, items: Iterable[Item]) -> None:
        """The broker was told that these are done."""
        for item in items:
            self._unsettled.pop(_key(item), None)
            if item.id is not None:
                self._past.pop(item.id, None)

    def acknowledgeable(self, channel: AbstractChannel, done: Iterable[Item]) -> tuple[int, list[int]]:
        """How to tell the broker: everything up to this number (0: nothing), and these besides."""
        tags = {item.tag for item in done}
        up_to = 0
        for owner, tag in self._unsettled:
            if owner == id(channel):
                if tag not in tags:
                    break
                up_to = tag
        return up_to, sorted(tag for tag in tags if tag > up_to)

    def drop(self) -> None:
        """The channel is gone: whatever is in hand will come again."""
        self._ready.clear()
        self._suspects.clear()
        self._held.clear()
        self._unsettled.clear()
        self.stop()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _item(self, message: DeliveredMessage) -> tuple[Item, float]:
        name = rabbitmq_message.message_id(message)
        past = self._past.get(name) if name else None
        past = past or _Past(0.0, 1, rabbitmq_message.returns(message))
        delivery = rabbitmq_message.incoming(message, self._queue, past.attempt, datetime.now(UTC))
        return Item(delivery, message.channel, message.delivery_tag or 0, name, past.faults), past.due

    def _remember(self, name: str, past: _Past) -> None:
        self._past[name] = past
        self._past.move_to_end(name)
        while len(self._past) > MAX_REMEMBERED:
            self._past.popitem(last=False)

    def _put_off(self, item: Item, due: float) -> None:
        until = min(due, self._loop.time() + self._hold_at_most)
        heapq.heappush(self._held, (until, item.tag, item))
        if self._held[0][2] is item:
            self._arm()

    def _arm(self) -> None:
        self.stop()
        if self._held:
            self._timer = self._loop.call_at(self._held[0][0], self._ripen)

    def _ripen(self) -> None:
        now = self._loop.time()
        early: list[Item] = []
        while self._held and self._held[0][0] <= now:
            item = heapq.heappop(self._held)[2]
            (early if self._due(item) > now else self._ready).append(item)
        self._arm()
        for item in early:
            del self._unsettled[_key(item)]
        if early:
            self._give_back(early)
        self.wake()

    def _due(self, item: Item) -> float:
        past = self._past.get(item.id) if item.id else None
        return past.due if past else 0.0


def _key(item: Item) -> tuple[int, int]:
    return id(item.channel), item.tag
