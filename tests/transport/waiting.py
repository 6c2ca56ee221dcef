"""Waiting for what a server tells nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from candour_protocol.transport.port import Transport


async def until(holds: Callable[[], Awaitable[bool]], limit: float) -> None:
    """Ask again and again, for ``limit`` seconds at most."""
    async with asyncio.timeout(limit):
        while not await holds():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.02)


async def given_back(transport: Transport, queue: str, count: int, limit: float) -> None:
    """Until as many lie in the queue: RabbitMQ gives back in its own time what was in a consumer's hand."""

    async def there() -> bool:
        return (await transport.depth(queue)).messages == count

    await until(there, limit)


def hold(holds: Callable[[], bool], limit: float) -> None:
    """The same, of other processes, in a test that runs on no loop.

    Raises:
        TimeoutError: it did not come about.
    """
    deadline = time.monotonic() + limit
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)  # another process rings no bell here
