"""The embedded courier: a durable queue in one SQLite file, for one process.

Every party of the process shares one object, so `Outbound.user` is taken at its word; what that user may
publish is enforced as a broker would. Nothing polls: consumers are woken by the commit that made a message
durable, and by one timer a queue for the earliest retry. Claims are held in memory, and a crash gives every
message back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from candour_protocol.errors import TransportError
from candour_protocol.ids import AgencyId
from candour_protocol.transport import topology
from candour_protocol.transport.embedded_commit import GroupCommit
from candour_protocol.transport.embedded_consumer import EmbeddedConsumer
from candour_protocol.transport.embedded_queue import MAX_READY, Queue
from candour_protocol.transport.embedded_store import Batch, Contents, Item, Store, from_ms, to_ms
from candour_protocol.transport.port import (
    Consumer,
    Delivery,
    Depth,
    Handler,
    Outbound,
    Parked,
    PublishResult,
)

MAX_MESSAGES = 1_000_000  # in one queue; more are rejected
MAX_PREFETCH = 65_535
MAX_ROUTES = 4096  # remembered routing keys

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


class EmbeddedTransport:
    """A `Transport` and `DeadLetters` in one file. Only `open` makes one."""

    def __init__(
        self, store: Store, contents: Contents, thread: ThreadPoolExecutor, clock: Clock, limit: int
    ) -> None:
        self._store = store
        self._thread = thread
        self._clock = clock
        self._limit = limit
        self._closed: asyncio.Task[None] | None = None
        self._last_id = contents.last_id
        self._commit = GroupCommit(store, thread, self._written)
        self._consumers: list[EmbeddedConsumer] = []
        self._routes: dict[tuple[str, str], tuple[Queue, ...]] = {}
        self._agencies: dict[AgencyId, None] = {}
        self._bindings: tuple[topology.Binding, ...] = ()
        self._queues = {name: self._queue(name, *held) for name, held in contents.queues.items()}
        for name, due, item_id in contents.delayed:
            self._queues[name].delay(due, item_id)
        self._bind(contents.agencies)

    @classmethod
    async def open(
        cls, path: Path, *, clock: Clock = utc_now, limit: int = MAX_MESSAGES
    ) -> EmbeddedTransport:
        """Open or make the file.

        Args:
            clock: aware UTC; retries that were delayed before a restart are due by it.
            limit: the most messages in one queue.

        Raises:
            TransportError: ``in-use`` by another transport, ``schema`` of another version, or ``unusable``.
        """
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, "candour-transport")
        try:
            store = await loop.run_in_executor(thread, Store.open, path)
            contents = await loop.run_in_executor(thread, store.contents)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(store, contents, thread, clock, limit)

    async def declare(self, agencies: Iterable[AgencyId]) -> None:
        """See `Transport.declare`. The gateway's queues are always there."""
        self._assert_open()
        new = tuple(agency for agency in agencies if agency not in self._agencies)
        if new:
            await self._commit.run(self._store.declare, new)
            self._bind(new)

    async def publish(self, messages: Sequence[Outbound]) -> Sequence[PublishResult]:
        """See `Transport.publish`. What is confirmed of one call is in one transaction."""
        self._assert_open()
        at = from_ms(self._now())
        items: list[Item] = []
        results = [self._accept(message, at, items) for message in messages]
        if items and not await self._commit.publish(items):
            return [PublishResult.UNKNOWN if it is PublishResult.CONFIRMED else it for it in results]
        return results

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = 256, overlap: bool = False
    ) -> Consumer:
        """See `Transport.consume`; here nothing overlaps, as nobody waits for a broker."""
        self._assert_open()
        if not 1 <= prefetch <= MAX_PREFETCH:
            raise TransportError("prefetch", f"prefetch must be 1 to {MAX_PREFETCH}")
        consumer = EmbeddedConsumer(
            self._find(queue),
            handler,
            prefetch,
            load=self._load,
            settle=self._commit.settle,
            flush=self._commit.flush,
            clock=self._now,
        )
        self._consumers = [*(each for each in self._consumers if each.running), consumer]
        return consumer

    async def depth(self, queue: str) -> Depth:
        """See `Transport.depth`."""
        self._assert_open()
        found = None if queue == topology.DEAD_QUEUE else self._find(queue)
        await self._commit.flush()
        if found is None:
            return self._depth(*await self._commit.run(self._store.parked_depth))
        return self._depth(found.size, await self._commit.run(self._store.oldest, queue))

    async def parked(self, limit: int = 100) -> Sequence[Parked]:
        """See `DeadLetters.parked`."""
        self._assert_open()
        await self._commit.flush()
        return await self._commit.run(self._store.parked, limit)

    async def close(self) -> None:
        """See `Transport.close`."""
        if self._closed is None:
            self._closed = asyncio.create_task(self._close(), name="close the transport")
        await asyncio.shield(self._closed)

    async def _close(self) -> None:
        await asyncio.gather(*(consumer.abort() for consumer in self._consumers))
        for queue in self._queues.values():
            queue.close()
        await self._commit.close()
        self._thread.shutdown(wait=False)

    def _assert_open(self) -> None:
        if self._closed is not None:
            raise TransportError("closed", "the transport is closed")

    def _now(self) -> int:
        return to_ms(self._clock())

    def _depth(self, messages: int, oldest: int | None) -> Depth:
        age = None if oldest is None else max(timedelta(0), timedelta(milliseconds=self._now() - oldest))
        return Depth(messages, age if messages else None)

    def _find(self, name: str) -> Queue:
        if name not in self._queues:
            raise TransportError("no-such-queue", "no queue of that name is declared")
        return self._queues[name]

    def _queue(self, name: str, size: int = 0, last: int = 0) -> Queue:
        return Queue(name, self._now, size=size, last=last)

    def _bind(self, agencies: Iterable[AgencyId]) -> None:
        self._agencies.update(dict.fromkeys(agencies))
        self._bindings = topology.bindings(self._agencies)
        for binding in self._bindings:
            if binding.queue not in self._queues:
                self._queues[binding.queue] = self._queue(binding.queue)
        self._routes.clear()

    def _accept(self, message: Outbound, at: datetime, items: list[Item]) -> PublishResult:
        exchange, key = message.exchange, message.routing_key
        if not topology.may_publish(message.user, exchange, key):
            return PublishResult.REJECTED
        queues = self._route(exchange, key)
        if not queues:
            return PublishResult.UNROUTABLE
        if any(queue.size >= self._limit for queue in queues):
            return PublishResult.REJECTED
        for queue in queues:
            self._last_id += 1
            queue.size += 1
            items.append(Item(self._last_id, Delivery(queue.name, key, message.user, message.body, 1, at)))
        return PublishResult.CONFIRMED

    def _route(self, exchange: str, key: str) -> tuple[Queue, ...]:
        found = self._routes.get((exchange, key))
        if found is None:
            bound = {
                binding.queue: self._queues[binding.queue]
                for binding in self._bindings
                if binding.exchange == exchange and topology.matches(binding.pattern, key)
            }
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            found = self._routes[exchange, key] = tuple(bound.values())
        return found

    async def _load(self, queue: Queue) -> None:
        if ripe := queue.take_ripe():
            try:
                queue.add_ripe(await self._commit.run(self._store.pick, list(ripe)), ripe)
            except BaseException:
                queue.put_back(ripe)
                raise
        if queue.fresh_on_disk():
            last = queue.last
            items = await self._commit.run(self._store.after, queue.name, queue.loaded, MAX_READY)
            queue.add_fresh(items, through=last if len(items) < MAX_READY else 0)

    def _written(self, batch: Batch, durable: bool) -> None:
        for item in batch.published:
            queue = self._queues[item.delivery.queue]
            if durable:
                queue.arrive(item)
            else:
                queue.size -= 1
        for item in (*batch.acked, *(item for item, _, _ in batch.parked)):
            self._queues[item.delivery.queue].size -= 1
        for item, due in batch.retried:
            self._queues[item.delivery.queue].delay(due, item.id, item.faults)
