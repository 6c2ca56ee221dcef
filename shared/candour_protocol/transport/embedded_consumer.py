"""One subscription of the embedded courier: take a batch, hand it over, settle it, again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from candour_protocol.transport import stumbling
from candour_protocol.transport.embedded_queue import Queue
from candour_protocol.transport.embedded_store import Batch, Item
from candour_protocol.transport.port import Ack, Handler, Park, Retry, Settlement

READ_AGAIN = timedelta(seconds=1)  # after the file could not be read

log = logging.getLogger("candour.transport")


class EmbeddedConsumer:
    """A running subscription.

    Args:
        load: brings messages from the file into the queue, where any must be.
        settle: makes settlements durable, soon.
        flush: returns when they are.
        clock: milliseconds since 1970.
    """

    def __init__(
        self,
        queue: Queue,
        handler: Handler,
        prefetch: int,
        *,
        load: Callable[[Queue], Awaitable[None]],
        settle: Callable[[Batch], Awaitable[None]],
        flush: Callable[[], Awaitable[bool]],
        clock: Callable[[], int],
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._prefetch = prefetch
        self._load = load
        self._settle = settle
        self._flush = flush
        self._clock = clock
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name=f"consume {queue.name}")

    @property
    def running(self) -> bool:
        """Whether it may still hand something out."""
        return not self._task.done()

    async def cancel(self) -> None:
        """Hand out nothing more; return when the running handler has ended and is settled durably."""
        self._stopping = True
        self._queue.wake()
        if asyncio.current_task() is not self._task:
            await asyncio.wait([self._task])
            await self._flush()

    async def abort(self) -> None:
        """Cancel the running handler; what it holds stays unsettled."""
        self._stopping = True
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while batch := await self._next():
            await self._settle(await self._handle(batch))

    async def _next(self) -> list[Item]:
        """The next batch; empty when the consumer is to stop."""
        while True:
            wakes = self._queue.wakes
            await self._load_ready()
            if self._stopping:
                return []
            if batch := self._queue.take(self._prefetch):
                return batch
            await self._queue.changed(wakes)

    async def _load_ready(self) -> None:
        while not self._stopping:
            try:
                await self._load(self._queue)
                break
            except Exception as error:
                log.error("read_failed queue=%s error=%s", self._queue.name, type(error).__name__)
                await asyncio.sleep(READ_AGAIN.total_seconds())

    async def _handle(self, batch: Sequence[Item]) -> Batch:
        try:
            settlements = await self._handler([item.delivery for item in batch])
            return self._sort(batch, settlements)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._fault(batch, error)  # something inside the handler was cancelled, not the handler
        except Exception as error:
            return self._fault(batch, error)

    def _sort(self, batch: Sequence[Item], settlements: Sequence[Settlement]) -> Batch:
        sorted_out = Batch()
        now = self._clock()
        for item, settlement in zip(batch, settlements, strict=True):
            match settlement:
                case Ack():
                    sorted_out.acked.append(item)
                case Retry(after):
                    due = now + max(0, after // timedelta(milliseconds=1))
                    sorted_out.retried.append((replace(item, faults=0), due))
                case Park(reason):
                    sorted_out.parked.append((item, now, reason))
                case _:
                    raise TypeError("a handler returned something that is no settlement")
        return sorted_out

    def _fault(self, batch: Sequence[Item], error: BaseException) -> Batch:
        log.error(
            "handler_raised queue=%s messages=%d error=%s at=%s",
            self._queue.name,
            len(batch),
            type(error).__name__,
            stumbling.place(error.__traceback__),
        )
        now = self._clock()
        return Batch(retried=[(replace(it, faults=it.faults + 1), now + _backoff(it)) for it in batch])


def _backoff(item: Item) -> int:
    return stumbling.backoff(item.delivery.attempt) // timedelta(milliseconds=1)
