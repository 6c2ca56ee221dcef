"""Whether every service answers that it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import httpx
from candour_protocol.client import Calls, ClientError

from candour_sandbox.desk import StuckError

PATIENCE = 20.0  # seconds
_PAUSE = 0.1  # seconds
_ANSWER = timedelta(seconds=5)  # a service that is being started lets calls wait


async def all_ready(urls: Iterable[str], http: httpx.AsyncClient, patience: float = PATIENCE) -> None:
    """Return once each ``/readyz`` says 200.

    Args:
        patience: seconds for all of them together.

    Raises:
        StuckError: one does not.
    """
    waiting = {url: asyncio.create_task(_ready(Calls(url, http))) for url in urls}
    try:
        async with asyncio.timeout(patience):
            await asyncio.gather(*waiting.values())
    except TimeoutError:
        late = next(url for url, task in waiting.items() if task.cancelled())
        raise StuckError(f"{late} does not become ready") from None
    finally:
        for task in waiting.values():
            task.cancel()


async def _ready(calls: Calls) -> None:
    while True:
        try:
            await calls.send("GET", "/readyz", wait=_ANSWER)
        except ClientError:
            await asyncio.sleep(_PAUSE)
        else:
            return
