"""Waiting for what a server tells nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool]], limit: float) -> None:
    """Ask again and again, for ``limit`` seconds at most."""
    async with asyncio.timeout(limit):
        while not await holds():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.02)


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
