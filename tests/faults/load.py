"""An open load: stories begin at their rate, whatever becomes of the earlier ones, up to a bound."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from tests.faults.caller import Caller
from tests.faults.ledger import Accepted, Harmed, Ledger, Shown
from tests.faults.stories import STORIES, Story, UnfinishedError, a_story, play

STATEMENTS_A_STORY = 3.8  # on average, by the stories' weights
_PATIENCE = 480.0  # seconds for one story: a broker that restarts takes some of them
_MOST_AT_ONCE = 150  # stories: a machine that is too slow for the rate is not drowned in it
_LOOK = 1.0  # seconds between two looks at the checkpoint
_NAMED = 10  # stories that are named where many fail


class Load:
    """Runs in a thread of its own, so that whoever does harm may wait as it likes."""

    def __init__(self, manifest: Mapping[str, Any], ledger: Ledger, rate: float, seed: int) -> None:
        self._manifest = manifest
        self._ledger = ledger
        self._pause = STATEMENTS_A_STORY / rate
        self._chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
        self._enough = threading.Event()
        self._failed: list[BaseException] = []
        self._running: set[asyncio.Task[None]] = set()
        self._callers: dict[str, Caller] = {}
        self._number = 0
        self._unplayed = list(STORIES)  # each once, so that none is missing, and then by their weights
        self._given_up = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._enough.set()
        if kind is not None:
            with suppress(RuntimeError):  # the load has ended already
                self._loop.call_soon_threadsafe(self._give_up)
        self._thread.join()

    def _give_up(self) -> None:
        """Whoever did harm could not go on: nobody waits for what will not come."""
        self._given_up = True
        for each in self._running:
            each.cancel()

    def end(self) -> None:
        """Begin no further story, and wait until every one is at its end.

        Raises:
            UnfinishedError: with what the first few stories failed with; all of them would fill the screen.
        """
        self._enough.set()
        self._thread.join()
        if self._failed:
            names = "; ".join(map(str, self._failed[:_NAMED]))
            found = f"{len(self._failed)} stories did not come to their end, among them {names}"
            raise UnfinishedError(found) from self._failed[0]

    def burst(self, story: Story, count: int) -> None:
        """Begin so many matters of one kind at once, beside those that go on."""
        asyncio.run_coroutine_threadsafe(self._burst(story, count), self._loop).result()

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
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._go())

    async def _go(self) -> None:
        doors = self._manifest["agencies"]
        self._callers.update((agency, Caller(agency, door, self._ledger)) for agency, door in doors.items())
        watching = [asyncio.create_task(each.watch()) for each in self._callers.values()]
        watching.append(asyncio.create_task(self._look()))
        try:
            await self._stories()
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            for each in self._callers.values():
                await each.close()

    async def _stories(self) -> None:
        while not self._given_up and (self._unplayed or not self._enough.is_set()):
            if sum(not each.done() for each in self._running) < _MOST_AT_ONCE:
                self._begin(self._unplayed.pop(0) if self._unplayed else None)
            await asyncio.sleep(self._pause)
        for ended in await asyncio.gather(*self._running, return_exceptions=True):
            if isinstance(ended, BaseException):
                self._failed.append(ended)

    async def _burst(self, story: Story, count: int) -> None:
        for _ in range(count):
            self._begin(story)

    def _begin(self, story: Story | None) -> None:
        self._number += 1
        story, matter = a_story(self._callers, self._number, self._chance, story)
        self._running.add(asyncio.create_task(play(story, matter, _PATIENCE)))

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
