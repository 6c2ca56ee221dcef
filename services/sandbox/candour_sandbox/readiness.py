"""Whether every service answers that it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
from candour_protocol.client import Calls, ClientError

from candour_sandbox.desk import StuckError

_TRIES = 100
_PAUSE = 0.1  # seconds


async def all_ready(urls: Iterable[str], http: httpx.AsyncClient) -> None:
    """Return once each ``/readyz`` says 200.

    Raises:
        StuckError: one does not, for about ten seconds and more.
    """
    await asyncio.gather(*(_ready(url, Calls(url, http)) for url in urls))


async def _ready(url: str, calls: Calls) -> None:
    for _ in range(_TRIES):
        try:
            await calls.send("GET", "/readyz")
        except ClientError:
            await asyncio.sleep(_PAUSE)
        else:
            return
    raise StuckError(f"{url} does not become ready")
