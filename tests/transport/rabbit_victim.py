"""A consumer that acks all but ``poison``, which kills it. Usage: rabbit_victim.py AMQP_URL QUEUE"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from candour_protocol.transport import connect
from candour_protocol.transport.port import Ack, Delivery, Settlement


async def die_of_poison(batch: Sequence[Delivery]) -> Sequence[Settlement]:
    if any(delivery.body == b"poison" for delivery in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return [Ack() for _ in batch]


async def main(url: str, queue: str) -> None:
    transport = await connect(url)
    await transport.consume(queue, die_of_poison, prefetch=64)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
