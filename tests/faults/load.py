"""An open load: stories begin at their rate whatever becomes of the earlier ones."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from tests.faults.caller import Caller
from tests.faults.ledger import Accepted, Harmed, Ledger, Shown
from tests.faults.stories import a_story, play

CALLS_A_STORY = 2.4  # on average, by the stories' weights
_PATIENCE = 480.0  # seconds for one story: a broker that restarts takes some of them
_LOOK = 1.0  # seconds between two looks at the checkpoint


class Load:
    """Runs in a thread of its own, so that whoever does harm may wait as it likes."""

    def __init__(self, manifest: Mapping[str, Any], ledger: Ledger, rate: float, seed: int) -> None:
        self._manifest = manifest
        self._ledger = ledger
        self._pause = CALLS_A_STORY / rate
        self._chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
        self._enough = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def end(self) -> None:
        """Begin no further story, and wait until every one is at its end.

        Raises:
            ExceptionGroup: of what stories failed with.
        """
        self._enough.set()
        self._thread.join()
        if self._failed:
            raise BaseExceptionGroup("stories that did not come to their end", self._failed)

    def harmed(self, what: str) -> None:
        """Note what was done, for whoever reads the ledger."""
        self._ledger.write(Harmed(what))

    def wait_for(self, count: int) -> None:
        """Until so many more statements were accepted, or the load has ended."""
        enough = self._accepted() + count
        while self._accepted() < enough and self._thread.is_alive():
            self._thread.join(0.05)

    def _accepted(self) -> int:
        return sum(isinstance(each, Accepted) for each in self._ledger.lines)

    def _run(self) -> None:
        asyncio.run(self._go())

    async def _go(self) -> None:
        doors = self._manifest["agencies"]
        callers = {agency: Caller(agency, door, self._ledger) for agency, door in doors.items()}
        watching = [asyncio.create_task(each.watch()) for each in callers.values()]
        watching.append(asyncio.create_task(self._look()))
        try:
            await self._stories(callers)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            for each in callers.values():
                await each.close()

    async def _stories(self, callers: Mapping[str, Caller]) -> None:
        running: set[asyncio.Task[None]] = set()
        number = 0
        while not self._enough.is_set():
            number += 1
            story, matter = a_story(callers, number, self._chance)
            running.add(asyncio.create_task(play(story, matter, _PATIENCE)))
            await asyncio.sleep(self._pause)
        for ended in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(ended, BaseException):
                self._failed.append(ended)

    async def _look(self) -> None:
        """Keep every checkpoint that the gateway shows."""
        async with httpx.AsyncClient(base_url=self._manifest["gateway"]["url"], trust_env=False) as http:
            while True:
                await asyncio.sleep(_LOOK)
                try:
                    answer = await http.get("/log/checkpoint")
                except httpx.TransportError:
                    continue
                if answer.status_code == 200:
                    self._ledger.write(Shown(answer.text))
