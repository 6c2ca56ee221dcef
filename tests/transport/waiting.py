"""Waiting for what a server tells nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool]], limit: float) -> None:
    """Ask again and again, for ``limit`` seconds at most."""
    async with asyncio.timeout(limit):
        while not await holds():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.02)
