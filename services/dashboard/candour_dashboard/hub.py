"""Pictures for everybody who keeps the page open: one round upstream for all, and none while nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from candour_dashboard.readings import Picture

_log = structlog.get_logger("candour_dashboard")


class Hub:
    """Asks ``look`` for a picture ``every`` so often while there are viewers, and gives each of them one."""

    def __init__(self, look: Callable[[], Awaitable[Picture]], every: timedelta) -> None:
        self._look = look
        self._every = every
        self._viewers: set[asyncio.Queue[Picture | None]] = set()
        self._rounds: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    async def watch(self) -> AsyncGenerator[Picture, None]:
        """Yield a picture at once and then with every round; a slow viewer misses some, never the newest."""
        mine: asyncio.Queue[Picture | None] = asyncio.Queue(maxsize=1)
        self._viewers.add(mine)
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._go_round())
        try:
            picture: Picture | None = await self._look()
            while picture is not None:
                yield picture
                picture = await mine.get()
        finally:
            self._viewers.discard(mine)
            if not self._viewers:
                self._rest()

    def _rest(self) -> None:
        if self._rounds is not None:
            self._rounds.cancel()
            self._rounds = None

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(self._every.total_seconds())
            try:
                self._hand_out(await self._look())
            except Exception:
                _log.exception("round-failed")

    def _hand_out(self, picture: Picture | None) -> None:
        for viewer in self._viewers:
            if viewer.full():
                viewer.get_nowait()
            viewer.put_nowait(picture)

    async def close(self) -> None:
        """Send every viewer away."""
        rounds = self._rounds
        self._rest()
        self._hand_out(None)
        if rounds is not None:
            with suppress(asyncio.CancelledError):
                await rounds
