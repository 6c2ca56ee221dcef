"""The least that a courier between queues can do: ``python -m tests.bench.relay URL``, until it is ended.

Plain aio-pika: takes what agencies submit in batches, publishes each message twice with confirms, as a
gateway does with a delivery and a receipt, and acknowledges. The next batch is published while the one before
it waits for its confirms. What a gateway's throughput is measured against.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import aio_pika
import uvloop
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from candour_protocol.ids import GATEWAY
from candour_protocol.transport.topology import DELIVER, GATEWAY_QUEUES, Lane, deliver_key

from tests.gateway.partnership import GP, SCHOOL

BATCH = 256
WINDOW = 2 * BATCH  # as large as a gateway's

Taken = asyncio.Queue[AbstractIncomingMessage]
Waiting = asyncio.Queue[tuple["asyncio.Task[None]", AbstractIncomingMessage]]


async def relay(url: str) -> None:
    """Until cancelled; two connections, as whoever publishes may be blocked."""
    taken: Taken = asyncio.Queue()
    waiting: Waiting = asyncio.Queue(maxsize=1)
    async with await aio_pika.connect(url) as consuming, await aio_pika.connect(url) as publishing:
        source = await consuming.channel(publisher_confirms=False)
        await source.set_qos(prefetch_count=WINDOW)
        target = await publishing.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await target.get_exchange(DELIVER, ensure=False)
        queue = await source.get_queue(GATEWAY_QUEUES[1], ensure=False)
        await queue.consume(taken.put)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pass_on(taken, waiting, exchange))
            tasks.create_task(_settle(waiting))


async def _pass_on(taken: Taken, waiting: Waiting, exchange: AbstractExchange) -> None:
    while True:
        batch = [await taken.get()]
        while len(batch) < BATCH and not taken.empty():
            batch.append(taken.get_nowait())
        await waiting.put((asyncio.create_task(_publish(batch, exchange)), batch[-1]))


async def _publish(batch: Sequence[AbstractIncomingMessage], exchange: AbstractExchange) -> None:
    keys = [deliver_key(agency, Lane.ORDINARY) for agency in (SCHOOL, GP)]
    copies = [(_copy(message.body), key) for message in batch for key in keys]
    await asyncio.gather(*(exchange.publish(copy, key, mandatory=True) for copy, key in copies))


def _copy(body: bytes) -> aio_pika.Message:
    return aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, user_id=GATEWAY)


async def _settle(waiting: Waiting) -> None:
    """In order, so that one acknowledgement serves a batch."""
    while True:
        published, last = await waiting.get()
        await published
        await last.ack(multiple=True)


if __name__ == "__main__":
    uvloop.run(relay(sys.argv[1]))
